import type { ReactNode } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import { Text } from './text.tsx'

/** A list of facts, each with its name. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>
}

export function Fact({ label, children }: { label: TextKey; children: ReactNode }) {
  return (
    <div>
      <dt>
        <Text id={label} />
      </dt>
      <dd>{children}</dd>
    </div>
  )
}
