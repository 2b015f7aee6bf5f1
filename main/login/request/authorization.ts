import { createHash } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { failure, LoginError } from '../errors.ts'
import { nameLibraryError } from '../error-map.ts'
import type { Clock } from '../base/clock.ts'
import { isLoopback, type Provider } from '../provider/metadata.ts'
import type { ProofKey } from './dpop.ts'
import { type Http, steps } from '../base/http.ts'
import { Secret } from '../base/secret.ts'

/** What a login asks the provider for, and accepts from it. */
export interface LoginPolicy {
  /** The provider, exactly as its metadata write it. */
  readonly issuer: string
  /** The client as it is registered. */
  readonly clientId: string
  /**
   * The path of the redirect URI; it is registered as `http://127.0.0.1:0<path>`, and the system gives the
   * port. Default: `/callback`. Source: RFC 8252 §7.3.
   */
  readonly redirectPath: string
  /** Scopes with single spaces between; `openid` must be one of them. Default: `openid profile`. */
  readonly scope: string
  /**
   * The levels of assurance that are accepted, as ID-porten names them: the ID token's `acr` must be one
   * of them or higher. An empty list asks for none and accepts all. Default: `idporten-loa-substantial`.
   */
  readonly acrValues: readonly string[]
  /** Languages of the provider's pages. Default: the language of `texts`. */
  readonly uiLocales: string
  /** `login` asks for a fresh login, and then its age is checked. Default: the provider decides. */
  readonly prompt?: string | undefined
  /** The audiences of the access token (RFC 8707). Default: none. */
  readonly resource: readonly string[]
  /** What else is asked for (RFC 9396). Default: nothing. */
  readonly authorizationDetails?: readonly unknown[] | undefined
  /**
   * Pushed authorization requests (RFC 9126): `auto` pushes when the provider offers it and goes the ordinary
   * way when the push is refused, `always` fails then, `never` does not try. Default: `auto`.
   */
  readonly par: 'auto' | 'always' | 'never'
  /** Binds the tokens to a key of this app (RFC 9449). Default: false. */
  readonly dpop?: boolean
  /**
   * The refresh token is to outlive the process, and with it the key that it is bound to: that key can be
   * exported. Default: false.
   */
  readonly remember?: boolean
}

/** One authorization request: the same secrets for every opening of the browser. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly state: Secret
  readonly nonce: Secret
  readonly codeVerifier: Secret
  /**
   * The address to send a browser to, once: a pushed request is spent by the login that it starts.
   *
   * @throws {LoginError} `E_PAR_REFUSED`, `E_NETWORK_…`
   */
  address(): Promise<AuthorizationAddress>
}

export interface AuthorizationAddress {
  readonly url: string
  /** Monotonic milliseconds after which the provider may have forgotten the request. */
  readonly goodUntil: number
}

/** Seconds before its end at which a pushed request is no longer handed to a browser. */
const pushedRequestMargin = 10

/**
 * Makes an authorization request with fresh PKCE, state and nonce.
 *
 * @see RFC 7636 §4 (S256), RFC 8252 §7.3, RFC 9126, Digdir "Autorisasjonsendepunkt"
 */
