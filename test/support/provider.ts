import { Secret } from '../../main/login/base/secret.ts'
import type { Provider } from '../../main/login/provider/metadata.ts'
import type { AuthorizationRequest, LoginPolicy } from '../../main/login/request/authorization.ts'

/** A provider, a policy and a request that no network knows, for tests of one part of a login. */

export const issuer = 'https://issuer.test'

export const provider: Provider = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
}

export const policy: LoginPolicy = {
  issuer,
  clientId: 'client',
  redirectPath: '/callback',
  scope: 'openid',
  acrValues: [],
  uiLocales: 'nb',
  resource: [],
  par: 'never',
}

export const request: AuthorizationRequest = {
  redirectUri: 'http://127.0.0.1:1/callback',
  state: new Secret('the-state-that-was-sent'),
  nonce: new Secret('the-nonce-that-was-sent'),
  codeVerifier: new Secret('v'.repeat(43)),
  address: async () => ({ url: issuer, goodUntil: 0 }),
}
