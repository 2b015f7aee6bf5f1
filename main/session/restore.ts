import type { Failure } from '../../preload/contract.ts'
import { acrIsEnough, failure, type Login, type LoginError, renewStored } from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanFailure, endsTheSession } from './failures.ts'
import type { Live } from './live.ts'
import type { ProviderLogouts } from './logout.ts'
import { loginPolicy, type Profile } from './profile.ts'
import type { Remember } from './remember.ts'
import type { StoredSession } from './vault/stored-session.ts'

/** Milliseconds by which a time server may put a clock back without anybody noticing. */
const clockStep = 5000
/** Milliseconds for all requests that bring back a stored session. */
const restoreLimit = 15_000

/** The start of the app: a stored session is taken up, or nobody is signed in. */
export interface Restore {
  /** Takes up the stored session of the profile; whatever is wrong with it, the person is simply signed out. */
  readonly start: (profile: Profile) => Promise<void>
  /** The person signs out meanwhile: the session is not wanted, and nothing of it is stored any more. */
  readonly signOut: (profile: Profile) => void
  /** The app ends: what is stored stays. */
  readonly stop: () => void
}

type RestoreContext = Pick<
  Context,
  'calls' | 'clock' | 'log' | 'logoutRecord' | 'providerCache' | 'store' | 'traces'
>

export function createRestore(
  context: RestoreContext,
  parts: {
    readonly live: Live
    readonly providerLogouts: ProviderLogouts
    readonly remember: Remember
  },
): Restore {
  const { clock, log, logoutRecord, store } = context
  const { live, providerLogouts, remember } = parts
  const stopped = new AbortController()
  const { signal } = stopped

  const tellSignedOut = (profile: Profile, error: Failure | null): void => {
    const providerLogout = providerLogouts.interrupted(profile.issuer)
    store.dispatch({ type: 'restored', error, providerLogout })
  }

  const fail = async (profile: Profile, reason: unknown): Promise<void> => {
    const { error, failure: shown } = cleanFailure(reason)
    log('restoring failed', { error })
    // That nobody could be asked is no reason to forget; a refusal is, and needs no alarm at the start.
    const forgotten = endsTheSession(error)
    if (error.code === 'E_RENEWAL_SUBJECT') {
      logoutRecord.change(profile.issuer, { freshLogin: true })
    }
    if (forgotten) await remember.forget()
    tellSignedOut(profile, forgotten ? null : shown)
  }

  return {
    start: async (profile) => {
      const stored = profile.remember ? await remember.read(profile) : null
      if (signal.aborted) return
      if (stored !== null && awayTooLong(stored, profile, clock.now())) {
        logoutRecord.change(profile.issuer, { freshLogin: true })
      }
      // Where a fresh login is due nothing stored counts: a sign-out may have been killed before it was removed.
      const { freshLogin } = logoutRecord.read(profile.issuer)
      if (stored === null || freshLogin || !isUsable(stored, profile, clock.now())) {
        if (stored !== null || !profile.remember) await remember.forget()
        tellSignedOut(profile, null)
        return
      }
      try {
        const login = await renew(context, remember, { stored, profile, signal })
        if (signal.aborted) return
        live.begin(login, profile, store.state().attempt)
      } catch (error) {
        // Quitting is no reason to forget.
        if (!signal.aborted) await fail(profile, error)
      }
    },
    signOut: (profile) => {
      stopped.abort()
      void remember.forget()
      logoutRecord.change(profile.issuer, { freshLogin: true })
      tellSignedOut(profile, null)
    },
    stop: () => stopped.abort(),
  }
}

/** Renews the stored session within the time that a start may take; ends with the signal. Throws `LoginError`. */
async function renew(
  { calls, clock, log, providerCache, store, traces }: RestoreContext,
  remember: Remember,
  restored: {
    readonly stored: StoredSession
    readonly profile: Profile
    readonly signal: AbortSignal
  },
): Promise<Login> {
  const { stored, profile, signal } = restored
  const late = new AbortController()
  const stopTimer = clock.after(restoreLimit, () => late.abort(tooSlow()))
  const { attempt } = store.state()
  traces.begin(attempt, 'restore')
  try {
    const restoring = renewStored(stored, loginPolicy(profile, store.state().language), {
      ...calls(AbortSignal.any([signal, late.signal])),
      providerCache,
      keep: async (refreshToken, life) => {
        const refreshTokenExpiresAt = life === null ? null : clock.now() + life * 1000
        // Who signs out while the answer is on its way is not remembered.
        if (signal.aborted) return
        const next = { ...stored, refreshToken, refreshTokenExpiresAt, activeAt: clock.now() }
        await remember.replace(next).catch(async (error: unknown) => {
          // The session begins all the same; the token that is stored has just been spent.
          log('vault', { error })
          await remember.forget()
        })
      },
    })
    traces.follow(attempt, restoring)
    return await restoring
  } finally {
    stopTimer()
  }
}

/** A clock that went backwards tells nothing, so it counts as too long; one that was set by a moment does not. */
function awayTooLong({ activeAt }: StoredSession, profile: Profile, now: number): boolean {
  const away = now - activeAt
  return away < -clockStep || away >= profile.inactivityMinutes * 60_000
}

/** Tells whether the provider can be asked to renew what is stored, and the answer can be what the profile wants. */
function isUsable(stored: StoredSession, profile: Profile, now: number): boolean {
  const { acr } = stored.claims
  const { acrValues } = profile
  return (
    // Stryker disable next-line ConditionalExpression: the rules of an ID token let nothing but a text through
    (acrValues.length === 0 || (typeof acr === 'string' && acrIsEnough(acr, acrValues))) &&
    (stored.refreshTokenExpiresAt === null || stored.refreshTokenExpiresAt > now)
  )
}

function tooSlow(): LoginError {
  return failure('E_NETWORK_TIMEOUT', 'restoring', `no answer in ${restoreLimit} ms`)
}
