import { Paragraph } from '@digdir/designsystemet-react'
import { EnterIcon } from '@navikt/aksel-icons'
import { useId, useState } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Snapshot } from '../../preload/contract.ts'
import { Action } from '../components/action.tsx'
import { ChooseProfile } from '../components/choose-profile.tsx'
import { Countdown } from '../components/countdown.tsx'
import { Details } from '../components/details.tsx'
import { FailureReport } from '../components/failure.tsx'
import { ProviderLogout } from '../components/provider-logout.tsx'
import { Status } from '../components/status.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'
import { Introduction } from './start.tsx'

/** Nobody is logged in any more, or still: what went wrong or how the sign-out goes, and the way in. */
export function SignedOut({ snapshot, receivedAt }: { snapshot: Snapshot; receivedAt: number }) {
  const { error, providerLogout } = snapshot
  const signIn = <SignIn snapshot={snapshot} receivedAt={receivedAt} />
  if (error) {
    return (
      <>
        <Title id="failed.title" />
        <FailureReport failure={error}>{signIn}</FailureReport>
        <ProviderLogout providerLogout={providerLogout} />
        {error.category !== 'profile' && (
          <Details
            snapshot={snapshot}
            rows={error.checks.length > 0 ? { checks: error.checks } : {}}
          />
        )}
      </>
    )
  }
  const hasLeft = providerLogout !== null
  return (
    <>
      <Title id={hasLeft ? 'logged-out.title' : 'signed-out.title'} />
      <ProviderLogout providerLogout={providerLogout} />
      {hasLeft ? (
        <Paragraph data-size="lg">
          <Text id="logged-out.text" />
        </Paragraph>
      ) : (
        <Introduction />
      )}
      {signIn}
      <Details snapshot={snapshot} rows={{}} />
    </>
  )
}

/** The way in, and while the provider wants to be left alone: for how long. */
function SignIn({ snapshot, receivedAt }: { snapshot: Snapshot; receivedAt: number }) {
  const { profile, canChooseProfile, retryInMs } = snapshot
  const countdown = useId()
  const waiting = retryInMs !== null
  const [waited, setWaited] = useState(waiting)
  if (waiting && !waited) setWaited(true)
  return (
    <div className="actions">
      {canChooseProfile && profile === null && <ChooseProfile />}
      <Action
        name="sign-in"
        label={labelOf(snapshot)}
        icon={<EnterIcon aria-hidden fontSize="1.5rem" />}
        disabled={profile === null || waiting}
        {...(waiting && { 'aria-describedby': countdown })}
        intent={(main) => main.signIn()}
      />
      {waiting && <Countdown id={countdown} deadline={receivedAt + retryInMs} />}
      {/* The countdown is not read out by itself; its end is, once. */}
      <Status className="ds-sr-only">{waited && !waiting && <Text id="retry.ready" />}</Status>
    </div>
  )
}

function labelOf({ error, providerLogout }: Snapshot): TextKey {
  if (error?.retryable && error.category !== 'session') return 'action.retry'
  return error === null && providerLogout !== null ? 'action.sign-in-again' : 'action.sign-in'
}
