import type { BackOff } from './back-off.ts'
import type { BrowserLogin } from './browser-login.ts'
import type { Context } from './context.ts'
import { cleanFailure } from './failures.ts'
import type { Live } from './live.ts'
import type { ProviderLogouts } from './logout.ts'
import type { Profile } from './profile.ts'

/** Signs somebody in through the browser, unless the state allows no login now. Never throws. */
export type SignIn = (profile: Profile, prompt: Profile['prompt']) => Promise<void>

export function createSignIn(
  context: Pick<Context, 'log' | 'logoutRecord' | 'onOutcome' | 'store'>,
  parts: {
    readonly backOff: BackOff
    readonly browserLogin: BrowserLogin
    readonly live: Live
    readonly providerLogouts: ProviderLogouts
  },
): SignIn {
  const { log, logoutRecord, onOutcome, store } = context
  const { backOff, browserLogin, live, providerLogouts } = parts
  return async (profile, asked) => {
    const attempt = store.state().attempt + 1
    if (!store.dispatch({ type: 'sign-in-started', attempt })) return
    providerLogouts.overtaken(profile.issuer)
    // Who has signed out must not be let in again unasked, as long as the provider may still know them.
    const prompt = logoutRecord.read(profile.issuer).freshLogin ? 'login' : asked
    const { result, reference } = browserLogin.start({ attempt, profile, prompt, renews: null })
    try {
      const login = await result
      if (login === null) {
        store.dispatch({ type: 'cancelled', attempt })
        return
      }
      // Stryker disable next-line ConditionalExpression: a login that was given up brings none, and this is a second safeguard
      if (live.begin(login, profile, attempt)) {
        // Stryker disable next-line ConditionalExpression: without it no fresh login is open; only a fresh one may end what is open
        if (prompt === 'login') logoutRecord.change(profile.issuer, { freshLogin: false })
        onOutcome()
      }
    } catch (reason) {
      const { error, failure } = cleanFailure(reason, reference)
      log('login failed', { error, reference })
      const retryAt = backOff.begin(attempt, error.retryAfter)
      // Stryker disable next-line ConditionalExpression: what was given up does not fail, and this is a second safeguard
      if (store.dispatch({ type: 'failed', attempt, error: failure, retryAt })) onOutcome()
    }
  }
}
