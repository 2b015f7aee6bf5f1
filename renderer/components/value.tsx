import { Text } from './text.tsx'

const maskedNumber = /^(\d+)•+$/

/**
 * A value, to the letter. Sight and automation get the text itself; what it says of itself to a
 * screen reader is worded beside it where the letters alone would be read badly.
 */
export function Value({
  children,
  masked = false,
  digits = false,
  part = '',
}: {
  children: string
  /** Personal numbers in the value are hidden. */
  masked?: boolean
  /** The value is a personal number: read digit by digit. */
  digits?: boolean
  /** Which one it is where a row has several. */
  part?: string
}) {
  const start = maskedNumber.exec(children)?.[1]
  const spoken = digits && /^\d+$/.test(children) ? children.split('').join(' ') : undefined

  if (start === undefined && spoken === undefined) {
    return (
      <>
        <code data-value={part} className="value">
          {children}
        </code>
        {masked && (
          <span className="ds-sr-only">
            {' '}
            <Text id="value.masked" />
          </span>
        )}
      </>
    )
  }
  return (
    <>
      <code data-value={part} className="value" aria-hidden="true">
        {children}
      </code>
      <span className="ds-sr-only">
        {start === undefined ? (
          spoken
        ) : (
          <Text id="pid.masked" values={{ start: start.split('').join(' ') }} />
        )}
      </span>
    </>
  )
}
