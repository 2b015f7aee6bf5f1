import { Details, Paragraph, Select, Tag } from '@digdir/designsystemet-react'
import { FloppydiskIcon } from '@navikt/aksel-icons'
import { type CSSProperties, useState } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Attempt, Step } from '../../preload/inspection.ts'
import { Action } from '../components/action.tsx'
import { CheckList } from '../components/checks.tsx'
import { clockOf } from '../components/clock.tsx'
import { Fact, Facts } from '../components/facts.tsx'
import { matches } from '../components/filter.ts'
import { Text } from '../components/text.tsx'
import { type Texts, useTexts } from '../i18n.ts'
import { CopyButton } from './copy-button.tsx'
import { Values } from './values.tsx'

const colors = {
  done: 'success',
  'from-memory': 'neutral',
  refused: 'danger',
  failed: 'danger',
  cancelled: 'warning',
} as const

/** The steps of an attempt as a time line; each opens to its request and its answer. */
export function Steps({ attempts, filter }: { attempts: readonly Attempt[]; filter: string }) {
  const texts = useTexts()
  const [chosen, setChosen] = useState<number | null>(null)
  const attempt = attempts.find((one) => one.attempt === chosen) ?? attempts.at(-1)
  if (attempt === undefined) {
    return (
      <Paragraph data-size="sm">
        <Text id="inspector.none" />
      </Paragraph>
    )
  }
  const whole = lengthOf(attempt.steps)
  return (
    <>
      {attempts.length > 1 && (
        <ChooseAttempt attempts={attempts} attempt={attempt} onChoose={setChosen} />
      )}
      <ol className="rows timeline" data-attempt-shown={attempt.attempt}>
        {attempt.steps.map((step) => (
          <li
            key={step.id}
            data-step={step.step}
            data-outcome={step.outcome}
            hidden={!isMeant(step, filter, texts)}
          >
            <StepRow step={step} whole={whole} attempt={attempt.attempt} />
          </li>
        ))}
      </ol>
      <Export attempt={attempt.attempt} />
    </>
  )
}

/** How long the login itself took, in milliseconds: calls and a logout that follow it later are not drawn to scale. */
function lengthOf(steps: readonly Step[]): number {
  const verified = steps.findLastIndex(({ step }) => step === 'verification')
  const ofLogin = verified === -1 ? steps : steps.slice(0, verified + 1)
  return Math.max(1, ...ofLogin.map((step) => step.startedAtMs + step.durationMs))
}

/** Looks for what was typed in all that a step shows. */
function isMeant(step: Step, filter: string, { t }: Texts): boolean {
  const { request, response, error, source, outcome } = step
  const shown = [t(`inspector.step.${step.step}`), t(`inspector.outcome.${outcome}`), source]
  return matches(filter, step.step, ...shown, JSON.stringify([request, response, error]))
}

function ChooseAttempt({
  attempts,
  attempt,
  onChoose,
}: {
  attempts: readonly Attempt[]
  attempt: Attempt
  onChoose: (attempt: number) => void
}) {
  const texts = useTexts()
  const { t } = texts
  const describe = ({ kind, attempt: number, startedAt, result }: Attempt): string => {
    const values = { kind: t(`inspector.attempt.${kind}`), number, time: clockOf(startedAt, texts) }
    return result?.startsWith('E_')
      ? t('inspector.attempt.option.failed', { ...values, code: result })
      : t('inspector.attempt.option', values)
  }
  return (
    <label className="filter">
      <Text id="inspector.attempt" />
      <Select
        data-size="sm"
        width="auto"
        value={attempt.attempt}
        onChange={({ target }) => onChoose(Number(target.value))}
        data-attempts=""
      >
        {attempts.toReversed().map((one) => (
          <Select.Option key={one.attempt} value={one.attempt}>
            {describe(one)}
          </Select.Option>
        ))}
      </Select>
    </label>
  )
}

function StepRow({ step, whole, attempt }: { step: Step; whole: number; attempt: number }) {
  const { request, response, error, source, checks, outcome } = step
  const bar: CSSProperties & Record<`--${string}`, number> = {
    '--from': Math.min(1, step.startedAtMs / whole),
    '--length': Math.min(1, step.durationMs / whole),
  }
  return (
    <Details data-size="sm" data-color="neutral" variant="default">
      <Details.Summary>
        <span className="step-head">
          <span>
            <Text id={`inspector.step.${step.step}`} />
          </span>
          <span className="bar-of-step" style={bar} aria-hidden />
          <span className="duration">
            <Text id="inspector.duration" values={{ time: Math.round(step.durationMs) }} />
          </span>
          <Tag data-color={colors[outcome]} data-size="sm">
            <Text id={`inspector.outcome.${outcome}`} />
          </Tag>
        </span>
      </Details.Summary>
      <Details.Content>
        <Facts>
          <Fact label="inspector.step.source">
            <span lang="en">{source}</span>
          </Fact>
          {error && (
            <>
              <Fact label="inspector.step.error">
                <code>{error.code}</code> <span lang="en">{error.reason}</span>
              </Fact>
              <Fact label="inspector.step.explained">
                <code>docs/errors.md#{error.code.toLowerCase()}</code>
              </Fact>
            </>
          )}
        </Facts>
        {request && (
          <Part title="inspector.step.request">
            <code className="value">
              {request.method} {request.address}
            </code>
            <Values values={[...request.headers, ...request.parameters]} />
            <CopyButton
              label="inspector.copy-curl"
              name="copy-request"
              intent={(main) => main.copyRequest(attempt, step.id)}
            />
          </Part>
        )}
        {response && (
          <Part title="inspector.step.response">
            <code className="value">HTTP {response.status}</code>
            <Values values={[...response.headers, ...response.members]} />
          </Part>
        )}
        {checks.length > 0 && <CheckList checks={checks} />}
      </Details.Content>
    </Details>
  )
}

function Part({ title, children }: { title: TextKey; children: React.ReactNode }) {
  return (
    <section className="step-part">
      <b>
        <Text id={title} />
      </b>
      {children}
    </section>
  )
}

/** Ways to take an attempt along. */
function Export({ attempt }: { attempt: number }) {
  return (
    <div className="actions">
      <CopyButton
        label="inspector.export.copy-markdown"
        name="copy-attempt"
        intent={(main) => main.exportAttempt(attempt, 'markdown', 'clipboard')}
      />
      <Save attempt={attempt} format="markdown" />
      <Save attempt={attempt} format="json" />
    </div>
  )
}

/** Saves an attempt by main's dialog, which says itself what becomes of it. */
function Save({ attempt, format }: { attempt: number; format: 'markdown' | 'json' }) {
  return (
    <Action
      name={`save-${format}`}
      label={`inspector.export.save-${format}`}
      variant="tertiary"
      data-size="sm"
      icon={<FloppydiskIcon aria-hidden fontSize="1.25rem" />}
      intent={(main) => main.exportAttempt(attempt, format, 'file')}
    />
  )
}
