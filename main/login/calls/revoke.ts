import * as oauth from 'oauth4webapi'
import { createHttp, type Http, type HttpOptions, steps } from '../base/http.ts'
import { libraryError } from '../error-map.ts'
import { isLoopback } from '../provider/metadata.ts'
import { type Login, secretsOf } from '../tokens/result.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Scopes whose tokens end with the login at the provider; all others outlive it (Digdir, "Utlogging"). */
const loginScopes = ['openid', 'profile']

/** Tells whether the tokens would outlive the logout at the provider. */
export function outlivesLogout({ scope }: Login): boolean {
  return scope.some((granted) => !loginScopes.includes(granted))
}

/**
 * Revokes the tokens of a login: the refresh token where there is one, which ends the whole grant.
 *
 * @throws {LoginError} `E_TOKEN_REFUSED`, `E_NETWORK_…`
 * @see RFC 7009 §2.1; Digdir, "Revokering"
 */
export async function revokeTokens(login: Login, options: HttpOptions = {}): Promise<void> {
  const secrets = secretsOf(login)
  const http = createHttp({ ...options, secrets })
  await withoutSecrets(secrets, options, () => revoke(login, http))
}

async function revoke(login: Login, http: Http): Promise<void> {
  const { provider, refreshToken, accessToken, policy } = login
  const token = refreshToken ?? accessToken
  try {
    const response = await oauth.revocationRequest(
      provider,
      { client_id: policy.clientId },
      oauth.None(),
      token.reveal(),
      {
        [oauth.customFetch]: http.requestAny(steps.revocation),
        [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)),
        additionalParameters: {
          token_type_hint: refreshToken === null ? 'access_token' : 'refresh_token',
        },
      },
    )
    await http.judge(response, () => oauth.processRevocationResponse(response))
  } catch (error) {
    throw libraryError(error, steps.revocation)
  }
}
