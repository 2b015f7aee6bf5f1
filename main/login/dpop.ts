import * as oauth from 'oauth4webapi'
import { exportJWK, importJWK, type JWK } from 'jose'
import * as v from 'valibot'

/** A key that binds the tokens of one session to this app, so that a stolen token is of no use (RFC 9449). */
export interface ProofKey {
  /** Makes the proofs and remembers the nonces of each origin. */
  readonly handle: oauth.DPoPHandle
  /** The private key, to be kept with the refresh token that is bound to it; null when it may not leave memory. */
  readonly jwk: JWK | null
}

/** What ID-porten's samples use. */
const algorithm = 'ES256'

/** Makes a fresh key; `keep` says that it will be kept beyond the memory of this process. */
export async function createProofKey(keep: boolean): Promise<ProofKey> {
  const pair = await oauth.generateKeyPair(algorithm, { extractable: keep })
  return { handle: oauth.DPoP({}, pair), jwk: keep ? await exportJWK(pair.privateKey) : null }
}

const privateKeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  d: v.string(),
})

/** Takes a kept key into use again. Throws when it is no ES256 key. */
export async function restoreProofKey(jwk: JWK): Promise<ProofKey> {
  const { d, ...whole } = v.parse(privateKeySchema, jwk)
  const [privateKey, publicKey] = await Promise.all([
    importJWK({ ...whole, d }, algorithm, { extractable: false }),
    importJWK(whole, algorithm, { extractable: true }),
  ])
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) {
    throw new TypeError('not an asymmetric key')
  }
  return { handle: oauth.DPoP({}, { privateKey, publicKey }), jwk }
}
