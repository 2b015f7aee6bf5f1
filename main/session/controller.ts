import type { JWK } from 'jose'
import {
  type ErrorCode,
  errors,
  type Failure,
  type Language,
  type Snapshot,
} from '../../preload/contract.ts'
import { toAppError } from '../errors.ts'
import { redactText } from '../redact.ts'
import { createProviderLogouts } from './logout.ts'
import type { LogoutRecord } from './logout-record.ts'
import {
  type ApiCall,
  type Event,
  type ProviderLogout,
  initialState,
  inProgress,
  reduce,
  type SignedIn,
  type State,
} from './state.ts'
import { createIdleWatch } from './idle.ts'
import type { Profile } from './profile.ts'
import { toSnapshot } from './view.ts'
import type { Vault } from './vault/vault.ts'
import {
  acrIsEnough,
  type ApiAnswer,
  type LoginAttempt,
  callApi,
  type CallbackTexts,
  cleanError,
  type Clock,
  createHttp,
  createPeerCheck,
  createProviderCache,
  type Fetch,
  fetchUserinfo,
  type Http,
  isForeign,
  type Login,
  LoginError,
  type LoginPolicy,
  MalformedTokenResponse,
  otherPerson,
  type PeerCheck,
  type ProofKey,
  type RejectionReason,
  renewByRefreshToken,
  restoreProofKey,
  Secret,
  secretRemover,
  secretsOf,
  startLogin,
  withoutSecrets,
} from '../login/index.ts'

/** What the controller needs of the world; everything of Electron comes in through here. */
export interface ControllerOptions {
  /** The profile, or why there is none. */
  readonly profile: Profile | LoginError<ErrorCode>
  readonly language: Language
  readonly clock: Clock
  readonly fetch: Fetch
  /** Where a login is kept when the profile says so. */
  readonly vault: Vault
  /** What is still to be done about sessions that have ended. */
  readonly logoutRecord: LogoutRecord
  readonly texts: (language: Language) => CallbackTexts
  readonly openBrowser: (address: string) => Promise<void>
  readonly copy: (text: string) => Promise<void>
  /** Tells whose a connection to the listener is; by default the system is asked. */
  readonly peer?: PeerCheck
  /** Called with each outcome of a login, so that the window can come to the front. */
  readonly onOutcome: () => void
  readonly onSnapshot: (snapshot: Snapshot) => void
  readonly onLanguage: (language: Language) => void
  readonly log: (event: string, details?: Readonly<Record<string, unknown>>) => void
}

export interface Controller {
  readonly snapshot: () => Snapshot
  readonly signIn: () => Promise<void>
  readonly cancel: () => Promise<void>
  readonly reopenBrowser: () => Promise<void>
  readonly copyLink: () => Promise<void>
  readonly prolong: () => void
  readonly signOut: () => void
  /** Forgets this person and asks the provider for a fresh login. */
  readonly switchUser: () => void
  readonly renew: () => Promise<void>
  /** Calls an API of the profile by its place in the list. */
  readonly callApi: (index: number) => Promise<void>
  readonly revealPid: (revealed: boolean) => void
  readonly setLanguage: (language: Language) => void
  /** The window got input from a keyboard, a mouse or a finger. */
  readonly input: () => void
  /** The computer goes to sleep, or the screen is locked: nobody is there. */
  readonly suspended: () => void
  /** The computer has woken: what stood still meanwhile is made up for, and the window is told. */
  readonly resumed: () => void
  /** Ends everything; resolves when no attempt and no session is left. What was kept stays. */
  readonly close: () => Promise<void>
}

/** The session that is on, with its tokens: they are in no state and leave this closure for requests only. */
interface Live {
  readonly id: number
  readonly profile: Profile
  login: Login
  /** The renewal that is under way. */
  renewal: Promise<boolean> | null
  /** In monotonic milliseconds; null when the provider did not say. */
  refreshTokenEndsAt: number | null
  /** The last activity that the stored session knows of, in monotonic milliseconds. */
  activityKeptAt: number
}

