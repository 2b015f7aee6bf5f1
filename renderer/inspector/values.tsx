import type { TraceValue } from '../../preload/inspection.ts'
import { matches } from '../components/filter.ts'
import { Text } from '../components/text.tsx'

/** Names and values, a line each; a hidden value says what it is. */
export function Values({
  values,
  filter = '',
}: {
  values: readonly TraceValue[]
  filter?: string
}) {
  if (values.length === 0) return null
  return (
    <dl className="rows values">
      {values.map(({ name, value, hidden }, index) => (
        <div
          // A provider may send a name twice.
          // oxlint-disable-next-line react/no-array-index-key
          key={`${name} ${index}`}
          data-value-of={name}
          hidden={!matches(filter, name, value)}
        >
          <dt>
            <code>{name}</code>
          </dt>
          <dd lang="en">
            {hidden ? (
              <i className="explanation">{value}</i>
            ) : (
              <code className="value">{value}</code>
            )}
            {hidden && (
              <span className="ds-sr-only">
                {' '}
                <Text id="inspector.hidden" />
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
