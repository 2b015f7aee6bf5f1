import { FilesIcon } from '@navikt/aksel-icons'
import { useState } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Bridge, Reply } from '../../preload/contract.ts'
import { Action } from '../components/action.tsx'
import { Said } from '../components/said.tsx'

/** A button by which main copies something, and says so. */
export function CopyButton({
  label,
  name,
  intent,
}: {
  label: TextKey
  name: string
  intent: (bridge: Bridge) => Promise<Reply>
}) {
  const [copies, setCopies] = useState(0)
  return (
    <div className="copy">
      <Action
        name={name}
        label={label}
        variant="tertiary"
        data-size="sm"
        icon={<FilesIcon aria-hidden fontSize="1.25rem" />}
        intent={intent}
        onTaken={() => setCopies(copies + 1)}
      />
      <Said id="inspector.copied" times={copies} />
    </div>
  )
}
