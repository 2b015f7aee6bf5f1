import type { Clock } from '../login/clock.ts'

/** Milliseconds between two looks at whether the person is there. */
const watchInterval = 15_000
/** Milliseconds by which a look may come late without a sleep, or a process that was stopped. */
const lateness = 2000

export interface PresenceOptions {
  readonly clock: Clock
  /** Milliseconds since the person last did anything in the app; null while they are elsewhere. */
  readonly idle: () => number | null
  /** The person has been away for longer than the limit. */
  readonly onGone: () => void
  /** The time at which they will have been away for too long is another one now, by a second at least. */
  readonly onMoved: (endsAt: number) => void
}

/** Knows whether the person is there: input, the app's buttons, a locked screen and sleep. */
export interface Presence {
  /** Begins to watch; the limit is in milliseconds. Gives the time, monotonic, at which it would be over. */
  readonly begin: (limit: number) => number
  /** Looks now, before anything is shown. */
  readonly look: () => void
  /** The person did something. Gives the new end, or null when they came back too late. */
  readonly touch: () => number | null
  readonly stop: () => void
  /** The computer goes to sleep, or the screen is locked. */
  readonly suspended: () => void
  /** It is over. */
  readonly resumed: () => void
}

export function createPresence(options: PresenceOptions): Presence {
  const { clock, idle, onGone, onMoved } = options
  let limit: number | null = null
  let activeAt = 0
  let endsAt = 0
  let lookedAt = 0
  let wokeAt = 0
  /** How often the person has left without coming back: the screen may be locked in a sleep. */
  let absences = 0
  let stopTimer = (): void => {}

  const stop = (): void => {
    stopTimer()
    limit = null
  }

  /** Ends what is over, else looks again in a while. */
  const watch = (): void => {
    stopTimer()
    const now = clock.monotonic()
    if (now - lookedAt > watchInterval + lateness) wokeAt = now
    lookedAt = now
    if (limit === null) return
    // Before anything else: what brings the person back must not count as presence.
    if (now - activeAt >= limit) {
      stop()
      onGone()
      return
    }
    const quiet = absences === 0 ? safely(idle) : null
    // The system may count from before a sleep without the sleep: that is no sign of anybody since.
    if (quiet !== null && now - quiet >= wokeAt) activeAt = Math.max(activeAt, now - quiet)
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
    look: watch,
    touch: () => {
      watch()
      if (limit === null) return null
      // Whoever presses a button is there, whatever the system has said.
      absences = 0
      return begin(limit)
    },
    stop,
    suspended: () => {
      watch()
      absences += 1
    },
    resumed: () => {
      absences = Math.max(0, absences - 1)
      watch()
    },
  }
}

/** A window that is gone cannot say; then nobody is in it. */
function safely(idle: () => number | null): number | null {
  try {
    return idle()
  } catch {
    return null
  }
}
