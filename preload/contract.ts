/**
 * The only thing that main and renderer share: channels, schemas, the snapshot and the error codes.
 * Nothing here can carry a token, a code, a verifier, a state or a nonce; contract.test-d.ts proves it.
 */
import * as v from 'valibot'
import type { Inspection } from './inspection.ts'
import { check, count, milliseconds, text } from './shapes.ts'

export const languages = ['nb', 'nn', 'en', 'se'] as const
export type Language = (typeof languages)[number]

/** States of the session, mirrored in `<html data-status>` (docs/automation.md). */
export const statuses = [
  'restoring',
  'signed-out',
  'preparing',
  'waiting-for-browser',
  'exchanging',
  'signed-in',
] as const
export type Status = (typeof statuses)[number]

/**
 * Every failure by name: its category, and whether trying again without changing anything can help.
 * Each code has `error.<code>.{title,text,next}` in assets/locales.
 */
export const errors = {
  E_PROFILE_INVALID: { category: 'profile', retryable: false },
  E_LISTENER_BIND: { category: 'listener', retryable: true },
  E_BROWSER_OPEN: { category: 'browser', retryable: true },
  E_LOGIN_DENIED: { category: 'login', retryable: true },
  E_LOGIN_TIMEOUT: { category: 'login', retryable: true },
  E_LOGIN_REFUSED: { category: 'login', retryable: true },
  E_CALLBACK_ISSUER: { category: 'callback', retryable: true },
  E_CALLBACK_INVALID: { category: 'callback', retryable: true },
  E_PROVIDER_METADATA: { category: 'provider', retryable: true },
  E_PROVIDER_KEYS: { category: 'provider', retryable: true },
  E_PAR_REFUSED: { category: 'provider', retryable: true },
  E_TOKEN_REFUSED: { category: 'token', retryable: true },
  E_TOKEN_RESPONSE: { category: 'token', retryable: true },
  E_ID_TOKEN_SIGNATURE: { category: 'id-token', retryable: true },
  E_ID_TOKEN_CLAIM: { category: 'id-token', retryable: true },
  E_CLOCK_SKEW: { category: 'id-token', retryable: true },
  E_SESSION_EXPIRED: { category: 'session', retryable: true },
  E_RENEWAL_REFUSED: { category: 'session', retryable: true },
  E_RENEWAL_SUBJECT: { category: 'session', retryable: true },
  E_API_RESPONSE: { category: 'api', retryable: true },
  E_VAULT_UNAVAILABLE: { category: 'session', retryable: true },
  E_NETWORK_OFFLINE: { category: 'network', retryable: true },
  E_NETWORK_UNREACHABLE: { category: 'network', retryable: true },
  E_NETWORK_TIMEOUT: { category: 'network', retryable: true },
  E_NETWORK_TLS: { category: 'network', retryable: true },
  E_NETWORK_PROXY: { category: 'network', retryable: true },
  E_NETWORK_REDIRECT: { category: 'network', retryable: true },
  E_NETWORK_STATUS: { category: 'network', retryable: true },
  E_NETWORK_BODY: { category: 'network', retryable: true },
  E_IPC_UNTRUSTED_SENDER: { category: 'ipc', retryable: false },
  E_IPC_INVALID_ARGUMENTS: { category: 'ipc', retryable: false },
  E_UNEXPECTED: { category: 'internal', retryable: true },
} as const
export type ErrorCode = keyof typeof errors
const isErrorCode = (name: string): name is ErrorCode => name in errors
export const errorCodes: readonly ErrorCode[] = Object.keys(errors).filter(isErrorCode)

export type Check = v.InferOutput<typeof check>

/** A decoded claim as text. `masked` tells that personal numbers in it are hidden until asked for. */
const claim = v.strictObject({
  name: v.pipe(text, v.notValue('nonce')),
  value: text,
  masked: v.boolean(),
})
export type Claim = v.InferOutput<typeof claim>

/**
 * The error codes of the flows that this app takes part in, each explained as `oauth.<code>` in assets/locales:
 * RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core 1.0 §3.1.2.6, and of RFC 6750, 7009, 8707, 9101,
 * 9126, 9396, 9449 and 9470 those that a client of ID-porten can meet.
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

/** What a TLS connection was refused for; anything else has no explanation of its own. */
export const tlsProblems = ['expired', 'wrong-host', 'unknown-authority', 'old-version'] as const

