import type { Check } from '../errors.ts'
import type { Provider } from '../provider/metadata.ts'
import type { LoginPolicy } from '../request/authorization.ts'
import type { ProofKey } from '../request/dpop.ts'
import type { Claims, VerifiedIdToken } from './rules.ts'
import { type Secret, secretRemover } from '../base/secret.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import type { TokenResponse } from './endpoint.ts'

/** A login that ended well, or its renewal: everything in it has been verified. */
export interface Login extends Tokens {
  /** The claims of the ID token. */
  readonly claims: Claims
  /** What the access token says, to show it; null when it is opaque. Nothing may be decided by it. */
  readonly accessTokenClaims: Claims | null
  /** Every rule that was checked, in order. */
  readonly checks: readonly Check[]
  /** The metadata that the login was made with. */
  readonly provider: Provider
  /** What the login was asked for; what follows it keeps to that. */
  readonly policy: LoginPolicy
}

/** The tokens of a session, which leave the program only in the requests that need them. */
export interface Tokens {
  readonly idToken: Secret
  readonly accessToken: Secret
  /** Seconds from the moment that they came; null when the provider did not say. */
  readonly accessTokenLife: number | null
  readonly refreshToken: Secret | null
  /** Seconds without use; null when the provider did not say. */
  readonly refreshTokenLife: number | null
  /** What was granted. */
  readonly scope: readonly string[]
  /** What the tokens are bound to; null for Bearer. */
  readonly proofKey: ProofKey | null
  /** Of the login: a renewed ID token may repeat it. */
  readonly nonce: Secret
}

/**
 * Puts a login together from what was verified. What the provider repeats of its secrets in a claim or
 * a check is taken out: those are shown.
 */
export function toLogin(options: {
  readonly provider: Provider
  readonly policy: LoginPolicy
  readonly verified: VerifiedIdToken
  readonly idToken: Secret
  readonly response: TokenResponse
  /** What counts where the response is silent. */
  readonly former: Pick<Tokens, 'refreshToken' | 'scope' | 'proofKey' | 'nonce'>
  readonly secrets: readonly Secret[]
}): Login {
  const { provider, policy, verified, idToken, response, former } = options
  const { accessToken } = response
  const refreshToken = response.refreshToken ?? former.refreshToken
  const clean = secretRemover([
    ...options.secrets,
    idToken,
    accessToken,
    ...(refreshToken === null ? [] : [refreshToken]),
  ])
  return {
    provider,
    policy,
    claims: clean(verified.claims),
    accessTokenClaims: clean(readAccessToken(accessToken)),
    checks: clean(verified.checks),
    idToken,
    accessToken,
    accessTokenLife: response.expiresIn,
    refreshToken,
    refreshTokenLife: response.refreshTokenExpiresIn,
    scope: response.scope ?? former.scope,
    proofKey: former.proofKey,
    nonce: former.nonce,
  }
}

/** What a person is shown of the access token; null when it cannot be read. */
function readAccessToken(accessToken: Secret): Claims | null {
  try {
    // Stryker disable next-line StringLiteral: what is no JSON is shown as little as nothing is
    const [, payload = ''] = accessToken.reveal().split('.')
    const claims = parseStrictJson(Buffer.from(payload, 'base64url'))
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? { ...claims }
      : null
  } catch {
    return null
  }
}

/** The tokens of a login, which a provider or an API may repeat in what is shown. */
export function secretsOf({ accessToken, idToken, refreshToken, nonce }: Login): Secret[] {
  return [accessToken, idToken, nonce, ...(refreshToken === null ? [] : [refreshToken])]
}
