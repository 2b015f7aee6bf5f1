import type { Check, Failure, Language, Snapshot, Status } from '../../preload/contract.ts'
import type { ApiAnswer, BrowserHint, Claims } from '../login/index.ts'

/** What is known of the person while signed in: claims, never a token. */
export interface SignedIn {
  /** The attempt that it began with: what belongs to another session is dropped. */
  readonly login: number
  readonly claims: Claims
  /** Null when the access token is opaque. */
  readonly accessTokenClaims: Claims | null
  readonly userinfo: Claims | null
  readonly checks: readonly Check[]
  /** When it ends by itself, in monotonic milliseconds. */
  readonly endsAt: number
  /** As `endsAt`; null when the provider did not say. */
  readonly accessTokenEndsAt: number | null
  readonly refusedScopes: readonly string[]
  /** Until when it can be renewed silently, as `endsAt`; null without a refresh token. */
  readonly refreshableUntil: number | null
  readonly remembered: 'off' | 'kept' | 'unavailable'
  readonly apis: readonly ApiCall[]
  /** What went wrong beside the session, which goes on. */
  readonly problem: Failure | null
}

/** A call that the profile offers, and what came of it last. */
export interface ApiCall {
  readonly name: string
  readonly granted: boolean
  readonly running: boolean
  readonly answer: ApiAnswer | null
  readonly failure: Failure | null
}

export type ProviderLogout = NonNullable<Snapshot['providerLogout']>

export type PushRefusal = NonNullable<NonNullable<Snapshot['waiting']>['pushRefused']>

export interface Waiting {
  /** Monotonic milliseconds. */
  readonly deadline: number
  readonly browserArrived: boolean
  readonly hint: BrowserHint | null
  readonly requestRejected: boolean
  /** What the provider said to a pushed request that it refused. */
  readonly pushRefused: PushRefusal | null
  /** Somebody came to a start address that was spent already. */
  readonly linkReused: boolean
}

export interface State {
  readonly revision: number
  readonly status: Status
  /** The attempt that events must belong to; rises with each login and each renewal. */
  readonly attempt: number
  /** How the session is being renewed; null when it is not. */
  readonly renewing: Snapshot['renewing']
  readonly language: Language
  readonly waiting: Waiting | null
  readonly session: SignedIn | null
  readonly pidRevealed: boolean
  readonly providerLogout: ProviderLogout | null
  /** A newer version of the app that is ready to be installed. */
  readonly update: string | null
  readonly error: Failure | null
  /** Monotonic milliseconds before which the provider wants no login and no renewal; null when it does not mind. */
  readonly retryAt: number | null
}

export type Event =
  | {
      readonly type: 'restored'
      readonly error: Failure | null
      readonly providerLogout: ProviderLogout | null
    }
  | { readonly type: 'language-chosen'; readonly language: Language }
  | { readonly type: 'sign-in-started'; readonly attempt: number }
  | { readonly type: 'waiting'; readonly attempt: number; readonly deadline: number }
  | { readonly type: 'resumed' }
  | { readonly type: 'browser-arrived'; readonly attempt: number }
  | { readonly type: 'hint'; readonly attempt: number; readonly hint: BrowserHint }
  | { readonly type: 'request-rejected'; readonly attempt: number }
  | ({ readonly type: 'push-refused'; readonly attempt: number } & PushRefusal)
  | { readonly type: 'start-address-reused'; readonly attempt: number }
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
  | {
      readonly type: 'renewal-started'
      readonly attempt: number
      readonly by: 'refresh-token' | 'browser'
    }
  | { readonly type: 'renewed'; readonly attempt: number; readonly session: SignedIn }
  /** It came to nothing, and the session goes on. */
  | {
      readonly type: 'renewal-ended'
      readonly attempt: number
      readonly problem: Failure | null
      readonly retryAt: number | null
    }
  | {
      readonly type: 'session-changed'
      readonly login: number
      readonly change: Partial<Omit<SignedIn, 'login'>>
    }
  | {
      readonly type: 'api-changed'
      readonly login: number
      readonly index: number
      readonly change: Partial<Omit<ApiCall, 'name'>>
    }
  | {
      readonly type: 'signed-out'
      readonly error: Failure | null
      readonly providerLogout: ProviderLogout | null
    }
  | { readonly type: 'provider-logout-changed'; readonly change: Partial<ProviderLogout> }
  | { readonly type: 'update-ready'; readonly version: string }

export function initialState(language: Language): State {
  return {
    revision: 0,
    status: 'restoring',
    attempt: 0,
    renewing: null,
    language,
    waiting: null,
    session: null,
    pidRevealed: false,
    providerLogout: null,
    update: null,
    error: null,
    retryAt: null,
  }
}

