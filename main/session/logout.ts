import {
  isForeign,
  type Login,
  logOutInBrowser,
  outlivesLogout,
  revokeTokens,
  type TraceStep,
} from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanFailure } from './failures.ts'
import type { Profile } from './profile.ts'
import type { ProviderLogout } from './state.ts'

/** Milliseconds after which the browser's logout no longer waits for the revocation. */
const revocationPatience = 3000
/** Milliseconds that the end of the app waits for a logout that has begun. */
export const closingPatience = 2500

type LogoutContext = Pick<
  Context,
  'calls' | 'clock' | 'log' | 'logoutRecord' | 'openBrowser' | 'peer' | 'store' | 'texts' | 'traces'
>

/** What is left to do at the provider after the session here has ended: nothing of it can bring it back. */
export interface ProviderLogouts {
  /** Says what will be done, and begins a moment later. Without `browser` only tokens are revoked. */
  readonly begin: (login: Login, profile: Profile, browser: boolean) => ProviderLogout
  /** What an earlier run of the app has left undone; null when it left nothing. */
  readonly interrupted: (issuer: string) => ProviderLogout | null
  /** Somebody is logging in again: the browser's logout would end that login. Tokens are still revoked. */
  readonly overtaken: (issuer: string) => void
  /** Hands over what has begun, for as long as the end of the app may wait, and then ends everything. */
  readonly close: () => Promise<void>
}

/** One sign-out, and what is to be done for it at the provider. */
interface SignOut {
  readonly login: Login
  readonly profile: Profile
  readonly plan: ProviderLogout
  /** Takes the steps at the provider as those of the session that has ended. */
  readonly onTrace: (step: TraceStep) => void
  /** Aborted when a login or another sign-out has taken its place: from then on it tells the window nothing. */
  readonly overtaken: AbortSignal
  /** Whether no other sign-out has come after it. */
  readonly isLast: () => boolean
  /** Tells the window, unless the sign-out has been overtaken. */
  readonly tell: (change: Partial<ProviderLogout>) => void
}

/** How the end of the app comes to a logout that has begun. */
interface Closing {
  /** The window is gone: what fails from now on is told by the next start. */
  readonly begun: () => boolean
  /** Resolves when it has begun, and nothing must be waited for that can be left out. */
  readonly hurry: Promise<void>
  /** Aborted when the app waits no longer. */
  readonly over: AbortSignal
}

export function createProviderLogouts(context: LogoutContext): ProviderLogouts {
  const { clock, logoutRecord, store, traces } = context
  let current = new AbortController()
  const running = new Set<Promise<void>>()
  let closing = false
  const hurry = Promise.withResolvers<void>()
  const over = new AbortController()
  const end: Closing = { begun: () => closing, hurry: hurry.promise, over: over.signal }
  const revocations = createRevocations(context, end)

  const track = (work: Promise<void>): Promise<void> => {
    running.add(work)
    void work.finally(() => running.delete(work))
    return work
  }

  const run = async (signOut: SignOut): Promise<void> => {
    const { plan, overtaken } = signOut
    if (plan.revocation === 'running') {
      // The tokens are revoked first: the provider may not know them any more after its logout.
      const patience = Promise.withResolvers<void>()
      const stopWaiting = clock.after(revocationPatience, patience.resolve)
      const revoked = track(revocations.revoke(signOut))
      await Promise.race([revoked, patience.promise, hurry.promise])
      stopWaiting()
    }
    if (plan.browser === 'none' || overtaken.aborted) return
    await endInBrowser(context, end, signOut)
  }

  return {
    begin: (login, profile, browser) => {
      current.abort()
      const own = new AbortController()
      current = own
      const { provider } = login
      const revokes = provider.revocation_endpoint !== undefined && outlivesLogout(login)
      const ends = browser && provider.end_session_endpoint !== undefined
      const plan: ProviderLogout = {
        revocation: revokes ? 'running' : 'none',
        browser: ends ? 'running' : 'none',
        requestRejected: false,
        linkReused: false,
      }
      // The record comes before anything else, so that a process that is killed from here on leaves one.
      logoutRecord.change(profile.issuer, {
        freshLogin: true,
        browser: ends,
        revocation: revokes || revocations.areRunning(),
      })
      const tell = (change: Partial<ProviderLogout>): void => {
        if (own.signal.aborted) return
        store.dispatch({ type: 'provider-logout-changed', change })
      }
      const isLast = (): boolean => current === own
      const onTrace = traces.listener(store.state().attempt)
      const signOut = { login, profile, plan, onTrace, overtaken: own.signal, isLast, tell }
      // It runs a moment later, because whoever asked tells first what it will be.
      void track(Promise.resolve().then(() => run(signOut)))
      return plan
    },
    interrupted: (issuer) => {
      const { browser, revocation } = logoutRecord.read(issuer)
      if (!browser && !revocation) return null
      return {
        revocation: revocation ? 'interrupted' : 'none',
        browser: browser ? 'interrupted' : 'none',
        requestRejected: false,
        linkReused: false,
      }
    },
    overtaken: (issuer) => {
      current.abort()
      logoutRecord.change(issuer, { browser: false, revocation: revocations.areRunning() })
    },
    close: async () => {
      closing = true
      hurry.resolve()
      const stopWaiting = clock.after(closingPatience, () => {
        current.abort()
        over.abort()
      })
      while (running.size > 0) {
        // oxlint-disable-next-line no-await-in-loop -- A logout begins when its revocation has ended.
        await Promise.allSettled(running)
      }
      stopWaiting()
    },
  }
}

