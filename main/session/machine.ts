import type { Check, Failure, Language, Status } from '../../preload/contract.ts'
import type { BrowserHint } from '../login/attempt.ts'
import type { Claims } from '../login/id-token.ts'

/** What is known of the person while signed in: claims, never a token. */
export interface SignedIn {
  readonly claims: Claims
  /** Null when the access token is opaque. */
  readonly accessTokenClaims: Claims | null
  readonly checks: readonly Check[]
  /** Unix time in milliseconds. */
  readonly endsAt: number
  readonly accessTokenExpiresAt: number | null
}

export interface Waiting {
  /** Monotonic milliseconds. */
  readonly deadline: number
  readonly browserArrived: boolean
  readonly hint: BrowserHint | null
  readonly strangerRefused: boolean
}

export interface State {
  readonly revision: number
  readonly status: Status
  /** The attempt that events must belong to; rises with each login. */
  readonly attempt: number
  readonly language: Language
  readonly waiting: Waiting | null
  readonly session: SignedIn | null
  readonly pidRevealed: boolean
  readonly error: Failure | null
  /** Monotonic milliseconds before which the provider wants no new login; null when it does not mind. */
  readonly retryAt: number | null
}

export type Event =
  | { readonly type: 'restored'; readonly error: Failure | null }
  | { readonly type: 'language-chosen'; readonly language: Language }
  | { readonly type: 'sign-in-started'; readonly attempt: number }
  | { readonly type: 'waiting'; readonly attempt: number; readonly deadline: number }
  | { readonly type: 'resumed' }
  | { readonly type: 'browser-arrived'; readonly attempt: number }
  | { readonly type: 'hint'; readonly attempt: number; readonly hint: BrowserHint }
  | { readonly type: 'stranger-refused'; readonly attempt: number }
  | { readonly type: 'prolonged'; readonly attempt: number; readonly deadline: number }
  | { readonly type: 'exchanging'; readonly attempt: number }
  | { readonly type: 'signed-in'; readonly attempt: number; readonly session: SignedIn }
  | {
      readonly type: 'failed'
      readonly attempt: number
      readonly error: Failure
      readonly retryAt: number | null
    }
  | { readonly type: 'retry-allowed'; readonly attempt: number }
  | { readonly type: 'cancelled'; readonly attempt: number }
  | { readonly type: 'pid-revealed'; readonly revealed: boolean }
  | { readonly type: 'signed-out'; readonly error: Failure | null }

export function initialState(language: Language): State {
  return {
    revision: 0,
    status: 'restoring',
    attempt: 0,
    language,
    waiting: null,
    session: null,
    pidRevealed: false,
    error: null,
    retryAt: null,
  }
}

const signedOut = {
  status: 'signed-out',
  waiting: null,
  session: null,
  pidRevealed: false,
} as const

/**
 * Gives the next state. Pure and total: an event that does not fit, or that belongs to another
 * attempt than the current one, changes nothing and gives back the same object.
 */
export function reduce(state: State, event: Event): State {
  const next = step(state, event)
  return next === state ? state : { ...next, revision: state.revision + 1 }
}

function step(state: State, event: Event): State {
  switch (event.type) {
    case 'restored':
      return state.status === 'restoring' ? { ...state, ...signedOut, error: event.error } : state
    case 'resumed':
      // Nothing has changed but the time that is left, which a snapshot tells anew.
      return { ...state }
    case 'language-chosen':
      return event.language === state.language ? state : { ...state, language: event.language }
    case 'sign-in-started':
      return state.status === 'signed-out' &&
        state.retryAt === null &&
        event.attempt > state.attempt
        ? { ...state, status: 'preparing', attempt: event.attempt, error: null }
        : state
    case 'pid-revealed':
      return state.session !== null && state.pidRevealed !== event.revealed
        ? { ...state, pidRevealed: event.revealed }
        : state
    case 'signed-out':
      return state.status === 'signed-in' ? { ...state, ...signedOut, error: event.error } : state
    default:
      return event.attempt === state.attempt ? stepOfAttempt(state, event) : state
  }
}

type EventOfAttempt = Exclude<
  Event,
  {
    readonly type:
      | 'restored'
      | 'resumed'
      | 'language-chosen'
      | 'sign-in-started'
      | 'pid-revealed'
      | 'signed-out'
  }
>

function stepOfAttempt(state: State, event: EventOfAttempt): State {
  const { status, waiting } = state
  switch (event.type) {
    case 'waiting':
      return status === 'preparing'
        ? {
            ...state,
            status: 'waiting-for-browser',
            waiting: {
              deadline: event.deadline,
              browserArrived: false,
              hint: null,
              strangerRefused: false,
            },
          }
        : state
    case 'browser-arrived':
      return waiting === null || (waiting.browserArrived && waiting.hint === null)
        ? state
        : { ...state, waiting: { ...waiting, browserArrived: true, hint: null } }
    case 'hint':
      return waiting === null || waiting.hint === event.hint
        ? state
        : { ...state, waiting: { ...waiting, hint: event.hint } }
    case 'stranger-refused':
      return waiting === null || waiting.strangerRefused
        ? state
        : { ...state, waiting: { ...waiting, strangerRefused: true } }
    case 'prolonged':
      return waiting === null
        ? state
        : { ...state, waiting: { ...waiting, deadline: event.deadline } }
    case 'exchanging':
      return status === 'waiting-for-browser'
        ? { ...state, status: 'exchanging', waiting: null }
        : state
    case 'signed-in':
      return status === 'exchanging'
        ? { ...state, status: 'signed-in', session: event.session, pidRevealed: false }
        : state
    case 'failed':
      return inProgress(status)
        ? { ...state, ...signedOut, error: event.error, retryAt: event.retryAt }
        : state
    case 'retry-allowed':
      return state.retryAt === null ? state : { ...state, retryAt: null }
    case 'cancelled':
      return inProgress(status) ? { ...state, ...signedOut, error: null } : state
  }
}

/** Tells whether a login is under way. */
export function inProgress(status: Status): boolean {
  return status === 'preparing' || status === 'waiting-for-browser' || status === 'exchanging'
}
