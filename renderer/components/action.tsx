import { Button } from '@digdir/designsystemet-react'
import type { ComponentProps } from 'react'
import type { TextKey } from '../../assets/locales/index.ts'
import type { Bridge, Reply } from '../../preload/contract.ts'
import { useSend } from '../bridge.ts'
import { Text } from './text.tsx'

type ActionProps = Pick<
  ComponentProps<typeof Button>,
  'variant' | 'disabled' | 'aria-describedby' | 'aria-pressed' | 'data-color' | 'data-size'
> & {
  /** The name of the control in the automation contract (docs/automation.md). */
  name: string
  label: TextKey
  icon?: React.ReactNode
  intent: (bridge: Bridge) => Promise<Reply>
  /** Called when main took the intent. */
  onTaken?: () => void
}

/** A button that sends an intent to main. */
export function Action({ name, label, icon, intent, onTaken, ...rest }: ActionProps) {
  const send = useSend()
  const act = async () => {
    if (await send(intent)) onTaken?.()
  }
  return (
    <Button data-action={name} onClick={() => void act()} {...rest}>
      {icon}
      <Text id={label} />
    </Button>
  )
}
