/** The assurance levels from the lowest up; ID-porten's and eIDAS's names mean the same (Digdir, `oidc_protocol_id_token`). */
// Stryker disable next-line StringLiteral: a lowest level that is not found in the list still ranks lowest
const ranks = ['low', 'substantial', 'high']

interface Level {
  /** Absent from Ansattporten's bare words, which are never taken for ID-porten's. */
  readonly prefix: string | undefined
  readonly rank: number
}

function parseAcr(acr: string): Level | null {
  const name = acr.replace('eidas-loa-', 'idporten-loa-')
  const match = /^(idporten-loa-)?(low|substantial|high)$/.exec(name)
  return match && { prefix: match[1], rank: ranks.findIndex((level) => level === match[2]) }
}

/**
 * Tells whether the level that was reached is at least one of those that were asked for.
 * A name without a rank, such as `selfregistered-email`, is satisfied only by itself.
 *
 * @see Digdir, "ID-token": the client must check that `acr` is high enough
 */
export function acrIsEnough(got: string, asked: readonly string[]): boolean {
  const level = parseAcr(got)
  return asked.some((wanted) => {
    if (wanted === got) return true
    const minimum = parseAcr(wanted)
    return (
      level !== null &&
      minimum !== null &&
      level.prefix === minimum.prefix &&
      level.rank >= minimum.rank
    )
  })
}