/** What is known beyond the code of a failure, from fixed lists, to be said in the person's language. */
const explanation = v.variant('kind', [
  v.strictObject({ kind: v.literal('oauth'), error: v.picklist(oauthErrors) }),
  v.strictObject({ kind: v.literal('tls'), problem: v.picklist(tlsProblems) }),
  /** Something that is not the provider answered in its place, as a hotel's network does. */
  v.strictObject({ kind: v.literal('captive-portal') }),
  /** How far this computer's clock is from the provider's. */
  v.strictObject({
    kind: v.literal('clock'),
    direction: v.picklist(['ahead', 'behind']),
    seconds: count,
  }),
])
export type Explanation = v.InferOutput<typeof explanation>

const failure = v.strictObject({
  code: v.picklist(errorCodes),
  category: v.picklist(errorCodes.map((name) => errors[name].category)),
  retryable: v.boolean(),
  /** Shown in the window and on the callback page, so that the two can be matched. */
  reference: text,
  /** What it was about (a profile key, a claim, an OAuth error) and why, in English, redacted. */
  detail: v.nullable(v.strictObject({ key: text, reason: text })),
  explanation: v.nullable(explanation),
  /** The checks of the ID token, when it came that far. */
  checks: v.array(check),
})
export type Failure = v.InferOutput<typeof failure>

/** A call that the profile offers, and what came of it last. */
const api = v.strictObject({
  name: text,
  /** Whether the person and the provider let the app make it. */
  granted: v.boolean(),
  running: v.boolean(),
  /** The last answer: JSON as text, personal numbers masked until they are asked for. */
  answer: v.nullable(
    v.strictObject({ httpStatus: count, tookMs: milliseconds, body: text, masked: v.boolean() }),
  ),
  failure: v.nullable(failure),
})
export type ApiState = v.InferOutput<typeof api>

const snapshot = v.strictObject({
  /** Rises with every change; a lower one that arrives late is ignored. */
  revision: count,
  status: v.picklist(statuses),
  /** How many logins and renewals were started since the app started. */
  attempt: count,
  renewing: v.nullable(v.picklist(['refresh-token', 'browser'])),
  language: v.picklist(languages),
  /** Whether the person may choose another profile: nobody else has said which one it is. */
  canChooseProfile: v.boolean(),
  /** What the app is configured for, or null when the profile is wrong (then `error` says why). */
  profile: v.nullable(
    v.strictObject({
      name: text,
      issuer: text,
      clientId: text,
      scope: text,
      acrValues: v.array(text),
    }),
  ),
  /** Only while `waiting-for-browser`. */
  waiting: v.nullable(
    v.strictObject({
      remainingMs: milliseconds,
      browserArrived: v.boolean(),
      /**
       * What may be wrong: the system could not open the browser again, none has come for a while, or
       * one came and has not returned for a while.
       */
      hint: v.nullable(v.picklist(['browser-failed', 'browser-missing', 'not-returned'])),
      /** Something else than the login's browser has tried to answer; it was refused. */
      requestRejected: v.boolean(),
      /** What the provider said to a pushed request that it refused; the ordinary one is on its way. */
      pushRefused: v.nullable(
        v.strictObject({ reason: text, explanation: v.nullable(explanation) }),
      ),
      /** A one-time link of this login was opened after it had been used. */
      linkReused: v.boolean(),
    }),
  ),
  /** Only while `signed-in`. */
  session: v.nullable(
    v.strictObject({
      name: v.nullable(text),
      /** The masked or revealed personal number, when the ID token has one. */
      pid: v.nullable(text),
      pidRevealed: v.boolean(),
      acr: text,
      /** Time until the session ends if the person does nothing. */
      endsInMs: milliseconds,
      /** Time that the access token has left; null when the provider did not say. */
      accessTokenLeftMs: v.nullable(milliseconds),
      idToken: v.array(claim),
      /** Null when the access token is opaque. */
      accessToken: v.nullable(v.array(claim)),
      /** What the userinfo endpoint adds; null when it was not asked or did not answer. */
      userinfo: v.nullable(v.array(claim)),
      checks: v.array(check),
      /** Scopes that were asked for and not granted. */
      refusedScopes: v.array(text),
      /** How a renewal would go: silently, or through the browser. */
      renewal: v.picklist(['refresh-token', 'browser']),
      /** Whether the login outlives the app; `unavailable` when the computer has no safe place for it. */
      remembered: v.picklist(['off', 'kept', 'unavailable']),
      /** The calls that the profile offers, in its order. */
      apis: v.array(api),
      /** What went wrong beside the session, which goes on. */
      problem: v.nullable(failure),
    }),
  ),
  /**
   * What goes on after a sign-out, which is done at once; null when there is nothing to tell. What was
   * `interrupted` belongs to an earlier run of the app, which ended before it was done.
   */
  providerLogout: v.nullable(
    v.strictObject({
      /** Tokens that would outlive the logout at the provider. */
      revocation: v.picklist(['none', 'running', 'done', 'failed', 'interrupted']),
      /** The login at the provider, which only the browser can end. */
      browser: v.picklist(['none', 'running', 'opened', 'done', 'failed', 'interrupted']),
      /** Something else than the person's browser wanted the logout page, or tried to answer; it was refused. */
      requestRejected: v.boolean(),
      /** The one-time link to the logout page was opened after it had been used. */
      linkReused: v.boolean(),
    }),
  ),
  /** A newer version that is ready to be installed; null without one. */
  update: v.nullable(
    v.strictObject({
      version: v.pipe(text, v.regex(/^\d+\.\d+\.\d+$/)),
      /** Whether it can be restarted to: nothing is in progress. */
      canRestart: v.boolean(),
    }),
  ),
  error: v.nullable(failure),
  /** Time until the provider wants to be asked again (`Retry-After`); sign-in is off until then. */
  retryInMs: v.nullable(milliseconds),
})
export type Snapshot = v.InferOutput<typeof snapshot>