/** Runs the effects of the session; its state goes through `reduce` alone. */
export function createController(options: ControllerOptions): Controller {
  const { clock, log, vault, logoutRecord } = options
  const discovery = createProviderCache(clock)
  const peer =
    options.peer ??
    createPeerCheck({ onUnknown: (reason) => log('connections not checked', { reason }) })
  const profile = 'issuer' in options.profile ? options.profile : null
  let state = initialState(options.language)
  let attempt: LoginAttempt | null = null
  let live: Live | null = null
  /** What is being written or removed; the end of the app waits for it. */
  let storing: Promise<unknown> = Promise.resolve()
  /** Ends the requests of the session: a renewal, a call, userinfo. */
  let sessionEnd = new AbortController()
  let stopRenewal = (): void => {}
  let rejections = 0
  let stopRetryTimer = (): void => {}

  const presence = createIdleWatch({
    clock,
    onIdle: () => {
      // The window says that the app forgets the person, so the provider must not let them in unasked.
      if (live !== null) logoutRecord.change(live.profile.issuer, { freshLogin: true })
      endSession(expired)
    },
    onMoved: (endsAt) => {
      if (live === null) return
      dispatch({ type: 'session-changed', login: live.id, change: { endsAt } })
      keepActivity(live)
    },
  })

  // Asked for anew with every page: the person may change the language in the middle.
  const currentTexts: CallbackTexts = {
    get lang() {
      return options.texts(state.language).lang
    },
    get appName() {
      return options.texts(state.language).appName
    },
    text: (...about) => options.texts(state.language).text(...about),
  }

  const show = (of: State): Snapshot => toSnapshot(of, profile, clock.monotonic())

  const dispatch = (event: Event): boolean => {
    const next = reduce(state, event)
    if (next === state) return false
    if (next.status !== state.status) log('status', { status: next.status, attempt: next.attempt })
    // Made first: a state that cannot be shown is never entered.
    const shown = show(next)
    state = next
    options.onSnapshot(shown)
    return true
  }

  const httpUntil = (signal: AbortSignal): Http =>
    createHttp({ fetch: options.fetch, clock, signal })

  const providerLogouts = createProviderLogouts({
    clock,
    http: httpUntil,
    texts: currentTexts,
    openBrowser: options.openBrowser,
    record: logoutRecord,
    peer,
    onChange: (change) => dispatch({ type: 'provider-logout-changed', change }),
    log,
  })

  // --- one login or one renewal through the browser

  const begin = (policy: LoginPolicy, id: number, renews: Live | null): LoginAttempt => {
    rejections = 0
    const started = startLogin({
      ...policy,
      ...(renews && {
        renews: { claims: renews.login.claims, proofKey: renews.login.proofKey },
      }),
      texts: currentTexts,
      loginTimeout: (profile?.loginTimeoutSeconds ?? 0) * 1000,
      providerCache: discovery,
      fetch: options.fetch,
      clock,
      peer,
      openBrowser: options.openBrowser,
      onEvent: (event) => {
        if (event.type === 'rejected-request') rejectedRequest(id, event.reason)
        else if (event.type === 'push-refused') {
          log('push refused', { reason: event.reason })
          dispatch({ ...event, reason: redactText(event.reason), attempt: id })
        } else dispatch({ ...event, attempt: id })
      },
    })
    attempt = started
    const forget = (): void => {
      if (attempt === started) attempt = null
    }
    started.result.then(forget, forget)
    return started
  }

  /** A flood of rejected requests must fill neither the log nor the bridge. */
  const rejectedRequest = (id: number, reason: RejectionReason): void => {
    rejections += 1
    if (rejections <= maxLoggedRejections) log('rejected request', { reason })
    if (isForeign(reason)) dispatch({ type: 'request-rejected', attempt: id })
  }

  const start = async (of: Profile, asked = of.prompt): Promise<void> => {
    const id = state.attempt + 1
    if (!dispatch({ type: 'sign-in-started', attempt: id })) return
    providerLogouts.overtaken(of.issuer)
    // Who has signed out must not be let in again unasked, as long as the provider may still know them.
    const prompt = logoutRecord.read(of.issuer).freshLogin ? 'login' : asked
    const started = begin({ ...loginPolicy(of, state.language), prompt }, id, null)
    try {
      const login = await started.result
      if (login === null) dispatch({ type: 'cancelled', attempt: id })
      else if (signedIn(login, of, id)) {
        if (prompt === 'login') logoutRecord.change(of.issuer, { freshLogin: false })
        options.onOutcome()
      }
    } catch (error) {
      const failure = toFailure(toAppError(error), started.reference)
      log('login failed', { error, reference: failure.reference })
      const retryAt = backOffUntil(id, toAppError(error).retryAfter)
      if (dispatch({ type: 'failed', attempt: id, error: failure, retryAt })) options.onOutcome()
      else stopRetryTimer()
    }
  }

  /** Respects `Retry-After`: until the returned monotonic time nothing can be started; null when there is none. */
  const backOffUntil = (id: number, retryAfter: number | null): number | null => {
    if (retryAfter === null) return null
    const wait = retryAfter * 1000
    stopRetryTimer()
    stopRetryTimer = clock.after(wait, () => dispatch({ type: 'retry-allowed', attempt: id }))
    return clock.monotonic() + wait
  }

  /** Ends what is over: a sleep is counted, but by no timer. */
  const look = (): void => {
    presence.look()
    attempt?.checkDeadline()
    if (state.retryAt !== null && clock.monotonic() >= state.retryAt) {
      dispatch({ type: 'retry-allowed', attempt: state.attempt })
    }
  }

  // --- the session

  const signedIn = (login: Login, of: Profile, id: number): boolean => {
    const limit = of.inactivityMinutes * 60_000
    const session = { ...toSession(id, login, of), endsAt: clock.monotonic() + limit }
    if (!dispatch({ type: 'signed-in', attempt: id, session })) return false
    const begun = {
      id,
      profile: of,
      login,
      renewal: null,
      refreshTokenEndsAt: refreshTokenEnd(login),
      activityKeptAt: clock.monotonic(),
    }
    live = begun
    sessionEnd = new AbortController()
    presence.begin(limit)
    void keepLogin(begun)
    void askUserinfo(begun)
    return true
  }

  const toSession = (id: number, login: Login, of: Profile): Omit<SignedIn, 'endsAt'> => {
    const asked = loginPolicy(of, state.language).scope.split(' ')
    const former = state.session
    return {
      login: id,
      claims: login.claims,
      accessTokenClaims: login.accessTokenClaims,
      userinfo: former?.userinfo ?? null,
      checks: login.checks,
      accessTokenEndsAt:
        login.accessTokenLife === null ? null : clock.monotonic() + login.accessTokenLife * 1000,
      refusedScopes: asked.filter((scope) => !login.scope.includes(scope)),
      refreshableUntil:
        login.refreshToken === null ? null : (refreshTokenEnd(login) ?? Number.POSITIVE_INFINITY),
      remembered: former?.remembered ?? 'off',
      apis: of.apis.map((api, index) => ({
        name: api.name,
        granted: api.scope.split(' ').every((scope) => login.scope.includes(scope)),
        running: former?.apis[index]?.running ?? false,
        answer: former?.apis[index]?.answer ?? null,
        failure: former?.apis[index]?.failure ?? null,
      })),
      problem: null,
    }
  }

  const refreshTokenEnd = ({ refreshToken, refreshTokenLife }: Login): number | null =>
    refreshToken === null || refreshTokenLife === null
      ? null
      : clock.monotonic() + refreshTokenLife * 1000

  /** Ends the session here and now: tokens gone, requests ended, nothing kept. */
  const endSession = (
    error: Failure | null,
    providerLogout: ProviderLogout | null = null,
  ): Live | null => {
    const ended = live
    live = null
    presence.stop()
    sessionEnd.abort()
    if (state.status === 'signed-in') attempt?.cancel()
    if (ended !== null) void store(vault.clear())
    dispatch({ type: 'signed-out', error, providerLogout })
    return ended
  }

  /** Every user action is activity; false when the session has ended by itself before it. */
  const active = (): boolean => {
    const endsAt = presence.touch()
    if (endsAt === null || live === null) return false
    dispatch({ type: 'session-changed', login: live.id, change: { endsAt } })
    keepActivity(live)
    return true
  }

  const askUserinfo = async (of: Live): Promise<void> => {
    const { login } = of
    if (login.provider.userinfo_endpoint === undefined || !login.scope.includes('profile')) return
    try {
      const userinfo = await fetchUserinfo(login, of.profile.clientId, httpUntil(sessionEnd.signal))
      const clean = secretRemover(secretsOf(login))
      dispatch({ type: 'session-changed', login: of.id, change: { userinfo: clean(userinfo) } })
    } catch (error) {
      // What the ID token says does not depend on it.
      if (live === of) log('userinfo failed', { error: withoutSecrets(error, login) })
    }
  }

  // --- what outlives the process

  const store = async (work: Promise<void>): Promise<void> => {
    storing = Promise.allSettled([storing, work])
    await work
  }

  const keepLogin = async (of: Live): Promise<void> => {
    const { refreshToken } = of.login
    if (!of.profile.remember) return
    if (refreshToken !== null) await keepNext(of, refreshToken)
    // What is kept from before is not this login's, and may be another person's.
    else await store(vault.clear())
  }

  /** What cannot be kept is not remembered, and nothing older stays in its place: it is spent. */
  const keepNext = async (of: Live, refreshToken: Secret): Promise<void> => {
    const change = (changes: Partial<SignedIn>): void => {
      dispatch({ type: 'session-changed', login: of.id, change: changes })
    }
    try {
      await keep(of, refreshToken)
      // A renewal was faster than the system's encryption: what it brought is what counts.
      const { refreshToken: newest } = of.login
      if (live === of && newest !== null && newest !== refreshToken) {
        await keepNext(of, newest)
      } else if (state.session?.remembered !== 'kept') change({ remembered: 'kept' })
    } catch (error) {
      log('vault', { error })
      // What is kept by now may belong to the next login.
      if (live === of) await vault.clear()
      change({ remembered: 'unavailable', problem: toFailure(toAppError(error), '') })
    }
  }

  /** The same moment as Unix time: what outlives the process cannot be told in monotonic time. */
  const onWallClock = (monotonic: number): number => clock.now() + monotonic - clock.monotonic()

  const keep = async (of: Live, refreshToken: Secret): Promise<void> => {
    const { claims, provider, proofKey, nonce, scope } = of.login
    if (live !== of) return
    of.activityKeptAt = presence.lastActivity()
    await store(
      vault.write({
        issuer: provider.issuer,
        clientId: of.profile.clientId,
        refreshToken,
        refreshTokenExpiresAt:
          of.refreshTokenEndsAt === null ? null : onWallClock(of.refreshTokenEndsAt),
        proofKey: proofKey?.jwk ?? null,
        nonce,
        scope,
        claims,
        activeAt: onWallClock(of.activityKeptAt),
      }),
    )
  }

  /** Lets a later run know when the person was active last, not more often than a disk should be asked. */
  const keepActivity = (of: Live, atTheEnd = false): void => {
    const { refreshToken } = of.login
    if (refreshToken === null || state.session?.remembered !== 'kept') return
    const interval = Math.min(activityInterval, of.profile.inactivityMinutes * 15_000)
    // At the end always: the wall clock, by which a later run counts, may have been set meanwhile.
    if (!atTheEnd && presence.lastActivity() - of.activityKeptAt < interval) return
    // The older time that stays is on the safe side.
    keep(of, refreshToken).catch((error: unknown) => log('vault', { error }))
  }

  /** Takes up a login that was kept; whatever is wrong with it, the person is simply signed out. */
  const restore = async (of: Profile): Promise<void> => {
    const owner = { issuer: of.issuer, clientId: of.clientId }
    const { signal } = sessionEnd
    const kept = of.remember ? await vault.read(owner) : null
    if (signal.aborted) return
    const acr = kept?.claims['acr']
    const away = kept === null ? 0 : clock.now() - kept.activeAt
    // A clock that went backwards tells nothing, so it counts as too long; one that was set by a moment does not.
    const awayTooLong = away < -clockStep || away >= of.inactivityMinutes * 60_000
    if (awayTooLong) logoutRecord.change(of.issuer, { freshLogin: true })
    const usable =
      kept !== null &&
      // Also after a sign-out whose process was killed before the vault was cleared.
      !logoutRecord.read(of.issuer).freshLogin &&
      (of.acrValues.length === 0 || (typeof acr === 'string' && acrIsEnough(acr, of.acrValues))) &&
      (kept.refreshTokenExpiresAt === null || kept.refreshTokenExpiresAt > clock.now()) &&
      of.dpop === (kept.proofKey !== null)
    if (!usable) {
      if (kept !== null || !of.remember) await vault.clear()
      dispatch({
        type: 'restored',
        error: null,
        providerLogout: providerLogouts.interrupted(of.issuer),
      })
      return
    }
    const late = new AbortController()
    const http = httpUntil(AbortSignal.any([signal, late.signal]))
    const stopTimer = clock.after(restoreLimit, () => late.abort(tooSlow()))
    try {
      const provider = await discovery.find(of.issuer, http)
      const proofKey = kept.proofKey === null ? null : await takeUp(kept.proofKey, clock)
      const unknown = new Secret('')
      const login = await renewByRefreshToken({
        login: {
          provider,
          claims: kept.claims,
          accessTokenClaims: null,
          checks: [],
          idToken: unknown,
          accessToken: unknown,
          accessTokenLife: null,
          refreshToken: kept.refreshToken,
          refreshTokenLife: null,
          scope: kept.scope,
          proofKey,
          nonce: kept.nonce,
        },
        refreshToken: kept.refreshToken,
        policy: loginPolicy(of, state.language),
        keys: discovery.keys(provider, http),
        http,
        clock,
        keep: async (refreshToken, life) => {
          const refreshTokenExpiresAt = life === null ? null : clock.now() + life * 1000
          // Who signs out while the answer is on its way is not remembered.
          if (signal.aborted) return
          const next = { ...kept, refreshToken, refreshTokenExpiresAt, activeAt: clock.now() }
          await store(vault.write(next)).catch(async (error: unknown) => {
            // The session begins all the same; what is kept has just been spent.
            log('vault', { error })
            await vault.clear()
          })
        },
      })
      if (signal.aborted) return
      if (!signedIn(login, of, state.attempt)) await vault.clear()
    } catch (error) {
      // Quitting is no reason to forget.
      if (signal.aborted) return
      const named = toAppError(otherPerson(error))
      const told = cleanError(named, secretRemover([kept.refreshToken, kept.nonce]))
      log('restoring failed', { error: told })
      // That nobody could be asked is no reason to forget; a refusal is, and needs no alarm at the start.
      const forgotten = endsTheSession(named)
      if (named.code === 'E_RENEWAL_SUBJECT') logoutRecord.change(of.issuer, { freshLogin: true })
      if (forgotten) await vault.clear()
      dispatch({
        type: 'restored',
        error: forgotten ? null : toFailure(told, ''),
        providerLogout: providerLogouts.interrupted(of.issuer),
      })
    } finally {
      stopTimer()
    }
  }

  // --- renewal

  /** Renews once, whoever asks and how often; true when there are new tokens. */
  const renew = async (): Promise<boolean> => {
    const of = live
    if (of === null || state.retryAt !== null) return false
    of.renewal ??= runRenewal(of).finally(() => {
      of.renewal = null
    })
    return await of.renewal
  }

  const runRenewal = async (of: Live): Promise<boolean> => {
    const { refreshToken } = of.login
    const usable = of.refreshTokenEndsAt === null || of.refreshTokenEndsAt > clock.monotonic()
    const id = state.attempt + 1
    if (refreshToken !== null && usable) {
      dispatch({ type: 'renewal-started', attempt: id, by: 'refresh-token' })
      return await finishRenewal(of, id, refresh(of, refreshToken))
    }
    dispatch({ type: 'renewal-started', attempt: id, by: 'browser' })
    const started = begin(loginPolicy(of.profile, state.language), id, of)
    return await finishRenewal(of, id, started.result, started)
  }

  const refresh = async (of: Live, refreshToken: Secret): Promise<Login | null> => {
    const stopped = new AbortController()
    stopRenewal = () => stopped.abort()
    const http = httpUntil(AbortSignal.any([stopped.signal, sessionEnd.signal]))
    try {
      return await renewByRefreshToken({
        login: of.login,
        refreshToken,
        policy: loginPolicy(of.profile, state.language),
        keys: discovery.keys(of.login.provider, http),
        http,
        clock,
        keep: async (next, life) => {
          // What the provider has spent must not be used again, whatever becomes of the rest.
          of.login = { ...of.login, refreshToken: next }
          of.refreshTokenEndsAt = life === null ? null : clock.monotonic() + life * 1000
          if (of.profile.remember && state.session?.remembered !== 'unavailable') {
            await keepNext(of, next)
          }
        },
      })
    } catch (error) {
      // A cancel keeps the session, but not when somebody else was in the answer.
      if (stopped.signal.aborted && !endsTheSession(toAppError(otherPerson(error)))) {
        return null
      }
      throw error
    } finally {
      stopRenewal = () => {}
    }
  }

  const finishRenewal = async (
    of: Live,
    id: number,
    result: Promise<Login | null>,
    inBrowser: LoginAttempt | null = null,
  ): Promise<boolean> => {
    try {
      const login = await result
      if (login === null) {
        dispatch({ type: 'renewal-ended', attempt: id, problem: null, retryAt: null })
        return false
      }
      of.login = login
      of.refreshTokenEndsAt = refreshTokenEnd(login)
      // An answer is no presence: whoever is away stays away.
      presence.look()
      const endsAt = state.session?.endsAt
      if (live !== of || endsAt === undefined) return false
      const session = { ...toSession(of.id, login, of.profile), endsAt }
      dispatch({ type: 'renewed', attempt: id, session })
      if (session.userinfo === null) void askUserinfo(of)
      if (inBrowser !== null) {
        void keepLogin(of)
        options.onOutcome()
      }
      return true
    } catch (error) {
      if (live !== of) return false
      const named = toAppError(otherPerson(error))
      const told = withoutSecrets(named, of.login)
      const failure = toFailure(told, inBrowser?.reference ?? '')
      log('renewal failed', { error: told, reference: failure.reference })
      if (endsTheSession(named)) {
        // The browser belongs to somebody else now: who signs in next must not be let in as them.
        if (named.code === 'E_RENEWAL_SUBJECT') {
          logoutRecord.change(of.profile.issuer, { freshLogin: true })
        }
        endSession(failure)
      } else {
        const retryAt = backOffUntil(id, named.retryAfter)
        dispatch({ type: 'renewal-ended', attempt: id, problem: failure, retryAt })
      }
      if (inBrowser !== null) options.onOutcome()
      return false
    }
  }

  // --- calls of APIs

  const callApiAt = async (index: number): Promise<void> => {
    const of = live
    const api = of?.profile.apis[index]
    const known = state.session?.apis[index]
    if (of === null || api === undefined || known?.granted !== true || known.running) return
    const change = (changes: Partial<Omit<ApiCall, 'name'>>): void => {
      dispatch({ type: 'api-changed', login: of.id, index, change: changes })
    }
    change({ running: true, answer: null, failure: null })
    const { signal } = sessionEnd
    const secrets: Secret[] = []
    const call = async (): Promise<ApiAnswer> => {
      const { login } = of
      secrets.push(...secretsOf(login))
      return await callApi({ api, login, http: httpUntil(signal), clock })
    }
    try {
      const ends = state.session?.accessTokenEndsAt ?? null
      const expiredToken = ends !== null && ends <= clock.monotonic()
      if (expiredToken && !(await renew())) return change({ running: false })
      const { login: used } = of
      let answer = await call()
      if (live !== of) return
      // Once: an API that refuses fresh tokens as well has its reasons. Another call may have renewed them.
      if (answer.httpStatus === 401 && !expiredToken) {
        if (of.login !== used || (await renew())) answer = await call()
      }
      change({ running: false, answer: secretRemover(secrets)(answer) })
    } catch (error) {
      if (live !== of) return
      const told = withoutSecrets(error, of.login)
      log('API call failed', { error: told, api: api.name })
      change({ running: false, failure: toFailure(told, '') })
    }
  }

  // --- sign-out

  const signOut = (): void => {
    if (live !== null) endSession(null, providerLogouts.begin(live.login, live.profile, true))
    // A login that is just being taken up is not wanted.
    if (state.status !== 'restoring') return
    sessionEnd.abort()
    void store(vault.clear())
    if (profile !== null) logoutRecord.change(profile.issuer, { freshLogin: true })
    const left = profile === null ? null : providerLogouts.interrupted(profile.issuer)
    dispatch({ type: 'restored', error: null, providerLogout: left })
  }

  const cancel = async (): Promise<void> => {
    stopRenewal()
    const current = attempt
    if (current === null) return
    current.cancel()
    await current.result.catch(() => null)
  }

  if (profile === null) {
    const restored = toFailure(toAppError(options.profile), '')
    log('profile', { error: options.profile })
    queueMicrotask(() => dispatch({ type: 'restored', error: restored, providerLogout: null }))
  } else {
    void restore(profile)
  }

  return {
    snapshot: () => {
      // Whoever asks after a long absence gets what is true by now.
      look()
      return show(state)
    },
    signIn: async () => {
      if (inProgress(state.status)) await attempt?.reopen()
      else if (profile !== null && state.status === 'signed-out' && state.retryAt === null) {
        void start(profile)
      }
    },
    cancel,
    reopenBrowser: async () => {
      await attempt?.reopen()
    },
    copyLink: async () => {
      const link = (await attempt?.link()) ?? null
      if (link !== null) await options.copy(link)
    },
    prolong: () => attempt?.prolong(),
    signOut,
    switchUser: () => {
      const of = live
      if (of === null) return
      // A fresh login at the provider takes the place of its logout.
      providerLogouts.begin(of.login, of.profile, false)
      endSession(null)
      void start(of.profile, 'login')
    },
    renew: async () => {
      if (active()) await renew()
    },
    callApi: async (index) => {
      if (active()) await callApiAt(index)
    },
    revealPid: (revealed) => {
      if (active()) dispatch({ type: 'pid-revealed', revealed })
    },
    setLanguage: (language) => {
      if (dispatch({ type: 'language-chosen', language })) options.onLanguage(language)
    },
    input: presence.input,
    suspended: presence.suspended,
    resumed: () => {
      presence.resumed()
      look()
      dispatch({ type: 'resumed' })
    },
    close: async () => {
      stopRetryTimer()
      const logoutsEnded = providerLogouts.close()
      if (live !== null) keepActivity(live, true)
      await cancel()
      live = null
      presence.stop()
      sessionEnd.abort()
      dispatch({ type: 'signed-out', error: null, providerLogout: null })
      await Promise.all([logoutsEnded, storing])
    },
  }
}

