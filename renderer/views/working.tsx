import { Paragraph, Spinner } from '@digdir/designsystemet-react'
import { Action } from '../components/action.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'

/** The app is busy by itself for a moment. */
export function Working({ status }: { status: 'restoring' | 'preparing' | 'exchanging' }) {
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
