import { Heading } from '@digdir/designsystemet-react'
import { useEffect, useRef } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import { Text } from './text.tsx'

/** The heading of a view. A new view takes the focus there, so that a screen reader reads on. */
export function Title({ id }: { id: TextKey }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <Heading ref={heading} level={1} data-size="md" tabIndex={-1} className="title">
      <Text id={id} />
    </Heading>
  )
}
