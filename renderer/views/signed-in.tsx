import { Alert, Card, Heading, Paragraph } from '@digdir/designsystemet-react'
import {
  ArrowsCirclepathIcon,
  EyeIcon,
  EyeSlashIcon,
  LeaveIcon,
  PersonCircleIcon,
  PersonGroupIcon,
} from '@navikt/aksel-icons'
import { useId } from 'react'
import type { Failure, Snapshot } from '../../preload/contract.ts'
import { monotonic } from '../bridge.ts'
import { Action } from '../components/action.tsx'
import { Apis } from '../components/apis.tsx'
import { Countdown } from '../components/countdown.tsx'
import { clockTime, useIsShort, useSecondsLeft } from '../components/clock.tsx'
import { Details } from '../components/details.tsx'
import { Fact, Facts } from '../components/facts.tsx'
import { FailureNotice, FailureReport } from '../components/failure.tsx'
import { Level } from '../components/level.tsx'
import { Renewing } from '../components/renewing.tsx'
import { Status } from '../components/status.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'
import { Value } from '../components/value.tsx'

type Session = NonNullable<Snapshot['session']>

const icon = { 'aria-hidden': true, fontSize: '1.5rem' } as const

/** Somebody is logged in: who, how well known, for how long, and what the app was told. */
export function SignedIn({
  session,
  snapshot,
  receivedAt,
}: {
  session: Session
  snapshot: Snapshot
  receivedAt: number
}) {
  const { renewing, waiting, error, retryInMs } = snapshot
  const { refusedScopes, problem, apis } = session
  const endsSoon = useIsShort(receivedAt + session.endsInMs, monotonic)
  return (
    <>
      <Title id="signed-in.title" />
      {/* Always in the document, so that what comes later is read out. */}
      <Status className="news">
        {endsSoon && (
          <Alert data-color="warning" data-ends-soon>
            <Paragraph>
              <Text id="signed-in.time-short" />
            </Paragraph>
          </Alert>
        )}
      </Status>
      {renewing && <Renewing by={renewing} waiting={waiting} receivedAt={receivedAt} />}
      {error && <FailureReport failure={error} />}
      {problem && !toldQuietly(problem, session) && (
        <>
          <FailureNotice failure={problem} data-problem={problem.code} />
          <Paragraph>
            <Text id="signed-in.goes-on" />
          </Paragraph>
        </>
      )}
      <Person session={session} receivedAt={receivedAt} />
      {refusedScopes.length > 0 && (
        <Alert data-color="info" data-refused-scopes={refusedScopes.join(' ')}>
          <Paragraph>
            <Text id="signed-in.refused-scopes" values={{ scopes: refusedScopes.join(', ') }} />
          </Paragraph>
        </Alert>
      )}
      <Controls
        session={session}
        renewing={renewing !== null}
        retryAt={retryInMs === null ? null : receivedAt + retryInMs}
        endsSoon={endsSoon}
      />
      <Apis apis={apis} />
      <Details
        snapshot={snapshot}
        rows={{
          id: session.idToken,
          access: session.accessToken,
          userinfo: session.userinfo,
          checks: session.checks,
        }}
      />
    </>
  )
}

function Controls(props: {
  session: Session
  renewing: boolean
  retryAt: number | null
  /** One thing to do stands out: to go on while there is little time, else to leave when done. */
  endsSoon: boolean
}) {
  const { session, renewing, retryAt, endsSoon } = props
  const opens = useId()
  const countdown = useId()
  const byBrowser = session.renewal === 'browser'
  return (
    <div className="controls">
      <div className="actions">
        <Action
          name="sign-out"
          label="action.sign-out"
          variant={endsSoon ? 'secondary' : 'primary'}
          icon={<LeaveIcon {...icon} />}
          intent={(main) => main.signOut()}
        />
        <Action
          name="renew"
          label="action.renew"
          variant={endsSoon ? 'primary' : 'secondary'}
          icon={<ArrowsCirclepathIcon {...icon} />}
          disabled={renewing || retryAt !== null}
          {...(byBrowser && { 'aria-describedby': opens })}
          {...(retryAt !== null && { 'aria-describedby': countdown })}
          intent={(main) => main.renew()}
        />
        <Action
          name="switch-user"
          label="action.switch-user"
          variant="secondary"
          icon={<PersonGroupIcon {...icon} />}
          intent={(main) => main.switchUser()}
        />
        {session.pid === null && hasNumbers(session) && <Reveal revealed={session.pidRevealed} />}
      </div>
      {retryAt !== null && <Countdown id={countdown} deadline={retryAt} />}
      {byBrowser && (
        <p id={opens} className="explanation">
          <Text id="signed-in.renew-opens-browser" />
        </p>
      )}
    </div>
  )
}