interface Revocations {
  /** Revokes the tokens of a session that has ended. Never throws. */
  readonly revoke: (signOut: SignOut) => Promise<void>
  readonly areRunning: () => boolean
}

function createRevocations(
  { calls, log, logoutRecord }: LogoutContext,
  closing: Closing,
): Revocations {
  let count = 0
  return {
    revoke: async ({ login, profile, onTrace, tell }) => {
      count += 1
      const failure = await revokeTokens(login, { ...calls(closing.over), onTrace }).then(
        () => null,
        (error: unknown) => cleanFailure(error),
      )
      count -= 1
      if (failure !== null) log('revocation failed', { error: failure.error })
      if (failure !== null && closing.begun()) return
      logoutRecord.change(profile.issuer, { revocation: count > 0 })
      tell({ revocation: failure === null ? 'done' : 'failed' })
    },
    areRunning: () => count > 0,
  }
}

/** Ends the login at the provider in the person's browser. Never throws. */
async function endInBrowser(
  context: LogoutContext,
  closing: Closing,
  { login, profile, onTrace, overtaken, isLast, tell }: SignOut,
): Promise<void> {
  const { clock, log, logoutRecord, openBrowser, peer, texts } = context
  const { issuer, postLogoutRedirectUri } = profile
  const toldOf = new Set<string>()
  /** A flood of requests must not fill the bridge. */
  const tellOnce = (what: 'requestRejected' | 'linkReused'): void => {
    if (toldOf.has(what)) return
    toldOf.add(what)
    tell({ [what]: true })
  }
  try {
    const browser = await logOutInBrowser(login, {
      postLogoutRedirectUri,
      texts,
      clock,
      signal: overtaken,
      hurry: closing.hurry,
      openBrowser,
      onTrace,
      onOpened: () => {
        logoutRecord.change(issuer, { browser: false })
        tell({ browser: 'opened' })
      },
      onRejected: (reason) => isForeign(reason) && tellOnce('requestRejected'),
      onStartReused: () => tellOnce('linkReused'),
      peer,
    })
    if (browser === 'done' && !overtaken.aborted) {
      logoutRecord.change(issuer, { freshLogin: false })
    }
    tell({ browser })
  } catch (error) {
    if (!overtaken.aborted) log('logout in the browser failed', { error })
    tell({ browser: 'failed' })
  } finally {
    // The window has been told, or a login has taken its place; without a window the next start tells it.
    if (isLast() && !closing.begun()) logoutRecord.change(issuer, { browser: false })
  }
}
