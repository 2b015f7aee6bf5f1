import { type Cell, marks, summarise } from '../listener/table.ts'

export interface Row {
  readonly name: string
  /** One for each client; none has failed. */
  readonly cells: readonly Cell[]
}

export interface Ratio {
  readonly median: number
  /** What 95 of 100 repetitions would give, by resampling. */
  readonly low: number
  readonly high: number
}

const resamples = 1000

const medianOf = (values: readonly number[]): number => summarise(values)?.p50 ?? Number.NaN

function resampled(values: readonly number[]): number {
  return medianOf(values.map(() => values[Math.floor(Math.random() * values.length)] ?? Number.NaN))
}

/** The median of some by the median of others. */
export function ratioOf(some: readonly number[], others: readonly number[]): Ratio {
  const ratios = Array.from({ length: resamples }, () => resampled(some) / resampled(others))
  ratios.sort((one, other) => one - other)
  const at = (share: number): number => ratios[Math.floor(share * resamples)] ?? Number.NaN
  return { median: medianOf(some) / medianOf(others), low: at(0.025), high: at(0.975) }
}

/** Says for every row from the click whether one client meets the goal beside the bare one. */
export function findings(
  rows: readonly Row[],
  client: number,
  base: number,
  goal: number,
): string[] {
  return rows
    .filter(({ name }) => name.endsWith('click to claims'))
    .map(({ name, cells }) => {
      const ratio = ratioOf(cells[client]?.values ?? [], cells[base]?.values ?? [])
      const range = `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`
      const verdict = ratio.median <= goal ? 'met' : 'NOT met'
      const sure = ratio.high <= goal || ratio.low > goal ? '' : ', within the noise'
      return `  ${name}: ${ratio.median.toFixed(2)} (95 %: ${range}): ${verdict}${sure}`
    })
}

const signs = { best: '*', equal: '=' } as const

export function formatTable(heads: readonly string[], rows: readonly Row[], base: number): string {
  const lines = [
    ['', ...heads],
    ...rows.map((row) => {
      const { name, cells } = row
      const marked = marks({ ...row, digits: 2, resolution: 0 })
      const reference = medianOf(cells[base]?.values ?? [])
      return [
        name,
        ...cells.map(({ values }, index) => {
          const { p50, p95 } = summarise(values) ?? { p50: Number.NaN, p95: Number.NaN }
          const mark = marked[index] ?? null
          const ratio = `×${(p50 / reference).toFixed(2)}`
          return `${p50.toFixed(2)} / ${p95.toFixed(2)} ${ratio} ${mark === null ? ' ' : signs[mark]}`
        }),
      ]
    }),
  ]
  const widths = heads.map((_, index) =>
    Math.max(...lines.map((line) => line[index + 1]?.length ?? 0)),
  )
  const first = Math.max(...lines.map(([name = '']) => name.length))
  return lines
    .map(([name = '', ...cells]) =>
      [name.padEnd(first), ...cells.map((text, index) => text.padStart(widths[index] ?? 0))]
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