/** Whether personal numbers are hidden, or shown on demand, elsewhere than in a `pid`. */
function hasNumbers({ pidRevealed, idToken, accessToken, userinfo, apis }: Session): boolean {
  return (
    pidRevealed ||
    [...idToken, ...(accessToken ?? []), ...(userinfo ?? [])].some(({ masked }) => masked) ||
    apis.some(({ answer }) => answer?.masked)
  )
}

function Reveal({ revealed }: { revealed: boolean }) {
  return (
    <Action
      name="reveal-pid"
      label="action.reveal-pid"
      variant="tertiary"
      data-size="sm"
      aria-pressed={revealed}
      icon={revealed ? <EyeSlashIcon {...icon} /> : <EyeIcon {...icon} />}
      intent={(main) => main.revealPid(!revealed)}
    />
  )
}

function Person({ session, receivedAt }: { session: Session; receivedAt: number }) {
  const { name, pid, pidRevealed, acr, endsInMs, accessTokenLeftMs } = session
  const number = pid !== null && (
    <span className="pid">
      <Value digits>{pid}</Value>
      <Reveal revealed={pidRevealed} />
    </span>
  )
  return (
    <Card className="person" data-color="neutral">
      <div className="who">
        <PersonCircleIcon aria-hidden fontSize="3rem" />
        {name === null && number ? (
          <div>
            <Text id="facts.pid" />
            {number}
          </div>
        ) : (
          <Heading level={2} data-size="sm">
            {name ?? <Text id="signed-in.unnamed" />}
          </Heading>
        )}
      </div>
      <Facts>
        {name !== null && number && <Fact label="facts.pid">{number}</Fact>}
        <Fact label="facts.level">
          <Level acr={acr} />
        </Fact>
        <Fact label="facts.session">
          <Left of="session" deadline={receivedAt + endsInMs} />
        </Fact>
        {accessTokenLeftMs !== null && (
          <Fact label="facts.access-token">
            <Left of="access-token" deadline={receivedAt + accessTokenLeftMs} />
          </Fact>
        )}
      </Facts>
      <Remembered remembered={session.remembered} />
    </Card>
  )
}

const left = {
  session: { going: 'facts.session.left', over: 'facts.session.over' },
  'access-token': { going: 'facts.access-token.valid', over: 'facts.access-token.expired' },
} as const

/** How long something lasts, by the clock that nobody can set. */
function Left({ of, deadline }: { of: keyof typeof left; deadline: number }) {
  const seconds = useSecondsLeft(deadline, monotonic)
  const { going, over } = left[of]
  return (
    <span role="timer" aria-live="off" className="timer-inline" data-time-left={of}>
      {seconds > 0 ? <Text id={going} values={{ time: clockTime(seconds) }} /> : <Text id={over} />}
    </span>
  )
}

/** That the login is not remembered disturbs nobody: it works all the same. */
function toldQuietly({ code }: Failure, { remembered }: Session): boolean {
  return code === 'E_VAULT_UNAVAILABLE' && remembered === 'unavailable'
}

function Remembered({ remembered }: { remembered: Session['remembered'] }) {
  switch (remembered) {
    case 'off':
      return null
    case 'kept':
      return (
        <p className="explanation" data-remembered={remembered}>
          <Text id="signed-in.remembered" />
        </p>
      )
    case 'unavailable':
      return (
        <p className="explanation" data-remembered={remembered} data-problem="E_VAULT_UNAVAILABLE">
          <Text id="error.E_VAULT_UNAVAILABLE.text" />
        </p>
      )
    default:
      return remembered satisfies never
  }
}
