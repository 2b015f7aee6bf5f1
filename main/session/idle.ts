import type { Clock } from '../login/index.ts'

/** Milliseconds between two checks of whether the limit has passed: a sleep is counted by no timer. */
const watchInterval = 15_000

export interface IdleWatchOptions {
  readonly clock: Clock
  /** The person has been away for longer than the limit. */
  readonly onIdle: () => void
  /** The time at which they will have been away for too long is another one now, by a second at least. */
  readonly onMoved: (endsAt: number) => void
}

/** Knows how long the person has been away: input in the window, the app's buttons, a locked screen and sleep. */
export interface IdleWatch {
  /** Begins to watch; the limit is in milliseconds. Gives the time, monotonic, at which it would be over. */
  readonly begin: (limit: number) => number
  /** Tells now when it is over: before anything is shown, and when the computer sleeps, wakes or is locked. */
  readonly checkDeadline: () => void
  /** The person pressed a button. Gives the new end, or null when they came back too late. */
  readonly touch: () => number | null
  /** The window got input. It is told of every movement of the mouse, so it does next to nothing. */
  readonly input: () => void
  /** When the person did something last, in monotonic milliseconds. */
  readonly lastActivity: () => number
  readonly stop: () => void
}

export function createIdleWatch(options: IdleWatchOptions): IdleWatch {
  const { clock, onIdle, onMoved } = options
  let limit: number | null = null
  let activeAt = 0
  let endsAt = 0
  let stopTimer = (): void => {}

  const stop = (): void => {
    stopTimer()
    limit = null
  }

  /** Ends what is over, else checks again in a while. */
  const watch = (): void => {
    stopTimer()
    if (limit === null) return
    const now = clock.monotonic()
    if (now - activeAt >= limit) {
      stop()
      onIdle()
      return
    }
    const next = activeAt + limit
    const moved = next - endsAt >= 1000
    if (moved) endsAt = next
    stopTimer = clock.after(Math.min(next - now, watchInterval), watch)
    if (moved) onMoved(endsAt)
  }

  const begin = (length: number): number => {
    limit = length
    activeAt = clock.monotonic()
    endsAt = activeAt + length
    watch()
    return endsAt
  }

  return {
    begin,
    checkDeadline: watch,
    touch: () => {
      watch()
      if (limit === null) return null
      return begin(limit)
    },
    input: () => {
      // Stryker disable next-line ConditionalExpression: without a limit the look below does nothing either
      if (limit === null) return
      const now = clock.monotonic()
      // Whoever comes back too late does not bring the session back by moving the mouse.
      if (now - activeAt >= limit) watch()
      else activeAt = now
    },
    lastActivity: () => activeAt,
    stop,
  }
}
