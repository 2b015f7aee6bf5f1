import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import { failure, type LoginError } from '../errors.ts'
import { libraryError, nameLibraryError } from '../error-map.ts'
import type { AuthorizationRequest } from '../request/authorization.ts'
import { isLoopback, type Provider } from '../provider/metadata.ts'
import { type ProofKey, retryForProof } from '../request/dpop.ts'
import { type Http, steps } from '../base/http.ts'
import { clockTolerance } from './rules.ts'
import { Secret } from '../base/secret.ts'

/** The token response as it came, before its ID token is verified: nothing of it may be used yet. */
export interface TokenResponse {
  /** Null only after a refresh token, where the provider may leave it out. */
  readonly idToken: Secret | null
  readonly accessToken: Secret
  readonly refreshToken: Secret | null
  /** Seconds; null when the provider did not say. */
  readonly expiresIn: number | null
  /** Seconds; null when the provider did not say. */
  readonly refreshTokenExpiresIn: number | null
  /** What was granted; null when the provider did not say, which means what was asked for (RFC 6749 §5.1). */
  readonly scope: readonly string[] | null
  /** The library's own checks of the same response; they run after ours and must agree. */
  confirm(): Promise<void>
}

/** Ten years in seconds: more is no lifetime of a token. */
const longestLife = 315_360_000
const life = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(longestLife)))

/** What a header can carry (RFC 6749 appendix A.12 without the space). */
const tokenText = /^[\x21-\x7E]+$/

const tokenResponse = v.looseObject({
  access_token: v.pipe(v.string(), v.regex(tokenText, 'is no token')),
  token_type: v.string(),
  id_token: v.optional(v.pipe(v.string(), v.nonEmpty())),
  refresh_token: v.optional(v.pipe(v.string(), v.regex(tokenText, 'is no token'))),
  expires_in: life,
  // Only ID-porten has this member: a value that is no lifetime is ignored and not refused.
  refresh_token_expires_in: v.fallback(life, undefined),
  scope: v.optional(v.string()),
})

/** What every token request needs. */
export interface TokenRequestOptions {
  readonly provider: Provider
  readonly clientId: string
  /** Resource indicators (RFC 8707 §2.2), the same as in the authorization request. */
  readonly resource: readonly string[]
  /** The key that the tokens are to be bound to; null for Bearer. */
  readonly proofKey: ProofKey | null
  readonly http: Http
}

/**
 * Exchanges the code, once, with the same redirect URI as in the authorization request.
 *
 * @throws {LoginError} `E_TOKEN_REFUSED`, `E_TOKEN_RESPONSE`, `E_NETWORK_…`
 * @see RFC 6749 §4.1.3, RFC 7636 §4.5, Digdir "Tokenendepunkt"
 */
export async function requestTokens(
  options: TokenRequestOptions & {
    readonly request: AuthorizationRequest
    /** The checked parameters of the callback. */
    readonly callback: Secret<URLSearchParams>
  },
): Promise<TokenResponse & { readonly idToken: Secret }> {
  const { provider, request, callback } = options
  const client = clientOf(options)
  const tokens = await send(
    options,
    () =>
      oauth.authorizationCodeGrantRequest(
        provider,
        client,
        oauth.None(),
        callback.reveal(),
        request.redirectUri,
        request.codeVerifier.reveal(),
        requestOptions(options, steps.token),
      ),
    (response) =>
      oauth.processAuthorizationCodeResponse(provider, client, response, {
        expectedNonce: request.nonce.reveal(),
        // Stryker disable next-line BooleanLiteral: an answer without one is refused before, and this is a second safeguard
        requireIdToken: true,
      }),
  )
  const { idToken } = tokens
  if (idToken === null) throw malformed('id_token is absent or not valid')
  return { ...tokens, idToken }
}

/**
 * Uses a refresh token, once; the answer may bring the next one.
 *
 * @throws {LoginError} as `requestTokens` does
 * @see RFC 6749 §6, OpenID Connect Core 1.0 §12
 */
