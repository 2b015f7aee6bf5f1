import { toAppError } from '../errors.ts'
import { type Login, renew as renewLogin } from '../login/index.ts'
import type { BackOff } from './back-off.ts'
import type { BrowserLogin, RunningLogin } from './browser-login.ts'
import type { Context } from './context.ts'
import { cleanFailure, endsTheSession } from './failures.ts'
import type { Live } from './live.ts'
import type { Remember } from './remember.ts'
import type { Session } from './session.ts'
import type { AskUserinfo } from './userinfo.ts'

/** Renews the session, with its refresh token or else through the browser. */
export interface Renewal {
  /** Renews once, whoever asks and how often; true when there are new tokens. Never throws. */
  readonly renew: () => Promise<boolean>
  /** Stops a renewal by refresh token; the session goes on. One in the browser is cancelled there. */
  readonly stop: () => void
}

type RenewalContext = Pick<
  Context,
  'calls' | 'clock' | 'log' | 'logoutRecord' | 'onOutcome' | 'providerCache' | 'store' | 'traces'
>

export function createRenewal(
  context: RenewalContext,
  parts: {
    readonly askUserinfo: AskUserinfo
    readonly backOff: BackOff
    readonly browserLogin: BrowserLogin
    readonly live: Live
    readonly remember: Remember
  },
): Renewal {
  const { clock, log, logoutRecord, onOutcome, store, traces } = context
  const { askUserinfo, backOff, browserLogin, live, remember } = parts
  /** The renewals that are under way, one of a session at most: that of an ended one may still be waited for. */
  const underWay = new WeakMap<Session, Promise<boolean>>()
  /** Stops the latest renewal by refresh token. */
  let stopping = new AbortController()

  const run = async (session: Session): Promise<boolean> => {
    const { login, profile, refreshTokenEndsAt } = session
    const usable = refreshTokenEndsAt === null || refreshTokenEndsAt > clock.monotonic()
    const attempt = store.state().attempt + 1
    if (login.refreshToken !== null && usable) {
      store.dispatch({ type: 'renewal-started', attempt, by: 'refresh-token' })
      traces.begin(attempt, 'renewal')
      stopping = new AbortController()
      const result = refresh(context, remember, session, stopping.signal)
      traces.follow(attempt, result)
      return await settle(session, attempt, result, null)
    }
    store.dispatch({ type: 'renewal-started', attempt, by: 'browser' })
    const { prompt } = profile
    const started = browserLogin.start({ attempt, profile, prompt, renews: session })
    return await settle(session, attempt, started.result, started)
  }

  const settle = async (
    session: Session,
    attempt: number,
    result: Promise<Login | null>,
    inBrowser: RunningLogin | null,
  ): Promise<boolean> => {
    try {
      const login = await result
      if (login === null) {
        store.dispatch({ type: 'renewal-ended', attempt, problem: null, retryAt: null })
        return false
      }
      // Stryker disable next-line BooleanLiteral: whoever waits for a session that has ended does nothing more
      if (!live.renew(session, login, attempt)) return false
      // Stryker disable next-line OptionalChaining: there is a session, so the compiler alone needs this
      if (store.state().session?.userinfo === null) void askUserinfo(session)
      if (inBrowser !== null) {
        void remember.login(session)
        onOutcome()
      }
      return true
    } catch (error) {
      if (!session.ended.aborted) fail(session, attempt, error, inBrowser)
      return false
    }
  }

  const fail = (
    session: Session,
    attempt: number,
    reason: unknown,
    inBrowser: RunningLogin | null,
  ): void => {
    const reference = inBrowser?.reference ?? ''
    const { error, failure } = cleanFailure(reason, reference)
    log('renewal failed', { error, reference })
    if (endsTheSession(error)) {
      // The browser belongs to somebody else now: who signs in next must not be let in as them.
      if (error.code === 'E_RENEWAL_SUBJECT') {
        logoutRecord.change(session.profile.issuer, { freshLogin: true })
      }
      live.end(failure)
    } else {
      const retryAt = backOff.begin(attempt, error.retryAfter)
      store.dispatch({ type: 'renewal-ended', attempt, problem: failure, retryAt })
    }
    if (inBrowser !== null) onOutcome()
  }

  return {
    renew: async () => {
      const session = live.session()
      // Stryker disable next-line ConditionalExpression,BooleanLiteral: who asks has a session, so the compiler alone needs this
      if (session === null) return false
      if (store.state().retryAt !== null) return false
      const renewal = underWay.get(session) ?? run(session).finally(() => underWay.delete(session))
      underWay.set(session, renewal)
      return await renewal
    },
    stop: () => stopping.abort(),
  }
}

/** Asks the provider for new tokens; resolves with null when that was stopped. Throws as `renew` of the login does. */
async function refresh(
  context: RenewalContext,
  remember: Remember,
  session: Session,
  stopped: AbortSignal,
): Promise<Login | null> {
  const { calls, providerCache } = context
  try {
    return await renewLogin(session.login, {
      ...calls(AbortSignal.any([stopped, session.ended])),
      providerCache,
      keep: async (next, life) => {
        // What the provider has spent must not be used again, whatever becomes of the rest.
        session.replaceRefreshToken(next, life)
        await remember.refreshToken(session)
      },
    })
  } catch (error) {
    // A stopped renewal keeps the session, but not when somebody else was in the answer.
    if (stopped.aborted && !endsTheSession(toAppError(error))) return null
    throw error
  }
}
