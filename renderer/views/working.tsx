import { Paragraph, Spinner } from '@digdir/designsystemet-react'
import type { Status } from '../../preload/contract.ts'
import { Action } from '../components/action.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'

type WorkingStatus = 'restoring' | 'preparing' | 'exchanging'

export function isWorking(status: Status): status is WorkingStatus {
  return status === 'restoring' || status === 'preparing' || status === 'exchanging'
}

/** The app is busy by itself for a moment. */
export function Working({ status }: { status: WorkingStatus }) {
  return (
    <>
      <Title id={`${status}.title`} />
      <div className="working">
        <Spinner aria-hidden data-size="md" />
        <Paragraph>
          <Text id={`${status}.text`} />
        </Paragraph>
      </div>
      {status !== 'restoring' && (
        <div className="actions">
          <Action
            name="cancel"
            label="action.cancel"
            variant="secondary"
            intent={(main) => main.cancel()}
          />
        </div>
      )}
    </>
  )
}
