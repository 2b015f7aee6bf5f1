import type { Check, ErrorCode } from '../preload/contract.ts'

/** What a failure was about and why: English, for the log and for the person who reports it. */
export interface ErrorDetail {
  readonly key: string
  readonly reason: string
}

/** A failure with a name from the contract. The message is English and for the log only. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly detail: ErrorDetail | null
  readonly checks: readonly Check[]

  constructor(
    code: ErrorCode,
    message: string,
    more: { cause?: unknown; detail?: ErrorDetail; checks?: readonly Check[] } = {},
  ) {
    super(message, { cause: more.cause })
    this.code = code
    this.detail = more.detail ?? null
    this.checks = more.checks ?? []
  }
}

/** Returns the error itself when it has a name already, else `E_UNEXPECTED` with it as the cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  return new AppError('E_UNEXPECTED', error instanceof Error ? error.message : String(error), {
    cause: error,
  })
}

/** The same failure with all of its words put through `clean`. */
export function cleanError(error: AppError, clean: <T>(value: T) => T): AppError {
  return new AppError(error.code, clean(error.message), {
    cause: error.cause,
    checks: clean(error.checks),
    ...(error.detail && { detail: clean(error.detail) }),
  })
}

/** Chromium's `net::ERR_…` and Node's `E…` names by the failure that they are to a person. */
const networkNames: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /INTERNET_DISCONNECTED|NAME_NOT_RESOLVED|NETWORK_CHANGED|ENOTFOUND|EAI_AGAIN|ENETUNREACH/,
    'E_NETWORK_OFFLINE',
  ],
  [/PROXY|TUNNEL|PAC_/, 'E_NETWORK_PROXY'],
  [/TIMED_OUT|ETIMEDOUT|TIMEOUT/, 'E_NETWORK_TIMEOUT'],
  [/CERT|SSL|TLS|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY|ERR_BAD_SSL/, 'E_NETWORK_TLS'],
  [/[Rr]edirect/, 'E_NETWORK_REDIRECT'],
  [
    /CONNECTION_|ADDRESS_UNREACHABLE|EMPTY_RESPONSE|ECONN|EHOSTUNREACH|EPIPE|SOCKET/,
    'E_NETWORK_UNREACHABLE',
  ],
  [
    /INVALID_HTTP_RESPONSE|RESPONSE_HEADERS|HPE_|CONTENT_DECODING|INCOMPLETE_CHUNKED|CONTENT_LENGTH_MISMATCH|HEADERS_OVERFLOW|ZLIB|Z_DATA/,
    'E_NETWORK_BODY',
  ],
]

/** Names what a rejected fetch was, from Chromium's or Node's own code; never from wording alone. */
export function networkError(error: unknown, step: string): AppError {
  const names: string[] = []
  for (let at: unknown = error; at instanceof Error && names.length < 8; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') names.push(at.code)
    names.push(at.message)
  }
  const found = networkNames.find(([pattern]) => names.some((name) => pattern.test(name)))
  const code = found?.[1] ?? 'E_NETWORK_UNREACHABLE'
  const name = /(?:net::)?ERR_[A-Z0-9_]+|\bE[A-Z_]{4,}\b/.exec(names.join(' '))?.[0]
  const reason = code === 'E_NETWORK_REDIRECT' ? 'a redirect' : (name ?? 'no answer')
  return new AppError(code, `${step}: ${reason}`, {
    cause: error,
    detail: { key: step, reason },
  })
}
