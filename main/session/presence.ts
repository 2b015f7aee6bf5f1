import type { Clock } from '../login/clock.ts'

/** Milliseconds between two looks at whether the person is there. */
const watchInterval = 15_000
/** Milliseconds that the clocks must differ by to have slept: what one of them rounds is no sleep. */
const leastSleep = 2000

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
  /** Milliseconds that only rise and that count sleep, whether or not the system tells of it. */
  readonly elapsed: () => number
  /** Begins to watch; the limit is in milliseconds. Gives the time, as `elapsed`, at which it would be over. */
  readonly begin: (limit: number) => number
  /** Looks now, before anything is shown. */
  readonly look: () => void
  /** The person did something. Gives the new end, or null when they came back too late. */
  readonly touch: () => number | null
  readonly stop: () => void
  /** The computer goes to sleep, or the screen is locked. */
  readonly suspended: () => void
  /** It is over. Gives the milliseconds that no timer has counted meanwhile; null when nothing was over. */
  readonly resumed: () => number | null
}

export function createPresence(options: PresenceOptions): Presence {
  const { clock, idle, onGone, onMoved } = options
  let limit: number | null = null
  let activeAt = 0
  let endsAt = 0
  let slept = clock.sinceBoot() - clock.monotonic()
  let reported = slept
  let wokeAt = 0
  /** How often the person has left without coming back: the screen may be locked in a sleep. */
  let absences = 0
  let stopTimer = (): void => {}

  const elapsed = (): number => clock.monotonic() + slept

  const stop = (): void => {
    stopTimer()
    limit = null
  }

  /** Adds a sleep, which the monotonic clock of some systems does not count. */
  const account = (): void => {
    const uncounted = clock.sinceBoot() - clock.monotonic() - slept
    if (uncounted < leastSleep) return
    slept += uncounted
    wokeAt = elapsed()
  }

  /** Ends what is over, else looks again in a while. */
  const watch = (): void => {
    stopTimer()
    account()
    if (limit === null) return
    // Before anything else: what brings the person back must not count as presence.
    if (elapsed() - activeAt >= limit) {
      stop()
      onGone()
      return
    }
    const quiet = absences === 0 ? safely(idle) : null
    // The system may count from before a sleep without the sleep: that is no sign of anybody since.
    if (quiet !== null && elapsed() - quiet >= wokeAt) {
      activeAt = Math.max(activeAt, elapsed() - quiet)
    }
    const next = activeAt + limit
    const moved = next - endsAt >= 1000
    if (moved) endsAt = next
    stopTimer = clock.after(Math.min(next - elapsed(), watchInterval), watch)
    if (moved) onMoved(endsAt)
  }

  const begin = (length: number): number => {
    limit = length
    activeAt = elapsed()
    endsAt = activeAt + length
    watch()
    return endsAt
  }

  return {
    elapsed,
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
      account()
      if (absences === 0) reported = slept
      absences += 1
    },
    resumed: () => {
      if (absences === 0) return null
      absences -= 1
      watch()
      const uncounted = slept - reported
      reported = slept
      return uncounted
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
