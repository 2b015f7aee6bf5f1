/** Ranks of the assurance levels; ID-porten's and eIDAS's names mean the same level (Digdir, `oidc_protocol_id_token`). */
const ranks = { low: 1, substantial: 2, high: 3 } as const

interface Level {
  /** Ansattporten uses the bare words; they are never taken for ID-porten's. */
  readonly scheme: 'idporten' | 'bare'
  readonly rank: number
}

function parseAcr(acr: string): Level | null {
  const match = /^(idporten-loa-|eidas-loa-)?(low|substantial|high)$/.exec(acr)
  if (!match) return null
  const rank = match[2] === 'high' ? ranks.high : match[2] === 'low' ? ranks.low : ranks.substantial
  return { scheme: match[1] === undefined ? 'bare' : 'idporten', rank }
}

/**
 * Tells whether the level that was reached is at least one of those that were asked for.
 * A name without a rank, such as `selfregistered-email`, is satisfied only by itself.
 * Source: Digdir, "ID-token": the client must check that `acr` is high enough.
 */
export function acrIsEnough(got: string, asked: readonly string[]): boolean {
  const level = parseAcr(got)
  return asked.some((wanted) => {
    if (wanted === got) return true
    const minimum = parseAcr(wanted)
    return (
      level !== null &&
      minimum !== null &&
      level.scheme === minimum.scheme &&
      level.rank >= minimum.rank
    )
  })
}
