import { randomBytes } from 'node:crypto'
import { cleanError, type Explanation, LoginError, toLoginError } from './errors.ts'
import {
  type AuthorizationAddress,
  type AuthorizationRequest,
  createAuthorizationRequest,
  type LoginPolicy,
} from './request/authorization.ts'
import type { CallbackTexts } from './callback/pages.ts'
import type { Clock } from './base/clock.ts'
import type { ProviderCache } from './provider/cache.ts'
import { createHttp, type Fetch, type HttpLimits } from './base/http.ts'
import { createProofKey, type ProofKey } from './request/dpop.ts'
import type { Claims } from './tokens/rules.ts'
import {
  type LoopbackListener,
  openLoopbackListener,
  type Outcome,
  type RefusalReason,
} from './callback/listener.ts'
import { createPeerCheck, type PeerCheck } from './callback/peer.ts'
import { Secret, secretRemover } from './base/secret.ts'
import { type Login, toLogin } from './tokens/result.ts'
import { verifyWithKeys } from './tokens/verification.ts'
import { checkCallback } from './callback/response.ts'
import { requestTokens } from './tokens/endpoint.ts'

/**
 * What may be wrong with the browser: the system refused to open it, none has come to a start address
 * for a while, or one came and has not returned for a while.
 */
export type BrowserHint = 'browser-failed' | 'browser-missing' | 'not-returned'

/** Milliseconds until a hint is given. On Linux the system says that a browser opened when none did. */
const missingAfter = 6000
const notReturnedAfter = 60_000
/** Milliseconds within which a second press to open the browser is taken for the first. */
const reopenPause = 300

/** Milliseconds for all requests before the browser is opened, and for all after it has returned. */
const phaseLimit = 15_000

/** What happens on the way, in this order; `deadline` is monotonic milliseconds. */
export type AttemptEvent =
  | { readonly type: 'waiting'; readonly deadline: number }
  | { readonly type: 'browser-arrived' }
  | { readonly type: 'hint'; readonly hint: BrowserHint }
  /** The provider refused the pushed request, and the browser was sent there with the ordinary one. */
  | {
      readonly type: 'push-refused'
      readonly reason: string
      readonly explanation: Explanation | null
    }
  | { readonly type: 'prolonged'; readonly deadline: number }
  | { readonly type: 'rejected-request'; readonly reason: RefusalReason }
  /** Somebody came to a start address that was spent already. */
  | { readonly type: 'start-address-reused' }
  | { readonly type: 'exchanging' }

export interface AttemptOptions {
  readonly policy: LoginPolicy
  /** The session that this login renews: it may only bring the same person. */
  readonly renews?: { readonly claims: Claims; readonly proofKey: ProofKey | null } | undefined
  readonly texts: CallbackTexts
  /** Time for the person to log in, in milliseconds. */
  readonly loginTimeout: number
  readonly limits?: HttpLimits
  readonly discovery: ProviderCache
  readonly fetch: Fetch
  readonly clock: Clock
  /** Tells whose a connection to the listener is; by default the system is asked. */
  readonly peer?: PeerCheck
  /** Opens the system browser. */
  readonly openBrowser: (address: string) => Promise<void>
  readonly onEvent: (event: AttemptEvent) => void
}

export interface Attempt {
  /** Shown in the window and on the callback page. */
  readonly reference: string
  /** Resolves with null when the attempt was cancelled; rejects with `LoginError`. The port is free when the browser has its last page, after five seconds at the latest. */
  readonly result: Promise<Login | null>
  /** Opens the browser once more for the same login. */
  reopen(): Promise<void>
  /** A fresh one-time link to the same login, for another browser; null before there is one. */
  link(): Promise<string | null>
  /** Gives the person the login time once more, from now. */
  prolong(): void
  /** Looks at the time that is left, of which no timer counts a sleep. */
  look(): void
  /** Ends the attempt; nothing that arrives later counts. */
  cancel(): void
}

/**
 * Starts one login: discovery, listener, authorization request, browser, callback, tokens, verification.
 * Leaving it by any way closes its listener, its timers and its requests.
 * Source: Digdir, "Autentisering til tykke klienter"; RFC 8252.
 */
