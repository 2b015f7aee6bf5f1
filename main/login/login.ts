import { createHttp, type Http } from './base/http.ts'
import { Secret, secretRemover } from './base/secret.ts'
import { type BrowserTrip, createBrowserTrip } from './browser-trip.ts'
import { type LoopbackListener, openLoopbackListener } from './callback/listener.ts'
import type { Outcome } from './callback/pages.ts'
import { createPeerCheck } from './callback/peer.ts'
import { checkCallback } from './callback/response.ts'
import { cleanError, failure, LoginError, toLoginError } from './errors.ts'
import { type LoginEvent, type LoginOptions, type LoginSettings, settingsOf } from './options.ts'
import type { KeySource } from './provider/keys.ts'
import type { Provider } from './provider/metadata.ts'
import { type AuthorizationRequest, createAuthorizationRequest } from './request/authorization.ts'
import { createProofKey, type ProofKey } from './request/dpop.ts'
import type { OpenStep } from './tracer.ts'
import { requestTokens } from './tokens/endpoint.ts'
import { type Login, secretsOf, toLogin } from './tokens/result.ts'
import type { IdTokenExpectation } from './tokens/rules.ts'
import { verifyWithKeys } from './tokens/verification.ts'

/** Milliseconds for all requests before the browser is opened, and for all after it has returned. */
const phaseLimit = 15_000

/** A login that is under way. */
export interface LoginAttempt {
  /** A short name to read aloud, shown on the page in the browser too. */
  readonly reference: string
  /**
   * Resolves with null when the login was cancelled; rejects with `LoginError`. The port is free when the
   * browser has its last page, after five seconds at the latest.
   */
  readonly result: Promise<Login | null>
  /** Opens the browser once more for the same login. */
  reopen(): Promise<void>
  /** A fresh one-time link to the same login, for another browser; null before there is one. */
  link(): Promise<string | null>
  /** Gives the person the login time once more, from now. */
  prolong(): void
  /** Ends the login when its time is up: call it when the computer wakes, because no timer counts a sleep. */
  checkDeadline(): void
  /** Ends the login; nothing that arrives later counts. */
  cancel(): void
}

/**
 * Starts one login: discovery, listener, authorization request, browser, callback, tokens, verification.
 * Leaving it by any way closes its listener, its timers and its requests. Never throws: what goes wrong
 * rejects `result`.
 *
 * @see Digdir, "Autentisering til tykke klienter"; RFC 8252
 */
export function startLogin(options: LoginOptions): LoginAttempt {
  return runLogin(settingsOf(options))
}

