import { monotonic } from '../bridge.ts'
import { clockTime, useSecondsLeft } from './clock.tsx'
import { Text } from './text.tsx'

/** How long the provider wants to be left alone; it is not read out by itself. */
export function Countdown({ id, deadline }: { id: string; deadline: number }) {
  const seconds = useSecondsLeft(deadline, monotonic)
  return (
    <p id={id} role="timer" aria-live="off" className="countdown" data-retry-wait>
      <Text id="retry.wait" values={{ time: clockTime(seconds) }} />
    </p>
  )
}
