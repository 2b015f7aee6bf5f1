import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { bodyOf } from './context.ts'
import type { ProviderParts } from './parts.ts'

const formerUrn = 'urn:ietf:params:oauth:request_uri:'
const ownUrn = 'urn:idporten:'

/** Carries `dpop_jkt` through an authorization request, under a name that oidc-provider does not know. */
export const boundTo = 'simulator_jkt'

/** ID-porten's request URI as oidc-provider names it; any other one is made unknown to it. */
export function toProviderRequestUri(requestUri: string): string {
  return requestUri.startsWith(ownUrn)
    ? `${formerUrn}${requestUri.slice(ownUrn.length)}`
    : `unknown:${requestUri}`
}

/** Gives the request URI of a pushed request the name and the lifetime that ID-porten gives it. */
export function finishPushedResponse(
  ctx: KoaContextWithOIDC,
  { lifetimes }: Pick<ProviderParts, 'lifetimes'>,
): void {
  const uri = String(bodyOf(ctx)['request_uri'])
  const requestUri = `${ownUrn}${uri.slice(formerUrn.length)}`
  ctx.body = { expires_in: lifetimes.par, request_uri: requestUri }
}

/**
 * Binds the code to the key of the one who asks; oidc-provider would look for a proof of it by itself.
 * @throws {errors.InvalidRequest} when `dpop_jkt` names another key than the proof of a pushed request.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-10
 */
export function bindToKey(
  ctx: KoaContextWithOIDC,
  thumbprint: unknown,
  { provenKeys }: Pick<ProviderParts, 'provenKeys'>,
): void {
  const { params } = ctx.oidc
  const proven = provenKeys.get(ctx)
  if (proven !== undefined && thumbprint !== undefined && thumbprint !== proven) {
    throw new errors.InvalidRequest('DPoP proof key thumbprint does not match dpop_jkt')
  }
  if (params !== undefined) {
    params[boundTo] ??= proven ?? thumbprint
    params['dpop_jkt'] = undefined
  }
}
