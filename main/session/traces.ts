import type { AttemptKind } from '../../preload/inspection.ts'
import { toAppError } from '../errors.ts'
import type { Clock, Login, TraceStep, TraceValue } from '../login/index.ts'

/** How many attempts are kept, and how many steps of each: what is older goes first. */
const most = { attempts: 20, steps: 40 }

/** A login or a renewal with all of its steps, and the steps of what followed it. */
export interface TracedAttempt {
  /** The number of the attempt, as the snapshot has it. */
  readonly attempt: number
  readonly kind: AttemptKind
  /** As the window, the page in the browser and the log tell it; empty for a renewal without a browser. */
  readonly reference: string
  /** Unix milliseconds. */
  readonly startedAt: number
  /** The same moment in monotonic milliseconds, from which the steps count. */
  readonly origin: number
  /** `done`, `cancelled` or the code of its failure; null while it is under way. */
  readonly result: string | null
  readonly steps: readonly (TraceStep & { readonly id: number })[]
}

/** The protocol as this run of the app has spoken it. It is only in memory, and holds no secret. */
export interface Traces {
  /** Begins an attempt. */
  readonly begin: (attempt: number, kind: AttemptKind) => void
  /** Takes the reference of an attempt, once there is one. */
  readonly refer: (attempt: number, reference: string) => void
  /** Notes how an attempt ends: null is a cancel. */
  readonly follow: (attempt: number, login: Promise<Login | null>) => void
  /** Takes the steps of an attempt; what comes for one that is no longer kept is dropped. */
  readonly listener: (attempt: number) => (step: TraceStep) => void
  /** The attempts, the latest last. */
  readonly attempts: () => readonly TracedAttempt[]
  /** What the provider said of itself when it was asked last; empty before. */
  readonly provider: () => {
    readonly metadata: readonly TraceValue[]
    readonly keys: readonly TraceValue[]
  }
}

export function createTraces(clock: Clock): Traces {
  const attempts = new Map<number, TracedAttempt>()
  let metadata: readonly TraceValue[] = []
  let keys: readonly TraceValue[] = []

  const change = (attempt: number, to: (before: TracedAttempt) => Partial<TracedAttempt>): void => {
    const before = attempts.get(attempt)
    if (before !== undefined) attempts.set(attempt, { ...before, ...to(before) })
  }

  return {
    begin: (attempt, kind) => {
      const startedAt = clock.now()
      const origin = clock.monotonic()
      attempts.set(attempt, {
        attempt,
        kind,
        reference: '',
        startedAt,
        origin,
        result: null,
        steps: [],
      })
      for (const old of [...attempts.keys()].slice(0, -most.attempts)) attempts.delete(old)
    },
    refer: (attempt, reference) => change(attempt, () => ({ reference })),
    follow: (attempt, login) => {
      const end = (result: string): void => change(attempt, () => ({ result }))
      login.then(
        (brought) => end(brought === null ? 'cancelled' : 'done'),
        (error: unknown) => end(toAppError(error).code),
      )
    },
    listener: (attempt) => (step) => {
      const { outcome, response } = step
      if (outcome === 'done' && response !== null) {
        if (step.step === 'metadata') metadata = response.members
        if (step.step === 'keys') keys = response.members
      }
      change(attempt, ({ steps }) => {
        const id = (steps.at(-1)?.id ?? -1) + 1
        return { steps: [...steps, { ...step, id }].slice(-most.steps) }
      })
    },
    attempts: () => [...attempts.values()],
    provider: () => ({ metadata, keys }),
  }
}
