import type { CallbackTexts } from '../login/callback-pages.ts'
import type { Clock } from '../login/clock.ts'
import type { Http } from '../login/http.ts'
import { type Login, withoutSecrets } from '../login/tokens.ts'
import type { Farewell } from './machine.ts'
import type { Profile } from './profile.ts'
import { logOutInBrowser, outlivesLogout, revokeTokens } from './sign-out.ts'

/** Milliseconds after which the browser's logout no longer waits for the revocation. */
const revocationPatience = 3000

export interface FarewellOptions {
  readonly clock: Clock
  readonly http: (signal: AbortSignal) => Http
  readonly texts: CallbackTexts
  readonly openBrowser: (address: string) => Promise<void>
  /** Told for the last sign-out only. */
  readonly onChange: (change: Partial<Farewell>) => void
  readonly log: (event: string, details?: Readonly<Record<string, unknown>>) => void
}

/** What is left to do at the provider after the session here has ended: nothing of it can bring it back. */
export interface Farewells {
  /** Says what will be done, and begins a moment later. Without `browser` only tokens are revoked. */
  readonly begin: (login: Login, profile: Profile, browser: boolean) => Farewell
  /** Somebody is logging in again: the browser's logout would end that login. Tokens are still revoked. */
  readonly overtaken: () => void
  /** Ends everything. */
  readonly close: () => Promise<void>
}

export function createFarewells(options: FarewellOptions): Farewells {
  const { clock, log } = options
  const closed = new AbortController()
  let current = new AbortController()
  const running = new Set<Promise<void>>()

  const revoke = async (
    login: Login,
    profile: Profile,
    tell: (change: Partial<Farewell>) => void,
  ): Promise<void> => {
    try {
      await revokeTokens(login, profile.clientId, options.http(closed.signal))
      tell({ revocation: 'done' })
    } catch (error) {
      log('revocation failed', { error: withoutSecrets(error, login) })
      tell({ revocation: 'failed' })
    }
  }

  const run = async (
    login: Login,
    profile: Profile,
    plan: Farewell,
    signal: AbortSignal,
  ): Promise<void> => {
    const tell = (change: Partial<Farewell>): void => {
      if (!signal.aborted) options.onChange(change)
    }
    if (plan.revocation === 'running') {
      // Revoked first: the provider may not know the tokens any more after its logout.
      const patience = Promise.withResolvers<void>()
      const stopWaiting = clock.after(revocationPatience, patience.resolve)
      await Promise.race([revoke(login, profile, tell), patience.promise])
      stopWaiting()
    }
    const endpoint = login.provider.end_session_endpoint
    if (plan.browser === 'none' || endpoint === undefined || signal.aborted) return
    try {
      const browser = await logOutInBrowser({
        login,
        clientId: profile.clientId,
        endpoint,
        postLogoutRedirectUri: profile.postLogoutRedirectUri,
        texts: options.texts,
        clock,
        signal,
        openBrowser: options.openBrowser,
        onOpened: () => tell({ browser: 'opened' }),
      })
      tell({ browser })
    } catch (error) {
      if (signal.aborted) return
      log('logout in the browser failed', { error })
      tell({ browser: 'failed' })
    }
  }

  return {
    begin: (login, profile, browser) => {
      current.abort()
      current = new AbortController()
      const { provider } = login
      const revokes = provider.revocation_endpoint !== undefined && outlivesLogout(login)
      const ends = browser && provider.end_session_endpoint !== undefined
      const plan: Farewell = {
        revocation: revokes ? 'running' : 'none',
        browser: ends ? 'running' : 'none',
      }
      const { signal } = current
      // A moment later: whoever asked tells first what it will be.
      const begun = Promise.resolve().then(() => run(login, profile, plan, signal))
      running.add(begun)
      void begun.finally(() => running.delete(begun))
      return plan
    },
    overtaken: () => current.abort(),
    close: async () => {
      current.abort()
      closed.abort()
      await Promise.allSettled(running)
    },
  }
}
