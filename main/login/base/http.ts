import { type Explanation, failure, LoginError } from '../errors.ts'
import { networkError, type Step } from '../error-map.ts'
import type { TraceStep, TraceStepName } from '../trace.ts'
import { type Came, createTracer, type OpenStep, type Tracer } from '../tracer.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Secret } from './secret.ts'
import { parseStrictJson } from './strict-json.ts'

/** The part of fetch that a login uses; Electron's session has it, and so has Node. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** A request as oauth4webapi makes it. */
interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: URLSearchParams | undefined
}

/** A step of which the trace tells. */
export interface HttpStep extends Step {
  readonly trace: TraceStepName
}

const tokenCodes = { invalid: 'E_TOKEN_RESPONSE', refused: 'E_TOKEN_REFUSED' } as const

export const steps = {
  discovery: {
    name: 'discovery',
    invalid: 'E_PROVIDER_METADATA',
    refused: 'E_PROVIDER_METADATA',
    trace: 'metadata',
  },
  keys: { name: 'keys', invalid: 'E_PROVIDER_KEYS', refused: 'E_PROVIDER_KEYS', trace: 'keys' },
  pushedRequest: {
    name: 'pushed authorization request',
    invalid: 'E_PAR_REFUSED',
    refused: 'E_PAR_REFUSED',
    trace: 'push',
  },
  token: { name: 'token request', ...tokenCodes, trace: 'token-request' },
  refresh: { name: 'token request', ...tokenCodes, trace: 'refresh' },
  userinfo: { name: 'userinfo', ...tokenCodes, trace: 'userinfo' },
  revocation: { name: 'revocation', ...tokenCodes, trace: 'revocation' },
  api: { name: 'API', invalid: 'E_API_RESPONSE', refused: 'E_API_RESPONSE', trace: 'api-call' },
} as const satisfies Record<string, HttpStep>

export interface HttpLimits {
  /** Milliseconds until the answer begins; to connect is part of it, because fetch does not tell them apart. */
  readonly response: number
  /** Milliseconds until the body has ended. */
  readonly total: number
  /** Bytes of a body, after it was decompressed. */
  readonly bytes: number
}

export const httpLimits: HttpLimits = { response: 10_000, total: 15_000, bytes: 262_144 }

/** Why a request that was answered is let go; made once, because making an error takes time. */
const read = new Error('read')

/** Content types that are named in a failure. */
const knownTypes = [
  'none',
  'text/html',
  'text/plain',
  'text/xml',
  'application/xml',
  'application/jwt',
]

/** Seconds of `Retry-After` that are respected at most. */
const longestRetryAfter = 60

export interface Http {
  /**
   * Returns a fetch for one step, with all limits on. It throws `LoginError` for everything but JSON and refusals (4xx);
   * `onStatus` is told the status also when what follows it cannot be used.
   */
  requestJson(
    step: HttpStep,
    onStatus?: (status: number) => void,
  ): (url: string, request?: RequestOptions) => Promise<Response>
  /** Returns a fetch that takes an answer with any status but a redirect, and with any body: what an API says is shown. */
  requestAny(step: HttpStep): (url: string, request?: RequestOptions) => Promise<Response>
  /**
   * Judges an answer that is no refusal: with that its step ends in the trace. Gives, and throws, what `judging` does.
   */
  judge<T>(response: Response, judging: () => T | Promise<T>): Promise<T>
  /** Gives the JSON of an answer to `requestJson`, which is parsed already; null for a refusal and for `requestAny`. */
  jsonOf(response: Response): unknown
  /** How far this computer's clock is now from the provider's `Date`, in milliseconds; null before an answer. */
  clockSkew(): number | null
  /** Told of every request. */
  readonly tracer: Tracer
}

/** What requests need of the world; all of it has a default. */
export interface HttpOptions {
  /** Sends the requests. Default: the global `fetch`; Electron's `net.fetch` knows the system's proxy. */
  readonly fetch?: Fetch | undefined
  /** The time. Default: the system's. */
  readonly clock?: Clock | undefined
  /** Ends every request, which then rejects with its reason. Default: only the limits end them. */
  readonly signal?: AbortSignal | undefined
  /** Default: `httpLimits`. */
  readonly limits?: HttpLimits | undefined
  /** Told of every step of the protocol when it has ended, without secrets and personal numbers. What it throws is ignored. */
  readonly onTrace?: ((step: TraceStep) => void) | undefined
}

