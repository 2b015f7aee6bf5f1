import { errors } from 'oidc-provider'
import type { InteractionResults, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { isAcr, rankOf, requestedLevels } from '../levels.ts'
import { consentPage, errorPage, loginPage } from '../pages.ts'
import { findPerson, persons } from '../persons.ts'
import { representationsOf, requestedRoles } from '../representation.ts'
import { consentScope, loginScopes, plainScope } from '../scopes.ts'
import { grantedAcr } from './claims.ts'
import { formOf, sendPage } from './context.ts'
import type { Locale } from './discovery.ts'
import { isLocale, languageCookie, languageOf } from './language.ts'

/** A login that is under way, with the button that was pressed on its page, if any. */
interface Interaction {
  readonly details: Awaited<ReturnType<Provider['interactionDetails']>>
  readonly locale: Locale
  readonly form: URLSearchParams
  readonly action: string | null
}

/** Gives a path of the pages of a login. */
export function interactionPath(uid: string): string {
  return `/login/${uid}`
}

/** Tells whether a path is one of the pages of a login. */
export function isInteractionPath(path: string): boolean {
  return /^\/login\/[\w-]+$/.test(path)
}

async function finishLogin(
  ctx: KoaContextWithOIDC,
  provider: Provider,
  result: InteractionResults,
): Promise<void> {
  const { session: current } = await provider.interactionDetails(ctx.req, ctx.res)
  const returnTo = await provider.interactionResult(ctx.req, ctx.res, result)
  const chosen = result.login?.accountId
  // oidc-provider would log the former person out with a page of its own.
  if (current !== undefined && chosen !== undefined && chosen !== current.accountId) {
    const session = await provider.Session.findByUid(current.uid)
    if (session !== undefined) {
      session.accountId = chosen
      session.authorizations = {}
      await session.persist()
    }
  }
  ctx.status = 303
  ctx.redirect(returnTo)
}

async function showConsent(
  ctx: KoaContextWithOIDC,
  provider: Provider,
  { details, locale, form, action }: Interaction,
): Promise<void> {
  const { prompt, params, session, grantId } = details
  const asksForScopes = prompt.reasons.some((reason) => reason !== 'representation_to_choose')
  const asked = String(params['scope'])
    .split(' ')
    .filter((scope) => scope === consentScope && asksForScopes)
  const former = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const accountId = session?.accountId ?? former?.accountId
  const person = findPerson(accountId)
  const roles = requestedRoles(params['authorization_details'])
  const represented = roles && person && representationsOf(person, roles)
  if (represented?.length === 0) {
    const description = 'Du har ingen å representere for denne tjenesten'
    sendPage(ctx, 403, errorPage(locale, 'access_denied', description))
    return
  }
  if (action !== 'consent' && action !== 'refuse') {
    sendPage(ctx, 200, consentPage({ locale, asksForScopes, scopes: asked, represented }))
    return
  }
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) })
  const agreed = asksForScopes ? asked : (former?.getOIDCScope().split(' ') ?? [])
  const given = action === 'consent' ? agreed : []
  grant.addOIDCScope(new Set([...loginScopes, plainScope, ...given]))
  const consent = { grantId: await grant.save(), represented: form.get('represent') ?? '' }
  await finishLogin(ctx, provider, { consent })
}

async function showLogin(
  ctx: KoaContextWithOIDC,
  provider: Provider,
  { details, locale, form, action }: Interaction,
): Promise<void> {
  const { params, session } = details
  const { minimum, offered } = requestedLevels(params['acr_values'])
  const chosenPid = form.get('pid') ?? session?.accountId
  const view = { locale, persons, chosenPid, minimum, offered }
  if (action !== 'login') {
    sendPage(ctx, 200, loginPage(view))
    return
  }
  const person = findPerson(form.get('pid'))
  const acr = form.get('acr')
  if (person === undefined || !isAcr(acr) || !offered.includes(acr)) {
    sendPage(ctx, 400, loginPage({ ...view, problem: 'nothingChosen' }))
  } else if (rankOf(acr) < rankOf(minimum)) {
    sendPage(ctx, 400, loginPage({ ...view, problem: 'levelTooLow' }))
  } else {
    const accountId = person.pid
    const login = { accountId, acr: grantedAcr(person, acr, minimum), amr: ['TestID'] }
    await finishLogin(ctx, provider, { login })
  }
}

async function showInteraction(ctx: KoaContextWithOIDC, provider: Provider): Promise<void> {
  const details = await provider.interactionDetails(ctx.req, ctx.res)
  const { prompt, params } = details
  const selected = ctx.query['lang']
  if (isLocale(selected)) {
    ctx.cookies.set(languageCookie, selected, { signed: false, sameSite: 'lax' })
  }
  const locale = isLocale(selected) ? selected : languageOf(ctx, params['ui_locales'])
  const form = formOf(ctx)
  const action = ctx.method === 'POST' ? form.get('action') : null
  if (action === 'cancel') {
    const description = 'End-User aborted interaction'
    await finishLogin(ctx, provider, { error: 'access_denied', error_description: description })
    return
  }
  const show = prompt.name === 'consent' ? showConsent : showLogin
  await show(ctx, provider, { details, locale, form, action })
}

/** Shows the page that a login has come to, or acts on its form; a login that is over is an error page. */
export async function answerInteraction(
  ctx: KoaContextWithOIDC,
  provider: Provider,
): Promise<void> {
  const locale = languageOf(ctx, ctx.query['ui_locales'])
  try {
    await showInteraction(ctx, provider)
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) {
      throw error
    }
    sendPage(ctx, 400, errorPage(locale, error.error, 'Ugyldig eller utløpt sesjon'))
  }
}
