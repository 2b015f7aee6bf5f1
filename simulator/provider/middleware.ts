import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { messagePage, withNotice } from '../pages.ts'
import { findToken } from './access-token.ts'
import { createApis } from './apis.ts'
import { userinfoOf } from './claims.ts'
import { sendPage } from './context.ts'
import { discoveryDocument, paths } from './discovery.ts'
import { provenKey } from './dpop.ts'
import { languageOf } from './language.ts'
import { answerInteraction, isInteractionPath } from './login-pages.ts'
import { refuseWithoutSession } from './logout.ts'
import type { ProviderParts } from './parts.ts'
import { finishPushedResponse } from './pushed-authorization.ts'
import { finishTokenError, finishTokenResponse, refuseTokenRequest } from './token.ts'

/** Gives the body of oidc-provider's answer the names that ID-porten has for things. */
async function finishBody(ctx: KoaContextWithOIDC, parts: ProviderParts): Promise<void> {
  const body: unknown = ctx.body
  if (ctx.path.startsWith('/.well-known/') && ctx.status === 200) {
    ctx.body = discoveryDocument(parts.issuer)
  } else if (ctx.path === paths.pushed_authorization_request && ctx.status === 201) {
    finishPushedResponse(ctx, parts)
  } else if (ctx.path === paths.token && ctx.status === 200) {
    await finishTokenResponse(ctx, parts)
  } else if (ctx.path === paths.token && ctx.status === 400) {
    finishTokenError(ctx)
  } else if (ctx.path === paths.end_session && ctx.status === 200) {
    refuseWithoutSession(ctx)
  } else if (typeof body === 'string' && body.includes('<title>Submitting Callback</title>')) {
    ctx.body = withNotice(body, languageOf(ctx, ctx.query['ui_locales']))
  }
}

/** Redirects the browser as ID-porten does. */
function finishRedirect(ctx: KoaContextWithOIDC): void {
  // A type that implies the fragment is refused in the query: ID-porten has no fragment mode.
  const { location } = ctx.response.headers
  const fromAuthorize = ctx.path.startsWith(paths.authorization)
  if (fromAuthorize && typeof location === 'string' && location.includes('#error=')) {
    ctx.set('location', location.replace('#', location.includes('?') ? '&' : '?'))
  }
  // ID-porten answers the browser with 302.
  if (ctx.status === 303 && ctx.method === 'GET') {
    ctx.status = 302
  }
}

/** Creates the middleware around oidc-provider: it has pages and APIs of its own, and maps names. */
export function createMiddleware(provider: Provider, parts: ProviderParts) {
  const { issuer, stage } = parts
  const answerApi = createApis({
    issuer,
    findToken: (value) => findToken(value, provider, parts),
    provenKey: (ctx, accessToken) => provenKey(ctx, parts, accessToken),
    userinfo: userinfoOf,
  })
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const locale = languageOf(ctx, ctx.query['ui_locales'])
    if (ctx.path === '/') {
      sendPage(ctx, 200, messagePage(locale, 'homeTitle', 'homeIntro'))
    } else if (isInteractionPath(ctx.path)) {
      await answerInteraction(ctx, provider)
    } else {
      if (!(await answerApi(ctx)) && !(await refuseTokenRequest(ctx, provider, parts))) {
        await next()
        await finishBody(ctx, parts)
        finishRedirect(ctx)
      }
      await stage.after(ctx)
      if (ctx.status === 404 && ctx.body === undefined) {
        sendPage(ctx, 404, messagePage(locale, 'errorTitle', 'notFound'))
      }
    }
  }
}
