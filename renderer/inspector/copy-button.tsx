import { FilesIcon } from '@navikt/aksel-icons'
import { useState } from 'react'
import type { TextKey } from '../../assets/locales/index.ts'
import type { Bridge, Reply } from '../../preload/contract.ts'
import { Action } from '../components/action.tsx'
import { Status } from '../components/status.tsx'
import { Text } from '../components/text.tsx'

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
      <Status className="news">
        {/* A new element each time, or the second copy would not be read out. */}
        {copies > 0 && (
          <span key={copies}>
            <Text id="inspector.copied" />
          </span>
        )}
      </Status>
    </div>
  )
}
