import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import type { Check } from '../../preload/contract.ts'
import { AppError } from '../errors.ts'
import { libraryError, oauthReason } from '../known-errors.ts'
import type { AuthorizationRequest, LoginPolicy } from './authorization-request.ts'
import { isLoopback, type Provider } from './discovery.ts'
import { type Http, steps } from './http.ts'
import { Secret } from './secret.ts'

/** The token response as it came, before its ID token is verified: nothing of it may be used yet. */
export interface TokenResponse {
  readonly idToken: Secret
  readonly accessToken: Secret
  readonly refreshToken: Secret | null
  /** Seconds; null when the provider did not say. */
  readonly expiresIn: number | null
  /** The library's own checks of the same response; they run after ours and must agree. */
  confirm(): Promise<void>
}

/** Ten years in seconds: more is no lifetime of a token. */
const longestLife = 315_360_000

/** What a header can carry (RFC 6749 appendix A.12 without the space). */
const tokenText = /^[\x21-\x7E]+$/

const tokenResponse = v.looseObject({
  access_token: v.pipe(v.string(), v.regex(tokenText, 'is no token')),
  token_type: v.pipe(v.string(), v.regex(/^bearer$/i, 'is not Bearer')),
  id_token: v.pipe(v.string(), v.nonEmpty()),
  refresh_token: v.optional(v.pipe(v.string(), v.regex(tokenText, 'is no token'))),
  expires_in: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(longestLife))),
  scope: v.optional(v.string()),
})

/** A callback that passed, and what was checked of it. */
export interface CheckedCallback {
  readonly parameters: URLSearchParams
  readonly checks: readonly Check[]
}

/**
 * Checks the parameters of the callback: `iss` and `error` after the listener has checked `state`.
 * Throws `AppError`: `E_CALLBACK_ISSUER`, `E_CALLBACK_INVALID`, `E_LOGIN_DENIED`, `E_LOGIN_REFUSED`.
 * Source: RFC 9207 §2.4, RFC 6749 §4.1.2.
 */
export function checkCallback(
  provider: Provider,
  policy: LoginPolicy,
  parameters: URLSearchParams,
  request: AuthorizationRequest,
): CheckedCallback {
  const invalid = (key: string, reason: string, cause?: unknown): never => {
    throw new AppError('E_CALLBACK_INVALID', `callback: ${key}: ${reason}`, {
      cause,
      detail: { key, reason },
    })
  }
  const iss = parameters.get('iss')
  // Demanded even when the metadata forgets to promise it: ID-porten always sends it.
  if (iss !== provider.issuer) {
    const reason = iss === null ? 'is absent' : 'is another issuer'
    throw new AppError('E_CALLBACK_ISSUER', `callback: iss: ${reason}`, {
      detail: { key: 'iss', reason },
    })
  }
  for (const name of ['access_token', 'id_token', 'token_type', 'response']) {
    if (parameters.has(name)) invalid(name, 'was not asked for')
  }
  if (parameters.has('code') && parameters.has('error'))
    invalid('code', 'came together with an error')
  if (!parameters.get('error') && !parameters.get('code')) invalid('code', 'is absent')
  try {
    const valid = oauth.validateAuthResponse(
      provider,
      { client_id: policy.clientId },
      parameters,
      request.state.reveal(),
    )
    return { parameters: valid, checks: callbackChecks(provider, parameters, request) }
  } catch (error) {
    const { reason, explanation } = oauthReason(error)
    if (!(error instanceof oauth.AuthorizationResponseError)) {
      return invalid('response', reason, error)
    }
    const denied = error.error === 'access_denied'
    throw new AppError(
      denied ? 'E_LOGIN_DENIED' : 'E_LOGIN_REFUSED',
      `authorization response: ${error.error}`,
      // That the person said no needs no explanation.
      { cause: error, detail: { key: 'error', reason }, explanation: denied ? null : explanation },
    )
  }
}

/** The same checks as lines to show; the value of the state is not part of them. */
function callbackChecks(
  provider: Provider,
  parameters: URLSearchParams,
  request: AuthorizationRequest,
): Check[] {
  const same = parameters.get('state') === request.state.reveal()
  const iss = parameters.get('iss') ?? 'absent'
  return [
    {
      rule: 'state',
      source: 'RFC 6749 §10.12',
      expected: 'equal to the one sent',
      got: same ? 'equal' : 'not equal',
      result: same ? 'pass' : 'fail',
    },
    {
      rule: 'callback-iss',
      source: 'RFC 9207 §2.4',
      expected: provider.issuer,
      got: iss,
      result: iss === provider.issuer ? 'pass' : 'fail',
    },
  ]
}

/**
 * Exchanges the code, once, with the same redirect URI as in the authorization request.
 * Throws `AppError`: `E_TOKEN_REFUSED`, `E_TOKEN_RESPONSE`, `E_NETWORK_…`.
 * Source: RFC 6749 §4.1.3, RFC 7636 §4.5, Digdir "Tokenendepunkt".
 */
export async function requestTokens(options: {
  readonly provider: Provider
  readonly policy: LoginPolicy
  readonly request: AuthorizationRequest
  readonly callback: URLSearchParams
  readonly http: Http
}): Promise<TokenResponse> {
  const { provider, policy, request, callback, http } = options
  const client: oauth.Client = { client_id: policy.clientId }
  const response = await oauth.authorizationCodeGrantRequest(
    provider,
    client,
    oauth.None(),
    callback,
    request.redirectUri,
    request.codeVerifier.reveal(),
    {
      [oauth.customFetch]: http.for(steps.token),
      [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)),
    },
  )
  const process = async (): Promise<void> => {
    const expected = { expectedNonce: request.nonce.reveal(), requireIdToken: true }
    await oauth
      .processAuthorizationCodeResponse(provider, client, response, expected)
      .catch((error: unknown) => {
        throw libraryError(error, steps.token)
      })
  }
  if (response.status !== 200) await process()
  const parsed = v.safeParse(tokenResponse, http.valueOf(response))
  if (!parsed.success) {
    const [issue] = parsed.issues
    // The message of the schema may quote what came: only its kind is told.
    const reason = `${v.getDotPath(issue) ?? 'body'} is absent or not valid`
    throw new AppError('E_TOKEN_RESPONSE', `${steps.token.name}: ${reason}`, {
      detail: { key: steps.token.name, reason },
    })
  }
  const { access_token, id_token, refresh_token, expires_in } = parsed.output
  return {
    idToken: new Secret(id_token),
    accessToken: new Secret(access_token),
    refreshToken: refresh_token === undefined ? null : new Secret(refresh_token),
    expiresIn: expires_in ?? null,
    confirm: process,
  }
}
