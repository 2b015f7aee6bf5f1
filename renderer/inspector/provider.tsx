import { Alert, Heading, Paragraph } from '@digdir/designsystemet-react'
import type { Inspection } from '../../preload/inspection.ts'
import { Text } from '../components/text.tsx'
import { Values } from './values.tsx'

/** What the provider says of itself, and where that is not what the app expects. */
export function Provider({
  provider: { metadata, keys, differences },
  filter,
}: {
  provider: Inspection['provider']
  filter: string
}) {
  return (
    <>
      {differences === null ? null : differences.length === 0 ? (
        <Paragraph data-size="sm" data-differences="0">
          <Text id="inspector.provider.no-differences" />
        </Paragraph>
      ) : (
        <Alert data-color="info" data-size="sm" data-differences={differences.length}>
          <Heading level={2} data-size="2xs">
            <Text id="inspector.provider.differences" />
          </Heading>
          <dl className="rows values" lang="en">
            {differences.map(({ member, expected, got }) => (
              <div key={`${member} ${expected}`}>
                <dt>
                  <code>{member}</code>
                </dt>
                <dd>
                  {expected}; <code className="value">{got}</code>
                </dd>
              </div>
            ))}
          </dl>
        </Alert>
      )}
      <section className="part">
        <Heading level={2} data-size="2xs">
          <Text id="inspector.provider.keys" />
        </Heading>
        <Values values={keys} filter={filter} />
      </section>
      <section className="part">
        <Heading level={2} data-size="2xs">
          <Text id="inspector.provider.metadata" />
        </Heading>
        <Values values={metadata} filter={filter} />
      </section>
    </>
  )
}