export function startAttempt(options: AttemptOptions): Attempt {
  const { policy, clock, onEvent } = options
  const ended = new AbortController()
  const reference = createReference()
  const http = createHttp({
    fetch: options.fetch,
    clock,
    signal: ended.signal,
    ...(options.limits && { limits: options.limits }),
  })
  let opening: Promise<LoopbackListener> | null = null
  let mintLink: (() => Promise<string>) | null = null
  let lastOpened = Number.NEGATIVE_INFINITY
  let stopTimer = (): void => {}
  let stopHint = (): void => {}
  let deadline = Number.POSITIVE_INFINITY
  let arrivals = 0
  let handedOut = false
  /** What a push was refused with, and until when none is tried, in monotonic milliseconds. */
  let quiet: { readonly error: LoginError; readonly until: number } | null = null
  const secrets: Secret[] = []
  /** What the provider said to a push that it refused, without any secret. */
  let pushRefusal: LoginError | null = null

  const end = Promise.withResolvers<never>()
  end.promise.catch(() => {})
  const endWith = (error: unknown): void => {
    end.reject(error)
    ended.abort(error)
  }

  /** Gives the person until then, in monotonic milliseconds. */
  const waitUntil = (time: number): number => {
    deadline = time
    stopTimer()
    stopTimer = clock.after(deadline - clock.monotonic(), () => endWith(tooLate()))
    return deadline
  }
  const look = (): void => {
    if (mintLink === null) return
    if (clock.monotonic() >= deadline) endWith(tooLate())
    else waitUntil(deadline)
  }
  /** A phase in which nobody can do anything but wait does not outlast the patience of a person. */
  const limitPhase = (phase: 'preparing' | 'exchanging'): void => {
    stopTimer()
    stopTimer = clock.after(phaseLimit, () => endWith(tooSlow(phase)))
  }
  const startTimer = (): number => waitUntil(clock.monotonic() + options.loginTimeout)

  const hintAfter = (milliseconds: number, hint: BrowserHint): void => {
    stopHint()
    stopHint = clock.after(milliseconds, () => onEvent({ type: 'hint', hint }))
  }

  const tellPushRefusal = (): void => {
    if (pushRefusal === null) return
    const { detail, message, explanation } = pushRefusal
    onEvent({ type: 'push-refused', reason: detail?.reason ?? message, explanation })
  }

  /** The next address of the request; during a back-off the provider is not asked, and no secret is told. */
  const freshAddress = async (request: AuthorizationRequest): Promise<AuthorizationAddress> => {
    if (quiet !== null && clock.monotonic() < quiet.until) throw quiet.error
    try {
      return await request.address()
    } catch (error) {
      if (error === cancelled) throw error
      const named = cleanError(toLoginError(error), secretRemover(secrets))
      const { retryAfter } = named
      if (retryAfter !== null) {
        quiet = { error: named, until: clock.monotonic() + retryAfter * 1000 }
      }
      throw named
    }
  }

  const run = async (): Promise<Login> => {
    const startedAt = clock.monotonic()
    limitPhase('preparing')
    const finding = options.discovery.find(policy.issuer, http)
    opening = openLoopbackListener({
      redirectPath: policy.redirectPath,
      texts: options.texts,
      reference,
      clock,
      onArrival: () => {
        arrivals += 1
        onEvent({ type: 'browser-arrived' })
        hintAfter(notReturnedAfter, 'not-returned')
      },
      onStartReused: () => onEvent({ type: 'start-address-reused' }),
      onRejected: (reason) => onEvent({ type: 'rejected-request', reason }),
      peer: options.peer ?? createPeerCheck(),
    })
    const [provider, listener] = await Promise.all([finding, opening])
    ended.signal.throwIfAborted()
    const keys = options.discovery.keys(provider, http)
    const keysAreThere = keys.prepare()
    keysAreThere.catch(() => {})

    const { redirectUri, callback, startAddress, expect } = listener
    const proofKey =
      options.renews?.proofKey ??
      (policy.dpop === true ? await createProofKey(policy.remember === true, clock) : null)
    const request = await createAuthorizationRequest({
      provider,
      policy,
      redirectUri,
      proofKey,
      http,
      clock,
      onPushRefused: (refusal) => {
        pushRefusal = cleanError(refusal, secretRemover(secrets))
        // Before the browser is opened there is nobody to tell it to.
        if (mintLink !== null) tellPushRefusal()
      },
    })
    ended.signal.throwIfAborted()
    secrets.push(request.state, request.nonce, request.codeVerifier)
    expect(request.state)

    const mint = async (): Promise<string> => {
      let address = await freshAddress(request)
      return startAddress(async () => {
        try {
          if (clock.monotonic() >= address.goodUntil) address = await freshAddress(request)
          handedOut = true
          return address.url
        } catch (error) {
          // Another tab may be in the middle of this login.
          if (!handedOut) endWith(error)
          throw error
        }
      })
    }
    // Pushing a request may fail, and so may the keys: then no browser is opened.
    const firstLink = await mint()
    await keysAreThere
    ended.signal.throwIfAborted()
    mintLink = mint
    lastOpened = clock.monotonic()
    options.openBrowser(firstLink).catch((error: unknown) => {
      // The system may say so late, and wrongly: a browser that came has been opened.
      if (arrivals === 0) endWith(error)
    })
    onEvent({ type: 'waiting', deadline: startTimer() })
    tellPushRefusal()
    hintAfter(missingAfter, 'browser-missing')

    const parameters = await callback
    // No timer counts a sleep.
    if (clock.monotonic() >= deadline) throw tooLate()
    ended.signal.throwIfAborted()
    stopTimer()
    stopHint()
    mintLink = null
    secrets.push(new Secret(parameters.get('code') ?? ''))
    onEvent({ type: 'exchanging' })
    limitPhase('exchanging')
    const answer = checkCallback(provider, policy, parameters, request)
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
    // Both must agree, at the same time; ours is heard first, because it names the rule.
    const verifying = verifyWithKeys(tokens.idToken, keys, {
      issuer: provider.issuer,
      clientId: policy.clientId,
      accessToken: tokens.accessToken,
      renews:
        options.renews === undefined ? null : { claims: options.renews.claims, by: 'browser' },
      nonce: request.nonce,
      acrValues: policy.acrValues,
      attemptLasted: policy.prompt === 'login' ? Math.ceil(lasted / 1000) : null,
      now: Math.floor(receivedAt / 1000),
      clockSkew: skew === null ? null : skew / 1000,
    })
    const confirmed = tokens.confirm()
    confirmed.catch(() => {})
    const verified = await verifying
    await confirmed
    const asked = policy.scope.split(' ')
    return toLogin({
      provider,
      verified: { ...verified, checks: [...answer.checks, ...verified.checks] },
      idToken: tokens.idToken,
      response: tokens,
      former: { refreshToken: null, scope: asked, proofKey, nonce: request.nonce },
      secrets,
    })
  }

  const finish = async (outcome: Outcome): Promise<void> => {
    stopTimer()
    stopHint()
    mintLink = null
    // It may still be opening: then it closes at once.
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
      options.discovery.forget()
      if (error === cancelled) {
        void finish('cancelled')
        ended.abort()
        return null
      }
      const named = explainedByPush(
        cleanError(toLoginError(error), secretRemover(secrets)),
        pushRefusal,
      )
      ended.abort(named)
      void finish(named.code === 'E_LOGIN_DENIED' ? 'denied' : 'failed')
      throw named
    }
  }

  /** Null when there is no link yet, or none any more by the time that the provider has answered. */
  const freshLink = async (): Promise<string | null> => {
    const mint = mintLink
    if (mint === null) return null
    try {
      const link = await mint()
      return mintLink === mint ? link : null
    } catch (error) {
      if (mintLink !== mint) return null
      throw error
    }
  }
  /** Who asks again before there is an answer gets the same one. */
  let copying: Promise<string | null> | null = null
  let reopening = false

  return {
    reference,
    result: settle(),
    reopen: async () => {
      if (reopening || clock.monotonic() - lastOpened < reopenPause) return
      lastOpened = clock.monotonic()
      reopening = true
      const link = await freshLink().finally(() => {
        reopening = false
      })
      if (link === null) return
      // Not the end this time: a browser may be open already, and the link can still be copied.
      hintAfter(missingAfter, 'browser-missing')
      const before = arrivals
      await options.openBrowser(link).catch(() => {
        if (arrivals > before) return
        stopHint()
        onEvent({ type: 'hint', hint: 'browser-failed' })
      })
    },
    link: () =>
      (copying ??= freshLink().finally(() => {
        copying = null
      })),
    look,
    prolong: () => {
      if (mintLink !== null) onEvent({ type: 'prolonged', deadline: startTimer() })
    },
    cancel: () => endWith(cancelled),
  }
}

