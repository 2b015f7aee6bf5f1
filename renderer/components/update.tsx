import { Card } from '@digdir/designsystemet-react'
import type { Snapshot } from '../../preload/contract.ts'
import { Action } from './action.tsx'
import { Text } from './text.tsx'

/** That a newer version is ready. It hurries nobody: closing the app installs it too. */
export function Update({
  update: { version, canRestart },
  session,
}: {
  update: NonNullable<Snapshot['update']>
  session: Snapshot['session']
}) {
  return (
    <Card className="update" data-color="neutral" data-update={version}>
      <p className="explanation">
        <Text id="update.ready" values={{ version }} />
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
        disabled={!canRestart}
        intent={(main) => main.restartToUpdate()}
      />
    </Card>
  )
}
