import { createHash, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { Provider, errors, interactionPolicy } from 'oidc-provider'
import type {
  AccountClaims,
  Configuration,
  InteractionResults,
  KoaContextWithOIDC,
} from 'oidc-provider'
import { createApis } from './apis.ts'
import type { LiveToken } from './apis.ts'
import { discoveryDocument, locales, paths, responseModes } from './discovery.ts'
import type { Locale } from './discovery.ts'
import { createProofChecker } from './dpop.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import type { Keys } from './keys.ts'
import { isAcr, levelBelow, rankOf, requestedLevels } from './levels.ts'
import type { Acr } from './levels.ts'
import { consentPage, errorPage, loginPage, messagePage, pageHeaders, withNotice } from './pages.ts'
import { persons } from './persons.ts'
import type { TestPerson } from './persons.ts'
import { representationsOf, requestedRoles } from './representation.ts'
import type { Representation } from './representation.ts'
import type { RefreshTokenUsage } from './scenarios.ts'
import { consentScope, loginScopes, plainScope, scopes } from './scopes.ts'
import type { Stage } from './stage.ts'
import type { Store } from './store.ts'

/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly idToken: number
  readonly accessToken: number
  /** Time without use after which a refresh token is dead. */
  readonly refreshToken: number
  /** Time after which nothing can be refreshed any more. */
  readonly authorization: number
  readonly code: number
  readonly par: number
  /** Time between two authorization requests after which the SSO session is dead. */
  readonly ssoIdle: number
  /** Time from the login after which the SSO session is dead. */
  readonly ssoMax: number
}

/**
 * ID-porten's lifetimes; the one of the code is not documented and is a guess.
 * @see https://docs.digdir.no/docs/idporten/oidc/oidc_func_clientreg
 */
export const defaultLifetimes: Lifetimes = {
  idToken: 120,
  accessToken: 120,
  refreshToken: 600,
  authorization: 7200,
  code: 60,
  par: 120,
  ssoIdle: 30 * 60,
  ssoMax: 120 * 60,
}

/** The public native client that the profile of the simulator names. */
export const clientId = '5d1f0a52-6c1e-4a53-9c7b-2f3a6e0b7d10'

/** Another public native client, so that pairwise subjects can be compared. */
export const otherClientId = '0b0b8e63-97f4-4c3d-8a57-6f0d6d2c41ef'

export { consentScope, plainScope } from './scopes.ts'

/** The cookie in which ID-porten keeps the language that the person chose. */
export const languageCookie = 'IDPORTEN_SELECTED_LANGUAGE'

const formerUrn = 'urn:ietf:params:oauth:request_uri:'
const ownUrn = 'urn:idporten:'
/** Carries `dpop_jkt` through an authorization request, under a name that oidc-provider does not know. */
const boundTo = 'simulator_jkt'

/** What is remembered of an authorization request until its tokens are issued. */
interface Issue {
  readonly locale: Locale
  /** One address, or several with spaces between. */
  readonly resource: string | undefined
  /** On whose behalf the person logged in; empty for nobody, absent when that was not asked for. */
  readonly representations: readonly Representation[] | undefined
  /** Thumbprint of the key that a code or a token is bound to. */
  readonly jkt: string | undefined
}

interface ProviderOptions {
  readonly issuer: string
  readonly lifetimes: Lifetimes
  readonly redirectPath: string
  readonly refreshTokens: boolean
  readonly refreshTokenUsage: RefreshTokenUsage
  readonly secure: boolean
  readonly store: Store
  readonly keys: Keys
  readonly stage: Stage
}

