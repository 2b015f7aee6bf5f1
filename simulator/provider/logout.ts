import type { KoaContextWithOIDC } from 'oidc-provider'
import { errorPage, messagePage } from '../pages.ts'
import { loginScopes } from '../scopes.ts'
import { asText, sendPage } from './context.ts'
import { languageOf } from './language.ts'
import type { ProviderParts } from './parts.ts'

/** The attributes of the provider's cookies. */
export function cookieOptions({ secure }: Pick<ProviderParts, 'secure'>) {
  return {
    httpOnly: true,
    // A POST from another site, as logout may be, only brings cookies that are SameSite=None.
    ...(secure ? { sameSite: 'none' as const, secure: true } : { sameSite: 'lax' as const }),
  }
}

/** Ends the session and the tokens of its logins, and sends the browser back, or shows a page. */
export async function logOut(
  ctx: KoaContextWithOIDC,
  { store, secure }: Pick<ProviderParts, 'store' | 'secure'>,
): Promise<void> {
  const { provider, session } = ctx.oidc
  const state = session?.state
  const target = state?.['postLogoutRedirectUri']
  const uid = session?.uid
  store.forget(
    ({ sessionUid, scope }) =>
      sessionUid === uid &&
      asText(scope)
        .split(' ')
        .every((name) => loginScopes.includes(name)),
  )
  await session?.destroy()
  ctx.cookies.set(provider.cookieName('session'), null, cookieOptions({ secure }))
  if (typeof target !== 'string') {
    sendPage(ctx, 200, messagePage(languageOf(ctx, undefined), 'loggedOutTitle', 'loggedOut'))
    return
  }
  const url = new URL(target)
  if (typeof state?.['state'] === 'string') {
    url.searchParams.set('state', state['state'])
  }
  ctx.redirect(url.href)
}

/** Refuses a logout that came without a session, which oidc-provider would have asked about. */
export function refuseWithoutSession(ctx: KoaContextWithOIDC): void {
  if (!ctx.oidc.session?.accountId && ctx.oidc.session?.state !== undefined) {
    // The browser may have a session that it did not send.
    ctx.remove('set-cookie')
    const html = errorPage(languageOf(ctx, undefined), 'invalid_request', 'no session')
    sendPage(ctx, 400, html)
  }
}
