/** The errors of a login and of the calls that follow it: their codes, their class, and what is known of their reason. */
import { inspect } from 'node:util'

/**
 * Every way in which a login, or a call with its tokens, can fail. A code keeps its meaning; new ones may
 * be added.
 */
export const loginErrorCodes = [
  'E_LISTENER_BIND',
  'E_BROWSER_OPEN',
  'E_LOGIN_DENIED',
  'E_LOGIN_TIMEOUT',
  'E_LOGIN_REFUSED',
  'E_CALLBACK_ISSUER',
  'E_CALLBACK_INVALID',
  'E_PROVIDER_METADATA',
  'E_PROVIDER_KEYS',
  'E_PAR_REFUSED',
  'E_TOKEN_REFUSED',
  'E_TOKEN_RESPONSE',
  'E_ID_TOKEN_SIGNATURE',
  'E_ID_TOKEN_CLAIM',
  'E_CLOCK_SKEW',
  'E_RENEWAL_REFUSED',
  'E_RENEWAL_SUBJECT',
  'E_API_RESPONSE',
  'E_NETWORK_OFFLINE',
  'E_NETWORK_UNREACHABLE',
  'E_NETWORK_TIMEOUT',
  'E_NETWORK_TLS',
  'E_NETWORK_PROXY',
  'E_NETWORK_REDIRECT',
  'E_NETWORK_STATUS',
  'E_NETWORK_BODY',
  'E_UNEXPECTED',
] as const
export type LoginErrorCode = (typeof loginErrorCodes)[number]

/** One rule that was checked: what was expected, what came, and where the rule comes from. */
export interface Check {
  readonly rule: string
  readonly source: string
  readonly expected: string
  readonly got: string
  readonly result: 'pass' | 'fail' | 'skipped'
}

/**
 * The error codes of OAuth 2.0 and OpenID Connect that are explained: RFC 6749 §4.1.2.1 and §5.2, OpenID
 * Connect Core 1.0 §3.1.2.6, and of RFC 6750, 7009, 8707, 9101, 9126, 9396, 9449 and 9470 those that a
 * client of ID-porten can meet.
 */
export const oauthErrors = [
  'access_denied',
  'account_selection_required',
  'consent_required',
  'insufficient_scope',
  'insufficient_user_authentication',
  'interaction_required',
  'invalid_authorization_details',
  'invalid_client',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_request',
  'invalid_request_object',
  'invalid_request_uri',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'login_required',
  'registration_not_supported',
  'request_not_supported',
  'request_uri_not_supported',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unmet_authentication_requirements',
  'unsupported_grant_type',
  'unsupported_response_type',
  'unsupported_token_type',
  'use_dpop_nonce',
] as const
export type OauthError = (typeof oauthErrors)[number]

/** What is known beyond the code, from fixed lists, so that an app can say it in the person's language. */
export type Explanation =
  | { readonly kind: 'oauth'; readonly error: OauthError }
  | {
      readonly kind: 'tls'
      readonly problem: 'expired' | 'wrong-host' | 'unknown-authority' | 'old-version'
    }
  /** Something that is not the provider answered in its place, as a hotel's network does. */
  | { readonly kind: 'captive-portal' }
  /** How far this computer's clock is from the provider's. */
  | { readonly kind: 'clock'; readonly direction: 'ahead' | 'behind'; readonly seconds: number }

/** What a failure was about and why: English, for the log and for the person who reports it. */
export interface ErrorDetail {
  readonly key: string
  readonly reason: string
}

/** What may be known of a failure beyond its code and its message. */
interface MoreOfError {
  readonly cause?: unknown
  readonly detail?: ErrorDetail | null
  readonly explanation?: Explanation | null
  readonly checks?: readonly Check[]
  readonly retryAfter?: number | null
  readonly malformed?: boolean
}

/** Marks a `LoginError` of whichever copy of this module made it: a bundler or npm may bring two. */
const brand = Symbol.for('idporten-login.LoginError')

