import { Card } from '@digdir/designsystemet-react'
import type { Snapshot } from '../../preload/contract.ts'
import { Action } from './action.tsx'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

/** That a newer version is ready. It hurries nobody: closing the app installs it too. */
export function Update({ snapshot: { update, session } }: { snapshot: Snapshot }) {
  return (
    // Always in the document, so that what comes later is read out.
    <Status className="news">
      {update && (
        <Card className="update" data-color="neutral" data-update={update.version}>
          <p className="explanation">
            <Text id="update.ready" values={{ version: update.version }} />
            {session && session.remembered !== 'kept' && (
              <>
                {' '}
                <Text id="update.ends-session" />
              </>
            )}
          </p>
          <Action
            name="restart-to-update"
            label="action.restart-to-update"
            variant="tertiary"
            data-size="sm"
            intent={(main) => main.restartToUpdate()}
          />
        </Card>
      )}
    </Status>
  )
}
