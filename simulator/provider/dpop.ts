import { createHash, randomBytes } from 'node:crypto'
import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from 'jose'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { NoncePolicy } from '../scenarios/scenario.ts'
import { addressOf } from './context.ts'
import type { Stage } from '../stage.ts'

/** The algorithms that a proof may be signed with. */
export const dpopAlgorithms: readonly string[] = ['ES256', 'Ed25519', 'EdDSA']

/** Seconds that a proof may be old, or new. */
const proofLifetime = 60
/** How many nonces are good at the same time, so that requests may overlap. */
const goodNonces = 8

interface ProvenRequest {
  readonly method: string
  /** The address as the client wrote it, without the query. */
  readonly address: URL
  readonly proof: string
  /** The token that the proof goes with; absent at the token endpoint. */
  readonly accessToken?: string
}

/** Checks DPoP proofs for one simulator. */
export interface ProofChecker {
  /** The thumbprint of the key that is proven; a proof that is not good is thrown back as an error. */
  readonly check: (request: ProvenRequest, policy: NoncePolicy | undefined) => Promise<string>
  /** A new nonce for the next request to an origin. */
  readonly nextNonce: (origin: string) => string
}

/**
 * Creates a checker that has seen no proof.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.3
 */
export function createProofChecker(): ProofChecker {
  const nonces = new Map<string, readonly string[]>()
  const seen = new Map<string, number>()

  function checkNonce(nonce: unknown, origin: string, policy: NoncePolicy): void {
    const issued = nonces.get(origin) ?? []
    const good = policy === 'never' ? [] : policy === 'newest' ? issued.slice(-1) : issued
    if (!good.some((one) => one === nonce)) {
      throw new errors.UseDpopNonce('a nonce is required in the DPoP proof')
    }
  }

  return {
    check: async ({ method, address, proof, accessToken }, policy) => {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        algorithms: [...dpopAlgorithms],
        typ: 'dpop+jwt',
      }).catch((cause: unknown) => {
        throw new errors.InvalidDpopProof('the DPoP proof is not a valid JWT', { cause })
      })
      const now = Date.now() / 1000
      const refuse = (what: string): never => {
        throw new errors.InvalidDpopProof(`DPoP proof ${what}`)
      }
      const { htm, htu, ath, jti, iat, nonce } = payload
      const target = typeof htu === 'string' ? URL.parse(htu) : null
      if (htm !== method) {
        refuse('htm mismatch')
      }
      if (target === null || `${target.origin}${target.pathname}` !== address.href) {
        refuse('htu mismatch')
      }
      if (typeof iat !== 'number' || Math.abs(now - iat) > proofLifetime) {
        refuse('iat is not recent enough')
      }
      if (typeof jti !== 'string' || jti === '') {
        refuse('has no jti')
      }
      if (
        accessToken !== undefined &&
        ath !== createHash('sha256').update(accessToken).digest('base64url')
      ) {
        refuse('ath mismatch')
      }
      if (policy !== undefined) {
        checkNonce(nonce, address.origin, policy)
      }
      const jkt = await calculateJwkThumbprint(protectedHeader.jwk ?? {})
      for (const [proven, time] of seen) {
        if (now - time > 2 * proofLifetime) {
          seen.delete(proven)
        }
      }
      const proven = `${jkt} ${jti}`
      if (seen.has(proven)) {
        refuse('was used before')
      }
      seen.set(proven, now)
      return jkt
    },
    nextNonce: (origin) => {
      const nonce = randomBytes(16).toString('base64url')
      nonces.set(origin, [...(nonces.get(origin) ?? []), nonce].slice(-goodNonces))
      return nonce
    },
  }
}

/** The key of the DPoP proof of a request, under the nonce policy of the scenario that plays. */
export async function provenKey(
  ctx: KoaContextWithOIDC,
  { proofs, stage }: { readonly proofs: ProofChecker; readonly stage: Stage },
  accessToken?: string,
): Promise<string> {
  const address = addressOf(ctx)
  const nonces = stage.scenario?.dpopNonce
  try {
    const proven = { method: ctx.method, address, proof: ctx.get('dpop') }
    return await proofs.check(
      accessToken === undefined ? proven : { ...proven, accessToken },
      nonces,
    )
  } finally {
    if (nonces !== undefined) {
      ctx.set('dpop-nonce', proofs.nextNonce(address.origin))
    }
  }
}
