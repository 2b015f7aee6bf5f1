import { Alert, Card, Details, Heading, Paragraph } from '@digdir/designsystemet-react'
import {
  EyeIcon,
  EyeSlashIcon,
  LeaveIcon,
  PersonCircleIcon,
  ShieldCheckmarkIcon,
} from '@navikt/aksel-icons'
import type { TextKey } from '../../assets/locales/index.ts'
import type { Snapshot } from '../../preload/contract.ts'
import { Action } from '../components/action.tsx'
import { Checks } from '../components/checks.tsx'
import { Claims } from '../components/claims.tsx'
import { clockTime, LocalTime, useSecondsLeft } from '../components/clock.tsx'
import { Fact, Facts } from '../components/facts.tsx'
import { FailureReport } from '../components/failure.tsx'
import { Level } from '../components/level.tsx'
import { Status } from '../components/status.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'
import { Value } from '../components/value.tsx'

type Session = NonNullable<Snapshot['session']>

const icon = { 'aria-hidden': true, fontSize: '1.5rem' } as const

/** Somebody is logged in: who, how well known, until when, and what the app was told. */
export function SignedIn({
  session,
  renewing,
  error,
}: {
  session: Session
  renewing: Snapshot['renewing']
  error: Snapshot['error']
}) {
  return (
    <>
      <Title id="signed-in.title" />
      {renewing && <Renewing by={renewing} />}
      {/* Only the checks of the session that lasts are shown, so that no rule appears twice. */}
      {error && <FailureReport failure={{ ...error, checks: [] }} />}
      <Person session={session} />
      <div className="actions">
        <Action
          name="sign-out"
          label="action.sign-out"
          variant="secondary"
          icon={<LeaveIcon {...icon} />}
          intent={(main) => main.signOut()}
        />
      </div>
      <Told session={session} />
    </>
  )
}

function Renewing({ by }: { by: NonNullable<Snapshot['renewing']> }) {
  return (
    <Alert data-color="info">
      <Status>
        <Paragraph>
          <Text id={`signed-in.renewing.${by}`} />
        </Paragraph>
      </Status>
      <Action
        name="cancel"
        label="action.cancel"
        variant="tertiary"
        data-size="sm"
        intent={(main) => main.cancel()}
      />
    </Alert>
  )
}

function Person({ session }: { session: Session }) {
  const { name, pid, pidRevealed, acr, endsAt, accessTokenExpiresAt } = session
  const number = pid !== null && (
    <span className="pid">
      <Value digits>{pid}</Value>
      <Action
        name="reveal-pid"
        label="action.reveal-pid"
        variant="tertiary"
        data-size="sm"
        aria-pressed={pidRevealed}
        icon={pidRevealed ? <EyeSlashIcon {...icon} /> : <EyeIcon {...icon} />}
        intent={(main) => main.revealPid(!pidRevealed)}
      />
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
          <Level acr={acr} precise />
        </Fact>
        <Fact label="facts.ends-at">
          <LocalTime at={endsAt} />
        </Fact>
        {accessTokenExpiresAt !== null && (
          <Fact label="facts.access-token">
            <Validity until={accessTokenExpiresAt} />
          </Fact>
        )}
      </Facts>
    </Card>
  )
}

function Validity({ until }: { until: number }) {
  const seconds = useSecondsLeft(until, Date.now)
  return seconds > 0 ? (
    <span role="timer" aria-live="off" className="timer-inline">
      <Text id="facts.access-token.valid" values={{ time: clockTime(seconds) }} />
    </span>
  ) : (
    <Text id="facts.access-token.expired" />
  )
}

function Told({ session: { idToken, accessToken, checks } }: { session: Session }) {
  const passed = checks.filter(({ result }) => result === 'pass').length
  return (
    <Details className="fold" data-color="neutral">
      <Details.Summary data-action="show-details">
        <ShieldCheckmarkIcon {...icon} />
        <Text id="action.show-details" />
      </Details.Summary>
      <Details.Content>
        <Part title="details.id-token.title" text="details.id-token.text">
          <Claims token="id" claims={idToken} />
        </Part>
        <Part
          title="details.access-token.title"
          text={accessToken ? 'details.access-token.text' : 'details.access-token.opaque'}
        >
          {accessToken && <Claims token="access" claims={accessToken} />}
        </Part>
        <Part title="details.checks.title" text="details.checks.text">
          <Paragraph>
            <Text id="details.checks.summary" values={{ passed, total: checks.length }} />
          </Paragraph>
          <Checks checks={checks} />
        </Part>
      </Details.Content>
    </Details>
  )
}

function Part(props: { title: TextKey; text: TextKey; children: React.ReactNode }) {
  return (
    <section className="part">
      <Heading level={2} data-size="xs">
        <Text id={props.title} />
      </Heading>
      <Paragraph>
        <Text id={props.text} />
      </Paragraph>
      {props.children}
    </section>
  )
}
