import { Alert, Card, Heading, List, Paragraph } from '@digdir/designsystemet-react'
import {
  ArrowCirclepathIcon,
  CheckmarkCircleFillIcon,
  FilesIcon,
  ShieldLockIcon,
  TimerStartIcon,
} from '@navikt/aksel-icons'
import { useId, useState } from 'react'
import type { Snapshot } from '../../preload/contract.ts'
import { monotonic } from '../bridge.ts'
import { Action } from '../components/action.tsx'
import { clockTime, useSecondsLeft } from '../components/clock.tsx'
import { Status } from '../components/status.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'

const warnBelowSeconds = 120

/** The person is in the browser: what to do there, how long, and ways on when it is lost. */
export function Waiting({
  waiting: { remainingMs, browserArrived, hint, strangerRefused },
  receivedAt,
}: {
  waiting: NonNullable<Snapshot['waiting']>
  receivedAt: number
}) {
  const seconds = useSecondsLeft(receivedAt + remainingMs, monotonic)
  const [copies, setCopies] = useState(0)
  const label = useId()
  const short = seconds < warnBelowSeconds
  const icon = { 'aria-hidden': true, fontSize: '1.5rem' } as const
  return (
    <>
      <Title id="waiting.title" />
      <List.Ordered className="steps">
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

      {/* Always in the document, so that a hint that comes later is read out. */}
      <Status className="hint">
        {hint !== null && (
          <Alert data-color="warning" data-hint={hint}>
            <Heading level={2} data-size="xs">
              <Text id={`waiting.${hint}.title`} />
            </Heading>
            <Paragraph>
              <Text id={`waiting.${hint}.text`} />
            </Paragraph>
          </Alert>
        )}
      </Status>

      <Card
        className={short ? 'time' : 'time quiet'}
        variant={short ? 'tinted' : 'default'}
        data-color={short ? 'warning' : 'neutral'}
      >
        <div className="time-left">
          <span id={label}>
            <Text id="waiting.time-left" />
          </span>
          {/* A timer is not read out by itself; what matters is said by the status below. */}
          <span role="timer" aria-live="off" aria-labelledby={label} className="timer">
            {clockTime(seconds)}
          </span>
        </div>
        <Action
          name="prolong"
          label="action.prolong"
          variant={short ? 'primary' : 'tertiary'}
          icon={<TimerStartIcon {...icon} />}
          intent={(main) => main.prolong()}
        />
        <Status className="time-status">{short && <Text id="waiting.time-short" />}</Status>
      </Card>

      {browserArrived && hint === null && (
        <p className="arrival">
          <CheckmarkCircleFillIcon {...icon} className="arrived" />
          <Text id="waiting.browser-arrived" />
        </p>
      )}
      {strangerRefused && (
        <p className="arrival" data-stranger-refused>
          <ShieldLockIcon {...icon} />
          <Text id="waiting.stranger-refused" />
        </p>
      )}
      <div className="actions">
        <Action
          name="reopen-browser"
          label="action.reopen-browser"
          variant="secondary"
          icon={<ArrowCirclepathIcon {...icon} />}
          intent={(main) => main.reopenBrowser()}
        />
        <Action
          name="copy-link"
          label="action.copy-link"
          variant={hint === 'browser-failed' ? 'primary' : 'secondary'}
          icon={<FilesIcon {...icon} />}
          intent={(main) => main.copyLink()}
          onTaken={() => setCopies(copies + 1)}
        />
        <Action
          name="cancel"
          label="action.cancel"
          variant="tertiary"
          intent={(main) => main.cancel()}
        />
      </div>
      <Status className="copied">
        {/* A new element each time, or the second copy would not be read out. */}
        {copies > 0 && (
          <span key={copies}>
            <Text id="waiting.copied" />
          </span>
        )}
      </Status>
    </>
  )
}
