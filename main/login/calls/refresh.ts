import { LoginError } from '../errors.ts'
import type { LoginPolicy } from '../request/authorization.ts'
import type { Clock } from '../base/clock.ts'
import type { KeySource } from '../provider/keys.ts'
import type { Http } from '../base/http.ts'
import type { Secret } from '../base/secret.ts'
import { refreshTokens } from '../tokens/endpoint.ts'
import { type Login, toLogin } from '../tokens/result.ts'
import { verifyWithKeys } from '../tokens/verification.ts'

/** Refusals after which a refresh token is of no more use (RFC 6749 §5.2, Digdir "Tokenendepunkt"). */
const final = ['invalid_grant', 'invalid_client', 'unauthorized_client']

/**
 * Renews a login with its refresh token: the answer is kept before it is used, and must be of the same
 * person. Where the provider is silent (no new refresh token, no ID token, no scope) the former counts.
 * Throws `LoginError`: `E_RENEWAL_REFUSED` when the session is over, `E_RENEWAL_SUBJECT` when it would be
 * another person's, else what a token request throws, and the session may go on.
 * Source: RFC 6749 §6, OpenID Connect Core 1.0 §12.2, RFC 9700 §4.14.
 */
export async function renewByRefreshToken(options: {
  readonly login: Login
  readonly refreshToken: Secret
  readonly policy: LoginPolicy
  readonly keys: KeySource
  readonly http: Http
  readonly clock: Clock
  /** Keeps the new refresh token where it outlives the process, before anything of the answer is used. */
  readonly keep: (refreshToken: Secret, life: number | null) => Promise<void>
}): Promise<Login> {
  const { login, policy, keys, http, clock, keep, refreshToken } = options
  const { provider } = login
  const response = await refreshTokens({
    provider,
    clientId: policy.clientId,
    resource: policy.resource,
    proofKey: login.proofKey,
    http,
    refreshToken,
  }).catch((error: unknown) => {
    throw isFinal(error) ? ended('E_RENEWAL_REFUSED', error) : error
  })
  await keep(response.refreshToken ?? refreshToken, response.refreshTokenExpiresIn)
  const { idToken } = response
  const skew = http.clockSkew()
  const verified =
    idToken === null
      ? login
      : await verifyWithKeys(idToken, keys, {
          issuer: provider.issuer,
          clientId: policy.clientId,
          accessToken: response.accessToken,
          nonce: login.nonce,
          renews: { claims: login.claims, by: 'refresh-token' },
          acrValues: policy.acrValues,
          attemptLasted: null,
          now: Math.floor(clock.now() / 1000),
          clockSkew: skew === null ? null : skew / 1000,
        }).catch((error: unknown) => {
          throw otherPerson(error)
        })
  await response.confirm()
  return toLogin({
    provider,
    verified,
    idToken: idToken ?? login.idToken,
    response,
    former: { ...login, refreshToken },
    secrets: [login.nonce],
  })
}

/** The failure of a renewal, told as such when it brought another person. */
export function otherPerson(error: unknown): unknown {
  return error instanceof LoginError && error.detail?.key === 'same-person'
    ? ended('E_RENEWAL_SUBJECT', error)
    : error
}

function isFinal(error: unknown): error is LoginError {
  if (!(error instanceof LoginError) || error.code !== 'E_TOKEN_REFUSED') return false
  const { explanation } = error
  return explanation?.kind === 'oauth' && final.includes(explanation.error)
}

function ended(code: 'E_RENEWAL_REFUSED' | 'E_RENEWAL_SUBJECT', cause: LoginError): LoginError {
  const { message, detail, explanation, checks } = cause
  return new LoginError(code, `renewal: ${message}`, { cause, detail, explanation, checks })
}