export async function createAuthorizationRequest(options: {
  readonly provider: Provider
  readonly policy: LoginPolicy
  readonly redirectUri: string
  readonly proofKey: ProofKey | null
  readonly http: Http
  readonly clock: Clock
  /** The provider refused a push, and the request goes the ordinary way. */
  readonly onPushRefused: (refusal: LoginError) => void
}): Promise<AuthorizationRequest> {
  const { provider, policy, redirectUri, proofKey, http, clock, onPushRefused } = options
  const state = new Secret(oauth.generateRandomState())
  const nonce = new Secret(oauth.generateRandomNonce())
  const codeVerifier = new Secret(oauth.generateRandomCodeVerifier())

  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: policy.clientId,
    redirect_uri: redirectUri,
    scope: policy.scope,
    state: state.reveal(),
    nonce: nonce.reveal(),
    code_challenge: createHash('sha256').update(codeVerifier.reveal()).digest('base64url'),
    code_challenge_method: 'S256',
    ui_locales: policy.uiLocales,
  })
  if (policy.acrValues.length > 0) parameters.set('acr_values', policy.acrValues.join(' '))
  if (policy.prompt !== undefined) parameters.set('prompt', policy.prompt)
  if (policy.authorizationDetails !== undefined) {
    parameters.set('authorization_details', JSON.stringify(policy.authorizationDetails))
  }
  for (const resource of policy.resource) parameters.append('resource', resource)
  // The code, too, is of use only with the key (RFC 9449 §10).
  if (proofKey !== null) {
    parameters.set('dpop_jkt', await proofKey.handle.calculateThumbprint())
  }

  const plain = authorizationUrl(provider, parameters)
  const push = createPush({ provider, policy, parameters, http, onPushRefused })

  const freshAddress = async (): Promise<AuthorizationAddress> => {
    const request = await push()
    if (request === null) return { url: plain, goodUntil: Number.POSITIVE_INFINITY }
    const short = { client_id: policy.clientId, request_uri: request.request_uri }
    return {
      url: authorizationUrl(provider, new URLSearchParams(short)),
      goodUntil: clock.monotonic() + (request.expires_in - pushedRequestMargin) * 1000,
    }
  }
  const address = async (): Promise<AuthorizationAddress> => {
    const made = await freshAddress()
    http.tracer.begin('authorization-request', { method: 'GET', url: made.url }).done()
    return made
  }
  return { redirectUri, state, nonce, codeVerifier, address }
}

function authorizationUrl(provider: Provider, parameters: URLSearchParams): string {
  const url = new URL(provider.authorization_endpoint)
  for (const name of new Set(parameters.keys())) {
    if (url.searchParams.has(name)) {
      const reason = `has a parameter ${name} of its own`
      throw failure('E_PROVIDER_METADATA', 'authorization_endpoint', reason)
    }
  }
  // Its own query stays as it is written.
  const query = [url.search.slice(1), parameters.toString()].filter((part) => part !== '')
  url.search = `?${query.join('&')}`
  return url.href
}

/**
 * Returns a function that pushes the request, or gives null when the policy and the provider say
 * that the parameters go through the browser instead.
 */
function createPush(options: {
  readonly provider: Provider
  readonly policy: LoginPolicy
  readonly parameters: URLSearchParams
  readonly http: Http
  readonly onPushRefused: (refusal: LoginError) => void
}): () => Promise<oauth.PushedAuthorizationResponse | null> {
  const { provider, policy, parameters, http } = options
  const client: oauth.Client = { client_id: policy.clientId }
  const mustPush =
    policy.par === 'always' || provider.require_pushed_authorization_requests === true
  let refused = false

  return async () => {
    const offered = provider.pushed_authorization_request_endpoint !== undefined
    if (policy.par === 'never' || refused) return null
    if (!offered && !mustPush) return null
    if (!offered) throw refusal('is not offered by the provider')
    let status = 0
    try {
      const response = await oauth.pushedAuthorizationRequest(
        provider,
        client,
        oauth.None(),
        parameters,
        {
          [oauth.customFetch]: http.requestJson(steps.pushedRequest, (came) => {
            status = came
          }),
          [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)),
        },
      )
      return await http.judge(response, () =>
        oauth.processPushedAuthorizationResponse(provider, client, asCreated(response)),
      )
    } catch (error) {
      const named = namePushFailure(error, status)
      const isRefusal = named instanceof LoginError && status >= 400 && status < 500
      if (mustPush || !isRefusal) throw named
      // Whether ID-porten lets a public client push is unconfirmed, so a refusal keeps nobody out.
      refused = true
      options.onPushRefused(named)
      return null
    }
  }
}

/** RFC 9126 §2.2 wants 201; a provider that answers 200 means the same. */
function asCreated(response: Response): Response {
  const { status, headers, body } = response
  return status === 200 ? new Response(body, { status: 201, headers }) : response
}

function namePushFailure(error: unknown, status: number): unknown {
  const named = nameLibraryError(error, steps.pushedRequest)
  const isOfLibrary = named !== error && !(error instanceof oauth.ResponseBodyError)
  // The library says of a refusal without an OAuth error only that it is not what it expects.
  return isOfLibrary && status >= 400 ? refusal(`HTTP ${status}`) : named
}

function refusal(reason: string): LoginError {
  const { name, refused } = steps.pushedRequest
  return failure(refused, name, reason)
}
