/** What a rule of the ID token is, and what all of them are judged by. */
import type { Secret } from '../base/secret.ts'
import { plain } from '../error-map.ts'
import type { Check, LoginErrorCode } from '../errors.ts'

/**
 * How far the clocks of this computer and of the provider may differ, in seconds. Ordinary computers drift
 * by minutes. It costs no safety: the token comes over TLS from the token endpoint, in answer to a request
 * made seconds ago, and is bound to it by the nonce.
 */
export const clockTolerance = 300

export type Claims = Readonly<Record<string, unknown>>

export interface IdTokenExpectation {
  readonly issuer: string
  readonly clientId: string
  /** The token that came with it. */
  readonly accessToken: Secret
  readonly nonce: Secret
  /** What the ID token of the login said, when this one renews it; null at a login. */
  readonly renews: RenewedIdToken | null
  /** What was asked for; empty when nothing was. */
  readonly acrValues: readonly string[]
  /** How many seconds ago a fresh login was asked for (`prompt=login`), by no wall clock; null when none was. */
  readonly attemptLasted: number | null
  /** Unix seconds. */
  readonly now: number
  /** How far this computer's clock is from the provider's, in seconds; null when that is unknown. */
  readonly clockSkew: number | null
}

/** A renewal may only bring the same person (OpenID Connect Core 1.0 §12.2). */
export interface RenewedIdToken {
  readonly claims: Claims
  /** With a refresh token no nonce is asked for, and the login itself is not new. */
  readonly by: 'refresh-token' | 'browser'
}

export interface VerifiedIdToken {
  readonly claims: Claims
  readonly checks: readonly Check[]
}

/** One rule and what came of it, before it becomes a line that is shown. */
export interface Rule {
  readonly rule: string
  readonly source: string
  readonly expected: string
  /** What came, as text that may be shown. */
  readonly got: string
  readonly holds: boolean | 'skipped'
  readonly failure: LoginErrorCode
}

/** Names a section of the core specification. */
export const core = (section: string): string => `OpenID Connect Core 1.0 §${section}`

/** A time as JSON must carry it: a finite number of seconds (JSON's 1e999 is none). */
export function seconds(value: unknown): number | null {
  // Stryker disable next-line ConditionalExpression: nothing but a number is finite, so the compiler alone needs this
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** A value from a token as short text that may be shown: never more than a line, never a type lost. */
export function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const text = typeof value === 'string' && !looksLikeJson(value) ? value : JSON.stringify(value)
  return plain(text)
}

/** A text such as "1800000000" is shown with its quotes, or nobody would see why it is refused. */
function looksLikeJson(text: string): boolean {
  // Most texts do not even begin like it, and an error that is thrown takes time.
  // Stryker disable next-line ConditionalExpression,Regex: what is no JSON is seen below as well, and takes longer
  if (!/^\s*[[{"\dtfn-]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    // The text begins as JSON does, and is none.
  }
  return false
}
