import type { ErrorCode, Explanation } from '../../preload/contract.ts'
import { AppError } from '../errors.ts'
import { networkError, type Step } from '../known-errors.ts'
import type { Clock } from './clock.ts'
import { parseStrictJson } from './strict-json.ts'

/** The part of fetch that a login uses; Electron's session has it, and so has Node. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** A request as oauth4webapi makes it. */
interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: URLSearchParams | undefined
}

export const steps = {
  discovery: {
    name: 'discovery',
    invalid: 'E_PROVIDER_METADATA',
    refused: 'E_PROVIDER_METADATA',
  },
  keys: { name: 'keys', invalid: 'E_PROVIDER_KEYS', refused: 'E_PROVIDER_KEYS' },
  pushedRequest: {
    name: 'pushed authorization request',
    invalid: 'E_PAR_REFUSED',
    refused: 'E_PAR_REFUSED',
  },
  token: { name: 'token request', invalid: 'E_TOKEN_RESPONSE', refused: 'E_TOKEN_REFUSED' },
} as const satisfies Record<string, Step>

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

/** Seconds of `Retry-After` that are respected at most. */
const longestRetryAfter = 60

export interface Http {
  /** A fetch for one step, with all limits on. Throws `AppError` for everything but JSON and refusals (4xx). */
  for(step: Step): (url: string, request?: RequestOptions) => Promise<Response>
  /** What the JSON of such an answer is, parsed once; null for a refusal. */
  valueOf(response: Response): unknown
  /** How far this computer's clock is from the provider's `Date`, in milliseconds; null before an answer. */
  clockSkew(): number | null
}

export interface HttpOptions {
  readonly fetch: Fetch
  readonly clock: Clock
  /** Ends every request, for example because the attempt was cancelled. */
  readonly signal: AbortSignal
  readonly limits?: HttpLimits
}

/**
 * Wraps fetch in what oauth4webapi leaves to its caller: time limits that cover the body, a size limit
 * while reading, no redirects, JSON only, and only JSON that can be read in one way.
 * Throws `AppError` (`E_NETWORK_…` or the step's own code).
 */
export function createHttp(options: HttpOptions): Http {
  const { clock, limits = httpLimits } = options
  let skew: number | null = null
  const values = new WeakMap<Response, unknown>()

  const send = async (
    step: Step,
    url: string,
    { method = 'GET', headers = {}, body }: RequestOptions,
  ): Promise<Response> => {
    const late = new AbortController()
    const limit = (milliseconds: number): (() => void) =>
      clock.after(milliseconds, () => late.abort(tooLate(step, milliseconds)))
    const stopTotal = limit(limits.total)
    const stopResponse = limit(limits.response)
    try {
      const response = await options.fetch(url, {
        method,
        headers,
        ...(body && { body: body.toString() }),
        redirect: 'manual',
        signal: AbortSignal.any([options.signal, late.signal]),
      })
      stopResponse()
      const date = Date.parse(response.headers.get('date') ?? '')
      if (!Number.isNaN(date)) skew = clock.now() - date
      refuseUnusable(response, step, method, clock)
      const bytes = await readBody(response, limits.bytes, step)
      const value = response.status < 400 ? parseOnly(bytes, step) : null
      const kept = new Headers(response.headers)
      // oauth4webapi would take it for the answer; the error that OAuth names is in the body.
      kept.delete('www-authenticate')
      const answer = new Response(bytes.length === 0 ? null : bytes, {
        status: response.status,
        headers: kept,
      })
      values.set(answer, value)
      return answer
    } catch (error) {
      options.signal.throwIfAborted()
      late.signal.throwIfAborted()
      throw error instanceof AppError ? error : networkError(error, step, method)
    } finally {
      stopResponse()
      stopTotal()
      // A body that nobody reads to its end would keep its connection.
      late.abort(read)
    }
  }

  return {
    for:
      (step) =>
      (url, request = {}) =>
        send(step, url, request),
    valueOf: (response) => values.get(response) ?? null,
    clockSkew: () => skew,
  }
}

function refusal(
  code: ErrorCode,
  step: Step,
  reason: string,
  more: { explanation?: Explanation | null; retryAfter?: number | null } = {},
): AppError {
  const detail = { key: step.name, reason }
  return new AppError(code, `${step.name}: ${reason}`, { detail, ...more })
}

function tooLate(step: Step, milliseconds: number): AppError {
  return refusal('E_NETWORK_TIMEOUT', step, `no answer in ${milliseconds} ms`)
}

async function readBody(response: Response, maxBytes: number, step: Step): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) {
      throw refusal('E_NETWORK_BODY', step, `larger than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What a refusal by the provider says in its body is for the step to read; success must be JSON. */
function refuseUnusable(response: Response, step: Step, method: string, clock: Clock): void {
  const { status, headers } = response
  // What should bring metadata or keys and brings a page is a network that wants a login of its own.
  const portal: Explanation | null = method === 'GET' ? { kind: 'captive-portal' } : null
  if (status >= 300 && status < 400) {
    throw refusal('E_NETWORK_REDIRECT', step, `HTTP ${status}`, { explanation: portal })
  }
  if (status >= 500 || status === 429) {
    const waits = status === 429 || status === 503
    throw refusal('E_NETWORK_STATUS', step, `HTTP ${status}`, {
      retryAfter: waits ? retryAfter(headers.get('retry-after'), clock) : null,
      // RFC 6585 §6: Network Authentication Required.
      explanation: status === 511 ? { kind: 'captive-portal' } : null,
    })
  }
  if (status >= 400) return
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'none'
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type)) {
    const shown = /^[\w.+/-]{1,60}$/.test(type) ? type : 'unknown'
    throw refusal(step.invalid, step, `HTTP ${status} with content type ${shown}`, {
      explanation: type === 'text/html' ? portal : null,
    })
  }
}

/** JSON that can be read in one way, or a refusal. */
function parseOnly(bytes: Uint8Array, step: Step): unknown {
  try {
    return parseStrictJson(bytes)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw refusal(step.invalid, step, `not usable: ${error.message}`)
  }
}

/** Seconds from now by RFC 9110 §10.2.3, a number or a date; null for what is neither or has passed. */
function retryAfter(value: string | null, clock: Clock): number | null {
  if (value === null) return null
  const seconds = /^\d+$/.test(value)
    ? Number(value)
    : Math.ceil((Date.parse(value) - clock.now()) / 1000)
  return seconds > 0 ? Math.min(seconds, longestRetryAfter) : null
}