/**
 * A failure with a name. The message is English and for logs; what a person is told goes by `code`.
 *
 * @example The person declined: no error for them, but no login either.
 *   if (isLoginError(error) && error.code === 'E_LOGIN_DENIED') showSignedOut()
 * @example The person let the time pass, or closed the tab.
 *   if (isLoginError(error) && error.code === 'E_LOGIN_TIMEOUT') offerRetry()
 * @example The provider sent the browser back with an OAuth error, such as `invalid_scope`. A client or a redirect
 *   URI that it does not know is not sent back, and ends with `E_LOGIN_TIMEOUT`.
 *   if (isLoginError(error) && error.code === 'E_LOGIN_REFUSED') log(error.detail, error.explanation)
 * @example The computer's clock is wrong; the explanation says in which direction and how far.
 *   if (isLoginError(error) && error.code === 'E_CLOCK_SKEW') tell(error.explanation)
 * @example A rule of the ID token failed: the checks say which, what was expected and what came.
 *   if (isLoginError(error)) log(error.checks.find((check) => check.result === 'fail'))
 */
export class LoginError<Code extends string = LoginErrorCode> extends Error {
  readonly [brand] = true
  override readonly name: string = 'LoginError'
  readonly code: Code
  readonly detail: ErrorDetail | null
  readonly explanation: Explanation | null
  /** The checks of the login that were made before it failed. */
  readonly checks: readonly Check[]
  /** Seconds that the provider wants to be left alone (RFC 9110 §10.2.3), within bounds; null when it did not say. */
  readonly retryAfter: number | null
  /** The provider itself answered with success, but not with tokens. A session that was to be renewed should end. */
  readonly malformed: boolean

  constructor(code: Code, message: string, more: MoreOfError = {}) {
    super(message, { cause: more.cause })
    this.code = code
    this.detail = more.detail ?? null
    this.explanation = more.explanation ?? null
    this.checks = more.checks ?? []
    this.retryAfter = more.retryAfter ?? null
    this.malformed = more.malformed ?? false
  }
}

/**
 * Makes the failure of one thing that has a name, such as a request, a parameter or a rule: `key` says which
 * it is, and `reason` why it failed. Both stand in the detail and in the message, there behind `subject`.
 */
export function failure<Code extends LoginErrorCode>(
  code: Code,
  key: string,
  reason: string,
  { subject, ...more }: Omit<MoreOfError, 'detail'> & { readonly subject?: string } = {},
): LoginError<Code> {
  const words = [...(subject === undefined ? [] : [subject]), key, reason]
  return new LoginError(code, words.join(': '), { ...more, detail: { key, reason } })
}

/** Makes the failure of a renewal that ends the session, out of what it failed with. */
export function endRenewal(
  code: 'E_RENEWAL_REFUSED' | 'E_RENEWAL_SUBJECT',
  cause: LoginError,
): LoginError {
  const { message, detail, explanation, checks } = cause
  return new LoginError(code, `renewal: ${message}`, { cause, detail, explanation, checks })
}

/** Returns the error itself when it has a name already, else `E_UNEXPECTED` with it as the cause. */
export function toLoginError(error: unknown): LoginError {
  return isLoginError(error) ? error : unexpected(error)
}

/** Tells whether an error has one of the login's codes, also when another copy of this module made it. */
export function isLoginError(error: unknown): error is LoginError {
  return (
    error instanceof Error &&
    brand in error &&
    'code' in error &&
    loginErrorCodes.some((code) => code === error.code)
  )
}

/** Names what nobody has foreseen. */
export function unexpected(error: unknown): LoginError<'E_UNEXPECTED'> {
  return new LoginError('E_UNEXPECTED', error instanceof Error ? error.message : String(error), {
    cause: error,
  })
}

/**
 * The same failure with all of its words put through `clean`, those of its causes too: a library keeps what came
 * in its errors.
 */
export function cleanError<Code extends string>(
  error: LoginError<Code>,
  clean: <T>(value: T) => T,
): LoginError<Code> {
  const { code, message, cause, detail, explanation, checks, retryAfter, malformed } = error
  return new LoginError(code, clean(message), {
    cause: cleanCause(cause, clean),
    detail: clean(detail),
    explanation,
    checks: clean(checks),
    retryAfter,
    malformed,
  })
}

/** A cause that holds nothing to be cleaned stays as it is; of another one its name and its words are left. */
function cleanCause(cause: unknown, clean: <T>(value: T) => T): unknown {
  if (cause instanceof LoginError) return cleanError(cause, clean)
  const whole = inspect(cause, { depth: 8, maxArrayLength: null, maxStringLength: null })
  if (clean(whole) === whole) return cause
  if (!(cause instanceof Error)) return undefined
  return Object.assign(new Error(clean(cause.message)), { name: cause.name })
}
