import type { JWK } from 'jose'
import { systemClock } from '../base/clock.ts'
import { createHttp, type HttpOptions } from '../base/http.ts'
import { Secret } from '../base/secret.ts'
import { defaultTexts } from '../callback/texts.ts'
import { endRenewal, failure, LoginError } from '../errors.ts'
import type { LoginPolicy } from '../request/authorization.ts'
import { createProviderCache, type ProviderCache } from '../provider/cache.ts'
import { type PolicyOptions, policyOf } from '../options.ts'
import { restoreProofKey } from '../request/dpop.ts'
import { refreshTokens } from '../tokens/endpoint.ts'
import { type Login, secretsOf, toLogin } from '../tokens/result.ts'
import { verifyWithKeys } from '../tokens/verification.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Refusals after which a refresh token is of no more use (RFC 6749 §5.2, Digdir "Tokenendepunkt"). */
const final = ['invalid_grant', 'invalid_client', 'unauthorized_client']

export interface RenewOptions extends HttpOptions {
  /** Metadata and keys of earlier logins. Default: they are fetched for this renewal. */
  readonly providerCache?: ProviderCache | undefined
  /**
   * Keeps the new refresh token where it outlives the process, before anything of the answer is used: the
   * former is spent. Its life is in seconds, null when the provider did not say. Default: nothing is kept.
   */
  readonly keep?: ((refreshToken: Secret, life: number | null) => Promise<void>) | undefined
}

/**
 * Renews a login with its refresh token; the answer must be of the same person. Where the provider is silent
 * (no new refresh token, no ID token, no scope) the former counts.
 *
 * @throws {LoginError} `E_RENEWAL_REFUSED` when the provider takes the refresh token no more, `E_RENEWAL_SUBJECT`
 *   for another person, `E_ID_TOKEN_…`, `E_CLOCK_SKEW` or a `malformed` one for an answer that cannot be trusted: then
 *   the session should end. After any other error it may go on.
 * @see RFC 6749 §6, OpenID Connect Core 1.0 §12.2, RFC 9700 §4.14
 */
export async function renew(login: Login, options: RenewOptions = {}): Promise<Login> {
  const secrets = secretsOf(login)
  return await withoutSecrets(secrets, options, () => request(login, options, secrets))
}

/** Adds the new tokens to the secrets as soon as they are there. */
async function request(login: Login, options: RenewOptions, secrets: Secret[]): Promise<Login> {
  const { provider, policy, refreshToken } = login
  const { clock = systemClock, keep } = options
  if (refreshToken === null) {
    throw new LoginError('E_RENEWAL_REFUSED', 'renewal: there is no refresh token')
  }
  const http = createHttp({ ...options, secrets })
  const keys = (options.providerCache ?? createProviderCache(clock)).keys(provider, http)
  const response = await refreshTokens({
    provider,
    clientId: policy.clientId,
    resource: policy.resource,
    proofKey: login.proofKey,
    http,
    refreshToken,
  }).catch((error: unknown) => {
    throw isFinal(error) ? endRenewal('E_RENEWAL_REFUSED', error) : error
  })
  const { idToken, accessToken } = response
  for (const token of [idToken, accessToken, response.refreshToken]) {
    if (token !== null) secrets.push(token)
  }
  await keep?.(response.refreshToken ?? refreshToken, response.refreshTokenExpiresIn)
  const skew = http.clockSkew()
  const verified =
    idToken === null
      ? login
      : await verifyWithKeys(
          idToken,
          keys,
          {
            issuer: provider.issuer,
            clientId: policy.clientId,
            accessToken,
            nonce: login.nonce,
            renews: { claims: login.claims, by: 'refresh-token' },
            acrValues: policy.acrValues,
            attemptLasted: null,
            now: Math.floor(clock.now() / 1000),
            // Stryker disable next-line ConditionalExpression: an unknown difference counts as none
            clockSkew: skew === null ? null : skew / 1000,
          },
          http.tracer,
        )
  await response.confirm()
  return toLogin({
    provider,
    policy,
    verified,
    idToken: idToken ?? login.idToken,
    response,
    former: login,
    secrets,
  })
}

/** What is stored of a login, so that it can be renewed in a later run of the program. */
export interface StoredLogin {
  readonly refreshToken: Secret
  /** The private key that the tokens are bound to, of a login with `remember: true`; null for Bearer. */
  readonly proofKey: Secret<JWK> | null
  /** Of the login: a renewed ID token may repeat it. */
  readonly nonce: Secret
  /** What was granted; a renewal that does not say so has the same. */
  readonly scope: readonly string[]
  /** Of the ID token, to compare a renewal with. */
  readonly claims: Login['claims']
}

/**
 * What is to be stored of a login; null without a refresh token, and for tokens that are bound to a key which may
 * not leave this process (a login without `remember`). Each `Secret` is stored as what it reveals.
 */
export function toStored(login: Login): StoredLogin | null {
  const { refreshToken, proofKey, nonce, scope, claims } = login
  const jwk = proofKey?.jwk ?? null
  if (refreshToken === null || (proofKey !== null && jwk === null)) return null
  return { refreshToken, proofKey: jwk, nonce, scope, claims }
}

/**
 * Renews a login of an earlier run. It is asked for as a login is asked for, with the same defaults.
 *
 * @throws {LoginError} as `renew`, and `E_RENEWAL_REFUSED` when the stored login is of another issuer or client, or
 *   its key is not usable: then nothing is sent
 */
export async function renewStored(
  stored: StoredLogin,
  asked: PolicyOptions,
  options: RenewOptions = {},
): Promise<Login> {
  const { clock = systemClock, providerCache = createProviderCache(clock) } = options
  const { refreshToken, nonce, scope, claims } = stored
  return await withoutSecrets([refreshToken, nonce], options, async () => {
    const policy = policyOf(asked, defaultTexts.lang)
    refuseForeign(stored, policy)
    const http = createHttp({ ...options, secrets: [refreshToken, nonce] })
    const provider = await providerCache.find(policy.issuer, http)
    const proofKey =
      stored.proofKey === null
        ? null
        : await restoreProofKey(stored.proofKey.reveal(), clock).catch((cause: unknown) => {
            const message = 'renewal: the stored key is not usable'
            throw new LoginError('E_RENEWAL_REFUSED', message, { cause })
          })
    const unknown = new Secret('')
    const login: Login = {
      provider,
      policy,
      claims,
      accessTokenClaims: null,
      checks: [],
      idToken: unknown,
      accessToken: unknown,
      accessTokenLife: null,
      refreshToken,
      refreshTokenLife: null,
      scope,
      proofKey,
      nonce,
    }
    return await renew(login, { ...options, providerCache })
  })
}

/** A refresh token is for the issuer and the client that it was given for, and for nobody else. */
function refuseForeign({ claims, proofKey }: StoredLogin, policy: LoginPolicy): void {
  const { iss, aud } = claims
  const others = [
    iss !== undefined && iss !== policy.issuer && 'issuer',
    aud !== undefined && ![aud].flat().includes(policy.clientId) && 'client',
    (proofKey !== null) !== (policy.dpop === true) && 'kind of token',
  ].filter((other) => other !== false)
  if (others.length > 0) {
    throw failure('E_RENEWAL_REFUSED', 'stored login', `is of another ${others.join(' and ')}`)
  }
}

function isFinal(error: unknown): error is LoginError {
  if (!(error instanceof LoginError) || error.code !== 'E_TOKEN_REFUSED') return false
  const { explanation } = error
  return explanation?.kind === 'oauth' && final.includes(explanation.error)
}
