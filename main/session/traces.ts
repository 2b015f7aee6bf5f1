import type { AttemptKind } from '../../preload/inspection.ts'
import type { Clock, TraceStep, TraceValue } from '../login/index.ts'

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
  readonly steps: readonly TraceStep[]
}

/** The protocol as this run of the app has spoken it. It is only in memory, and holds no secret. */
export interface Traces {
  /** Begins an attempt. */
  readonly begin: (attempt: number, kind: AttemptKind) => void
  /** Takes the reference of an attempt, once there is one. */
  readonly refer: (attempt: number, reference: string) => void
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

  return {
    begin: (attempt, kind) => {
      const startedAt = clock.now()
      const origin = clock.monotonic()
      attempts.set(attempt, { attempt, kind, reference: '', startedAt, origin, steps: [] })
      const [oldest] = attempts.keys()
      if (attempts.size > most.attempts && oldest !== undefined) attempts.delete(oldest)
    },
    refer: (attempt, reference) => {
      const before = attempts.get(attempt)
      if (before !== undefined) attempts.set(attempt, { ...before, reference })
    },
    listener: (attempt) => (step) => {
      const { outcome, response } = step
      if (step.step === 'metadata' && outcome === 'done') metadata = response?.members ?? []
      if (step.step === 'keys' && outcome === 'done') keys = response?.members ?? []
      const before = attempts.get(attempt)
      if (before === undefined) return
      attempts.set(attempt, { ...before, steps: [...before.steps, step].slice(-most.steps) })
    },
    attempts: () => [...attempts.values()],
    provider: () => ({ metadata, keys }),
  }
}
