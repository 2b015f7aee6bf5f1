import { type CryptoKey, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import * as v from 'valibot'
import { failure } from '../errors.ts'
import type { Clock } from '../base/clock.ts'
import { idTokenAlgorithm, type Provider } from './metadata.ts'
import { type Http, steps } from '../base/http.ts'
import type { Secret } from '../base/secret.ts'

/** A public key of the provider that may verify an ID token. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly key: CryptoKey
}

/** The provider's keys for one attempt. */
export interface KeySource {
  /** Makes sure that there are keys, from memory or from the provider. Throws `LoginError`. */
  prepare(): Promise<void>
  /**
   * The keys to verify a token with: the provider is asked once more, and only once in an attempt, when
   * none of them can be the token's, however fresh they are. Throws `LoginError`.
   */
  forToken(token: Secret): Promise<readonly VerificationKey[]>
  /** Asks the provider once more, unless it was asked once more already: then null. Throws `LoginError`. */
  lookAgain(): Promise<readonly VerificationKey[] | null>
}

/** Keeps the keys of one provider from one attempt to the next. */
export interface KeyCache {
  forAttempt(provider: Provider, http: Http): KeySource
  forget(): void
}

/** Milliseconds that keys are kept: so long would a key be believed that the provider has withdrawn. */
const lifetime = 60 * 60 * 1000

/** A key that we do not understand is passed over (RFC 7517 §5): it only has to be an object. */
const anyKey = v.custom<object>(
  (jwk) => typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk),
)
const keySet = v.object({ keys: v.pipe(v.array(anyKey), v.maxLength(100)) })
const unsigned = v.pipe(v.string(), v.regex(/^[\w-]+$/))
const rsaKey = v.looseObject({
  kty: v.literal('RSA'),
  n: unsigned,
  e: unsigned,
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

/** Bits of an RSA modulus that is taken: RFC 7518 §3.3, and no more than is verified at once. */
const modulus = { least: 2048, most: 8192 }
/** F4, the exponent that everybody uses; below it a signature may be forged. */
const leastExponent = 65_537
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Keeps keys for an hour. One attempt fetches at most twice, so keys may rotate, and fetching ends. */
export function createKeyCache(clock: Clock): KeyCache {
  let kept: { uri: string; keys: readonly VerificationKey[]; until: number } | null = null
  let forgotten = 0

  return {
    forAttempt: ({ jwks_uri: uri }, http) => {
      const fetchNow = async (): Promise<readonly VerificationKey[]> => {
        const at = forgotten
        const keys = await fetchKeys(uri, http)
        // An attempt that ended meanwhile has made everything be forgotten: it cannot bring it back.
        if (at === forgotten) kept = { uri, keys, until: clock.monotonic() + lifetime }
        return keys
      }
      let fetches = 0
      const load = async (): Promise<readonly VerificationKey[]> => {
        if (kept?.uri === uri && clock.monotonic() < kept.until) {
          http.tracer.fromMemory('keys', uri)
          return kept.keys
        }
        fetches += 1
        return await fetchNow()
      }
      let current: Promise<readonly VerificationKey[]> | null = null
      let lookedAgain = false
      const lookAgain = async (): Promise<readonly VerificationKey[] | null> => {
        if (lookedAgain) return null
        lookedAgain = true
        return await (current = fetchNow())
      }
      return {
        prepare: async () => {
          await (current ??= load())
        },
        forToken: async (token) => {
          const keys = await (current ??= load())
          const kid = kidOf(token)
          // A key without a name may have been replaced by another without one since the last attempt.
          const believed = kid !== undefined || fetches > 0
          if (believed && matching(keys, kid).length > 0) return await current
          return (await lookAgain()) ?? (await current)
        },
        lookAgain,
      }
    },
    forget: () => {
      // Stryker disable next-line AssignmentOperator: any other number tells an attempt that it was forgotten
      forgotten += 1
      kept = null
    },
  }
}

/** The keys that a token header may mean; only when it is exactly one is it known which. */
export function matching(
  keys: readonly VerificationKey[],
  kid: unknown,
): readonly VerificationKey[] {
  return kid === undefined ? keys : keys.filter((key) => key.kid === kid)
}

function kidOf(token: Secret): unknown {
  let kid: unknown
  try {
    kid = decodeProtectedHeader(token.reveal()).kid
  } catch {
    // A header that cannot be read names no key, and the token is refused where it is verified.
  }
  return kid
}

/**
 * Fetches the keys that may verify an ID token; others in the set are passed over.
 *
 * @throws {LoginError} `E_PROVIDER_KEYS`, `E_NETWORK_…`
 */
export async function fetchKeys(uri: string, http: Http): Promise<readonly VerificationKey[]> {
  const response = await http.requestJson(steps.keys)(uri, {
    headers: { accept: 'application/json, application/jwk-set+json' },
  })
  return await http.judge(response, () => usableKeys(response, http))
}

async function usableKeys(response: Response, http: Http): Promise<readonly VerificationKey[]> {
  const refuse = (reason: string): never => {
    throw failure('E_PROVIDER_KEYS', 'keys', reason)
  }
  if (response.status !== 200) refuse(`HTTP ${response.status}`)
  const parsed = v.safeParse(keySet, http.jsonOf(response))
  if (!parsed.success) return refuse('not a key set')

  const usable = new Map<string, VerificationKey>()
  for (const jwk of parsed.output.keys) {
    const candidate = v.safeParse(rsaKey, jwk)
    if (!candidate.success) continue
    const { n, e, kid } = candidate.output
    if (privateMembers.some((member) => member in candidate.output)) continue
    const publicKey: JWK = { kty: 'RSA', n, e }
    // Sequential on purpose: a set of a hundred keys must not occupy every thread.
    // oxlint-disable-next-line no-await-in-loop
    // Stryker disable next-line ArrowFunction: this Node imports any two numbers, and an import that fails is for another
    const key = await importJWK(publicKey, idTokenAlgorithm).catch(() => null)
    // Stryker disable next-line ConditionalExpression,LogicalOperator: neither comes from two numbers on this Node
    if (key === null || key instanceof Uint8Array) continue
    if (!isStrong(key, e)) continue
    // The same key under the same name is one; two keys under one name are not, and are both refused.
    usable.set(JSON.stringify([kid, hex(n), hex(e)]), { kid, key })
  }
  return [...usable.values()]
}

function isStrong({ algorithm }: CryptoKey, e: string): boolean {
  const bits = 'modulusLength' in algorithm ? Number(algorithm.modulusLength) : 0
  const exponent = BigInt(`0x${hex(e)}`)
  return (
    bits >= modulus.least &&
    bits <= modulus.most &&
    exponent >= leastExponent &&
    // No RSA key has an even one (RFC 8017 §3.1).
    exponent % 2n === 1n
  )
}

/** A number as text that two spellings of it share; a zero octet in front changes nothing. */
function hex(number: string): string {
  return `0${Buffer.from(number, 'base64url').toString('hex').replace(/^0+/, '')}`
}
