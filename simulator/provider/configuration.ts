import { randomBytes } from 'node:crypto'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { registeredClients } from '../clients.ts'
import { errorPage } from '../pages.ts'
import { scopes } from '../scopes.ts'
import { checkRequest, loadGrant, logInByHint } from './authorization.ts'
import { accountFinder, pairwiseSubject } from './claims.ts'
import { sendPage } from './context.ts'
import { paths } from './discovery.ts'
import { createPolicy } from './interaction-policy.ts'
import { languageOf } from './language.ts'
import { defaultLifetimes } from './lifetimes.ts'
import type { Lifetimes } from './lifetimes.ts'
import { interactionPath } from './login-pages.ts'
import { cookieOptions, logOut } from './logout.ts'
import type { ProviderParts } from './parts.ts'
import { bindToKey, boundTo } from './pushed-authorization.ts'
import { revocationFeatures } from './revocation.ts'

/** The parameters that oidc-provider does not know, in the order in which they are looked at. */
function extraParams(parts: ProviderParts): Configuration['extraParams'] {
  return {
    state: (ctx) => {
      checkRequest(ctx)
      logInByHint(ctx, parts)
    },
    resource: () => {},
    authorization_details: () => {},
    dpop_jkt: (ctx: KoaContextWithOIDC, thumbprint: unknown) => bindToKey(ctx, thumbprint, parts),
    [boundTo]: () => {},
  }
}

function features(parts: ProviderParts): Configuration['features'] {
  return {
    ...revocationFeatures,
    devInteractions: { enabled: false },
    // Proofs are checked here, with nonces that can change at each request: see refuseTokenRequest.
    dPoP: { enabled: false },
    jwtResponseModes: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx) => logOut(ctx, parts),
      postLogoutSuccessSource: () => {},
    },
    // See createApis.
    userinfo: { enabled: false },
  }
}

function timesToLive(lifetimes: Lifetimes): Configuration['ttl'] {
  return {
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
  }
}

/** Makes the configuration with which oidc-provider comes closest to ID-porten. */
export function createConfiguration(parts: ProviderParts): Configuration {
  const cookie = cookieOptions(parts)
  return {
    acrValues: [],
    adapter: parts.store.adapter,
    allowOmittingSingleRegisteredRedirectUri: false,
    claims: {
      openid: ['sub', 'pid', 'acr', 'amr', 'auth_time', 'jti', 'authorization_details'],
      profile: ['locale', 'given_name', 'family_name'],
    },
    clientBasedCORS: () => false,
    clockTolerance: 0,
    clients: registeredClients(parts),
    conformIdTokenClaims: false,
    cookies: {
      names: {
        session: 'simulator_session',
        interaction: 'simulator_login',
        resume: 'simulator_resume',
      },
      keys: [randomBytes(32).toString('base64url')],
      long: cookie,
      short: cookie,
    },
    // Tokens do not end when the session grows old, only at logout: see logOut.
    expiresWithSession: () => false,
    extraParams: extraParams(parts),
    features: features(parts),
    findAccount: accountFinder(parts),
    interactions: {
      policy: createPolicy(parts),
      url: (_ctx, interaction) => interactionPath(interaction.uid),
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [parts.keys.current().privateJwk] },
    loadExistingGrant: (ctx) => loadGrant(ctx, parts),
    pairwiseIdentifier: (_ctx, accountId, client) => pairwiseSubject(accountId, client.clientId),
    pkce: { required: () => true },
    renderError: (ctx, { error, error_description: description }) => {
      const locale = languageOf(ctx, ctx.query['ui_locales'])
      sendPage(ctx, ctx.status, errorPage(locale, error, description))
    },
    responseTypes: ['code'],
    rotateRefreshToken: () =>
      (parts.stage.scenario?.refreshTokenUsage ?? parts.refreshTokenUsage) === 'onetime',
    routes: { ...paths },
    scopes,
    subjectTypes: ['public', 'pairwise'],
    ttl: timesToLive(parts.lifetimes),
  }
}