function runLogin(settings: LoginSettings): LoginAttempt {
  const { clock, reference } = settings
  const ended = new AbortController()
  /** Everything that may not be shown, as soon as it is known. */
  const secrets = settings.renews === undefined ? [] : secretsOf(settings.renews)
  let opening: Promise<LoopbackListener> | null = null
  let trip: BrowserTrip | null = null
  /** What the provider said to a push that it refused, without any secret. */
  let pushRefusal: LoginError | null = null
  let stopPhase = (): void => {}

  const end = Promise.withResolvers<never>()
  const endWith = (error: unknown): void => {
    end.reject(error)
    ended.abort(error)
  }
  const nameFailure = (error: unknown): unknown =>
    error === cancelled ? error : cleanError(toLoginError(error), secretRemover(secrets))

  const onEvent = guardEvents(settings.onEvent, endWith)
  const http = createHttp({ ...settings, signal: ended.signal, secrets })
  ended.signal.addEventListener('abort', () => http.tracer.end(ended.signal.reason))

  /** A phase in which nobody can do anything but wait does not outlast the patience of a person. */
  const limitPhase = (phase: 'preparing' | 'exchanging'): void => {
    stopPhase = clock.after(phaseLimit, () => endWith(tooSlow(phase)))
  }

  const run = async (): Promise<Login> => {
    const startedAt = clock.monotonic()
    limitPhase('preparing')
    const finding = settings.providerCache.find(settings.policy.issuer, http)
    // Stryker disable next-line OptionalChaining: nobody comes to a start address before a trip has made one
    opening = openListener({ ...settings, onEvent }, () => trip?.arrived())
    const [provider, listener] = await Promise.all([finding, opening])
    ended.signal.throwIfAborted()
    const prepared = await prepare(settings, provider, listener, http, (refusal) => {
      pushRefusal = cleanError(refusal, secretRemover(secrets))
      // Stryker disable next-line OptionalChaining: nothing is pushed before a trip asks for an address
      trip?.pushRefused(pushRefusal)
    })
    ended.signal.throwIfAborted()
    const { request } = prepared
    secrets.push(request.state, request.nonce, request.codeVerifier)
    listener.expect(request.state)
    trip = createBrowserTrip({
      request,
      startAddress: listener.startAddress,
      openBrowser: settings.openBrowser,
      loginTimeout: settings.loginTimeout,
      clock,
      nameFailure,
      onFailed: endWith,
      onEvent,
      tracer: http.tracer,
    })
    // Pushing a request may fail, and so may the keys: then no browser is opened.
    const firstLink = await trip.prepare()
    await prepared.keysAreThere
    ended.signal.throwIfAborted()
    stopPhase()
    trip.begin(firstLink)

    const parameters = await listener.callback
    const returning = trip.returned()
    ended.signal.throwIfAborted()
    // Stryker disable next-line StringLiteral: where no code came there is none to hide
    secrets.push(new Secret(parameters.reveal().get('code') ?? ''))
    onEvent({ type: 'exchanging' })
    limitPhase('exchanging')
    const exchange = { ...prepared, settings, provider, parameters, returning, http, secrets }
    return await exchangeAndVerify(exchange, startedAt)
  }

  const finish = async (outcome: Outcome): Promise<void> => {
    stopPhase()
    trip?.stop()
    // It may still be opening: then it closes at once.
    // Stryker disable next-line ArrowFunction: undefined is as little a listener as null is
    const listener = await opening?.catch(() => null)
    await listener?.finish(outcome)
  }

  const settle = async (): Promise<Login | null> => {
    try {
      const login = await Promise.race([run(), end.promise])
      // The page tells the outcome while the port is still open; nobody waits for it.
      setImmediate(() => void finish('signed-in'))
      ended.abort(cancelled)
      return login
    } catch (error) {
      settings.providerCache.forget()
      const reason = nameFailure(error)
      if (!(reason instanceof LoginError)) {
        void finish('cancelled')
        return null
      }
      const named = explainedByPush(reason, pushRefusal)
      ended.abort(named)
      void finish(named.code === 'E_LOGIN_DENIED' ? 'denied' : 'failed')
      throw named
    }
  }

  const result = settle()
  // Whoever awaits it later than it failed gets the failure all the same, and no process ends over it.
  result.catch(() => {})

  return {
    reference,
    result,
    reopen: async () => await trip?.reopen(),
    link: async () => (await trip?.link()) ?? null,
    prolong: () => trip?.prolong(),
    checkDeadline: () => trip?.checkDeadline(),
    cancel: () => endWith(cancelled),
  }
}

async function openListener(
  { policy, texts, reference, clock, onEvent, peer = createPeerCheck() }: LoginSettings,
  onArrival: () => void,
): Promise<LoopbackListener> {
  return await openLoopbackListener({
    redirectPath: policy.redirectPath,
    texts,
    reference,
    clock,
    peer,
    onArrival,
    onStartReused: () => onEvent({ type: 'start-address-reused' }),
    onRejected: (reason) => onEvent({ type: 'rejected-request', reason }),
  })
}

interface Prepared {
  readonly keys: KeySource
  /** Resolves when the keys have come; a provider whose keys do not come is found out before a browser opens. */
  readonly keysAreThere: Promise<void>
  readonly proofKey: ProofKey | null
  readonly request: AuthorizationRequest
}

/** Fetches the keys, and makes the authorization request meanwhile. */
async function prepare(
  settings: LoginSettings,
  provider: Provider,
  { redirectUri }: LoopbackListener,
  http: Http,
  onPushRefused: (refusal: LoginError) => void,
): Promise<Prepared> {
  const { policy, clock } = settings
  const keys = settings.providerCache.keys(provider, http)
  const keysAreThere = keys.prepare()
  keysAreThere.catch(() => {})
  const proofKey = await proofKeyFor(settings)
  const request = await createAuthorizationRequest({
    provider,
    policy,
    redirectUri,
    proofKey,
    http,
    clock,
    onPushRefused,
  })
  return { keys, keysAreThere, proofKey, request }
}

/** The key that the tokens are bound to: that of the session which is renewed, a new one, or none. */
async function proofKeyFor({ policy, renews, clock }: LoginSettings): Promise<ProofKey | null> {
  const former = renews?.proofKey
  if (former !== undefined && former !== null) return former
  return policy.dpop === true ? await createProofKey(policy.remember === true, clock) : null
}

