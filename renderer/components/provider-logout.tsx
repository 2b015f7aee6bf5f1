import { Alert, Paragraph } from '@digdir/designsystemet-react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Snapshot } from '../../preload/contract.ts'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

type Logout = NonNullable<Snapshot['providerLogout']>

/** What goes on after a sign-out. It stands in nobody's way: the sign-out itself is done. */
export function ProviderLogout({ providerLogout }: { providerLogout: Logout | null }) {
  // Always in the document, so that what comes later is read out.
  if (providerLogout === null) return <Status className="news" />
  const { revocation, browser, requestRejected, linkReused } = providerLogout
  const said: TextKey[] = [
    ...(browser === 'none' ? [] : ([`provider-logout.browser.${browser}`] as const)),
    ...(revocation === 'none' ? [] : ([`provider-logout.revocation.${revocation}`] as const)),
  ]
  return (
    <Status className="news" data-logout-revocation={revocation} data-logout-browser={browser}>
      {said.length > 0 && (
        <Alert data-color={colorOf(providerLogout)}>
          {said.map((key) => (
            <Paragraph key={key}>
              <Text id={key} />
            </Paragraph>
          ))}
        </Alert>
      )}
      {requestRejected && (
        <Alert data-color="warning" data-request-rejected>
          <Paragraph>
            <Text id="provider-logout.request-rejected" />
          </Paragraph>
        </Alert>
      )}
      {linkReused && (
        <Alert data-color="warning" data-link-reused>
          <Paragraph>
            <Text id="provider-logout.link-reused" />
          </Paragraph>
        </Alert>
      )}
    </Status>
  )
}

function colorOf({ revocation, browser }: Logout): 'warning' | 'info' | 'success' {
  // A token that was not revoked ends by itself soon; a browser that is still logged in is worth a warning.
  if (browser === 'failed' || browser === 'interrupted') return 'warning'
  return revocation === 'done' && (browser === 'done' || browser === 'none') ? 'success' : 'info'
}
