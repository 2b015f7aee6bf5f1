import type { Failure } from '../../preload/contract.ts'
import type { Login } from '../login/index.ts'
import type { BrowserLogin } from './browser-login.ts'
import type { Context } from './context.ts'
import { sessionExpired } from './failures.ts'
import { createIdleWatch } from './idle.ts'
import type { ChangedClaims } from './inspection.ts'
import type { Profile } from './profile.ts'
import type { Remember } from './remember.ts'
import { createSession, type Session, toSignedIn } from './session.ts'
import type { ProviderLogout } from './state.ts'
import type { AskUserinfo } from './userinfo.ts'

/** The one session that is on, from its beginning to its end. */
export interface Live {
  /** Null while nobody is signed in. */
  readonly session: () => Session | null
  /** Begins a session with a login; false when the attempt is not wanted any more. */
  readonly begin: (login: Login, profile: Profile, attempt: number) => boolean
  /** Goes on with what a renewal brought; false when the session has ended. */
  readonly renew: (session: Session, login: Login, attempt: number) => boolean
  /** Ends the session here and now: its tokens are gone, its requests ended, and nothing of it is stored. */
  readonly end: (error: Failure | null, providerLogout?: ProviderLogout | null) => void
  /** Every user action is activity; false when the session has ended by itself before it. */
  readonly userAction: () => boolean
  /** The window got input from a keyboard, a mouse or a finger. */
  readonly input: () => void
  /** Ends the session when nobody has done anything for too long: no timer counts a sleep. */
  readonly checkDeadline: () => void
  /** Ends the session because the app ends: what is stored stays. */
  readonly close: () => void
}

export function createLive(
  context: Pick<Context, 'clock' | 'logoutRecord' | 'store'>,
  parts: {
    readonly askUserinfo: AskUserinfo
    readonly browserLogin: BrowserLogin
    readonly changes: ChangedClaims
    readonly remember: Remember
  },
): Live {
  const { clock, logoutRecord, store } = context
  const { askUserinfo, browserLogin, changes, remember } = parts
  let live: Session | null = null
  /** Ends the requests of the session. */
  let ending = new AbortController()

  const idle = createIdleWatch({
    clock,
    onIdle: () => {
      // The window says that the app forgets the person, so the provider must not let them in unasked.
      // Stryker disable next-line ConditionalExpression: who is watched has a session, so the compiler alone needs this
      if (live !== null) logoutRecord.change(live.profile.issuer, { freshLogin: true })
      end(sessionExpired)
    },
    onMoved: (endsAt) => {
      // Stryker disable next-line ConditionalExpression: as above
      if (live === null) return
      store.dispatch({ type: 'session-changed', login: live.id, change: { endsAt } })
      remember.activity(live)
    },
  })

  const drop = (): void => {
    live = null
    idle.stop()
    ending.abort()
  }

  const end: Live['end'] = (error, providerLogout = null) => {
    drop()
    void browserLogin.cancel()
    void remember.forget()
    store.dispatch({ type: 'signed-out', error, providerLogout })
  }

  return {
    session: () => live,
    begin: (login, profile, attempt) => {
      const limit = profile.inactivityMinutes * 60_000
      const about = { id: attempt, profile, clock }
      const session = {
        ...toSignedIn(login, about, null),
        endsAt: clock.monotonic() + limit,
      }
      // Stryker disable next-line BooleanLiteral: a login that was given up brings none, and this is a second safeguard
      if (!store.dispatch({ type: 'signed-in', attempt, session })) return false
      ending = new AbortController()
      const { signal: ended } = ending
      live = createSession({ ...about, login, ended, lastActivity: idle.lastActivity })
      idle.begin(limit)
      noteChanges(changes, login)
      void remember.login(live)
      void askUserinfo(live)
      return true
    },
    renew: (session, login, attempt) => {
      session.replaceLogin(login)
      // An answer is no activity: whoever is away stays away.
      idle.checkDeadline()
      const before = store.state().session
      // Stryker disable next-line ConditionalExpression,LogicalOperator,BooleanLiteral: the state refuses what comes late, too, and whoever waits for it does nothing more
      if (live !== session || before === null) return false
      const { id, profile } = session
      const { endsAt } = before
      const renewed = { ...toSignedIn(login, { id, profile, clock }, before), endsAt }
      noteChanges(changes, login)
      store.dispatch({ type: 'renewed', attempt, session: renewed })
      return true
    },
    end,
    userAction: () => {
      const endsAt = idle.touch()
      // Stryker disable next-line ConditionalExpression,LogicalOperator,BooleanLiteral: a session is watched as long as it lives, and without one no action finds anything to do
      if (endsAt === null || live === null) return false
      store.dispatch({ type: 'session-changed', login: live.id, change: { endsAt } })
      remember.activity(live)
      return true
    },
    input: idle.input,
    checkDeadline: idle.checkDeadline,
    close: () => {
      drop()
      store.dispatch({ type: 'signed-out', error: null, providerLogout: null })
    },
  }
}

/** What userinfo says is noted when it has answered. */
function noteChanges(changes: ChangedClaims, { claims, accessTokenClaims }: Login): void {
  changes.id.note(claims)
  if (accessTokenClaims !== null) changes.access.note(accessTokenClaims)
}
