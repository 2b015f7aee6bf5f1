import * as oauth from 'oauth4webapi'
import { type Http, steps } from '../base/http.ts'
import { libraryError } from '../error-map.ts'
import { isLoopback } from '../provider/metadata.ts'
import { retryForProof } from '../request/dpop.ts'
import type { Claims } from '../tokens/rules.ts'
import type { Login } from '../tokens/result.ts'

/**
 * Asks the provider what else it says of the person, and takes it only when it is the same person.
 * Throws `LoginError`. Source: OpenID Connect Core 1.0 §5.3.2; Digdir, "Userinfo".
 */
export async function fetchUserinfo(
  { provider, accessToken, proofKey, claims }: Login,
  clientId: string,
  http: Http,
): Promise<Claims> {
  const client: oauth.Client = { client_id: clientId }
  const request = async (): Promise<Response> =>
    await oauth.userInfoRequest(provider, client, accessToken.reveal(), {
      [oauth.customFetch]: http.requestJson(steps.userinfo),
      [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)),
      ...(proofKey && { DPoP: proofKey.handle }),
    })
  const ask = async (): Promise<Claims> => {
    const response = await request()
    const subject = String(claims['sub'])
    return { ...(await oauth.processUserInfoResponse(provider, client, subject, response)) }
  }
  try {
    return await retryForProof(ask)
  } catch (error) {
    throw libraryError(error, steps.userinfo)
  }
}
