import { Secret } from '../../main/login/base/secret.ts'
import type { Login } from '../../main/login/tokens/result.ts'
import { policy, provider } from './provider.ts'

/** A login that no network knows, for tests of what follows it: without a refresh token, and granted nothing else. */
export const plainLogin: Login = {
  provider,
  policy,
  claims: { sub: 'subject' },
  accessTokenClaims: null,
  checks: [],
  idToken: new Secret('the-id-token'),
  accessToken: new Secret('the-access-token'),
  accessTokenLife: null,
  refreshToken: null,
  refreshTokenLife: null,
  scope: ['openid'],
  proofKey: null,
  nonce: new Secret('the-nonce'),
}