/**
 * Wraps fetch in what oauth4webapi leaves to its caller: time limits that cover the body, a size limit
 * while reading, no redirects, JSON only, and only JSON that can be read in one way. `secrets`, which may
 * grow, are kept out of the trace.
 *
 * @throws {LoginError} `E_NETWORK_…` or the step's own code
 */
export function createHttp(
  options: HttpOptions & { readonly secrets?: readonly Secret[] } = {},
): Http {
  const { clock = systemClock, limits = httpLimits, fetch = globalThis.fetch } = options
  const { onTrace, secrets = [] } = options
  const tracer = createTracer({ onTrace, clock, secrets })
  const { signal = new AbortController().signal } = options
  /**
   * What the provider's clock showed when our monotonic clock was at zero, in milliseconds: so a wall clock
   * that is set between an answer and its use moves nothing.
   */
  let providerStart: number | null = null
  const values = new WeakMap<Response, unknown>()
  /** The answers that nobody has judged yet. */
  const answered = new WeakMap<Response, { tracing: OpenStep; came: Came; step: Step }>()

  const send = async (
    step: HttpStep,
    url: string,
    { method = 'GET', headers = {}, body }: RequestOptions,
    anyAnswer: boolean,
    onStatus: (status: number) => void = () => {},
  ): Promise<Response> => {
    // A page or a redirect in answer to `GET`, for metadata or keys, hints at a network that wants a login of its
    // own; in answer to the call of an API it does not.
    // Stryker disable next-line StringLiteral: whatever is not GET says that no metadata or keys were to come
    const purpose = anyAnswer ? 'API' : method
    const late = new AbortController()
    const limit = (milliseconds: number): (() => void) =>
      clock.after(milliseconds, () => late.abort(tooLate(step, milliseconds)))
    const stopTotal = limit(limits.total)
    const stopResponse = limit(limits.response)
    const tracing = tracer.begin(step.trace, { method, url, headers, parameters: body })
    let came: Came = {}
    try {
      const response = await fetch(url, {
        method,
        headers,
        ...(body && { body: body.toString() }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, late.signal]),
      })
      stopResponse()
      came = { status: response.status, headers: response.headers }
      onStatus(response.status)
      const date = timeOf(response)
      if (date !== null) providerStart = date - clock.monotonic()
      if (anyAnswer) refuseRedirect(response, step, null)
      else refuseUnusable(response, step, method, clock)
      const bytes = await readBody(response, limits.bytes, step).catch((error: unknown) => {
        // It had begun: whatever ended it, the answer is not whole.
        throw error instanceof LoginError ? error : cutOff(error, step, purpose)
      })
      const isRefusal = response.status >= 400
      came = { ...came, ...(isRefusal && { refused: step.refused }), body: () => looseJson(bytes) }
      const value = anyAnswer || isRefusal ? null : parseOnly(bytes, step)
      // Stryker disable next-line ConditionalExpression: the text parsed a second time gives the same value, only later
      if (value !== null) came = { ...came, body: () => value }
      const answer = new Response(bytes.length === 0 ? null : bytes, {
        status: response.status,
        headers: response.headers,
      })
      // oauth4webapi would take it for the answer; the error that OAuth names is in the body.
      if (!anyAnswer && method !== 'GET') answer.headers.delete('www-authenticate')
      values.set(answer, value)
      if (isRefusal) tracing.done(came)
      else answered.set(answer, { tracing, came, step })
      return answer
    } catch (error) {
      const reason = reasonOf(error, [signal, late.signal], step, purpose)
      tracing.failed(reason, came)
      throw reason
    } finally {
      stopResponse()
      stopTotal()
      // A body that nobody reads to its end would keep its connection.
      late.abort(read)
    }
  }

  return {
    requestJson:
      (step, onStatus) =>
      (url, request = {}) =>
        send(step, url, request, false, onStatus),
    requestAny:
      (step) =>
      (url, request = {}) =>
        send(step, url, request, true),
    judge: async (response, judging) => {
      const waiting = answered.get(response)
      if (waiting === undefined) return await judging()
      const { tracing, came, step } = waiting
      try {
        const value = await judging()
        tracing.done(came)
        return value
      } catch (error) {
        const named =
          error instanceof LoginError ? error : failure(step.invalid, step.name, 'not valid')
        tracing.failed(named, came)
        throw error
      }
    },
    jsonOf: (response) => values.get(response) ?? null,
    clockSkew: () =>
      providerStart === null ? null : clock.now() - (providerStart + clock.monotonic()),
    tracer,
  }
}

