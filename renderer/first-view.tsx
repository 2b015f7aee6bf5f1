/** What a page holds before any script of it has run; at build time only. */
import { renderToStaticMarkup } from 'react-dom/server'
import { type Language, languages, type Snapshot } from '../preload/contract.ts'
import { App } from './app.tsx'
import { loadTexts } from './i18n.ts'

const nobody: Snapshot = {
  revision: 0,
  status: 'signed-out',
  attempt: 0,
  renewing: null,
  language: 'nb',
  canChooseProfile: false,
  profile: { name: '', issuer: '', clientId: '', scope: '', acrValues: [] },
  waiting: null,
  session: null,
  providerLogout: null,
  update: null,
  error: null,
  retryInMs: null,
}

function viewOf(status: 'signed-out' | 'restoring', language: Language): string {
  const received = { snapshot: { ...nobody, status, language }, receivedAt: 0, refused: null }
  return renderToStaticMarkup(
    <App
      connection={{
        read: () => received,
        subscribe: () => () => {},
        send: () => Promise.resolve(false),
        inspect: () => Promise.resolve(null),
      }}
    />,
  )
}

await Promise.all(languages.map(loadTexts))

/** The window as HTML: the first time that nobody is logged in, and while a stored login is taken up. */
export const firstViews = (['signed-out', 'restoring'] as const).flatMap((status) =>
  languages.map((language) => ({ status, language, html: viewOf(status, language) })),
)