/** Lines in the log for what is refused in one attempt. */
const maxLoggedRejections = 20
/** Milliseconds by which a time server may put a clock back without anybody noticing. */
const clockStep = 5000
/** Milliseconds of activity that the stored session may not know of when the process is killed. */
const activityInterval = 60_000
/** Milliseconds for all requests that bring back a login that was kept. */
const restoreLimit = 15_000

/** A key that is none ends what it was kept for. */
async function takeUp(jwk: JWK, clock: Clock): Promise<ProofKey> {
  return await restoreProofKey(jwk, clock).catch((cause: unknown) => {
    throw new LoginError('E_RENEWAL_REFUSED', 'vault: the key is not usable', { cause })
  })
}

function tooSlow(): LoginError {
  const reason = `no answer in ${restoreLimit} ms`
  return new LoginError('E_NETWORK_TIMEOUT', `restoring: ${reason}`, {
    detail: { key: 'restoring', reason },
  })
}

/** A renewal that brought something false ends the session; one that brought nothing does not. */
function endsTheSession(error: LoginError<ErrorCode>): boolean {
  const { category } = errors[error.code]
  return (
    category === 'session' || category === 'id-token' || error instanceof MalformedTokenResponse
  )
}

const expired: Failure = {
  code: 'E_SESSION_EXPIRED',
  ...errors.E_SESSION_EXPIRED,
  reference: '',
  detail: null,
  explanation: null,
  checks: [],
}

function loginPolicy(profile: Profile, language: Language): LoginPolicy {
  const scopes = [profile.scope, ...profile.apis.map((api) => api.scope)].join(' ').split(' ')
  return {
    issuer: profile.issuer,
    clientId: profile.clientId,
    redirectPath: profile.redirectPath,
    scope: [...new Set(scopes)].join(' '),
    acrValues: profile.acrValues,
    uiLocales: profile.uiLocales ?? language,
    prompt: profile.prompt,
    resource: profile.resource,
    authorizationDetails: profile.authorizationDetails,
    par: profile.par,
    dpop: profile.dpop,
    remember: profile.remember,
  }
}

function toFailure(error: LoginError<ErrorCode>, reference: string): Failure {
  const { code, detail, explanation, checks } = error
  return {
    code,
    ...errors[code],
    reference,
    // Part of it may be the provider's words.
    detail: detail && { key: redactText(detail.key), reason: redactText(detail.reason) },
    explanation,
    checks: checks.map((check) => ({ ...check, got: redactText(check.got) })),
  }
}
