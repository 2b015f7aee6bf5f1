import { type CryptoKey, importJWK, type JWK } from 'jose'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { idTokenAlgorithm, type Provider } from './discovery.ts'
import { type Http, steps } from './http.ts'

/** Finds the provider's public key for a token header. */
export interface KeySource {
  /** Null when the provider has no such key, also after looking once more. Throws `AppError`. */
  find(kid: string | undefined): Promise<CryptoKey | null>
}

const keySet = v.object({
  keys: v.pipe(v.array(v.looseObject({ kty: v.string() })), v.maxLength(100)),
})
const rsaKey = v.looseObject({
  kty: v.literal('RSA'),
  n: v.string(),
  e: v.string(),
  kid: v.optional(v.string()),
  use: v.optional(v.literal('sig')),
  alg: v.optional(v.literal(idTokenAlgorithm)),
  key_ops: v.optional(
    v.pipe(
      v.array(v.string()),
      v.check((operations) => operations.includes('verify')),
    ),
  ),
})

/** Bits of the smallest RSA modulus that is taken (RFC 7518 §3.3). */
const minimumModulus = 2048
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

/**
 * Reads the provider's keys once per attempt, and once more when a token names a key that is not
 * among them: a provider that rotates during a login just works, and cannot make us fetch forever.
 */
export function createKeySource(provider: Provider, http: Http): KeySource {
  let fetched = fetchKeys(provider, http)
  fetched.catch(() => {})
  let lookedAgain = false
  return {
    find: async (kid) => {
      const key = select(await fetched, kid)
      if (key !== null) return key
      if (lookedAgain) return null
      lookedAgain = true
      fetched = fetchKeys(provider, http)
      return select(await fetched, kid)
    },
  }
}

interface UsableKey {
  readonly kid: string | undefined
  readonly key: CryptoKey
}

function select(keys: readonly UsableKey[], kid: string | undefined): CryptoKey | null {
  const candidates = kid === undefined ? keys : keys.filter((key) => key.kid === kid)
  // Two keys that could be meant are none: guessing would let a stranger's key in.
  return candidates.length === 1 ? (candidates[0]?.key ?? null) : null
}

async function fetchKeys(provider: Provider, http: Http): Promise<readonly UsableKey[]> {
  const response = await http.for(steps.keys)(provider.jwks_uri, {
    headers: { accept: 'application/json, application/jwk-set+json' },
  })
  const refuse = (reason: string): never => {
    throw new AppError('E_PROVIDER_KEYS', `keys: ${reason}`, { detail: { key: 'keys', reason } })
  }
  if (response.status !== 200) refuse(`HTTP ${response.status}`)
  const parsed = v.safeParse(keySet, await response.json().catch(() => null))
  if (!parsed.success) return refuse('not a key set')

  const usable: UsableKey[] = []
  for (const jwk of parsed.output.keys) {
    const candidate = v.safeParse(rsaKey, jwk)
    if (!candidate.success || privateMembers.some((member) => member in jwk)) continue
    const { n, e, kid } = candidate.output
    const publicKey: JWK = { kty: 'RSA', n, e }
    const key = await importJWK(publicKey, idTokenAlgorithm).catch(() => null)
    if (key !== null && !(key instanceof Uint8Array) && isStrong(key)) usable.push({ kid, key })
  }
  return usable
}

function isStrong({ algorithm }: CryptoKey): boolean {
  return 'modulusLength' in algorithm && Number(algorithm.modulusLength) >= minimumModulus
}
