import { Button } from '@digdir/designsystemet-react'
import { type ComponentProps, useLayoutEffect, useRef } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Bridge, Reply } from '../../preload/contract.ts'
import { useSend } from '../bridge.ts'
import { Text } from './text.tsx'

type ActionProps = Pick<
  ComponentProps<typeof Button>,
  | 'id'
  | 'variant'
  | 'disabled'
  | 'aria-describedby'
  | 'aria-labelledby'
  | 'aria-pressed'
  | 'data-color'
  | 'data-size'
> & {
  /** The name of the control in the automation contract (docs/automation.md). */
  name: string
  /** Which API it is for, where there is one control for each. */
  api?: string
  label: TextKey
  icon?: React.ReactNode
  intent: (bridge: Bridge) => Promise<Reply>
  /** Called when main took the intent. */
  onTaken?: () => void
}

/** A button that sends an intent to main. */
export function Action({
  name,
  api,
  label,
  icon,
  intent,
  onTaken,
  disabled = false,
  ...rest
}: ActionProps) {
  const send = useSend()
  const button = useFocusKept(disabled)
  const act = async () => {
    if (await send(intent)) onTaken?.()
  }
  return (
    <Button
      ref={button}
      data-action={name}
      data-api={api}
      disabled={disabled}
      onClick={() => void act()}
      {...rest}
    >
      {icon}
      <Text id={label} />
    </Button>
  )
}

/** A button that goes off loses the focus; it gets it back, unless something else has it by then. */
function useFocusKept(disabled: boolean) {
  const button = useRef<HTMLButtonElement>(null)
  const lost = useRef(false)
  useLayoutEffect(() => {
    if (disabled) {
      lost.current = document.activeElement === button.current
    } else if (lost.current) {
      lost.current = false
      if (document.activeElement === document.body) button.current?.focus({ preventScroll: true })
    }
  }, [disabled])
  return button
}
