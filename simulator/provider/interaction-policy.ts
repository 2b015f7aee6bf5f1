import { interactionPolicy } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { rankOf, requestedLevels } from '../levels.ts'
import { requestedRoles } from '../representation.ts'
import { consentScope } from '../scopes.ts'
import type { ProviderParts } from './parts.ts'

function scopesToAsk(ctx: KoaContextWithOIDC): string[] {
  const granted = new Set(ctx.oidc.grant?.getOIDCScope().split(' '))
  return ctx.oidc.requestParamOIDCScopes.has(consentScope) && !granted.has(consentScope)
    ? [consentScope]
    : []
}

/** Creates the rules for when a person sees the login page, and when the consent page. */
export function createPolicy({
  headless,
}: Pick<ProviderParts, 'headless'>): interactionPolicy.DefaultPolicy {
  const { Check, base } = interactionPolicy
  const prompts = base()
  prompts.get('login')?.checks.add(
    new Check(
      'level_too_low',
      'a higher level of assurance is required',
      'login_required',
      (ctx) => {
        const { minimum } = requestedLevels(ctx.oidc.params?.['acr_values'])
        const enough = rankOf(ctx.oidc.session?.acr) >= rankOf(minimum)
        return !enough && ctx.oidc.result?.login === undefined && !headless.has(ctx)
      },
    ),
  )
  const consent = prompts.get('consent')
  for (const reason of consent?.checks.map((check) => check.reason) ?? []) {
    if (reason !== 'consent_prompt') {
      consent?.checks.remove(reason)
    }
  }
  consent?.checks.add(
    new Check(
      'scope_needs_consent',
      'the person must consent to a scope',
      'consent_required',
      (ctx) => ctx.oidc.result?.consent === undefined && scopesToAsk(ctx).length > 0,
    ),
  )
  consent?.checks.add(
    new Check(
      'representation_to_choose',
      'the person must choose whom to act for',
      'interaction_required',
      (ctx) =>
        ctx.oidc.result?.consent === undefined &&
        !headless.has(ctx) &&
        requestedRoles(ctx.oidc.params?.['authorization_details']) !== undefined,
    ),
  )
  return prompts
}