/** Why a request failed: what ended it from outside, else the name of what went wrong. */
function reasonOf(
  error: unknown,
  ends: readonly AbortSignal[],
  step: Step,
  purpose: string,
): unknown {
  const end = ends.find(({ aborted }) => aborted)
  if (end !== undefined) return end.reason
  return error instanceof LoginError ? error : networkError(error, step, purpose)
}

/** Reads JSON to show what is in it, whether it may be used or not; undefined for what is none. */
function looseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

/** The provider's time at an answer, in Unix milliseconds; a cache on the way says how old the answer is (RFC 9111 §5.1). */
function timeOf({ headers }: Response): number | null {
  // Stryker disable next-line StringLiteral: a text without a date in it is read as none, as an empty one is
  const date = Date.parse(headers.get('date') ?? '')
  const age = Number(headers.get('age') ?? 0)
  return Number.isNaN(date) || Number.isNaN(age) ? null : date + age * 1000
}

function tooLate(step: Step, milliseconds: number): LoginError {
  return failure('E_NETWORK_TIMEOUT', step.name, `no answer in ${milliseconds} ms`)
}

function cutOff(error: unknown, step: Step, method: string): LoginError {
  const named = networkError(error, step, method)
  const { code, detail, message } = named
  if (code !== 'E_NETWORK_UNREACHABLE' && code !== 'E_NETWORK_OFFLINE') return named
  return new LoginError('E_NETWORK_BODY', message, { cause: error, detail })
}

async function readBody(
  response: Response,
  maxBytes: number,
  step: Step,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) {
      throw failure('E_NETWORK_BODY', step.name, `larger than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Nothing follows a redirect: what was asked for, a token above all, is for the one who was asked. */
function refuseRedirect({ status }: Response, step: Step, explanation: Explanation | null): void {
  if (status >= 300 && status < 400) {
    throw failure('E_NETWORK_REDIRECT', step.name, `HTTP ${status}`, { explanation })
  }
}

/** What a refusal by the provider says in its body is for the step to read; success must be JSON. */
function refuseUnusable(response: Response, step: Step, method: string, clock: Clock): void {
  const { status, headers } = response
  // What should bring metadata or keys and brings a page is a network that wants a login of its own.
  const portal: Explanation | null = method === 'GET' ? { kind: 'captive-portal' } : null
  refuseRedirect(response, step, portal)
  if (status >= 500 || status === 429) {
    const waits = status === 429 || status === 503
    throw failure('E_NETWORK_STATUS', step.name, `HTTP ${status}`, {
      retryAfter: waits ? retryAfter(headers, clock) : null,
      // RFC 6585 §6: Network Authentication Required.
      explanation: status === 511 ? { kind: 'captive-portal' } : null,
    })
  }
  if (status >= 400) return
  // Stryker disable next-line OptionalChaining: every text has a part before its first semicolon
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'none'
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type)) {
    // From a list: a provider may put anything there.
    const shown = knownTypes.includes(type) ? type : 'unknown'
    throw failure(step.invalid, step.name, `HTTP ${status} with content type ${shown}`, {
      explanation: type === 'text/html' ? portal : null,
    })
  }
}

/** JSON that can be read in one way, or a refusal. */
function parseOnly(bytes: Uint8Array, step: Step): unknown {
  try {
    return parseStrictJson(bytes)
  } catch (error) {
    // Stryker disable next-line ConditionalExpression: the parser throws nothing else, and this is for a parser that does
    if (!(error instanceof SyntaxError)) throw error
    throw failure(step.invalid, step.name, `not usable: ${error.message}`)
  }
}

/**
 * Seconds from now by RFC 9110 §10.2.3, a number or a date; null for what is neither or has passed. A
 * date is the provider's, so it is counted from the provider's own `Date`.
 */
function retryAfter(headers: Headers, clock: Clock): number | null {
  // Stryker disable next-line StringLiteral: a text that is neither a number nor a date is read as an empty one is
  const value = headers.get('retry-after') ?? ''
  // Stryker disable next-line StringLiteral: a text without a date in it is read as none, as an empty one is
  const sent = Date.parse(headers.get('date') ?? '')
  const seconds = /^\d+$/.test(value)
    ? Number(value)
    : fixedDate.test(value)
      ? Math.ceil((Date.parse(value) - (Number.isNaN(sent) ? clock.now() : sent)) / 1000)
      : 0
  return seconds > 0 ? Math.min(seconds, longestRetryAfter) : null
}

/** The one form of a date that is to be sent (RFC 9110 §5.6.7); Date.parse alone takes almost anything. */
const fixedDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
