import type { Language, Snapshot } from '../../preload/contract.ts'
import type { Clock } from '../login/index.ts'
import type { Profile } from './profile.ts'
import { type Event, initialState, reduce, type State } from './state.ts'
import { toSnapshot } from './view.ts'

/** The one state of the app, which events alone change. */
export interface Store {
  readonly state: () => State
  /** Takes an event; false when it did not fit and has changed nothing. */
  readonly dispatch: (event: Event) => boolean
  /** What the window is shown of the state at this moment. */
  readonly snapshot: () => Snapshot
}

export function createStore(options: {
  readonly language: Language
  readonly profile: Profile | null
  /** Whether the profile is the person's own, so that they may choose another one. Default: false. */
  readonly canChooseProfile?: boolean
  readonly clock: Clock
  readonly onSnapshot: (snapshot: Snapshot) => void
  readonly log: (event: string, details: Readonly<Record<string, unknown>>) => void
}): Store {
  const { profile, clock, log } = options
  let state = initialState(options.language)
  const show = (shown: State): Snapshot =>
    toSnapshot(shown, profile, clock.monotonic(), options.canChooseProfile)
  return {
    state: () => state,
    dispatch: (event) => {
      const next = reduce(state, event)
      if (next === state) return false
      if (next.status !== state.status) {
        log('status', { status: next.status, attempt: next.attempt })
      }
      // The snapshot is made first, so that a state that cannot be shown is never entered.
      const snapshot = show(next)
      state = next
      options.onSnapshot(snapshot)
      return true
    },
    snapshot: () => show(state),
  }
}
