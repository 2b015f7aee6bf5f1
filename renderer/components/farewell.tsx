import { Alert, Paragraph } from '@digdir/designsystemet-react'
import type { TextKey } from '../../assets/locales/index.ts'
import type { Snapshot } from '../../preload/contract.ts'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

type Goodbye = NonNullable<Snapshot['farewell']>

/** What goes on after a sign-out. It stands in nobody's way: the sign-out itself is done. */
export function Farewell({ farewell, bare }: { farewell: Goodbye | null; bare: boolean }) {
  // Always in the document, so that what comes later is read out.
  if (farewell === null) return <Status className="news" />
  const { revocation, browser, strangerRefused, linkReused } = farewell
  const said: TextKey[] = [
    ...(bare ? [] : (['farewell.signed-out'] as const)),
    ...(browser === 'none' ? [] : ([`farewell.browser.${browser}`] as const)),
    ...(revocation === 'none' ? [] : ([`farewell.revocation.${revocation}`] as const)),
  ]
  return (
    <Status className="news" data-farewell-revocation={revocation} data-farewell-browser={browser}>
      {said.length > 0 && (
        <Alert data-color={colorOf(farewell)}>
          {said.map((key) => (
            <Paragraph key={key}>
              <Text id={key} />
            </Paragraph>
          ))}
        </Alert>
      )}
      {strangerRefused && (
        <Alert data-color="warning" data-stranger-refused>
          <Paragraph>
            <Text id="farewell.stranger-refused" />
          </Paragraph>
        </Alert>
      )}
      {linkReused && (
        <Alert data-color="warning" data-link-reused>
          <Paragraph>
            <Text id="farewell.link-reused" />
          </Paragraph>
        </Alert>
      )}
    </Status>
  )
}

function colorOf({ revocation, browser }: Goodbye): 'warning' | 'info' | 'success' {
  // A token that was not revoked ends by itself soon; a browser that is still logged in is worth a warning.
  if (browser === 'failed' || browser === 'interrupted') return 'warning'
  return revocation === 'done' && (browser === 'done' || browser === 'none') ? 'success' : 'info'
}
