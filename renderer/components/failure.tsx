import { Alert, Details as Fold, Heading, Paragraph } from '@digdir/designsystemet-react'
import type { ComponentProps, ReactNode } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Explanation, Failure, OauthError } from '../../preload/contract.ts'
import { keyOr, useTexts } from '../i18n.ts'
import { timeInWords } from './clock.tsx'
import { Fact, Facts } from './facts.tsx'
import { Text } from './text.tsx'

// What a person, time or the computer brought about is no fault of anything.
const expected: ReadonlySet<Failure['code']> = new Set([
  'E_LOGIN_DENIED',
  'E_LOGIN_TIMEOUT',
  'E_SESSION_EXPIRED',
  'E_RENEWAL_REFUSED',
  'E_RENEWAL_SUBJECT',
  'E_VAULT_UNAVAILABLE',
])

// Only whoever is responsible for the app can do something about these; trying again cannot help.
const madeBySetup: ReadonlySet<OauthError> = new Set([
  'insufficient_scope',
  'invalid_authorization_details',
  'invalid_client',
  'invalid_request',
  'invalid_request_object',
  'invalid_scope',
  'invalid_target',
  'registration_not_supported',
  'request_not_supported',
  'request_uri_not_supported',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
])

// Their explanations say themselves what helps.
const saysWhatToDo: ReadonlySet<OauthError> = new Set([
  'insufficient_user_authentication',
  'unmet_authentication_requirements',
])

/** What happened, what to do and the code; the children are what can be done here. */
export function FailureReport({ failure, children }: { failure: Failure; children?: ReactNode }) {
  const { code, reference, detail } = failure
  return (
    <>
      <FailureAlert failure={failure} />
      {children}
      <Facts>
        <Fact label="failed.code">
          <code>{code}</code>
        </Fact>
        {reference !== '' && (
          <Fact label="failed.reference">
            <code>{reference}</code>
          </Fact>
        )}
      </Facts>
      {detail && <ForSupport detail={detail} />}
    </>
  )
}

/** What went wrong beside a login that goes on, with what support asks for in small print. */
export function FailureNotice({ failure, ...rest }: FailureAlertProps) {
  const { code, reference, detail } = failure
  return (
    <FailureAlert failure={failure} {...rest}>
      <Paragraph data-size="sm" className="inline">
        <span>
          <Text id="failed.code" />: <code>{code}</code>
        </span>
        {reference !== '' && (
          <span>
            <Text id="failed.reference" />: <code>{reference}</code>
          </span>
        )}
      </Paragraph>
      {detail && <ForSupport detail={detail} />}
    </FailureAlert>
  )
}

/** What is known in English only, and by names of the protocol: for somebody else than the person. */
export function ForSupport({
  detail: { key, reason },
}: {
  detail: NonNullable<Failure['detail']>
}) {
  return (
    <Fold className="for-support" data-color="neutral">
      <Fold.Summary>
        <Text id="failed.for-support" />
      </Fold.Summary>
      <Fold.Content>
        <Facts>
          <Fact label="failed.detail.key">
            <code lang="en">{key}</code>
          </Fact>
          <Fact label="failed.detail.reason">
            <span lang="en">{reason}</span>
          </Fact>
        </Facts>
      </Fold.Content>
    </Fold>
  )
}

type FailureAlertProps = Omit<ComponentProps<typeof Alert>, 'role' | 'data-color'> & {
  failure: Failure
  /** It concerns a call of an API, where ID-porten has no part in what went wrong on the way. */
  ofApi?: boolean
  level?: 2 | 4
}

function FailureAlert({ failure, ofApi = false, level = 2, children, ...rest }: FailureAlertProps) {
  const { code, explanation } = failure
  const text = (part: 'title' | 'text'): TextKey => {
    const key = `error.${code}.${part}` as const
    return ofApi ? keyOr(`api.${key}`, key) : key
  }
  return (
    <Alert role="alert" data-color={expected.has(code) ? 'warning' : 'danger'} {...rest}>
      <Heading level={level} data-size="xs">
        <Text id={text('title')} />
      </Heading>
      {/* An explanation that tells the whole cause stands for the general text. */}
      {(explanation === null || explanation.kind === 'oauth') && (
        <Paragraph>
          <Text id={text('text')} />
        </Paragraph>
      )}
      {explanation && <Explained explanation={explanation} />}
      <Paragraph>
        <Text id={nextStep(failure)} />
      </Paragraph>
      {children}
    </Alert>
  )
}

/** What is known beyond the code of a failure, in the person's words. */
export function Explained({ explanation }: { explanation: Explanation }) {
  const texts = useTexts()
  switch (explanation.kind) {
    case 'oauth':
      return (
        <Paragraph data-explanation={`oauth:${explanation.error}`}>
          <Text id={`oauth.${explanation.error}`} />
        </Paragraph>
      )
    case 'tls':
      return (
        <Paragraph data-explanation={`tls:${explanation.problem}`}>
          <Text id={`tls.${explanation.problem}`} />
        </Paragraph>
      )
    case 'captive-portal':
      return (
        <Paragraph data-explanation="captive-portal">
          <Text id="captive-portal.text" />
        </Paragraph>
      )
    case 'clock': {
      const time = timeInWords(explanation.seconds, texts)
      return (
        <Paragraph data-explanation={`clock:${explanation.direction}`}>
          <Text id={`clock.${explanation.direction}`} values={{ time }} />
        </Paragraph>
      )
    }
    default:
      return explanation satisfies never
  }
}

function nextStep({ code, category, explanation }: Failure): TextKey {
  switch (explanation?.kind) {
    // They say what to do themselves.
    case 'tls':
    case 'captive-portal':
      return 'failed.next.support'
    case 'clock':
      return 'error.E_CLOCK_SKEW.next'
    case 'oauth':
      if (saysWhatToDo.has(explanation.error)) return 'failed.next.support'
      // A login in the browser goes another way than the renewal that was refused.
      return madeBySetup.has(explanation.error) && category !== 'session'
        ? 'failed.next.setup'
        : `error.${code}.next`
    default:
      return `error.${code}.next`
  }
}
