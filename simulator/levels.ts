const ranks = { low: 1, substantial: 2, high: 3 } as const

/** The levels of assurance from ID-porten's discovery document. */
export const acrValues = [
  'idporten-loa-low',
  'idporten-loa-substantial',
  'idporten-loa-high',
  'eidas-loa-low',
  'eidas-loa-substantial',
  'eidas-loa-high',
] as const

/** A level of assurance that the simulator knows. */
export type Acr = (typeof acrValues)[number]

/** Tells whether a value is a known level of assurance. */
export function isAcr(value: unknown): value is Acr {
  return acrValues.some((acr) => acr === value)
}

/** The order of a level; an unknown value is below every level. */
export function rankOf(acr: string | undefined): number {
  if (!isAcr(acr)) {
    return 0
  }
  return acr.endsWith('-high') ? ranks.high : acr.endsWith('-low') ? ranks.low : ranks.substantial
}

/**
 * The lowest level that answers a request, and the levels its login page offers.
 * Values that are not known are skipped; without a known value the minimum is substantial.
 * @see https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_authorize
 */
export function requestedLevels(acrParameter: unknown): {
  readonly minimum: Acr
  readonly offered: readonly Acr[]
} {
  const asked = typeof acrParameter === 'string' ? acrParameter.split(' ').filter(isAcr) : []
  const prefix = asked.length > 0 && asked.every((acr) => acr.startsWith('eidas')) ? 'eidas' : 'idp'
  const offered = acrValues.filter((acr) => acr.startsWith(prefix))
  const lowest = asked.length === 0 ? ranks.substantial : Math.min(...asked.map(rankOf))
  const minimum = offered.find((acr) => rankOf(acr) >= lowest) ?? 'idporten-loa-substantial'
  return { minimum, offered }
}

/** The level just below another one, or the lowest. */
export function levelBelow(acr: Acr): Acr {
  const sameKind = acrValues.filter((other) => other.startsWith(acr.slice(0, 3)))
  return sameKind.toReversed().find((other) => rankOf(other) < rankOf(acr)) ?? sameKind[0] ?? acr
}