/** ID-porten's request URI as oidc-provider names it; any other one is made unknown to it. */
export function toProviderRequestUri(requestUri: string): string {
  return requestUri.startsWith(ownUrn)
    ? `${formerUrn}${requestUri.slice(ownUrn.length)}`
    : `unknown:${requestUri}`
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function resourcesIn(resource: unknown): readonly string[] {
  return asText(resource).split(' ')
}

/** One audience is a text, and only several are an array. */
function audienceOf(resource: string): string | string[] {
  const resources = resourcesIn(resource)
  return resources.length === 1 ? resource : [...resources]
}

function formOf({ req }: KoaContextWithOIDC): URLSearchParams {
  return req instanceof ForwardedRequest ? req.form : new URLSearchParams()
}

/** The address as the client wrote it, without the query. */
function addressOf(ctx: KoaContextWithOIDC): URL {
  return ctx.req instanceof ForwardedRequest ? ctx.req.address : new URL(ctx.path, ctx.origin)
}

function isLocale(value: unknown): value is Locale {
  return locales.some((locale) => locale === value)
}

function languageOf(ctx: KoaContextWithOIDC, uiLocales: unknown): Locale {
  const chosen = ctx.cookies.get(languageCookie, { signed: false })
  const wanted = asText(uiLocales).split(' ')
  return [chosen, ...wanted].find(isLocale) ?? 'nb'
}

function bodyOf(ctx: KoaContextWithOIDC): Record<string, unknown> {
  const body: unknown = ctx.body
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

function sendPage(ctx: KoaContextWithOIDC, status: number, html: string): void {
  ctx.status = status
  ctx.set({ ...pageHeaders })
  ctx.body = html
}

/** The level that a login gives, which for one test person is too low on purpose. */
function grantedAcr(person: TestPerson, chosen: Acr, minimum: Acr): Acr {
  return person.kind === 'low-level' ? levelBelow(minimum) : chosen
}

/** Reads `testid:<pid>_<acr>`; a hint that names no test person or level is no hint. */
function readLoginHint(hint: unknown): { person: TestPerson; acr: Acr } | undefined {
  const [, pid, acr] = /^testid:(\d{11})_(.+)$/.exec(asText(hint)) ?? []
  const person = persons.find((candidate) => candidate.pid === pid)
  return person !== undefined && isAcr(acr) ? { person, acr } : undefined
}

function claimsOf(person: TestPerson, use: string, scope: string, locale: Locale): AccountClaims {
  const names = { given_name: person.givenName, family_name: person.familyName }
  const claims = {
    sub: person.pid,
    ...(person.kind === 'without-pid' ? {} : { pid: person.pid }),
    ...(scope.split(' ').includes('profile') ? { locale, ...names } : {}),
    ...(use === 'id_token' ? { jti: randomBytes(8).toString('base64url') } : {}),
  }
  return { ...claims }
}

/** Builds an oidc-provider that answers as ID-porten does. */
export function createProvider(options: ProviderOptions): Provider {
  const { issuer, lifetimes, store, keys, stage } = options
  const issues = new Map<string, Issue>()
  const headless = new WeakSet<KoaContextWithOIDC>()
  const proofs = createProofChecker()
  /** The keys that were proven to the token endpoint and the one for pushed requests. */
  const provenKeys = new WeakMap<KoaContextWithOIDC, string>()
  const cookieOptions = {
    httpOnly: true,
    // A POST from another site, as logout may be, only brings cookies that are SameSite=None.
    ...(options.secure
      ? { sameSite: 'none' as const, secure: true }
      : { sameSite: 'lax' as const }),
  }

  const client = (id: string, name: string) => ({
    client_id: id,
    client_name: name,
    application_type: 'native' as const,
    token_endpoint_auth_method: 'none' as const,
    redirect_uris: [`http://127.0.0.1:0${options.redirectPath}`],
    post_logout_redirect_uris: ['http://127.0.0.1:0/logged-out'],
    grant_types: ['authorization_code', ...(options.refreshTokens ? ['refresh_token'] : [])],
    response_types: ['code' as const],
    subject_type: 'pairwise' as const,
    scope: scopes.join(' '),
  })

  const pairwiseSubject = (accountId: string, sector: string) =>
    createHash('sha256').update(`simulator ${sector} ${accountId}`).digest('base64url')

  function logIn(ctx: KoaContextWithOIDC): void {
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

  function checkRequest(ctx: KoaContextWithOIDC): void {
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

  function checkResource(resource: unknown): void {
    if (resource !== undefined && !resourcesIn(resource).every((one) => URL.canParse(one))) {
      throw new errors.InvalidTarget('resource indicator must be an absolute URI')
    }
  }

  /** The key of the DPoP proof of a request. */
  async function provenKey(ctx: KoaContextWithOIDC, accessToken?: string): Promise<string> {
    const address = addressOf(ctx)
    const nonces = stage.scenario?.dpopNonce
    try {
      const proven = { method: ctx.method, address, proof: ctx.get('dpop') }
      return await proofs.check(
        accessToken === undefined ? proven : { ...proven, accessToken },
        nonces,
      )
    } finally {
      if (nonces !== undefined) {
        ctx.set('dpop-nonce', proofs.nextNonce(address.origin))
      }
    }
  }

  /** Checks what oidc-provider is not asked about: DPoP proofs, bound tokens and resources. */
  async function checkTokenRequest(ctx: KoaContextWithOIDC): Promise<void> {
    if (ctx.get('dpop') !== '' && stage.scenario?.ignoresDpop !== true) {
      provenKeys.set(ctx, await provenKey(ctx))
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

  /** Finds an access token that is alive, with what belongs to it. */
  async function findToken(value: string): Promise<LiveToken | undefined> {
    const token = await provider.AccessToken.find(value)
    const grant = await provider.Grant.find(token?.grantId ?? '')
    const person = persons.find((candidate) => candidate.pid === token?.accountId)
    if (token === undefined || grant === undefined || person === undefined) {
      return undefined
    }
    const { locale = 'nb', jkt } = issues.get(token.jti) ?? {}
    return { clientId: token.clientId ?? '', person, scope: token.scope ?? '', locale, jkt }
  }

  const answerApi = createApis({
    issuer,
    findToken,
    provenKey,
    userinfo: ({ person, scope, locale, clientId: caller }) => ({
      ...claimsOf(person, 'userinfo', scope, locale),
      sub: pairwiseSubject(person.pid, caller),
    }),
  })

  function scopesToAsk(ctx: KoaContextWithOIDC): string[] {
    const granted = new Set(ctx.oidc.grant?.getOIDCScope().split(' '))
    return ctx.oidc.requestParamOIDCScopes.has(consentScope) && !granted.has(consentScope)
      ? [consentScope]
      : []
  }

  function policy() {
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

  const configuration: Configuration = {
    acrValues: [],
    adapter: store.adapter,
    allowOmittingSingleRegisteredRedirectUri: false,
    claims: {
      openid: ['sub', 'pid', 'acr', 'amr', 'auth_time', 'jti', 'authorization_details'],
      profile: ['locale', 'given_name', 'family_name'],
    },
    clientBasedCORS: () => false,
    clockTolerance: 0,
    clients: [
      client(clientId, 'Simulatorens klient'),
      client(otherClientId, 'Simulatorens andre klient'),
    ],
    conformIdTokenClaims: false,
    cookies: {
      names: {
        session: 'simulator_session',
        interaction: 'simulator_login',
        resume: 'simulator_resume',
      },
      keys: [randomBytes(32).toString('base64url')],
      long: cookieOptions,
      short: cookieOptions,
    },
    // Tokens do not end when the session grows old, only at logout: see logOut.
    expiresWithSession: () => false,
    extraParams: {
      state: (ctx) => {
        checkRequest(ctx)
        logIn(ctx)
      },
      resource: () => {},
      authorization_details: () => {},
      // The key of the one who asks; oidc-provider would look for a proof of it by itself.
      dpop_jkt: (ctx: KoaContextWithOIDC, thumbprint: unknown) => {
        const { params } = ctx.oidc
        const proven = provenKeys.get(ctx)
        if (proven !== undefined && thumbprint !== undefined && thumbprint !== proven) {
          throw new errors.InvalidRequest('DPoP proof key thumbprint does not match dpop_jkt')
        }
        if (params !== undefined) {
          params[boundTo] ??= proven ?? thumbprint
          params['dpop_jkt'] = undefined
        }
      },
      [boundTo]: () => {},
    },
    features: {
      devInteractions: { enabled: false },
      // Proofs are checked here, with nonces that can change at each request: see checkTokenRequest.
      dPoP: { enabled: false },
      introspection: {
        enabled: true,
        allowedPolicy: () => {
          throw new errors.InvalidClientAuth('a public client cannot introspect tokens')
        },
      },
      jwtResponseModes: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, caller, token) => token.clientId === caller.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: logOut,
        postLogoutSuccessSource: () => {},
      },
      // See createApis.
      userinfo: { enabled: false },
    },
    findAccount: (_ctx, accountId, token) => {
      const person = persons.find((candidate) => candidate.pid === accountId)
      const issue = issues.get(token?.jti ?? '')
      const locale = issue?.locale ?? 'nb'
      const authorization_details = issue?.representations
      return (
        person && {
          accountId,
          claims: (use, scope) => ({
            ...claimsOf(person, use, scope, locale),
            ...(authorization_details === undefined ? {} : { authorization_details }),
          }),
        }
      )
    },
    interactions: { policy: policy(), url: (_ctx, interaction) => `/login/${interaction.uid}` },
    issueRefreshToken: (_ctx, caller) => caller.grantTypeAllowed('refresh_token'),
    jwks: { keys: [keys.current().privateJwk] },
    async loadExistingGrant(ctx) {
      const { account, client: caller, result, session } = ctx.oidc
      if (account === undefined || caller === undefined) {
        return undefined
      }
      const id = result?.consent?.grantId
      const consented = id === undefined ? undefined : await provider.Grant.find(id)
      if (consented !== undefined) {
        return consented
      }
      // Each authorization is a grant of its own, with its own lifetime and revocation.
      const former = await provider.Grant.find(session?.grantIdFor(caller.clientId) ?? '')
      const { accountId } = account
      const grant = new provider.Grant({ accountId, clientId: caller.clientId })
      const agreed = headless.has(ctx) ? scopes : (former?.getOIDCScope().split(' ') ?? [])
      grant.addOIDCScope(new Set([...loginScopes, plainScope, ...agreed]))
      await grant.save()
      return grant
    },
    pairwiseIdentifier: (_ctx, accountId, caller) => pairwiseSubject(accountId, caller.clientId),
    pkce: { required: () => true },
    renderError: (ctx, { error, error_description: description }) => {
      const locale = languageOf(ctx, ctx.query['ui_locales'])
      sendPage(ctx, ctx.status, errorPage(locale, error, description))
    },
    responseTypes: ['code'],
    rotateRefreshToken: () =>
      (stage.scenario?.refreshTokenUsage ?? options.refreshTokenUsage) === 'onetime',
    routes: { ...paths },
    scopes,
    subjectTypes: ['public', 'pairwise'],
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: lifetimes.code,
      Grant: lifetimes.authorization,
      IdToken: lifetimes.idToken,
      Interaction: defaultLifetimes.ssoIdle,
      RefreshToken: lifetimes.refreshToken,
      Session: (_ctx, session) => {
        const now = Math.floor(Date.now() / 1000)
        const left = (session.loginTs ?? now) + lifetimes.ssoMax - now
        return Math.max(1, Math.min(lifetimes.ssoIdle, left))
      },
    },
  }

  async function logOut(ctx: KoaContextWithOIDC): Promise<void> {
    const state = ctx.oidc.session?.state
    const target = state?.['postLogoutRedirectUri']
    const uid = ctx.oidc.session?.uid
    store.forget(
      ({ sessionUid, scope }) =>
        sessionUid === uid &&
        asText(scope)
          .split(' ')
          .every((name) => loginScopes.includes(name)),
    )
    await ctx.oidc.session?.destroy()
    ctx.cookies.set(provider.cookieName('session'), null, cookieOptions)
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

  const provider = new Provider(issuer, configuration)
  // Koa would write these to the console; it is no event target of the web.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  provider.onerror = (error) => {
    // A client that goes away in the middle of an answer is no fault of the provider.
    if (!('code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))) {
      process.emitWarning(error)
    }
  }
  provider.on('server_error', (_ctx: KoaContextWithOIDC, error: Error) => {
    process.emitWarning(error)
  })
  provider.on('authorization.success', (ctx: KoaContextWithOIDC) => {
    const { authorizationCode, params, result } = ctx.oidc
    const person = persons.find((candidate) => candidate.pid === authorizationCode?.accountId)
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
  })

  /** Replaces the opaque access token by the JWT that ID-porten would have issued. */
  async function finishTokenResponse(ctx: KoaContextWithOIDC): Promise<void> {
    const { accessToken, refreshToken, grant, entities } = ctx.oidc
    const source =
      ctx.oidc.authorizationCode ?? entities.RotatedRefreshToken ?? entities.RefreshToken
    const person = persons.find((candidate) => candidate.pid === accessToken?.accountId)
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
    const details =
      issue.representations === undefined ? {} : { authorization_details: issue.representations }
    const caller = accessToken.clientId ?? ''
    const iat = Math.floor(Date.now() / 1000) + stage.clock
    const key = keys.current()
    const jwt = await new SignJWT({
      sub: pairwiseSubject(person.pid, caller),
      acr: source.acr,
      scope: accessToken.scope,
      iss: issuer,
      client_amr: 'none',
      ...(person.kind === 'without-pid' ? {} : { pid: person.pid }),
      exp: iat + accessToken.expiration,
      iat,
      jti: randomBytes(8).toString('base64url'),
      client_id: caller,
      consumer: { authority: 'iso6523-actorid-upis', ID: '0192:991825827' },
      ...(issue.resource === undefined ? {} : { aud: audienceOf(issue.resource) }),
      ...(jkt === undefined ? {} : { cnf: { jkt } }),
      ...details,
    })
      .setProtectedHeader({ kid: key.kid, alg: 'RS256' })
      .sign(key.privateKey)
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
      ...details,
      ...(refreshable === undefined ? {} : { refresh_token_expires_in: refreshable }),
    }
  }

  async function finishLogin(ctx: KoaContextWithOIDC, result: InteractionResults): Promise<void> {
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

  async function showInteraction(ctx: KoaContextWithOIDC): Promise<void> {
    const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res)
    const selected = ctx.query['lang']
    if (isLocale(selected)) {
      ctx.cookies.set(languageCookie, selected, { signed: false, sameSite: 'lax' })
    }
    const locale = isLocale(selected) ? selected : languageOf(ctx, params['ui_locales'])
    const form = formOf(ctx)
    const action = ctx.method === 'POST' ? form.get('action') : null

    if (action === 'cancel') {
      const description = 'End-User aborted interaction'
      await finishLogin(ctx, { error: 'access_denied', error_description: description })
      return
    }
    if (prompt.name === 'consent') {
      const asksForScopes = prompt.reasons.some((reason) => reason !== 'representation_to_choose')
      const asked = String(params['scope'])
        .split(' ')
        .filter((scope) => scope === consentScope && asksForScopes)
      const former = grantId === undefined ? undefined : await provider.Grant.find(grantId)
      const accountId = session?.accountId ?? former?.accountId
      const person = persons.find((candidate) => candidate.pid === accountId)
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
      await finishLogin(ctx, { consent })
      return
    }

    const { minimum, offered } = requestedLevels(params['acr_values'])
    const chosenPid = form.get('pid') ?? session?.accountId
    const view = { locale, persons, chosenPid, minimum, offered }
    if (action !== 'login') {
      sendPage(ctx, 200, loginPage(view))
      return
    }
    const person = persons.find((candidate) => candidate.pid === form.get('pid'))
    const acr = form.get('acr')
    if (person === undefined || !isAcr(acr) || !offered.includes(acr)) {
      sendPage(ctx, 400, loginPage({ ...view, problem: 'nothingChosen' }))
    } else if (rankOf(acr) < rankOf(minimum)) {
      sendPage(ctx, 400, loginPage({ ...view, problem: 'levelTooLow' }))
    } else {
      const accountId = person.pid
      const login = { accountId, acr: grantedAcr(person, acr, minimum), amr: ['TestID'] }
      await finishLogin(ctx, { login })
    }
  }

  /** Answers a request that is wrong in a way that oidc-provider does not look for. */
  async function refuseTokenRequest(ctx: KoaContextWithOIDC): Promise<boolean> {
    if (ctx.path !== paths.token && ctx.path !== paths.pushed_authorization_request) {
      return false
    }
    try {
      await checkTokenRequest(ctx)
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

  async function respondAsIdPorten(ctx: KoaContextWithOIDC): Promise<void> {
    const body: unknown = ctx.body
    if (ctx.path.startsWith('/.well-known/') && ctx.status === 200) {
      ctx.body = discoveryDocument(issuer)
    } else if (ctx.path === paths.pushed_authorization_request && ctx.status === 201) {
      const uri = String(bodyOf(ctx)['request_uri'])
      const requestUri = `${ownUrn}${uri.slice(formerUrn.length)}`
      ctx.body = { expires_in: lifetimes.par, request_uri: requestUri }
    } else if (ctx.path === paths.token && ctx.status === 200) {
      await finishTokenResponse(ctx)
    } else if (ctx.path === paths.token && ctx.status === 400) {
      const { error_description: description } = bodyOf(ctx)
      if (description === 'requested grant type is not allowed for this client') {
        ctx.body = { ...bodyOf(ctx), error: 'unauthorized_client' }
      }
    } else if (ctx.path === paths.end_session && ctx.status === 200) {
      if (!ctx.oidc.session?.accountId && ctx.oidc.session?.state !== undefined) {
        // The browser may have a session that it did not send.
        ctx.remove('set-cookie')
        const html = errorPage(languageOf(ctx, undefined), 'invalid_request', 'no session')
        sendPage(ctx, 400, html)
      }
    } else if (typeof body === 'string' && body.includes('<title>Submitting Callback</title>')) {
      ctx.body = withNotice(body, languageOf(ctx, ctx.query['ui_locales']))
    }
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

  provider.use(async (ctx: KoaContextWithOIDC, next: () => Promise<void>) => {
    const locale = languageOf(ctx, ctx.query['ui_locales'])
    if (ctx.path === '/') {
      sendPage(ctx, 200, messagePage(locale, 'homeTitle', 'homeIntro'))
    } else if (/^\/login\/[\w-]+$/.test(ctx.path)) {
      try {
        await showInteraction(ctx)
      } catch (error) {
        if (!(error instanceof errors.SessionNotFound)) {
          throw error
        }
        sendPage(ctx, 400, errorPage(locale, error.error, 'Ugyldig eller utløpt sesjon'))
      }
    } else {
      if (!(await answerApi(ctx)) && !(await refuseTokenRequest(ctx))) {
        await next()
        await respondAsIdPorten(ctx)
      }
      await stage.after(ctx)
      if (ctx.status === 404 && ctx.body === undefined) {
        sendPage(ctx, 404, messagePage(locale, 'errorTitle', 'notFound'))
      }
    }
  })
  return provider
}
