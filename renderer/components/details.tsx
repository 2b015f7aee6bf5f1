import { Details as Fold } from '@digdir/designsystemet-react'
import { ShieldCheckmarkIcon } from '@navikt/aksel-icons'
import { lazy, Suspense, useState } from 'react'
import type { Snapshot } from '../../preload/contract.ts'
import { type Rows, RowsOf, rowKinds } from './rows.tsx'
import { Text } from './text.tsx'

const unchanged: ReadonlySet<string> = new Set()

/** Fetches the inspector, so that it is there when somebody wants to see it. */
export const loadInspector = () => import('../inspector/inspector.tsx')
const Inspector = lazy(loadInspector)

/**
 * What only those want to see who ask how the login went. The rows are in the document also while it is closed, and
 * before the rest of it has been fetched.
 */
export function Details({
  rows,
  snapshot: { revision, canChooseProfile, session },
}: {
  rows: Rows
  snapshot: Snapshot
}) {
  const [open, setOpen] = useState(false)
  return (
    <Fold className="fold" data-color="neutral" open={open} onToggle={() => setOpen(!open)}>
      <Fold.Summary data-action="show-details">
        <ShieldCheckmarkIcon aria-hidden fontSize="1.5rem" />
        <Text id="action.show-details" />
      </Fold.Summary>
      <Fold.Content>
        <Suspense
          fallback={rowKinds.map((kind) => (
            <RowsOf key={kind} kind={kind} rows={rows} filter="" changed={unchanged} />
          ))}
        >
          <Inspector
            rows={rows}
            revision={revision}
            canChooseProfile={canChooseProfile}
            pidRevealed={session?.pidRevealed ?? false}
            open={open}
          />
        </Suspense>
      </Fold.Content>
    </Fold>
  )
}
