import { errors } from 'oidc-provider'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import { isAcr, rankOf, requestedLevels } from '../levels.ts'
import type { Acr } from '../levels.ts'
import { findPerson } from '../persons.ts'
import type { TestPerson } from '../persons.ts'
import { representationsOf, requestedRoles } from '../representation.ts'
import { loginScopes, plainScope, scopes } from '../scopes.ts'
import { grantedAcr } from './claims.ts'
import { asText, textOrNothing } from './context.ts'
import { responseModes } from './discovery.ts'
import { languageOf } from './language.ts'
import type { ProviderParts } from './parts.ts'
import { boundTo } from './pushed-authorization.ts'
import { checkResource } from './resources.ts'

/**
 * Checks what ID-porten looks for in an authorization request, pushed or not, and oidc-provider does not.
 * @throws {errors.OIDCProviderError} for the client.
 */
export function checkRequest(ctx: KoaContextWithOIDC): void {
  const { params, body, route } = ctx.oidc
  if (params === undefined) {
    return
  }
  const responseMode = params['response_mode']
  if (responseMode !== undefined && !responseModes.some((mode) => mode === responseMode)) {
    params['response_mode'] = undefined
    throw new errors.UnsupportedResponseMode()
  }
  if (params['state'] === undefined) {
    throw new errors.InvalidRequest("missing required parameter 'state'")
  }
  const asked: unknown = route === 'authorization' ? ctx.query['scope'] : body?.['scope']
  const unknown = asText(asked)
    .split(' ')
    .find((scope) => scope !== '' && !scopes.includes(scope))
  if (unknown !== undefined) {
    throw new errors.InvalidScope('requested scope is not allowed', unknown)
  }
  checkResource(params['resource'])
  requestedRoles(params['authorization_details'])
}

/** Reads `testid:<pid>_<acr>`; a hint that names no test person or level is no hint. */
function readLoginHint(hint: unknown): { person: TestPerson; acr: Acr } | undefined {
  const [, pid, acr] = /^testid:(\d{11})_(.+)$/.exec(asText(hint)) ?? []
  const person = findPerson(pid)
  return person !== undefined && isAcr(acr) ? { person, acr } : undefined
}

/** Logs the person of `login_hint` in without a page, unless the level would be too low. */
export function logInByHint(
  ctx: KoaContextWithOIDC,
  { headless }: Pick<ProviderParts, 'headless'>,
): void {
  const { params, route, session } = ctx.oidc
  const hint = readLoginHint(params?.['login_hint'])
  const { minimum } = requestedLevels(params?.['acr_values'])
  if (
    route !== 'authorization' ||
    params === undefined ||
    session === undefined ||
    hint === undefined ||
    rankOf(hint.acr) < rankOf(minimum)
  ) {
    return
  }
  if (session.accountId !== hint.person.pid) {
    session.authorizations = {}
  }
  session.loginAccount({
    accountId: hint.person.pid,
    acr: grantedAcr(hint.person, hint.acr, minimum),
    amr: ['TestID'],
    loginTs: Math.floor(Date.now() / 1000),
  })
  params['prompt'] = undefined
  headless.add(ctx)
}

/** Gives the grant that the consent page made, or a new one with what was agreed to before. */
export async function loadGrant(
  ctx: KoaContextWithOIDC,
  { headless }: Pick<ProviderParts, 'headless'>,
): Promise<Grant | undefined> {
  const { account, client, provider, result, session } = ctx.oidc
  if (account === undefined || client === undefined) {
    return undefined
  }
  const id = result?.consent?.grantId
  const consented = id === undefined ? undefined : await provider.Grant.find(id)
  if (consented !== undefined) {
    return consented
  }
  // Each authorization is a grant of its own, with its own lifetime and revocation.
  const former = await provider.Grant.find(session?.grantIdFor(client.clientId) ?? '')
  const { accountId } = account
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  const agreed = headless.has(ctx) ? scopes : (former?.getOIDCScope().split(' ') ?? [])
  grant.addOIDCScope(new Set([...loginScopes, plainScope, ...agreed]))
  await grant.save()
  return grant
}

/** Remembers of an authorization request what its tokens will need. */
export function rememberAuthorization(
  ctx: KoaContextWithOIDC,
  { issues }: Pick<ProviderParts, 'issues'>,
): void {
  const { authorizationCode, params, result } = ctx.oidc
  const person = findPerson(authorizationCode?.accountId)
  if (authorizationCode === undefined || person === undefined) {
    return
  }
  const roles = requestedRoles(params?.['authorization_details'])
  issues.set(authorizationCode.jti, {
    locale: languageOf(ctx, params?.['ui_locales']),
    resource: textOrNothing(params?.['resource']),
    representations:
      roles &&
      representationsOf(person, roles).filter(
        ({ authorizer }) => authorizer.pid === result?.consent?.['represented'],
      ),
    jkt: textOrNothing(params?.[boundTo]),
  })
}
