import { Card, Paragraph } from '@digdir/designsystemet-react'
import type { Snapshot } from '../../preload/contract.ts'
import { Action } from './action.tsx'
import { BrowserActions, BrowserHint, BrowserNews, BrowserTime } from './browser-help.tsx'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

/** The access is being renewed beside the session; through the browser it takes what a login takes. */
export function Renewing({
  by,
  waiting,
  receivedAt,
}: {
  by: NonNullable<Snapshot['renewing']>
  waiting: Snapshot['waiting']
  receivedAt: number
}) {
  // Only while it is open is there something to do in the browser.
  const said = by === 'browser' && waiting === null ? 'working' : by
  return (
    <Card className="renewing" variant="tinted" data-color="info">
      <Status>
        <Paragraph>
          <Text id={`signed-in.renewing.${said}`} />
        </Paragraph>
      </Status>
      <BrowserHint hint={waiting?.hint ?? null} />
      {waiting ? (
        <>
          <BrowserTime deadline={receivedAt + waiting.remainingMs} />
          <BrowserNews waiting={waiting} />
          <BrowserActions hint={waiting.hint} />
        </>
      ) : (
        <div className="actions">
          <Action
            name="cancel"
            label="action.cancel"
            variant="tertiary"
            intent={(main) => main.cancel()}
          />
        </div>
      )}
    </Card>
  )
}
