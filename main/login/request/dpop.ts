import * as oauth from 'oauth4webapi'
import { exportJWK, importJWK, type JWK } from 'jose'
import * as v from 'valibot'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'

/** A key that binds the tokens of one session to this app, so that a stolen token is of no use (RFC 9449). */
export interface ProofKey {
  /** Makes the proofs and remembers the nonces of each origin. */
  readonly handle: oauth.DPoPHandle
  /** The private key, to be kept with the refresh token that is bound to it; null when it may not leave memory. */
  readonly jwk: Secret<JWK> | null
  /**
   * Says how far this computer's clock is now from the provider's, in milliseconds. Proofs, and only proofs, are
   * made with the provider's time from then on. Null, which stands for not known, changes nothing.
   */
  readonly setClockSkew: (skew: number | null) => void
  /** Whether the last call of `setClockSkew` changed the time of the proofs that follow. */
  readonly isCorrected: () => boolean
}

/** A `Date` header is rounded to a second and has been on its way: less than this, in ms, tells nothing. */
const leastSkew = 10_000

/** What ID-porten's samples use. */
const algorithm = 'ES256'

/** Makes a fresh key; `keep` says that it will be kept beyond the memory of this process. */
export async function createProofKey(keep: boolean, clock: Clock): Promise<ProofKey> {
  const pair = await oauth.generateKeyPair(algorithm, { extractable: keep })
  return toProofKey(pair, keep ? new Secret(await exportJWK(pair.privateKey)) : null, clock)
}

function toProofKey(pair: oauth.CryptoKeyPair, jwk: Secret<JWK> | null, clock: Clock): ProofKey {
  /** What the provider's clock showed when our monotonic clock was at zero, in milliseconds. */
  let providerStart: number | null = null
  let corrected = false
  /** By no wall clock: somebody may set that, or the system may, in the middle of a session. */
  const providerTime = (): number => {
    const own = clock.now()
    if (providerStart === null) return own
    const known = providerStart + clock.monotonic()
    return Math.abs(own - known) < leastSkew ? own : known
  }
  const handle = oauth.DPoP({}, pair, {
    // A provider refuses a proof whose time is not its own (RFC 9449 §11.1).
    [oauth.modifyAssertion]: (_header, payload) => {
      payload['iat'] = Math.floor(providerTime() / 1000)
    },
  })
  return {
    handle,
    jwk,
    setClockSkew: (known) => {
      const before = providerTime()
      if (known !== null) providerStart = clock.now() - known - clock.monotonic()
      corrected = Math.abs(providerTime() - before) >= leastSkew
    },
    isCorrected: () => corrected,
  }
}

/**
 * Sends a request, and sends it once more when its proof was refused, which means that nothing else was done:
 * a nonce is wanted in the proof, or `wantsOther` finds in the answer that another proof may be accepted.
 *
 * @throws what `send` throws
 * @see RFC 9449 §8 and §9
 */
export async function retryForProof<T>(
  send: () => Promise<T>,
  // Stryker disable next-line ArrowFunction: undefined is as little a wish as false is
  wantsOther: (answer: T) => Promise<boolean> = async () => false,
): Promise<T> {
  let answer: T
  try {
    answer = await send()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return await send()
  }
  return (await wantsOther(answer)) ? await send() : answer
}

const privateKeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  d: v.string(),
})

/** Takes a kept key into use again. Throws when it is no ES256 key. */
export async function restoreProofKey(jwk: JWK, clock: Clock): Promise<ProofKey> {
  const { d, ...whole } = v.parse(privateKeySchema, jwk)
  const [privateKey, publicKey] = await Promise.all([
    // Stryker disable next-line BooleanLiteral,ObjectLiteral: nothing hands this key out, and that it cannot leave is a second safeguard
    importJWK({ ...whole, d }, algorithm, { extractable: false }),
    // Stryker disable next-line ObjectLiteral: a public key can be read either way
    importJWK(whole, algorithm, { extractable: true }),
  ])
  // Stryker disable next-line ConditionalExpression,LogicalOperator,BlockStatement: no key of this schema is one of bytes
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) {
    // Stryker disable next-line CallExpression: as above
    throw new TypeError('not an asymmetric key')
  }
  return toProofKey({ privateKey, publicKey }, new Secret(jwk), clock)
}
