/** Makes the events of the trace. */
import type { Clock } from './base/clock.ts'
import type { Secret } from './base/secret.ts'
import { plain } from './error-map.ts'
import { type Check, LoginError, type LoginErrorCode } from './errors.ts'
import { type Sent, traceSources, type TraceStep, type TraceStepName } from './trace.ts'
import { showStep, valuesIn, valuesSent } from './trace-values.ts'

/** What came of a step, before anything is hidden. */
export interface Came {
  /** For a step whose request is known only at its end. */
  readonly sent?: Sent
  readonly status?: number
  readonly headers?: Headers
  /** Reads the JSON of the answer; undefined for what is none. */
  readonly body?: () => unknown
  readonly checks?: readonly Check[]
  /** The other side said no: the code that this has here. */
  readonly refused?: LoginErrorCode | null
}

/** A step that is under way. Only its first end counts. */
export interface OpenStep {
  done(came?: Came): void
  failed(error: unknown, came?: Came): void
}

export interface Tracer {
  begin(step: TraceStepName, sent?: Sent): OpenStep
  /** A step for which nothing was asked. */
  fromMemory(step: TraceStepName, url: string): void
  /** Ends every step that is still open: null when it was done, else what it failed with. A cancel is no `LoginError`. */
  end(error: unknown): void
}

/** Tells whether the other side has said no. */
const isRefusal = (code: LoginErrorCode): boolean =>
  code.endsWith('_REFUSED') || code.endsWith('_DENIED')

const nothing = (): void => {}
/** For what nobody traces. */
export const noStep: OpenStep = { done: nothing, failed: nothing }
export const noTracer: Tracer = { begin: () => noStep, fromMemory: nothing, end: nothing }

/** Makes the events of one login or call. `secrets` may grow: what is in it when a step ends is taken out of it. */
export function createTracer(options: {
  readonly onTrace: ((step: TraceStep) => void) | undefined
  readonly clock: Clock
  readonly secrets: readonly Secret[]
}): Tracer {
  const { onTrace, clock, secrets } = options
  if (onTrace === undefined) return noTracer
  const open = new Set<OpenStep>()

  /** Whoever only looks on changes nothing: a login goes on whatever they throw. */
  const tell = (event: TraceStep): void => {
    try {
      onTrace(event)
    } catch {
      // They have their own ways to hear of their own mistakes.
    }
  }

  const begin = (step: TraceStepName, begun?: Sent): OpenStep => {
    const startedAt = clock.monotonic()
    const finish = (outcome: TraceStep['outcome'], came: Came, error: LoginError | null): void => {
      if (!open.delete(handle)) return
      const duration = clock.monotonic() - startedAt
      const { sent = begun, status, headers = new Headers() } = came
      const request = sent && { sent, address: new URL(sent.url) }
      const body = came.body?.()
      const hidden = [
        ...secrets.map((secret) => secret.reveal()),
        // Stryker disable next-line ArrayDeclaration: any text that no answer has in it would do
        ...(request === undefined ? [] : valuesSent(request.sent, request.address)),
        ...valuesIn(headers, body),
      ]
      const event = showStep(step, hidden, (hider) => ({
        step,
        startedAt,
        duration,
        source: traceSources[step],
        request: request === undefined ? null : hider.request(request.sent, request.address),
        response: status === undefined ? null : hider.response(status, headers, body),
        checks: (came.checks ?? error?.checks ?? []).map(
          ({ rule, source, expected, got, result }) => ({
            rule,
            source,
            expected: hider.text(expected),
            got: hider.text(got),
            result,
          }),
        ),
        outcome,
        error: error && { code: error.code, reason: hider.text(reasonOf(error)) },
      }))
      tell(event)
    }
    const handle: OpenStep = {
      done: (came = {}) => {
        const { refused = null, status } = came
        if (refused === null) finish('done', came, null)
        else finish('refused', came, new LoginError(refused, `HTTP ${status}`))
      },
      failed: (error, came = {}) => {
        if (!(error instanceof LoginError)) finish('cancelled', came, null)
        else finish(isRefusal(error.code) ? 'refused' : 'failed', came, error)
      },
    }
    open.add(handle)
    return handle
  }

  return {
    begin,
    fromMemory: (step, url) => {
      tell({
        step,
        startedAt: clock.monotonic(),
        duration: 0,
        source: traceSources[step],
        request: { method: 'GET', address: plain(url), headers: [], parameters: [] },
        response: null,
        checks: [],
        outcome: 'from-memory',
        error: null,
      })
    },
    end: (error) => {
      for (const step of open) {
        if (error === null) step.done()
        else step.failed(error)
      }
    },
  }
}

function reasonOf({ detail, message }: LoginError): string {
  return detail === null ? message : `${detail.key}: ${detail.reason}`
}
