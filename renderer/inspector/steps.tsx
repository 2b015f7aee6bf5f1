import { Details, Paragraph, Select, Tag } from '@digdir/designsystemet-react'
import { type CSSProperties, useState } from 'react'
import type { TextKey } from '../../assets/locales/index.ts'
import type { Attempt, Step } from '../../preload/inspection.ts'
import { CheckList } from '../components/checks.tsx'
import { clockOf } from '../components/clock.tsx'
import { Fact, Facts } from '../components/facts.tsx'
import { matches } from '../components/filter.ts'
import { Text } from '../components/text.tsx'
import { useTexts } from '../i18n.ts'
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
  const [chosen, setChosen] = useState<number | null>(null)
  const attempt = attempts.find((one) => one.attempt === chosen) ?? attempts.at(-1)
  if (attempt === undefined) {
    return (
      <Paragraph data-size="sm">
        <Text id="inspector.none" />
      </Paragraph>
    )
  }
  const whole = Math.max(1, ...attempt.steps.map((step) => step.startedAtMs + step.durationMs))
  return (
    <>
      {attempts.length > 1 && (
        <ChooseAttempt attempts={attempts} attempt={attempt} onChoose={setChosen} />
      )}
      <ol className="rows timeline" data-attempt-shown={attempt.attempt}>
        {attempt.steps.map((step, index) => (
          // Steps are only added at the end.
          // oxlint-disable-next-line react/no-array-index-key
          <li
            key={index}
            data-step={step.step}
            data-outcome={step.outcome}
            hidden={!isMeant(step, filter)}
          >
            <StepRow step={step} whole={whole} attempt={attempt.attempt} index={index} />
          </li>
        ))}
      </ol>
      <Export attempt={attempt.attempt} />
    </>
  )
}

/** Looks for what was typed in all that a step shows. */
function isMeant(step: Step, filter: string): boolean {
  return matches(
    filter,
    step.step,
    step.source,
    step.outcome,
    JSON.stringify([step.request, step.response, step.error]),
  )
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
  const describe = ({ kind, attempt: number, startedAt, steps }: Attempt): string => {
    const values = { kind: t(`inspector.attempt.${kind}`), number, time: clockOf(startedAt, texts) }
    const failed = steps.find(({ error }) => error !== null)?.error
    return failed
      ? t('inspector.attempt.option.failed', { ...values, code: failed.code })
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

function StepRow({
  step,
  whole,
  attempt,
  index,
}: {
  step: Step
  whole: number
  attempt: number
  index: number
}) {
  const { request, response, error, source, checks, outcome } = step
  const bar: CSSProperties & Record<`--${string}`, number> = {
    '--from': step.startedAtMs / whole,
    '--length': step.durationMs / whole,
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
              intent={(main) => main.copyRequest(attempt, index)}
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
      <CopyButton
        label="inspector.export.save-markdown"
        name="save-markdown"
        intent={(main) => main.exportAttempt(attempt, 'markdown', 'file')}
      />
      <CopyButton
        label="inspector.export.save-json"
        name="save-json"
        intent={(main) => main.exportAttempt(attempt, 'json', 'file')}
      />
    </div>
  )
}
