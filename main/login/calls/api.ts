import * as oauth from 'oauth4webapi'
import { failure } from '../errors.ts'
import { libraryError } from '../error-map.ts'
import { systemClock } from '../base/clock.ts'
import { isLoopback } from '../provider/metadata.ts'
import { retryForProof } from '../request/dpop.ts'
import { createHttp, type Http, type HttpOptions, steps } from '../base/http.ts'
import { secretRemover } from '../base/secret.ts'
import { type Login, secretsOf } from '../tokens/result.ts'
import { withoutSecrets } from './without-secrets.ts'

/** An API that is called with the access token, without a body. */
export interface Api {
  readonly url: string
  readonly method: 'GET' | 'POST'
}

/** What an API answered, with any status. */
export interface ApiAnswer {
  readonly httpStatus: number
  /** Milliseconds. */
  readonly tookMs: number
  /** JSON as it came; empty when a refusal brought none. */
  readonly body: string
}

export interface ApiOptions extends HttpOptions {
  /** The login before a renewal, whose tokens the API has seen and may repeat as well. Default: there is none. */
  readonly former?: Login | undefined
}

/**
 * Calls an API with the access token, as Bearer or DPoP as the token is bound. The token goes to that address
 * and nowhere else: redirects are refused. Secrets that the API repeats are taken out of its answer.
 *
 * @throws {LoginError} `E_API_RESPONSE`, `E_NETWORK_…`; a refusal by the API is an answer
 * @see RFC 6750 §2.1, RFC 9449 §7
 */
export async function callApi(
  login: Login,
  api: Api,
  options: ApiOptions = {},
): Promise<ApiAnswer> {
  const { former } = options
  const secrets = [...secretsOf(login), ...(former === undefined ? [] : secretsOf(former))]
  return await withoutSecrets(secrets, options, async () =>
    secretRemover(secrets)(await call(login, api, createHttp({ ...options, secrets }), options)),
  )
}

async function call(
  login: Login,
  api: Api,
  http: Http,
  { clock = systemClock }: HttpOptions,
): Promise<ApiAnswer> {
  const url = new URL(api.url)
  const startedAt = clock.monotonic()
  const send = async (): Promise<Response> =>
    await oauth.protectedResourceRequest(
      login.accessToken.reveal(),
      api.method,
      url,
      new Headers({ accept: 'application/json' }),
      undefined,
      {
        // An `Api` has no body.
        [oauth.customFetch]: (address, { method, headers }) =>
          http.requestAny(steps.api)(address, { method, headers }),
        [oauth.allowInsecureRequests]: isLoopback(url),
        ...(login.proofKey && { DPoP: login.proofKey.handle }),
      },
    )
  const response = await retryForProof(send).catch(challenged)
  const body = await http.judge(response, () => readJson(response))
  return { httpStatus: response.status, tookMs: clock.monotonic() - startedAt, body }
}

/** A refusal with a challenge is an answer like any other. */
function challenged(error: unknown): Response {
  if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response
  throw libraryError(error, steps.api)
}

async function readJson(response: Response): Promise<string> {
  // Stryker disable next-line StringLiteral: the library reads no body of an answer that it hands over, and a later one may
  const text = response.bodyUsed ? '' : await response.text()
  try {
    JSON.parse(text)
    return text
  } catch (error) {
    if (!response.ok || text === '') return ''
    throw failure('E_API_RESPONSE', steps.api.name, 'not JSON', { cause: error })
  }
}
