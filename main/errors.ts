import type { Check, ErrorCode, Explanation } from '../preload/contract.ts'

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
  readonly explanation: Explanation | null
  readonly checks: readonly Check[]
  /** Seconds that the provider wants to be left alone (RFC 9110 §10.2.3), within bounds; null when it did not say. */
  readonly retryAfter: number | null

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      cause?: unknown
      detail?: ErrorDetail | null
      explanation?: Explanation | null
      checks?: readonly Check[]
      retryAfter?: number | null
    } = {},
  ) {
    super(message, { cause: more.cause })
    this.code = code
    this.detail = more.detail ?? null
    this.explanation = more.explanation ?? null
    this.checks = more.checks ?? []
    this.retryAfter = more.retryAfter ?? null
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
  const { code, message, cause, detail, explanation, checks, retryAfter } = error
  return new AppError(code, clean(message), {
    cause,
    detail: clean(detail),
    explanation,
    checks: clean(checks),
    retryAfter,
  })
}
