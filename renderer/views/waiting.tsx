import { List } from '@digdir/designsystemet-react'
import {
  BrowserActions,
  BrowserHint,
  BrowserNews,
  BrowserTime,
  type InBrowser,
} from '../components/browser-help.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'

/** The person is in the browser: what to do there, how long, and ways on when it is lost. */
export function Waiting({ waiting, receivedAt }: { waiting: InBrowser; receivedAt: number }) {
  return (
    <>
      <Title id="waiting.title" />
      <List.Ordered className="to-do">
        <List.Item>
          <Text id="waiting.step-1" />
        </List.Item>
        <List.Item>
          <Text id="waiting.step-2" />
        </List.Item>
        <List.Item>
          <Text id="waiting.step-3" />
        </List.Item>
      </List.Ordered>
      <BrowserHint hint={waiting.hint} />
      <BrowserTime deadline={receivedAt + waiting.remainingMs} />
      <BrowserNews waiting={waiting} />
      <BrowserActions hint={waiting.hint} />
    </>
  )
}
