import * as oauth from 'oauth4webapi'
import { createHttp, type HttpOptions, steps } from '../base/http.ts'
import { secretRemover } from '../base/secret.ts'
import { libraryError } from '../error-map.ts'
import { isLoopback } from '../provider/metadata.ts'
import { retryForProof } from '../request/dpop.ts'
import type { Claims } from '../tokens/rules.ts'
import { type Login, secretsOf } from '../tokens/result.ts'
import { withoutSecrets } from './without-secrets.ts'

/**
 * Asks the provider what else it says of the person, and takes it only when it is the same person. Secrets
 * that the provider repeats are taken out.
 *
 * @throws {LoginError} `E_TOKEN_REFUSED`, `E_TOKEN_RESPONSE`, `E_NETWORK_…`
 * @see OpenID Connect Core 1.0 §5.3.2; Digdir, "Userinfo"
 */
export async function fetchUserinfo(login: Login, options: HttpOptions = {}): Promise<Claims> {
  const { provider, accessToken, proofKey, claims, policy } = login
  const client: oauth.Client = { client_id: policy.clientId }
  const secrets = secretsOf(login)
  const http = createHttp({ ...options, secrets })
  const request = async (): Promise<Response> =>
    await oauth.userInfoRequest(provider, client, accessToken.reveal(), {
      [oauth.customFetch]: http.requestJson(steps.userinfo),
      [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)),
      ...(proofKey && { DPoP: proofKey.handle }),
    })
  const ask = async (): Promise<Claims> => {
    const response = await request()
    const subject = String(claims['sub'])
    return await http.judge(response, async () => ({
      ...(await oauth.processUserInfoResponse(provider, client, subject, response)),
    }))
  }
  return await withoutSecrets(secrets, options, async () => {
    try {
      return secretRemover(secrets)(await retryForProof(ask))
    } catch (error) {
      throw libraryError(error, steps.userinfo)
    }
  })
}
