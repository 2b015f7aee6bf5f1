import { toStored } from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanFailure } from './failures.ts'
import type { Profile } from './profile.ts'
import type { Session } from './session.ts'
import type { SignedIn } from './state.ts'
import type { StoredSession } from './vault/stored-session.ts'
import type { Vault } from './vault/vault.ts'

/** Milliseconds of activity that the stored session may not know of when the process is killed. */
const activityInterval = 60_000

/** The stored session: what outlives the process, when the profile says so. */
export interface Remember {
  /** Gives what an earlier run has stored for this profile, or null. */
  readonly read: (profile: Profile) => Promise<StoredSession | null>
  /** Replaces the stored session before the session has begun. Throws `AppError` `E_VAULT_UNAVAILABLE`. */
  readonly replace: (stored: StoredSession) => Promise<void>
  /** Stores a session that has just begun, or whose person has just logged in again. */
  readonly login: (session: Session) => Promise<void>
  /** Stores the refresh token of a session that has taken the place of the former one. */
  readonly refreshToken: (session: Session) => Promise<void>
  /** Lets a later run know when the person was active last, not more often than a disk should be asked. */
  readonly activity: (session: Session) => void
  /** Stores the last activity at once, however recently that was done, because the app ends. */
  readonly lastActivity: (session: Session) => void
  readonly forget: () => Promise<void>
  /** Resolves when nothing is being written or removed any more. */
  readonly settled: () => Promise<void>
}

export function createRemember(
  context: Pick<Context, 'clock' | 'log' | 'store'>,
  vault: Vault,
): Remember {
  const { clock, log, store } = context
  /** What is being written or removed; the end of the app waits for it. */
  let working: Promise<unknown> = Promise.resolve()
  /** The last activity that the stored session knows of, in monotonic milliseconds. */
  let activityStoredAt = 0

  const track = async (work: Promise<void>): Promise<void> => {
    working = Promise.allSettled([working, work])
    await work
  }
  const replace = (stored: StoredSession): Promise<void> => track(vault.write(stored))
  const forget = (): Promise<void> => track(vault.clear())

  /** The same moment as Unix time: what outlives the process cannot be told in monotonic time. */
  const onWallClock = (monotonic: number): number => clock.now() + monotonic - clock.monotonic()

  const write = async (session: Session): Promise<void> => {
    if (session.ended.aborted) return
    const stored = toStored(session.login)
    // Stryker disable next-line ConditionalExpression: what is remembered has a refresh token, so the compiler alone needs this
    if (stored === null) return
    const { refreshTokenEndsAt } = session
    activityStoredAt = session.lastActivity()
    await replace({
      ...stored,
      issuer: session.profile.issuer,
      clientId: session.profile.clientId,
      refreshTokenExpiresAt: refreshTokenEndsAt === null ? null : onWallClock(refreshTokenEndsAt),
      activeAt: onWallClock(activityStoredAt),
    })
  }

  /** A token that cannot be stored is not remembered, and no older one stays in its place: that one is spent. */
  const storeRefreshToken = async (session: Session): Promise<void> => {
    const { refreshToken } = session.login
    const change = (changes: Partial<SignedIn>): void => {
      store.dispatch({ type: 'session-changed', login: session.id, change: changes })
    }
    try {
      await write(session)
      // When a renewal was faster than the system's encryption, what it brought is what counts.
      if (session.login.refreshToken !== refreshToken) return await storeRefreshToken(session)
      // Stryker disable next-line ConditionalExpression,StringLiteral: to say it once more is no change that anybody sees
      if (store.state().session?.remembered !== 'kept') change({ remembered: 'kept' })
    } catch (error) {
      log('vault', { error })
      // After the session has ended, the stored one may be that of the next login.
      if (!session.ended.aborted) await forget()
      change({ remembered: 'unavailable', problem: cleanFailure(error).failure })
    }
  }

  const storeActivity = (session: Session): void => {
    // Stryker disable next-line OptionalChaining: whose activity is told has a session
    if (store.state().session?.remembered !== 'kept') return
    // When this fails, the older time stays, which is on the safe side.
    // Stryker disable next-line ObjectLiteral: it is for the log alone
    write(session).catch((error: unknown) => log('vault', { error }))
  }

  return {
    read: ({ issuer, clientId }) => vault.read({ issuer, clientId }),
    replace,
    login: async (session) => {
      if (!session.profile.remember) return
      if (session.login.refreshToken !== null) await storeRefreshToken(session)
      else {
        // What is stored from before is not of this login, and may be another person's.
        await forget()
        // Stryker disable next-line ConditionalExpression,OptionalChaining: where nothing was stored, 'off' says the same
        if (store.state().session?.remembered !== 'kept') return
        const change = { remembered: 'off' } as const
        store.dispatch({ type: 'session-changed', login: session.id, change })
      }
    },
    refreshToken: async (session) => {
      // Stryker disable next-line OptionalChaining: without a session there is none to be stored
      if (!session.profile.remember || store.state().session?.remembered === 'unavailable') return
      await storeRefreshToken(session)
    },
    activity: (session) => {
      const interval = Math.min(activityInterval, session.profile.inactivityMinutes * 15_000)
      if (session.lastActivity() - activityStoredAt >= interval) storeActivity(session)
    },
    // The wall clock, by which a later run counts, may have been set since the time was stored.
    lastActivity: storeActivity,
    forget,
    settled: async () => {
      await working
    },
  }
}
