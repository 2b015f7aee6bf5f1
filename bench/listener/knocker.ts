/** A process that only knocks at a port until it is refused: a busy browser would see that too late. */
import { type Refusal, refused } from './browser.ts'

export interface KnockOrder {
  readonly port: number
  readonly limit: number
}

export type KnockReport =
  | { readonly type: 'knocking' }
  | { readonly type: 'refused'; readonly refusal: Refusal | null }

process.on('message', ({ port, limit }: KnockOrder) => {
  process.send?.({ type: 'knocking' } satisfies KnockReport)
  void refused(port, limit).then((refusal) =>
    process.send?.({ type: 'refused', refusal } satisfies KnockReport),
  )
})
process.once('disconnect', () => process.exit())
