import { Card, Heading, Paragraph } from '@digdir/designsystemet-react'
import { useId, useMemo } from 'react'
import type { ApiState } from '../../preload/contract.ts'
import { useTexts } from '../i18n.ts'
import { Action } from './action.tsx'
import { FailureNotice } from './failure.tsx'
import { indented } from './indented.ts'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

/** Characters of an answer that is laid out; a longer one would take the window's time, and stays as it came. */
const longest = 20_000

/** The calls that the profile offers, each with what came of it last. */
export function Apis({ apis }: { apis: readonly ApiState[] }) {
  if (apis.length === 0) return null
  return (
    <section className="apis">
      <Heading level={2} data-size="xs">
        <Text id="api.title" />
      </Heading>
      <Paragraph>
        <Text id="api.text" />
      </Paragraph>
      {apis.map((api, index) => (
        <Api key={api.name} api={api} index={index} />
      ))}
    </section>
  )
}

function Api({ api, index }: { api: ApiState; index: number }) {
  const { name, granted, running, answer, failure } = api
  const title = useId()
  const button = useId()
  const refused = useId()
  return (
    <Card className="api" data-color="neutral">
      <div className="api-head">
        <Heading level={3} data-size="2xs" id={title}>
          {name}
        </Heading>
        <Action
          id={button}
          name="call-api"
          api={name}
          label="action.call-api"
          variant="secondary"
          data-color="accent"
          data-size="sm"
          disabled={!granted || running}
          aria-labelledby={`${button} ${title}`}
          {...(!granted && { 'aria-describedby': refused })}
          intent={(main) => main.callApi(index)}
        />
      </div>
      {!granted && (
        <p id={refused} className="explanation">
          <Text id="api.not-granted" />
        </p>
      )}
      <Status className="news">
        {running && <Text id="api.running" />}
        {!running && answer && <Answered answer={answer} />}
      </Status>
      {/* What came before says nothing of the call that is on its way. */}
      {!running && failure && (
        <FailureNotice
          failure={failure}
          ofApi
          level={4}
          data-api-failure={name}
          data-code={failure.code}
        />
      )}
      {!running && answer && <Answer name={name} answer={answer} />}
    </Card>
  )
}

type AnswerOfApi = NonNullable<ApiState['answer']>

function Answered({ answer: { httpStatus, tookMs, body, masked } }: { answer: AnswerOfApi }) {
  return (
    <>
      <Text
        id={httpStatus >= 400 ? 'api.answered.error' : 'api.answered'}
        values={{ status: httpStatus, time: Math.round(tookMs) }}
      />
      {body === '' && (
        <>
          {' '}
          <Text id="api.empty" />
        </>
      )}
      {masked && (
        <>
          {' '}
          <Text id="api.masked" />
        </>
      )}
    </>
  )
}

function Answer({ name, answer: { httpStatus, body } }: { name: string; answer: AnswerOfApi }) {
  const { t } = useTexts()
  return (
    <pre
      className="answer"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- the line breaks are part of it
      role="region"
      aria-label={t('api.answer', { name })}
      // It scrolls, so the keyboard must get there.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      hidden={body === ''}
      data-api-result={name}
      data-http-status={httpStatus}
    >
      <code data-value="">
        {useMemo(() => (body.length > longest ? body : indented(body)), [body])}
      </code>
    </pre>
  )
}
