import { Alert, Details, Heading, Paragraph } from '@digdir/designsystemet-react'
import type { ReactNode } from 'react'
import type { Failure } from '../../preload/contract.ts'
import { Checks } from './checks.tsx'
import { Fact, Facts } from './facts.tsx'
import { Text } from './text.tsx'

// What a person or time brought about is no fault of anything.
const expected: ReadonlySet<Failure['code']> = new Set([
  'E_LOGIN_DENIED',
  'E_LOGIN_TIMEOUT',
  'E_SESSION_EXPIRED',
])

/** What happened, what to do and the code; the children are what can be done here. */
export function FailureReport({ failure, children }: { failure: Failure; children?: ReactNode }) {
  const { code, reference, detail, checks } = failure
  return (
    <>
      <Alert role="alert" data-color={expected.has(code) ? 'warning' : 'danger'}>
        <Heading level={2} data-size="xs">
          <Text id={`error.${code}.title`} />
        </Heading>
        <Paragraph>
          <Text id={`error.${code}.text`} />
        </Paragraph>
        <Paragraph>
          <Text id={`error.${code}.next`} />
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
            <Checks checks={checks} />
          </Details.Content>
        </Details>
      )}
    </>
  )
}