/** What the browser came back with, and everything that its answer is checked against. */
interface Exchange extends Prepared {
  readonly settings: LoginSettings
  readonly provider: Provider
  readonly parameters: Secret<URLSearchParams>
  /** The callback in the trace. */
  readonly returning: OpenStep
  readonly http: Http
  /** Grows by the tokens. */
  readonly secrets: Secret[]
}

/** Checks the callback, requests the tokens, and verifies the ID token before anything is handed out. */
async function exchangeAndVerify(exchange: Exchange, startedAt: number): Promise<Login> {
  const { settings, provider, keys, proofKey, request, http, secrets } = exchange
  const { policy, clock, renews } = settings
  const answer = checkReturn(exchange)
  const tokens = await requestTokens({
    provider,
    clientId: policy.clientId,
    resource: policy.resource,
    proofKey,
    request,
    callback: answer.parameters,
    http,
  })
  for (const token of [tokens.idToken, tokens.accessToken, tokens.refreshToken]) {
    if (token !== null) secrets.push(token)
  }
  const receivedAt = clock.now()
  const skew = http.clockSkew()
  const lasted = clock.monotonic() - startedAt
  const expectation: IdTokenExpectation = {
    issuer: provider.issuer,
    clientId: policy.clientId,
    accessToken: tokens.accessToken,
    // Stryker disable next-line StringLiteral: any other text tells it from a refresh token as well
    renews: renews === undefined ? null : { claims: renews.claims, by: 'browser' },
    nonce: request.nonce,
    acrValues: policy.acrValues,
    attemptLasted: policy.prompt === 'login' ? Math.ceil(lasted / 1000) : null,
    now: Math.floor(receivedAt / 1000),
    // Stryker disable next-line ConditionalExpression: an unknown difference counts as none
    clockSkew: skew === null ? null : skew / 1000,
  }
  // Both must agree, at the same time; ours is heard first, because it names the rule.
  const verifying = verifyWithKeys(tokens.idToken, keys, expectation, http.tracer)
  const confirmed = tokens.confirm()
  confirmed.catch(() => {})
  const verified = await verifying
  await confirmed
  const asked = policy.scope.split(' ')
  return toLogin({
    provider,
    policy,
    verified: { ...verified, checks: [...answer.checks, ...verified.checks] },
    idToken: tokens.idToken,
    response: tokens,
    former: { refreshToken: null, scope: asked, proofKey, nonce: request.nonce },
    secrets,
  })
}

/** Checks the callback, and ends its step in the trace. */
function checkReturn({ settings, provider, parameters, request, returning }: Exchange) {
  const url = `${request.redirectUri}?${parameters.reveal().toString()}`
  const sent = { method: 'GET', url }
  try {
    const answer = checkCallback(provider, settings.policy, parameters, request)
    returning.done({ sent, checks: answer.checks })
    return answer
  } catch (error) {
    returning.failed(error, { sent })
    throw error
  }
}

const cancelled = new Error('cancelled')

/** A caller whose function throws hears of it by the result. */
function guardEvents(
  onEvent: (event: LoginEvent) => void,
  endWith: (error: unknown) => void,
): (event: LoginEvent) => void {
  return (event) => {
    try {
      onEvent(event)
    } catch (error) {
      endWith(error)
    }
  }
}

function tooSlow(phase: string): LoginError {
  return failure('E_NETWORK_TIMEOUT', phase, `no answer in ${phaseLimit} ms`)
}

/**
 * A login that the provider's own page has kept, because it does not know the app for example, ends with
 * nothing but the time running out: what was said to the push is all that is known of the reason.
 */
function explainedByPush(error: LoginError, pushRefusal: LoginError | null): LoginError {
  const { code, message, cause, detail, explanation, checks, retryAfter } = error
  const unexplained = code === 'E_LOGIN_REFUSED' && explanation === null
  if (pushRefusal === null || (code !== 'E_LOGIN_TIMEOUT' && !unexplained)) return error
  const said = pushRefusal.detail
  return new LoginError(code, `${message}; ${pushRefusal.message}`, {
    cause,
    detail:
      // Stryker disable next-line ConditionalExpression: every refusal of a push has a detail, so the compiler alone needs this
      detail === null || said === null
        ? said
        : { key: detail.key, reason: `${detail.reason}; ${said.key}: ${said.reason}` },
    explanation: pushRefusal.explanation,
    checks,
    retryAfter,
  })
}
