import { Alert, Details, Heading, Paragraph } from '@digdir/designsystemet-react'
import type { ReactNode } from 'react'
import type { TextKey } from '../../assets/locales/index.ts'
import type { Explanation, Failure, OauthError } from '../../preload/contract.ts'
import { useTexts } from '../i18n.ts'
import { Checks } from './checks.tsx'
import { timeInWords } from './clock.tsx'
import { Fact, Facts } from './facts.tsx'
import { Text } from './text.tsx'

// What a person, time or the computer brought about is no fault of anything.
const expected: ReadonlySet<Failure['code']> = new Set([
  'E_LOGIN_DENIED',
  'E_LOGIN_TIMEOUT',
  'E_SESSION_EXPIRED',
  'E_RENEWAL_REFUSED',
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

/** What failed is what the person looks for, in a list of more than twenty. */
function failedFirst(checks: Failure['checks']): Failure['checks'] {
  return checks.toSorted((a, b) => Number(b.result === 'fail') - Number(a.result === 'fail'))
}

/** What happened, what to do and the code; the children are what can be done here. */
export function FailureReport({ failure, children }: { failure: Failure; children?: ReactNode }) {
  const { code, reference, detail, explanation, checks } = failure
  return (
    <>
      <Alert role="alert" data-color={expected.has(code) ? 'warning' : 'danger'}>
        <Heading level={2} data-size="xs">
          <Text id={`error.${code}.title`} />
        </Heading>
        {/* An explanation that tells the whole cause stands for the general text. */}
        {(explanation === null || explanation.kind === 'oauth') && (
          <Paragraph>
            <Text id={`error.${code}.text`} />
          </Paragraph>
        )}
        {explanation && <Explained explanation={explanation} />}
        <Paragraph>
          <Text id={nextStep(failure)} />
        </Paragraph>
      </Alert>
      {children}
      <Facts>
        <Fact label="failed.code">
          <code>{code}</code>
        </Fact>
        <Fact label="failed.reference">
          <code>{reference}</code>
        </Fact>
        {detail && (
          <>
            <Fact label="failed.detail.key">
              <code lang="en">{detail.key}</code>
            </Fact>
            <Fact label="failed.detail.reason">
              <span lang="en">{detail.reason}</span>
            </Fact>
          </>
        )}
      </Facts>
      {checks.length > 0 && (
        <Details className="fold" data-color="neutral">
          <Details.Summary data-action="show-details">
            <Text id="action.show-checks" />
          </Details.Summary>
          <Details.Content>
            <Paragraph>
              <Text id="details.checks.failed-text" />
            </Paragraph>
            <Checks checks={failedFirst(checks)} />
          </Details.Content>
        </Details>
      )}
    </>
  )
}

function Explained({ explanation }: { explanation: Explanation }) {
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
      // A login in the browser goes another way than the renewal that was refused.
      return madeBySetup.has(explanation.error) && category !== 'session'
        ? 'failed.next.setup'
        : `error.${code}.next`
    default:
      return `error.${code}.next`
  }
}