const reply = v.variant('ok', [
  v.strictObject({ ok: v.literal(true), snapshot }),
  v.strictObject({ ok: v.literal(false), code: v.picklist(errorCodes) }),
])
/** What every intent resolves to; a refused one never throws across the bridge. */
export type Reply = v.InferOutput<typeof reply>

/** Intents from the renderer: channel and argument. Every one of them is answered by a `Reply`. */
export const intents = {
  getSnapshot: { channel: 'session:get-snapshot', args: v.strictTuple([]) },
  signIn: { channel: 'session:sign-in', args: v.strictTuple([]) },
  cancel: { channel: 'session:cancel', args: v.strictTuple([]) },
  reopenBrowser: { channel: 'session:reopen-browser', args: v.strictTuple([]) },
  copyLink: { channel: 'session:copy-link', args: v.strictTuple([]) },
  prolong: { channel: 'session:prolong', args: v.strictTuple([]) },
  signOut: { channel: 'session:sign-out', args: v.strictTuple([]) },
  switchUser: { channel: 'session:switch-user', args: v.strictTuple([]) },
  renew: { channel: 'session:renew', args: v.strictTuple([]) },
  /** By its place in the list of the snapshot. */
  callApi: { channel: 'session:call-api', args: v.strictTuple([v.pipe(count, v.maxValue(99))]) },
  /** Of a token as it is shown, as JSON. */
  copyContents: {
    channel: 'inspector:copy-contents',
    args: v.strictTuple([v.picklist(['id-token', 'access-token', 'userinfo'])]),
  },
  /** The request of a step, by the number of its attempt and its own, as a command for curl without secrets. */
  copyRequest: { channel: 'inspector:copy-request', args: v.strictTuple([count, count]) },
  /** All of an attempt; into a file that main's dialog asks for. */
  exportAttempt: {
    channel: 'inspector:export-attempt',
    args: v.strictTuple([
      count,
      v.picklist(['markdown', 'json']),
      v.picklist(['clipboard', 'file']),
    ]),
  },
  /** Ends the app, installs what `update` tells of, and starts it again. */
  restartToUpdate: { channel: 'session:restart-to-update', args: v.strictTuple([]) },
  /** By a file that main's dialog asks for. */
  chooseProfile: { channel: 'settings:choose-profile', args: v.strictTuple([]) },
  revealPid: { channel: 'session:reveal-pid', args: v.strictTuple([v.boolean()]) },
  setLanguage: { channel: 'settings:set-language', args: v.strictTuple([v.picklist(languages)]) },
} as const
export type Intent = keyof typeof intents
export type Copied = IntentArguments<'copyContents'>[0]
export type IntentArguments<I extends Intent> = v.InferOutput<(typeof intents)[I]['args']>

/** What the inspector asks for; answered by an `Inspection`, or null when main refuses. */
export const inspectChannel = 'session:inspect'

/** Whether a snapshot is that of the start: nobody is logged in, and nothing has happened yet. */
export function isStart(shown: Snapshot): boolean {
  const { status, attempt, error, providerLogout, retryInMs } = shown
  const nothingToTell = error === null && providerLogout === null && retryInMs === null
  return status === 'signed-out' && attempt === 0 && nothingToTell
}

/** The event that brings a new snapshot to the renderer. */
export const snapshotChannel = 'session:snapshot'

export const snapshotSchema = snapshot
export const replySchema = reply

/** What `window.idporten` offers to the renderer: named functions, nothing of Electron. */
export type Bridge = {
  readonly [I in Intent]: (...args: IntentArguments<I>) => Promise<Reply>
} & {
  /** Calls back with every new snapshot until the returned function is called. */
  readonly onSnapshot: (listener: (snapshot: Snapshot) => void) => () => void
  /** Fetches what the inspector shows; null when main refuses. */
  readonly inspect: () => Promise<Inspection | null>
}
