import type { Context } from './context.ts'

/** Leaves a provider alone for as long as it asks: until then nothing can be started. */
export interface BackOff {
  /**
   * Begins when the provider has asked for it, in seconds; null when it has not. Gives the monotonic
   * time at which it ends.
   */
  readonly begin: (attempt: number, retryAfter: number | null) => number | null
  /** Ends a back-off whose time is over: no timer counts a sleep. */
  readonly checkDeadline: () => void
  readonly stop: () => void
}

export function createBackOff({ clock, store }: Pick<Context, 'clock' | 'store'>): BackOff {
  let stopTimer = (): void => {}
  return {
    begin: (attempt, retryAfter) => {
      if (retryAfter === null) return null
      const wait = retryAfter * 1000
      stopTimer()
      stopTimer = clock.after(wait, () => store.dispatch({ type: 'retry-allowed', attempt }))
      return clock.monotonic() + wait
    },
    checkDeadline: () => {
      const { retryAt, attempt } = store.state()
      if (clock.monotonic() >= (retryAt ?? Number.POSITIVE_INFINITY)) {
        store.dispatch({ type: 'retry-allowed', attempt })
      }
    },
    stop: () => stopTimer(),
  }
}