const signedOut = {
  status: 'signed-out',
  renewing: null,
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
      return state.status === 'restoring'
        ? { ...state, ...signedOut, error: event.error, providerLogout: event.providerLogout }
        : state
    case 'resumed':
      // Nothing has changed but the time that is left, which a snapshot tells anew.
      return { ...state }
    case 'language-chosen':
      return event.language === state.language ? state : { ...state, language: event.language }
    case 'sign-in-started':
      return state.status === 'signed-out' &&
        state.retryAt === null &&
        event.attempt > state.attempt
        ? {
            ...state,
            status: 'preparing',
            attempt: event.attempt,
            error: null,
            providerLogout: null,
          }
        : state
    case 'renewal-started':
      return state.session !== null &&
        state.renewing === null &&
        state.retryAt === null &&
        event.attempt > state.attempt
        ? {
            ...state,
            attempt: event.attempt,
            renewing: event.by,
            session: { ...state.session, problem: null },
          }
        : state
    case 'session-changed':
      return state.session?.login === event.login
        ? { ...state, session: { ...state.session, ...event.change } }
        : state
    case 'api-changed':
      return state.session?.login === event.login
        ? { ...state, session: withApi(state.session, event.index, event.change) }
        : state
    case 'provider-logout-changed':
      return state.providerLogout === null
        ? state
        : { ...state, providerLogout: { ...state.providerLogout, ...event.change } }
    case 'update-ready':
      return state.update === event.version ? state : { ...state, update: event.version }
    case 'pid-revealed':
      return state.session !== null && state.pidRevealed !== event.revealed
        ? { ...state, pidRevealed: event.revealed }
        : state
    case 'signed-out':
      return state.status === 'signed-in'
        ? { ...state, ...signedOut, error: event.error, providerLogout: event.providerLogout }
        : state
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
      | 'renewal-started'
      | 'session-changed'
      | 'api-changed'
      | 'signed-out'
      | 'provider-logout-changed'
      | 'update-ready'
  }
>

function stepOfAttempt(state: State, event: EventOfAttempt): State {
  const { status, waiting, renewing } = state
  switch (event.type) {
    case 'waiting': {
      const began: Waiting = {
        deadline: event.deadline,
        browserArrived: false,
        hint: null,
        requestRejected: false,
        pushRefused: null,
        linkReused: false,
      }
      if (status === 'preparing') return { ...state, status: 'waiting-for-browser', waiting: began }
      return renewing === 'browser' && waiting === null ? { ...state, waiting: began } : state
    }
    case 'browser-arrived':
      return waiting === null || (waiting.browserArrived && waiting.hint === null)
        ? state
        : { ...state, waiting: { ...waiting, browserArrived: true, hint: null } }
    case 'hint':
      return waiting === null || waiting.hint === event.hint
        ? state
        : { ...state, waiting: { ...waiting, hint: event.hint } }
    case 'push-refused': {
      const { reason, explanation } = event
      return waiting === null
        ? state
        : { ...state, waiting: { ...waiting, pushRefused: { reason, explanation } } }
    }
    case 'request-rejected':
      return waiting === null || waiting.requestRejected
        ? state
        : { ...state, waiting: { ...waiting, requestRejected: true } }
    case 'start-address-reused':
      return waiting === null || waiting.linkReused
        ? state
        : { ...state, waiting: { ...waiting, linkReused: true } }
    case 'prolonged':
      return waiting === null
        ? state
        : { ...state, waiting: { ...waiting, deadline: event.deadline } }
    case 'exchanging':
      if (status === 'waiting-for-browser') return { ...state, status: 'exchanging', waiting: null }
      return renewing === 'browser' ? { ...state, waiting: null } : state
    case 'renewed':
      return renewing === null
        ? state
        : { ...state, renewing: null, waiting: null, session: event.session }
    case 'renewal-ended':
      // Stryker disable next-line ConditionalExpression: a renewal has a session, so the compiler alone needs this
      return renewing === null || state.session === null
        ? state
        : {
            ...state,
            renewing: null,
            waiting: null,
            retryAt: event.retryAt,
            session: { ...state.session, problem: event.problem },
          }
    case 'signed-in':
      // A stored session is taken up before anybody pressed anything.
      return status === 'exchanging' || status === 'restoring'
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

/** Tells whether something goes on that a restart of the app would break off, of a state or a snapshot. */
export function isBusy(
  of: Pick<State, 'status' | 'renewing' | 'providerLogout'> & {
    readonly session: { readonly apis: readonly Pick<ApiCall, 'running'>[] } | null
  },
): boolean {
  const { status, renewing, session, providerLogout } = of
  return (
    (status !== 'signed-out' && status !== 'signed-in') ||
    renewing !== null ||
    session?.apis.some(({ running }) => running) === true ||
    providerLogout?.revocation === 'running' ||
    providerLogout?.browser === 'running'
  )
}

function withApi(session: SignedIn, index: number, change: Partial<ApiCall>): SignedIn {
  const apis = session.apis.map((api, at) => (at === index ? { ...api, ...change } : api))
  return { ...session, apis }
}
