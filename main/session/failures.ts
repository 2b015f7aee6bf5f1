import { type ErrorCode, errors, type Failure } from '../../preload/contract.ts'
import { AppError, toAppError } from '../errors.ts'
import type { LoginError } from '../login/index.ts'
import { redactText } from '../redact.ts'
import type { PushRefusal } from './state.ts'

/** A failure with a name, for both who are told. */
export interface CleanFailure {
  /** What the log is told. */
  readonly error: LoginError<ErrorCode>
  /** What the window is told. */
  readonly failure: Failure
}

/**
 * Cleans an error before it is shown. The login has taken its secrets out of it; here goes what looks like a
 * secret or a personal number in the provider's words. The reference is the one that the browser's page
 * shows too; empty where there was no page.
 */
export function cleanFailure(reason: unknown, reference = ''): CleanFailure {
  const error = toAppError(reason)
  const { code, detail, explanation, checks } = error
  const failure: Failure = {
    code,
    ...errors[code],
    reference,
    // Part of it may be the provider's words.
    detail: detail && { key: redactText(detail.key), reason: redactText(detail.reason) },
    explanation,
    checks: checks.map((check) => ({ ...check, got: redactText(check.got) })),
  }
  return { error, failure }
}

/** Cleans what the provider said of a pushed request that it refused, before it is shown. */
export function cleanPushRefusal({ reason, explanation }: PushRefusal): PushRefusal {
  return { reason: redactText(reason), explanation }
}

/** Tells whether a renewal that failed ends the session: one that brought something false does, one that brought nothing does not. */
export function endsTheSession(error: LoginError<ErrorCode>): boolean {
  const { category } = errors[error.code]
  return category === 'session' || category === 'id-token' || error.malformed
}

/** What the window is told when nobody has done anything for longer than the profile allows. */
export const sessionExpired: Failure = cleanFailure(
  new AppError('E_SESSION_EXPIRED', 'session: nobody did anything for too long'),
).failure
