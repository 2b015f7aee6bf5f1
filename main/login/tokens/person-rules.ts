import { type Claims, core, type RenewedIdToken, type Rule, show } from './rules.ts'

/** Judges who the person is, and that a renewal brings the same person. */
export function personRules(claims: Claims, renews: RenewedIdToken | null): Rule[] {
  const { sub } = claims
  const failure = 'E_ID_TOKEN_CLAIM'
  return [
    {
      rule: 'sub',
      source: core('2'),
      expected: '1 to 255 ASCII characters',
      got: typeof sub === 'string' ? `${sub.length} characters` : show(sub),
      holds: typeof sub === 'string' && /^[\x20-\x7E]{1,255}$/.test(sub),
      failure,
    },
    {
      rule: 'same-person',
      source: core('12.2'),
      expected: renews === null ? 'any' : 'the sub and pid of the login',
      got: renews === null ? 'any' : isSamePerson(claims, renews.claims) ? 'equal' : 'not equal',
      holds: renews === null ? 'skipped' : isSamePerson(claims, renews.claims),
      failure,
    },
  ]
}

/** Judges the personal number. */
export function pidRule({ pid }: Claims): Rule {
  return {
    rule: 'pid',
    source: 'Digdir, ID-token: pid',
    expected: 'absent or 11 digits',
    got: pid === undefined ? 'absent' : isPid(pid) ? '11 digits' : 'something else',
    holds: pid === undefined || isPid(pid),
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** The personal number need not be there, but it cannot be another one. */
function isSamePerson(claims: Claims, former: Claims): boolean {
  const [now, then] = [claims['pid'], former['pid']]
  return (
    claims['sub'] === former['sub'] && (now === undefined || then === undefined || now === then)
  )
}

function isPid(value: unknown): boolean {
  return typeof value === 'string' && /^\d{11}$/.test(value)
}
