import {
  isForeign,
  type Login,
  type LoginAttempt,
  type RejectionReason,
  startLogin,
} from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanPushRefusal } from './failures.ts'
import { loginPolicy, type Profile } from './profile.ts'
import type { Session } from './session.ts'

/** Lines in the log for what is refused in one attempt. */
const maxLoggedRejections = 20

/** A login that has been started in the browser. */
export interface RunningLogin {
  /** Shown in the window and on the browser's page. */
  readonly reference: string
  /** Resolves with null when it was cancelled; rejects with `LoginError`. */
  readonly result: Promise<Login | null>
}

/** The login or renewal that is under way in the browser: one at most. */
export interface BrowserLogin {
  readonly start: (options: {
    /** The number of the attempt, which its events carry. */
    readonly attempt: number
    readonly profile: Profile
    readonly prompt: Profile['prompt']
    /** The session that the login renews: it may only bring the same person. */
    readonly renews: Session | null
  }) => RunningLogin
  /** Opens the browser once more for the same login. */
  readonly reopen: () => Promise<void>
  /** A fresh one-time link to the same login; null when there is none. */
  readonly link: () => Promise<string | null>
  /** Gives the person the time for a login once more, from now. */
  readonly prolong: () => void
  /** Ends a login whose time is over: no timer counts a sleep. */
  readonly checkDeadline: () => void
  /** Ends the login at once; resolves when it has ended. */
  readonly cancel: () => Promise<void>
}

export function createBrowserLogin(
  context: Pick<
    Context,
    | 'clock'
    | 'fetch'
    | 'log'
    | 'openBrowser'
    | 'peer'
    | 'providerCache'
    | 'store'
    | 'texts'
    | 'traces'
  >,
): BrowserLogin {
  const { clock, log, store, traces } = context
  let current: LoginAttempt | null = null

  /** A flood of rejected requests must fill neither the log nor the bridge. */
  const countRejections = (attempt: number): ((reason: RejectionReason) => void) => {
    let rejections = 0
    return (reason) => {
      rejections += 1
      if (rejections <= maxLoggedRejections) log('rejected request', { reason })
      if (isForeign(reason)) store.dispatch({ type: 'request-rejected', attempt })
    }
  }

  return {
    start: ({ attempt, profile, prompt, renews }) => {
      const rejected = countRejections(attempt)
      traces.begin(attempt, renews === null ? 'login' : 'renewal')
      const started = startLogin({
        ...loginPolicy(profile, store.state().language),
        prompt,
        renews: renews?.login,
        texts: context.texts,
        loginTimeout: profile.loginTimeoutSeconds * 1000,
        providerCache: context.providerCache,
        fetch: context.fetch,
        clock,
        peer: context.peer,
        openBrowser: context.openBrowser,
        onTrace: traces.listener(attempt),
        onEvent: (event) => {
          if (event.type === 'rejected-request') rejected(event.reason)
          else if (event.type === 'push-refused') {
            log('push refused', { reason: event.reason })
            store.dispatch({ type: event.type, ...cleanPushRefusal(event), attempt })
          } else store.dispatch({ ...event, attempt })
        },
      })
      traces.refer(attempt, started.reference)
      current = started
      // Stryker disable next-line BlockStatement: what has ended does nothing any more, and is let go of for its tokens
      const forget = (): void => {
        // Stryker disable next-line ConditionalExpression: as above; that a later login is kept has its test
        if (current === started) current = null
      }
      // Stryker disable next-line CallExpression: as above
      started.result.then(forget, forget)
      traces.follow(attempt, started.result)
      return started
    },
    reopen: async () => {
      await current?.reopen()
    },
    link: async () => (await current?.link()) ?? null,
    prolong: () => current?.prolong(),
    checkDeadline: () => current?.checkDeadline(),
    cancel: async () => {
      const cancelled = current
      if (cancelled === null) return
      cancelled.cancel()
      // Stryker disable next-line ArrowFunction: nobody reads what it ends with
      await cancelled.result.catch(() => null)
    },
  }
}
