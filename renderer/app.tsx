import { Alert, Heading, Paragraph } from '@digdir/designsystemet-react'
import { createElement, useEffect, useLayoutEffect, useMemo } from 'react'
import icon from '../assets/icon.svg'
import { type ErrorCode, isStart, type Snapshot } from '../preload/contract.ts'
import { type Connection, InspectContext, SendContext, useSnapshot } from './bridge.ts'
import { LanguageSelect } from './components/language-select.tsx'
import { Status } from './components/status.tsx'
import { Text } from './components/text.tsx'
import { languageOfView, TextsContext, textsIn } from './i18n.ts'
import { laterViews } from './parts.ts'
import { Start } from './views/start.tsx'
import { isWorking, Working } from './views/working.tsx'

/** The whole window: it shows the snapshot and sends intents, and knows nothing else. */
export function App({ connection }: { connection: Connection }) {
  const { snapshot, receivedAt, refused } = useSnapshot(connection)
  const language = snapshot === null ? 'nb' : languageOfView(snapshot, refused)
  const texts = useMemo(() => textsIn(language), [language])

  useLayoutEffect(() => {
    if (!snapshot) return
    const { status, error, attempt, renewing } = snapshot
    const page = document.documentElement
    page.lang = language
    page.dataset['status'] = status
    page.dataset['error'] = error?.code ?? ''
    page.dataset['attempt'] = String(attempt)
    page.dataset['renewing'] = renewing ?? ''
    document.title = texts.t('window.title', { status: texts.t(`status.${status}`) })
  }, [snapshot, language, texts])

  useEffect(() => {
    // For bench/start: from now on the person can press something.
    performance.mark('usable')
  }, [])

  const isInBrowser = snapshot?.status === 'waiting-for-browser'
  useEffect(() => {
    // Nobody looks at the window now, and whoever comes back may want to see how the login went.
    if (isInBrowser) void laterViews().loadInspector()
  }, [isInBrowser])

  return (
    <TextsContext value={texts}>
      <SendContext value={connection.send}>
        <InspectContext value={connection.inspect}>
          <header className="bar">
            <span className="brand">
              <img src={icon} alt="" width="32" height="32" />
              <Text id="app.name" />
            </span>
            <LanguageSelect chosen={snapshot?.language ?? language} />
          </header>
          <main className="page">
            {refused && <Refusal code={refused} />}
            {snapshot && (
              // A new key is a new view, and its heading takes the focus.
              <View
                key={`${snapshot.status} ${snapshot.error?.reference ?? ''}`}
                snapshot={snapshot}
                receivedAt={receivedAt}
              />
            )}
          </main>
          <Status className="ds-sr-only">
            {snapshot && <Text id={`status.${snapshot.status}`} />}
          </Status>
        </InspectContext>
      </SendContext>
    </TextsContext>
  )
}

function View({ snapshot, receivedAt }: { snapshot: Snapshot; receivedAt: number }) {
  const { status, waiting, session } = snapshot
  if (isStart(snapshot)) {
    return (
      <>
        <UpdateNews snapshot={snapshot} />
        <Start />
      </>
    )
  }
  if (isWorking(status)) return <Working status={status} />
  const { SignedIn, SignedOut, Waiting } = laterViews()
  switch (status) {
    case 'waiting-for-browser':
      return waiting && <Waiting waiting={waiting} receivedAt={receivedAt} />
    case 'signed-in':
      return (
        session && (
          <>
            <UpdateNews snapshot={snapshot} />
            <SignedIn session={session} snapshot={snapshot} receivedAt={receivedAt} />
          </>
        )
      )
    case 'signed-out':
      return (
        <>
          <UpdateNews snapshot={snapshot} />
          <SignedOut snapshot={snapshot} receivedAt={receivedAt} />
        </>
      )
    default:
      return status satisfies never
  }
}

function UpdateNews({ snapshot: { update, session } }: { snapshot: Snapshot }) {
  return (
    // Always in the document, so that what comes later is read out.
    <Status className="news">
      {update && createElement(laterViews().Update, { update, session })}
    </Status>
  )
}

/** Main did not do what was asked; the state stays as it was. */
function Refusal({ code }: { code: ErrorCode }) {
  return (
    <Alert role="alert" data-color="danger">
      <Heading level={2} data-size="xs">
        <Text id={`error.${code}.title`} />
      </Heading>
      <Paragraph>
        <Text id={`error.${code}.text`} />
      </Paragraph>
      <Paragraph>
        <code>{code}</code>
      </Paragraph>
    </Alert>
  )
}
