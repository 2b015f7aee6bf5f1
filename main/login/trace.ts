/**
 * The trace of the protocol: every step of a login and of the calls that follow it as a typed event, for programs that
 * show or keep how a login went. Secrets and personal numbers never enter an event.
 */
import type { Check, LoginErrorCode } from './errors.ts'

/** Every kind of step, with the specification that it follows. */
export const traceSources = {
  metadata: 'OpenID Connect Discovery 1.0 §4',
  keys: 'OpenID Connect Core 1.0 §10.1.1',
  push: 'RFC 9126 §2',
  'authorization-request': 'OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3',
  'start-address': 'RFC 8252 §6',
  callback: 'RFC 8252 §7.3, RFC 9207 §2.4',
  'token-request': 'RFC 6749 §4.1.3, RFC 7636 §4.5',
  verification: 'OpenID Connect Core 1.0 §3.1.3.7',
  userinfo: 'OpenID Connect Core 1.0 §5.3',
  refresh: 'RFC 6749 §6',
  'api-call': 'RFC 6750 §2.1, RFC 9449 §7',
  revocation: 'RFC 7009 §2',
  logout: 'OpenID Connect RP-Initiated Logout 1.0 §2',
} as const
export type TraceStepName = keyof typeof traceSources

/** A parameter, a header or a member of an answer. */
export interface TraceValue {
  readonly name: string
  /** The value as one short line; of a `hidden` one what it is and how long, such as "authorization code, 54 characters". */
  readonly value: string
  readonly hidden: boolean
}

/** What was sent, or what a browser was sent to. */
export interface TraceRequest {
  readonly method: string
  /** Scheme, host, port and path; of a request without a body the query is in the parameters. */
  readonly address: string
  readonly headers: readonly TraceValue[]
  readonly parameters: readonly TraceValue[]
}

/** What was answered. */
export interface TraceResponse {
  readonly status: number
  readonly headers: readonly TraceValue[]
  /** Of the JSON in the body; of a key set one for each key. */
  readonly members: readonly TraceValue[]
}

/** One step that has ended. */
export interface TraceStep {
  readonly step: TraceStepName
  /** Milliseconds of `Clock.monotonic`: to be compared with other steps, no time of day. */
  readonly startedAt: number
  /** Milliseconds. */
  readonly duration: number
  /** The specification that the step follows. */
  readonly source: string
  readonly request: TraceRequest | null
  readonly response: TraceResponse | null
  /** What was checked in this step, in order. */
  readonly checks: readonly Check[]
  /** `refused`: the other side said no. `from-memory`: nothing was asked, because the answer was known. */
  readonly outcome: 'done' | 'from-memory' | 'refused' | 'failed' | 'cancelled'
  /** Why it was refused or failed; null for every other outcome. */
  readonly error: { readonly code: LoginErrorCode; readonly reason: string } | null
}

/** A request as it is about to be sent. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly parameters?: URLSearchParams | undefined
}
