/** One cell: what was measured for one listener in one row. */
export interface Cell {
  /** Empty when nothing was measured. */
  readonly values: readonly number[]
  /** How many tries ended without a value. */
  readonly failed: number
}

export interface Row {
  readonly name: string
  readonly digits: number
  /** What the measurement itself cannot tell apart. */
  readonly resolution: number
  readonly cells: readonly Cell[]
}

export interface Summary {
  readonly p50: number
  readonly p95: number
}

export function summarise(values: readonly number[]): Summary | null {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (index: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, index))] ?? Number.NaN
  const { length } = sorted
  if (length === 0) return null
  return {
    p50: (at(Math.floor((length - 1) / 2)) + at(Math.ceil((length - 1) / 2))) / 2,
    p95: at(Math.ceil(0.95 * length) - 1),
  }
}

/** Whether one series is larger or smaller than the other: Mann-Whitney test, two-sided, 5 %. */
function differ(some: readonly number[], others: readonly number[]): boolean {
  let above = 0
  for (const one of some) {
    for (const other of others) above += one > other ? 1 : one === other ? 0.5 : 0
  }
  const pairs = some.length * others.length
  const spread = Math.sqrt((pairs * (some.length + others.length + 1)) / 12)
  return Math.abs(above - pairs / 2) > 1.96 * spread
}

/** `best` has the lowest median; `equal` cannot be told from it by the test or by the resolution. */
export type Mark = 'best' | 'equal' | null

/** A listener that failed more often than another is neither best nor equal, however fast it was. */
export function marks({ cells, resolution }: Row): Mark[] {
  const fewest = Math.min(...cells.map(({ failed }) => failed))
  const medianOf = ({ values, failed }: Cell): number =>
    failed > fewest ? Infinity : (summarise(values)?.p50 ?? Infinity)
  const lowest = Math.min(...cells.map(medianOf))
  const best = cells.find((cell) => medianOf(cell) === lowest)
  return cells.map((cell) => {
    const median = medianOf(cell)
    if (median === Infinity || best === undefined) return null
    if (median === lowest) return 'best'
    return median - lowest <= resolution || !differ(cell.values, best.values) ? 'equal' : null
  })
}

const signs = { best: ' *', equal: ' =' } as const

export function formatTable(heads: readonly string[], rows: readonly Row[]): string {
  const lines = [
    ['p50 / p95', ...heads],
    ...rows.map((row) => {
      const { name, digits, cells } = row
      const marked = marks(row)
      const shown = cells.map(({ values, failed }, index) => {
        const summary = summarise(values)
        const text =
          summary === null
            ? 'never'
            : `${summary.p50.toFixed(digits)} / ${summary.p95.toFixed(digits)}`
        const lost = failed > 0 ? ` (${failed} of ${failed + values.length} failed)` : ''
        const mark = marked[index] ?? null
        return text + lost + (mark === null ? '  ' : signs[mark])
      })
      return [name, ...shown]
    }),
  ]
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const format = (line: string[]): string =>
    line
      .map((text, column) => {
        const width = widths?.[column] ?? 0
        return column === 0 ? text.padEnd(width) : text.padStart(width)
      })
      .join('  ')
      .trimEnd()
  return lines.map(format).join('\n')
}
