import { Alert, Card, Heading, Paragraph } from '@digdir/designsystemet-react'
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
import { Action } from './action.tsx'
import { clockTime, useSecondsLeft, warnBelowSeconds } from './clock.tsx'
import { Explained, ForSupport } from './failure.tsx'
import { Said } from './said.tsx'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

/** The state of the person's way through the browser, in a login or a renewal. */
export type InBrowser = NonNullable<Snapshot['waiting']>

const icon = { 'aria-hidden': true, fontSize: '1.5rem' } as const

/** What may be wrong with the browser. */
export function BrowserHint({ hint }: { hint: InBrowser['hint'] }) {
  return (
    // Always in the document, so that a hint that comes later is read out.
    <Status className="news">
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
  )
}

/** How long the person has in the browser, and a way to get more. */
export function BrowserTime({ deadline }: { deadline: number }) {
  const seconds = useSecondsLeft(deadline, monotonic)
  const label = useId()
  const short = seconds < warnBelowSeconds
  return (
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
      <Status className="news time-status">{short && <Text id="waiting.time-short" />}</Status>
    </Card>
  )
}

/** Who has come to the listener so far. */
export function BrowserNews({ waiting }: { waiting: InBrowser }) {
  const { browserArrived, hint, requestRejected, linkReused, pushRefused } = waiting
  return (
    <>
      {browserArrived && hint === null && (
        <p className="arrival">
          <CheckmarkCircleFillIcon {...icon} className="arrived" />
          <Text id="waiting.browser-arrived" />
        </p>
      )}
      {/* Always in the document, so that what comes is read out. */}
      <Status className="news">
        {pushRefused && (
          <Alert data-color="info" data-push-refused>
            <Paragraph>
              <Text id="waiting.push-refused" />
            </Paragraph>
            {pushRefused.explanation && <Explained explanation={pushRefused.explanation} />}
            <ForSupport
              detail={{ key: 'pushed authorization request', reason: pushRefused.reason }}
            />
          </Alert>
        )}
      </Status>
      {requestRejected && (
        <p className="arrival" data-request-rejected>
          <ShieldLockIcon {...icon} />
          <Text id="waiting.request-rejected" />
        </p>
      )}
      {linkReused && (
        <p className="arrival" data-link-reused>
          <ShieldLockIcon {...icon} />
          <Text id="waiting.link-reused" />
        </p>
      )}
    </>
  )
}

/** Ways on when the browser is lost, and the way out. */
export function BrowserActions({ hint }: { hint: InBrowser['hint'] }) {
  const [copies, setCopies] = useState(0)
  return (
    <>
      <div className="actions">
        <Action
          name="reopen-browser"
          label="action.reopen-browser"
          variant={hint === 'browser-missing' || hint === 'not-returned' ? 'primary' : 'secondary'}
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
      <Said id="waiting.copied" times={copies} />
      {/* Whoever talks a person into handing over that address gets the code that is in it. */}
      <p className="explanation">
        <Text id="waiting.never-share" />
      </p>
    </>
  )
}
