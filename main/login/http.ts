import { AppError, networkError } from '../errors.ts'
import type { ErrorCode } from '../../preload/contract.ts'
import type { Clock } from './clock.ts'

/** The part of fetch that a login uses; Electron's session has it, and so has Node. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** A request as oauth4webapi makes it. */
interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: URLSearchParams | undefined
}

/** A request of a login, and the failure that it is when the answer is not what it must be. */
export interface Step {
  readonly name: string
  readonly invalid: ErrorCode
}

export const steps = {
  discovery: { name: 'discovery', invalid: 'E_PROVIDER_METADATA' },
  keys: { name: 'keys', invalid: 'E_PROVIDER_KEYS' },
  pushedRequest: { name: 'pushed authorization request', invalid: 'E_PAR_REFUSED' },
  token: { name: 'token request', invalid: 'E_TOKEN_RESPONSE' },
} as const satisfies Record<string, Step>

export interface Http {
  /** A fetch for one step, with all limits on. Throws `AppError` for everything but JSON and refusals (4xx). */
  for(step: Step): (url: string, request?: RequestOptions) => Promise<Response>
  /** How far this computer's clock is from the provider's `Date`, in milliseconds; null before an answer. */
  clockSkew(): number | null
}

export interface HttpOptions {
  readonly fetch: Fetch
  readonly clock: Clock
  /** Ends every request, for example because the attempt was cancelled. */
  readonly signal: AbortSignal
  /** Time for one request, body included, in milliseconds. */
  readonly timeout?: number
  /** Size of one body in bytes. */
  readonly maxBytes?: number
}

/**
 * Wraps fetch in what oauth4webapi leaves to its caller: a time limit that covers the body, a size
 * limit while reading, no redirects, JSON only. Throws `AppError` (`E_NETWORK_…` or the step's own code).
 */
export function createHttp(options: HttpOptions): Http {
  const { timeout = 10_000, maxBytes = 262_144 } = options
  let skew: number | null = null

  const send = async (
    step: Step,
    url: string,
    { method = 'GET', headers = {}, body }: RequestOptions,
  ): Promise<Response> => {
    const limit = AbortSignal.timeout(timeout)
    const signal = AbortSignal.any([options.signal, limit])
    try {
      const response = await options.fetch(url, {
        method,
        headers,
        ...(body && { body: body.toString() }),
        redirect: 'manual',
        signal,
      })
      const bytes = await readBody(response, maxBytes, step)
      const date = Date.parse(response.headers.get('date') ?? '')
      if (!Number.isNaN(date)) skew = options.clock.now() - date
      refuseUnusable(response, step)
      const kept = new Headers(response.headers)
      // oauth4webapi would take it for the answer; the error that OAuth names is in the body.
      kept.delete('www-authenticate')
      return new Response(bytes.length === 0 ? null : bytes, {
        status: response.status,
        headers: kept,
      })
    } catch (error) {
      options.signal.throwIfAborted()
      if (limit.aborted) {
        throw new AppError('E_NETWORK_TIMEOUT', `${step.name}: no answer in ${timeout} ms`, {
          cause: error,
          detail: { key: step.name, reason: `no answer in ${timeout} ms` },
        })
      }
      throw error instanceof AppError ? error : networkError(error, step.name)
    }
  }

  return {
    for:
      (step) =>
      (url, request = {}) =>
        send(step, url, request),
    clockSkew: () => skew,
  }
}

async function readBody(response: Response, maxBytes: number, step: Step): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) {
      throw new AppError(
        'E_NETWORK_BODY',
        `${step.name}: the answer is larger than ${maxBytes} bytes`,
        {
          detail: { key: step.name, reason: `larger than ${maxBytes} bytes` },
        },
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What a refusal by the provider says in its body is for the step to read; success must be JSON. */
function refuseUnusable(response: Response, step: Step): void {
  const { status } = response
  const refuse = (code: ErrorCode, reason: string): never => {
    throw new AppError(code, `${step.name}: ${reason}`, { detail: { key: step.name, reason } })
  }
  if (status >= 300 && status < 400) refuse('E_NETWORK_REDIRECT', `HTTP ${status}`)
  if (status >= 500 || status === 429) refuse('E_NETWORK_STATUS', `HTTP ${status}`)
  if (status >= 400) return
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'none'
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type)) {
    refuse(
      step.invalid,
      `HTTP ${status} with content type ${/^[\w.+/-]{1,60}$/.test(type) ? type : 'unknown'}`,
    )
  }
}