export async function refreshTokens(
  options: TokenRequestOptions & { readonly refreshToken: Secret },
): Promise<TokenResponse> {
  const { provider } = options
  const client = clientOf(options)
  return await send(
    options,
    () =>
      oauth.refreshTokenGrantRequest(
        provider,
        client,
        oauth.None(),
        options.refreshToken.reveal(),
        requestOptions(options, steps.refresh),
      ),
    (response) => oauth.processRefreshTokenResponse(provider, client, response),
  )
}

/** The library judges times too: a little more patient than our rules, which are to be heard first. */
function clientOf({ clientId }: TokenRequestOptions): oauth.Client {
  return { client_id: clientId, [oauth.clockTolerance]: clockTolerance + 10 }
}

function requestOptions(
  { provider, resource, proofKey, http }: TokenRequestOptions,
  step: typeof steps.token | typeof steps.refresh,
) {
  return {
    [oauth.customFetch]: http.requestJson(step),
    [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)),
    additionalParameters: new URLSearchParams(
      resource.map((value): [string, string] => ['resource', value]),
    ),
    ...(proofKey && { DPoP: proofKey.handle }),
  }
}

async function send(
  { proofKey, http }: TokenRequestOptions,
  ask: () => Promise<Response>,
  accept: (response: Response) => Promise<unknown>,
): Promise<TokenResponse> {
  const request = async (): Promise<Response> => {
    proofKey?.setClockSkew(http.clockSkew())
    const answer = await ask().catch((error: unknown) => {
      throw nameLibraryError(error, steps.token)
    })
    // The answer may be the first that tells the provider's time, and other proofs follow.
    proofKey?.setClockSkew(http.clockSkew())
    return answer
  }
  // The library has not read the answer yet, so a wish for a nonce comes as an answer and not as an error.
  const response = await retryForProof(
    request,
    async (answer) =>
      proofKey !== null && (await asksForOtherProof(answer, proofKey.isCorrected())),
  )
  const confirm = async (): Promise<void> => {
    await accept(response).catch((error: unknown) => {
      throw libraryError(error, steps.token)
    })
  }
  return await http.judge(response, async () => {
    if (response.status !== 200) await confirm()
    return { ...readTokens(http.jsonOf(response), proofKey), confirm }
  })
}

/** Takes a token response apart. */
function readTokens(json: unknown, proofKey: ProofKey | null): Omit<TokenResponse, 'confirm'> {
  const parsed = v.safeParse(tokenResponse, json)
  if (!parsed.success) {
    const [issue] = parsed.issues
    // The message of the schema may quote what came: only its kind is told.
    throw malformed(`${v.getDotPath(issue) ?? 'body'} is absent or not valid`)
  }
  const { access_token, token_type, id_token, refresh_token, scope, ...lives } = parsed.output
  // A Bearer token in answer to a proof would not be bound to anything (RFC 9449 §5).
  const wanted = proofKey === null ? 'bearer' : 'dpop'
  if (token_type.toLowerCase() !== wanted) {
    throw malformed('token_type is absent or not valid')
  }
  return {
    idToken: id_token === undefined ? null : new Secret(id_token),
    accessToken: new Secret(access_token),
    refreshToken: refresh_token === undefined ? null : new Secret(refresh_token),
    expiresIn: lives.expires_in ?? null,
    refreshTokenExpiresIn: lives.refresh_token_expires_in ?? null,
    scope: scope === undefined ? null : scope.split(' ').filter((name) => name !== ''),
  }
}

/** Tells whether a refused proof is worth another one, with a nonce or with the time that the refusal told first. */
async function asksForOtherProof(response: Response, hasOtherTime: boolean): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false
  const copy = response.clone()
  // Stryker disable next-line ArrowFunction: undefined is as little an object as null is
  const body: unknown = await copy.json().catch(() => null)
  // Stryker disable next-line ObjectLiteral: what is no text is none of the two names below
  const parsed = v.safeParse(v.looseObject({ error: v.string() }), body)
  if (!parsed.success) return false
  const { error } = parsed.output
  return error === 'use_dpop_nonce' || (error === 'invalid_dpop_proof' && hasOtherTime)
}

/** The provider itself, and no gateway in between, answered with success, but not with a token response. */
function malformed(reason: string): LoginError {
  return failure('E_TOKEN_RESPONSE', steps.token.name, reason, { malformed: true })
}
