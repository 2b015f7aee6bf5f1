import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { findPerson } from '../persons.ts'
import { signAccessToken } from './access-token.ts'
import { bodyOf, formOf } from './context.ts'
import { paths } from './discovery.ts'
import { provenKey } from './dpop.ts'
import type { Issue, ProviderParts } from './parts.ts'
import { checkResource } from './resources.ts'

type CheckParts = Pick<ProviderParts, 'issues' | 'proofs' | 'provenKeys' | 'stage'>

/** Checks what oidc-provider is not asked about: DPoP proofs, bound tokens and resources. */
async function checkTokenRequest(
  ctx: KoaContextWithOIDC,
  provider: Provider,
  parts: CheckParts,
): Promise<void> {
  const { issues, provenKeys, stage } = parts
  if (ctx.get('dpop') !== '' && stage.scenario?.ignoresDpop !== true) {
    provenKeys.set(ctx, await provenKey(ctx, parts))
  }
  const form = formOf(ctx)
  if (ctx.path !== paths.token) {
    return
  }
  checkResource(form.get('resource') ?? undefined)
  const source =
    form.get('grant_type') === 'refresh_token'
      ? await provider.RefreshToken.find(form.get('refresh_token') ?? '')
      : await provider.AuthorizationCode.find(form.get('code') ?? '')
  const bound = issues.get(source?.jti ?? '')?.jkt
  if (bound !== undefined && bound !== provenKeys.get(ctx)) {
    throw new errors.InvalidGrant('failed jkt verification')
  }
}

/**
 * Answers a token request or a pushed request that is wrong in a way that oidc-provider does not look for.
 * @returns False when there is nothing to refuse.
 */
export async function refuseTokenRequest(
  ctx: KoaContextWithOIDC,
  provider: Provider,
  parts: CheckParts,
): Promise<boolean> {
  if (ctx.path !== paths.token && ctx.path !== paths.pushed_authorization_request) {
    return false
  }
  try {
    await checkTokenRequest(ctx, provider, parts)
    return false
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) {
      throw error
    }
    ctx.status = 400
    ctx.set('cache-control', 'no-store')
    ctx.body = { error: error.error, error_description: error.error_description }
    return true
  }
}

/** Replaces the opaque access token by the JWT that ID-porten would have issued. */
export async function finishTokenResponse(
  ctx: KoaContextWithOIDC,
  parts: Pick<ProviderParts, 'issuer' | 'issues' | 'keys' | 'provenKeys' | 'stage' | 'store'>,
): Promise<void> {
  const { issues, provenKeys, store } = parts
  const { accessToken, refreshToken, grant, entities } = ctx.oidc
  const source = ctx.oidc.authorizationCode ?? entities.RotatedRefreshToken ?? entities.RefreshToken
  const person = findPerson(accessToken?.accountId)
  if (accessToken === undefined || source === undefined || person === undefined) {
    return
  }
  const former = issues.get(source.jti)
  const jkt = provenKeys.get(ctx)
  const issue: Issue = {
    locale: former?.locale ?? 'nb',
    resource: formOf(ctx).get('resource') ?? former?.resource,
    representations: former?.representations,
    jkt,
  }
  if (source !== refreshToken) {
    issues.delete(source.jti)
  }
  issues.set(accessToken.jti, issue)
  const jwt = await signAccessToken({ accessToken, person, acr: source.acr, issue }, parts)
  store.link(jwt, accessToken.jti)
  if (refreshToken !== undefined) {
    // A refresh token is bound at the login, or never.
    const bound = source === ctx.oidc.authorizationCode ? jkt : former?.jkt
    issues.set(refreshToken.jti, { ...issue, jkt: bound })
    if (refreshToken === source) {
      // Its lifetime is one without use, and starts anew.
      refreshToken.exp = undefined
      await refreshToken.save()
    }
  }
  const refreshable =
    refreshToken && Math.min(refreshToken.expiration, grant?.remainingTTL ?? Infinity)
  ctx.body = {
    ...bodyOf(ctx),
    access_token: jwt,
    ...(jkt === undefined ? {} : { token_type: 'DPoP' }),
    ...(issue.representations === undefined
      ? {}
      : { authorization_details: issue.representations }),
    ...(refreshable === undefined ? {} : { refresh_token_expires_in: refreshable }),
  }
}

/** Gives a refused token request the error code that ID-porten has for it. */
export function finishTokenError(ctx: KoaContextWithOIDC): void {
  const { error_description: description } = bodyOf(ctx)
  if (description === 'requested grant type is not allowed for this client') {
    ctx.body = { ...bodyOf(ctx), error: 'unauthorized_client' }
  }
}
