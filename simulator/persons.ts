/** What is special about a test person, if anything. */
export type PersonKind = 'ordinary' | 'low-level' | 'without-names' | 'without-pid'

/** A synthetic person that can log in to the simulator. */
export interface TestPerson {
  /** Value of the form field `pid`; it reaches no token when `kind` is `without-pid`. */
  readonly pid: string
  /** What the login page shows. */
  readonly label: string
  readonly givenName?: string
  readonly familyName?: string
  readonly kind: PersonKind
}

/**
 * Tells whether a number is a synthetic national identity number: month + 80 and both mod 11
 * control digits right for the number as written.
 * @see https://skatteetaten.github.io/testnorge-tenor-dokumentasjon/
 */
export function isSyntheticPid(pid: string): boolean {
  if (!/^\d{11}$/.test(pid)) {
    return false
  }
  const month = Number(pid.slice(2, 4))
  const digits = Array.from(pid, Number)
  const sum = (weights: readonly number[]) =>
    weights.reduce((total, weight, index) => total + weight * (digits[index] ?? 0), 0)
  return (
    month > 80 &&
    month <= 92 &&
    sum([3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
    sum([5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  )
}

function person(
  pid: string,
  kind: PersonKind,
  names?: { readonly givenName: string; readonly familyName: string },
): TestPerson {
  const label = names === undefined ? 'Uten navn' : `${names.givenName} ${names.familyName}`
  return { pid, kind, label, ...names }
}

/**
 * A person whose eID always gives a level below the one asked for, down to `idporten-loa-low`:
 * a fault that only the simulator has, so that a client can show that it checks `acr`.
 */
export const lowLevelPerson: TestPerson = person('05877922245', 'low-level', {
  givenName: 'Lavmælt',
  familyName: 'Testnivå',
})

/** A person without `pid` in the tokens, as after eIDAS without a match in Folkeregisteret. */
export const personWithoutPid: TestPerson = person('17816813379', 'without-pid', {
  givenName: 'Utenlandsk',
  familyName: 'Prøvegjest',
})

/** A person whose eID supplies no names. */
export const personWithoutNames: TestPerson = person('30895010517', 'without-names')

/** Every test person, in the order of the login page. */
export const persons: readonly TestPerson[] = [
  person('12838540137', 'ordinary', { givenName: 'Syntetisk', familyName: 'Eksempelsen' }),
  person('24919231021', 'ordinary', { givenName: 'Oppdikta', familyName: 'Prøvedatter' }),
  personWithoutNames,
  personWithoutPid,
  lowLevelPerson,
]

/** Finds a test person by number. */
export function findPerson(pid: string | null | undefined): TestPerson | undefined {
  return persons.find((candidate) => candidate.pid === pid)
}

/**
 * The entry of a person in the contact register, as its API for the person who is logged in has it;
 * undefined for one without a number to look up.
 * @see https://docs.digdir.no/docs/Kontaktregisteret/Brukerspesifikt-oppslag_rest
 */
export function contactOf({ pid, kind }: TestPerson, locale: string) {
  const index = persons.findIndex((candidate) => candidate.pid === pid)
  if (kind === 'without-pid') {
    return undefined
  }
  if (kind === 'without-names') {
    return { personidentifikator: pid, reservasjon: 'NEI', status: 'IKKE_REGISTRERT' }
  }
  const updated = '2026-01-12T10:14:52+01'
  const verified = '2026-06-29T10:14:52+02'
  const reserved = index === 1
  return {
    personidentifikator: pid,
    reservasjon: reserved ? 'JA' : 'NEI',
    status: 'AKTIV',
    varslingsstatus: reserved ? 'KAN_IKKE_VARSLES' : 'KAN_VARSLES',
    kontaktinformasjon: {
      epostadresse: `testperson${index + 1}@example.com`,
      epostadresse_oppdatert: updated,
      epostadresse_sist_verifisert: verified,
      // No subscriber in Norway has a number that begins with 0.
      mobiltelefonnummer: `+470000000${index + 1}`,
      mobiltelefonnummer_oppdatert: updated,
      mobiltelefonnummer_sist_verifisert: verified,
    },
    spraak: locale,
    spraak_oppdatert: updated,
  }
}
