import type { LogoutRecord } from './logout-record.ts'
import type { ProviderLogout } from './state.ts'
import type { Profile } from './profile.ts'
import {
  type CallbackTexts,
  type Clock,
  type Http,
  isForeign,
  type Login,
  logOutInBrowser,
  outlivesLogout,
  type PeerCheck,
  revokeTokens,
  withoutSecrets,
} from '../login/index.ts'

/** Milliseconds after which the browser's logout no longer waits for the revocation. */
const revocationPatience = 3000
/** Milliseconds that the end of the app waits for a logout that has begun. */
export const closingPatience = 2500

export interface ProviderLogoutOptions {
  readonly clock: Clock
  readonly http: (signal: AbortSignal) => Http
  readonly texts: CallbackTexts
  readonly openBrowser: (address: string) => Promise<void>
  /** Knows what is still to be done when the process ends in the middle. */
  readonly record: LogoutRecord
  /** Tells whose a connection to the listener is. */
  readonly peer: PeerCheck
  /** Told for the last sign-out only. */
  readonly onChange: (change: Partial<ProviderLogout>) => void
  readonly log: (event: string, details?: Readonly<Record<string, unknown>>) => void
}

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

export function createProviderLogouts(options: ProviderLogoutOptions): ProviderLogouts {
  const { clock, log, record } = options
  const closed = new AbortController()
  let current = new AbortController()
  const running = new Set<Promise<void>>()
  let revocations = 0
  let closing = false
  const hurry = Promise.withResolvers<void>()

  const track = (work: Promise<void>): Promise<void> => {
    running.add(work)
    void work.finally(() => running.delete(work))
    return work
  }

  const revoke = async (
    login: Login,
    profile: Profile,
    tell: (change: Partial<ProviderLogout>) => void,
  ): Promise<void> => {
    revocations += 1
    const failure = await revokeTokens(login, profile.clientId, options.http(closed.signal)).then(
      () => null,
      (error: unknown) => withoutSecrets(error, login),
    )
    revocations -= 1
    if (failure !== null) log('revocation failed', { error: failure })
    // No window is left to tell it: the next start does.
    if (failure !== null && closing) return
    record.change(profile.issuer, { revocation: revocations > 0 })
    tell({ revocation: failure === null ? 'done' : 'failed' })
  }

  const logOut = async (
    login: Login,
    profile: Profile,
    endpoint: string,
    signal: AbortSignal,
  ): Promise<void> => {
    const { issuer } = profile
    const tell = (change: Partial<ProviderLogout>): void => {
      if (!signal.aborted) options.onChange(change)
    }
    let arrived = false
    const toldOf = new Set<string>()
    /** A flood of requests must not fill the bridge. */
    const tellOnce = (what: 'requestRejected' | 'linkReused'): void => {
      if (toldOf.has(what)) return
      toldOf.add(what)
      tell({ [what]: true })
    }
    try {
      const browser = await logOutInBrowser({
        login,
        clientId: profile.clientId,
        endpoint,
        postLogoutRedirectUri: profile.postLogoutRedirectUri,
        texts: options.texts,
        clock,
        signal,
        hurry: hurry.promise,
        openBrowser: options.openBrowser,
        onOpened: () => {
          arrived = true
          record.change(issuer, { browser: false })
          tell({ browser: 'opened' })
        },
        onRejected: (reason) => isForeign(reason) && tellOnce('requestRejected'),
        onStartReused: () => tellOnce('linkReused'),
        peer: options.peer,
      })
      if (browser === 'done' && !signal.aborted) record.change(issuer, { freshLogin: false })
      tell({ browser })
    } catch (error) {
      if (!signal.aborted) log('logout in the browser failed', { error })
      tell({ browser: 'failed' })
    } finally {
      // Told in the window, or a login has taken its place; without a window the next start tells it.
      const isLast = signal === current.signal
      if (isLast && (arrived || !closing)) record.change(issuer, { browser: false })
    }
  }

  const run = async (
    login: Login,
    profile: Profile,
    plan: ProviderLogout,
    signal: AbortSignal,
  ): Promise<void> => {
    if (plan.revocation === 'running') {
      // Revoked first: the provider may not know the tokens any more after its logout.
      const patience = Promise.withResolvers<void>()
      const stopWaiting = clock.after(revocationPatience, patience.resolve)
      const revoked = track(
        revoke(login, profile, (change) => {
          if (!signal.aborted) options.onChange(change)
        }),
      )
      await Promise.race([revoked, patience.promise, hurry.promise])
      stopWaiting()
    }
    const endpoint = login.provider.end_session_endpoint
    if (plan.browser === 'none' || endpoint === undefined || signal.aborted) return
    await logOut(login, profile, endpoint, signal)
  }

  return {
    begin: (login, profile, browser) => {
      current.abort()
      current = new AbortController()
      const { provider } = login
      const revokes = provider.revocation_endpoint !== undefined && outlivesLogout(login)
      const ends = browser && provider.end_session_endpoint !== undefined
      const plan: ProviderLogout = {
        revocation: revokes ? 'running' : 'none',
        browser: ends ? 'running' : 'none',
        requestRejected: false,
        linkReused: false,
      }
      // Before anything else: a process that is killed from here on leaves a record of it.
      record.change(profile.issuer, {
        freshLogin: true,
        browser: ends,
        revocation: revokes || revocations > 0,
      })
      const { signal } = current
      // A moment later: whoever asked tells first what it will be.
      void track(Promise.resolve().then(() => run(login, profile, plan, signal)))
      return plan
    },
    interrupted: (issuer) => {
      const { browser, revocation } = record.read(issuer)
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
      record.change(issuer, { browser: false, revocation: revocations > 0 })
    },
    close: async () => {
      closing = true
      hurry.resolve()
      const stopWaiting = clock.after(closingPatience, () => {
        current.abort()
        closed.abort()
      })
      while (running.size > 0) {
        // oxlint-disable-next-line no-await-in-loop -- A logout begins when its revocation has ended.
        await Promise.allSettled(running)
      }
      stopWaiting()
    },
  }
}
