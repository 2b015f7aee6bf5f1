/** A process that only probes at a port until it is refused: a busy browser would see that too late. */
import { type Refusal, refused } from './browser.ts'

export interface ProbeOrder {
  readonly port: number
  readonly limit: number
}

export type ProbeReport =
  | { readonly type: 'probing' }
  | { readonly type: 'refused'; readonly refusal: Refusal | null }

process.on('message', ({ port, limit }: ProbeOrder) => {
  process.send?.({ type: 'probing' } satisfies ProbeReport)
  void refused(port, limit).then((refusal) =>
    process.send?.({ type: 'refused', refusal } satisfies ProbeReport),
  )
})
process.once('disconnect', () => process.exit())