const cancelled = new Error('cancelled')

function tooLate(): LoginError {
  return new LoginError('E_LOGIN_TIMEOUT', 'login: no answer from the browser in time')
}

function tooSlow(phase: string): LoginError {
  const reason = `no answer in ${phaseLimit} ms`
  return new LoginError('E_NETWORK_TIMEOUT', `${phase}: ${reason}`, {
    detail: { key: phase, reason },
  })
}

/**
 * A login that the provider's own page has kept, because it does not know the app for example, ends with
 * nothing but the time running out: what was said to the push is all that is known of the reason.
 */
function explainedByPush(failure: LoginError, pushRefusal: LoginError | null): LoginError {
  const { code, message, cause, detail, explanation, checks, retryAfter } = failure
  const unexplained = code === 'E_LOGIN_REFUSED' && explanation === null
  if (pushRefusal === null || (code !== 'E_LOGIN_TIMEOUT' && !unexplained)) return failure
  const said = pushRefusal.detail
  return new LoginError(code, `${message}; ${pushRefusal.message}`, {
    cause,
    detail:
      detail === null || said === null
        ? said
        : { key: detail.key, reason: `${detail.reason}; ${said.key}: ${said.reason}` },
    explanation: pushRefusal.explanation,
    checks,
    retryAfter,
  })
}

/** A short name for the attempt that a person can read aloud; no letters that look alike. */
function createReference(): string {
  // 32, so that each is as likely as the others.
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
  return Array.from(randomBytes(6), (byte) => letters[byte % letters.length]).join('')
}
