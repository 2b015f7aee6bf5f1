import { errors, type Failure, type Language, type Snapshot } from '../../preload/contract.ts'
import { type AppError, toAppError } from '../errors.ts'
import { type Attempt, type Login, startAttempt } from '../login/attempt.ts'
import type { LoginPolicy } from '../login/authorization-request.ts'
import type { CallbackTexts } from '../login/callback-pages.ts'
import type { Clock } from '../login/clock.ts'
import { createDiscovery } from '../login/discovery.ts'
import type { Fetch } from '../login/http.ts'
import { redactText } from '../redact.ts'
import { type Event, initialState, inProgress, reduce } from './machine.ts'
import type { Profile } from './profile.ts'
import { toSnapshot } from './snapshot.ts'

/** What the controller needs of the world; everything of Electron comes in through here. */
export interface ControllerOptions {
  /** The profile, or why there is none. */
  readonly profile: Profile | AppError
  readonly language: Language
  readonly clock: Clock
  readonly fetch: Fetch
  readonly texts: (language: Language) => CallbackTexts
  readonly openBrowser: (address: string) => Promise<void>
  readonly copy: (text: string) => Promise<void>
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
  readonly revealPid: (revealed: boolean) => void
  readonly setLanguage: (language: Language) => void
  /** The computer goes to sleep. */
  readonly suspended: () => void
  /** The computer has woken: what stood still meanwhile is made up for, and the window is told. */
  readonly resumed: () => void
  /** Ends everything; resolves when no attempt and no session is left. */
  readonly close: () => Promise<void>
}

/** Runs the effects of the session; its state goes through `reduce` alone. */
export function createController(options: ControllerOptions): Controller {
  const { clock, log } = options
  const discovery = createDiscovery(clock)
  const profile = 'issuer' in options.profile ? options.profile : null
  let state = initialState(options.language)
  let attempt: Attempt | null = null
  let strays = 0
  let asleep: { readonly wall: number; readonly monotonic: number } | null = null
  let stopSessionTimer = (): void => {}
  let stopRetryTimer = (): void => {}

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

  const snapshot = (): Snapshot => toSnapshot(state, profile, clock.monotonic())

  const dispatch = (event: Event): boolean => {
    const next = reduce(state, event)
    if (next === state) return false
    if (next.status !== state.status) log('status', { status: next.status, attempt: next.attempt })
    // Made first: a state that cannot be shown is never entered.
    const shown = toSnapshot(next, profile, clock.monotonic())
    state = next
    options.onSnapshot(shown)
    return true
  }

  const endSession = (error: Failure | null): void => {
    stopSessionTimer()
    dispatch({ type: 'signed-out', error })
  }

  const start = (policy: Profile): void => {
    const id = state.attempt + 1
    strays = 0
    dispatch({ type: 'sign-in-started', attempt: id })
    const started = startAttempt({
      policy: loginPolicy(policy, state.language),
      texts: currentTexts,
      loginTimeout: policy.loginTimeoutSeconds * 1000,
      discovery,
      fetch: options.fetch,
      clock,
      openBrowser: options.openBrowser,
      onEvent: (event) => {
        if (event.type === 'stray-request') strayRequest(id, event.reason)
        else dispatch({ ...event, attempt: id })
      },
    })
    attempt = started
    void follow(started, policy, id)
  }

  /** A flood of strangers must fill neither the log nor the bridge. */
  const strayRequest = (id: number, reason: string): void => {
    strays += 1
    if (strays <= maxLoggedStrays) log('stray request', { reason })
    // A browser itself asks for icons and the like.
    if (reason !== 'path') dispatch({ type: 'stranger-refused', attempt: id })
  }

  const follow = async (started: Attempt, policy: Profile, id: number): Promise<void> => {
    try {
      const result = await started.result
      if (result === null) dispatch({ type: 'cancelled', attempt: id })
      else signedIn(result, policy, id)
    } catch (error) {
      const failure = toFailure(toAppError(error), started.reference)
      log('login failed', { error, reference: failure.reference })
      if (fail(id, failure, toAppError(error).retryAfter)) options.onOutcome()
    } finally {
      if (attempt === started) attempt = null
    }
  }

  /** A provider that asks for peace gets it: until then nothing can be started. */
  const fail = (id: number, error: Failure, retryAfter: number | null): boolean => {
    const wait = (retryAfter ?? 0) * 1000
    const retryAt = wait > 0 ? clock.monotonic() + wait : null
    if (!dispatch({ type: 'failed', attempt: id, error, retryAt })) return false
    if (wait > 0) {
      stopRetryTimer = clock.after(wait, () => dispatch({ type: 'retry-allowed', attempt: id }))
    }
    return true
  }

  const signedIn = (result: Login, policy: Profile, id: number): void => {
    const length = policy.inactivityMinutes * 60_000
    const session = {
      claims: result.claims,
      accessTokenClaims: result.accessTokenClaims,
      checks: result.checks,
      endsAt: clock.now() + length,
      accessTokenExpiresAt: result.accessTokenExpiresAt,
    }
    // The tokens end here: nothing uses them yet, so nothing keeps them.
    if (!dispatch({ type: 'signed-in', attempt: id, session })) return
    stopSessionTimer = clock.after(length, () => endSession(expired))
    options.onOutcome()
  }

  const cancel = async (): Promise<void> => {
    const current = attempt
    if (current === null || !inProgress(state.status)) return
    current.cancel()
    await current.result.catch(() => null)
  }

  const restored = profile === null ? toFailure(toAppError(options.profile), '') : null
  if (restored !== null) log('profile', { error: options.profile })
  queueMicrotask(() => dispatch({ type: 'restored', error: restored }))

  return {
    snapshot,
    signIn: async () => {
      if (inProgress(state.status)) await attempt?.reopen()
      else if (profile !== null && state.status === 'signed-out' && state.retryAt === null) {
        start(profile)
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
    signOut: () => endSession(null),
    revealPid: (revealed) => {
      dispatch({ type: 'pid-revealed', revealed })
    },
    setLanguage: (language) => {
      if (dispatch({ type: 'language-chosen', language })) options.onLanguage(language)
    },
    suspended: () => {
      asleep = { wall: clock.now(), monotonic: clock.monotonic() }
    },
    resumed: () => {
      if (asleep === null) return
      const counted = clock.monotonic() - asleep.monotonic
      const uncounted = clock.now() - asleep.wall - counted
      asleep = null
      if (uncounted > 0) attempt?.slept(uncounted)
      if (state.session !== null && clock.now() >= state.session.endsAt) endSession(expired)
      dispatch({ type: 'resumed' })
    },
    close: async () => {
      stopRetryTimer()
      await cancel()
      endSession(null)
    },
  }
}

/** Lines in the log for what is refused in one attempt. */
const maxLoggedStrays = 20

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
  }
}

function toFailure(error: AppError, reference: string): Failure {
  const { code, detail, explanation, checks } = error
  return {
    code,
    ...errors[code],
    reference,
    // Part of it may be the provider's words.
    detail: detail && { key: redactText(detail.key), reason: redactText(detail.reason) },
    explanation,
    checks: [...checks],
  }
}
