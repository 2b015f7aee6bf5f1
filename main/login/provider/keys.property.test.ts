import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import type { Provider } from './metadata.ts'
import { createHttp } from '../base/http.ts'
import type { IdTokenExpectation } from '../tokens/rules.ts'
import { verifyIdToken } from '../tokens/id-token.ts'
import { createKeyCache } from './keys.ts'
import { Secret } from '../base/secret.ts'
import { createTestClock } from '../../../test/support/login.ts'
import {
  brokenRules,
  compact,
  createTally,
  curve,
  isRecord,
  type Json,
  publicJwk,
  readObject,
  rsa,
  type UsableKey,
} from '../../../test/support/oracle.ts'
import { runs, seed } from '../../../test/support/thorough.ts'

const issuer = 'https://issuer.test'
const now = 1_800_000_000
const expectation: IdTokenExpectation = {
  issuer,
  clientId: 'client',
  accessToken: new Secret('the-access-token'),
  nonce: new Secret('the-nonce'),
  renews: null,
  acrValues: [],
  attemptLasted: null,
  now,
  clockSkew: null,
}
const claims = JSON.stringify({
  iss: issuer,
  sub: 'subject',
  aud: 'client',
  exp: now + 120,
  iat: now,
  nonce: 'the-nonce',
})
const provider: Provider = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
}

/** A key that stands in the set, and how a token is signed with it. */
interface Signer {
  readonly jwk: Json
  readonly sign: (header: Json) => string
}
function signerOf({ publicKey, privateKey }: ReturnType<typeof rsa>): Signer {
  return {
    jwk: { ...publicJwk(publicKey) },
    sign: (header) => compact(JSON.stringify(header), claims, privateKey),
  }
}
const rsaKey = rsa()
/** With the exponent 1 a signature is the padded hash itself (RFC 8017 §9.2): anybody can write it. */
const forged: Signer = {
  jwk: { ...publicJwk(rsaKey.publicKey), e: 'AQ' },
  sign: (header) => {
    const text = [JSON.stringify(header), claims]
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
    const hash = createHash('sha256').update(text).digest()
    const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
    const padding = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(202, 255), Buffer.of(0)])
    return `${text}.${Buffer.concat([padding, info, hash]).toString('base64url')}`
  },
}
const one = signerOf(rsaKey)
const two = signerOf(rsa())
const signers = {
  one,
  two,
  'with another exponent that is large': signerOf(rsa(2048, 65_539)),
  'with 3072 bits': signerOf(rsa(3072)),
  'with 1024 bits': signerOf(rsa(1024)),
  'with 2047 bits': signerOf(rsa(2047)),
  'with the exponent 3': signerOf(rsa(2048, 3)),
  'with the exponent 257': signerOf(rsa(2048, 257)),
  'with the exponent 1': forged,
} satisfies Record<string, Signer>
const stranger = signerOf(rsa())

/**
 * The keys of a set that may verify an ID token; null when it is no set.
 * RFC 7517 §4 and §5 (a key that is not understood is left out, the others stay), RFC 7518 §6.3,
 * RFC 8017 §3.1; house rules: 2048 to 8192 bits, an exponent from 65537, no more than 100 keys, and no
 * key that comes with anything secret.
 */
function usableKeys(set: Json | null): UsableKey[] | null {
  const list = set?.['keys']
  if (!Array.isArray(list) || list.length > 100 || !list.every(isRecord)) return null
  const found = new Map<string, UsableKey>()
  for (const jwk of list) {
    const key = usableKey(jwk)
    if (key === null) continue
    const { kid } = jwk
    // The same key under the same name is one, however it is written.
    const der = key.export({ format: 'der', type: 'spki' }).toString('hex')
    if (kid === undefined || typeof kid === 'string') {
      found.set(JSON.stringify([kid ?? null, der]), { kid, key })
    }
  }
  return [...found.values()]
}

function usableKey(jwk: Json): KeyObject | null {
  const { kty, use, alg, key_ops: operations, n, e, kid } = jwk
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null
  if (Object.hasOwn(jwk, 'kid') && typeof kid !== 'string') return null
  if (Object.hasOwn(jwk, 'use') && use !== 'sig') return null
  if (Object.hasOwn(jwk, 'alg') && alg !== 'RS256') return null
  if (Object.hasOwn(jwk, 'key_ops')) {
    if (!Array.isArray(operations) || !operations.includes('verify')) return null
    if (operations.some((operation) => typeof operation !== 'string')) return null
  }
  if ('d p q dp dq qi oth k'.split(' ').some((name) => Object.hasOwn(jwk, name))) return null
  // RFC 7515 §2: base64url without padding, line breaks and white space.
  if (![n, e].every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return null
  const key = publicKeyOf({ kty, n, e })
  const { modulusLength = 0, publicExponent = 0n } = key?.asymmetricKeyDetails ?? {}
  const strong = modulusLength >= 2048 && modulusLength <= 8192
  return strong && publicExponent >= 65_537n && publicExponent % 2n === 1n ? key : null
}

function publicKeyOf(jwk: Record<string, string>): KeyObject | null {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return null
  }
}

/** The kid that a token names, or undefined. */
function kidOf(token: string): unknown {
  return readObject(Buffer.from(token.split('.', 1).join(''), 'base64url'))?.['kid']
}

/** What the app and the oracle say of a token by these sets, in the same words. */
async function judge(token: string, ...sets: readonly string[]) {
  let fetches = 0
  const http = createHttp({
    clock: createTestClock(),
    signal: new AbortController().signal,
    fetch: async () => {
      const body = sets[Math.min(fetches, sets.length - 1)] ?? ''
      fetches += 1
      return new Response(body, { headers: { 'content-type': 'application/json' } })
    },
  })
  const source = createKeyCache(createTestClock()).forAttempt(provider, http)
  const secret = new Secret(token)
  const outcome = await source
    .forToken(secret)
    .then(async (keys) => await verifyIdToken(secret, keys, expectation))
    .catch((error: unknown) => {
      if (error instanceof LoginError) return error
      throw error
    })
  const ours = {
    code: outcome instanceof LoginError ? outcome.code : null,
    broken: outcome.checks.flatMap(({ rule, result }) => (result === 'fail' ? rule : [])),
    fetches,
  }

  const [first = null, second = first] = sets.map((set) => usableKeys(readObject(Buffer.from(set))))
  const kid = kidOf(token)
  // Core §10.1.1: a key that is not known makes the client look once more.
  const known = first?.some((key) => kid === undefined || key.kid === kid) === true
  const keys = known ? first : second
  if (first === null || keys === null) {
    const looked = first === null ? 1 : 2
    return { ours, theirs: { code: 'E_PROVIDER_KEYS', broken: [], fetches: looked } }
  }
  const broken = await brokenRules(token, keys, expectation)
  const code = broken.length === 0 ? null : 'E_ID_TOKEN_SIGNATURE'
  return { ours, theirs: { code, broken, fetches: known ? 1 : 2 } }
}

const setOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys })

/** Members that change nothing, and such as make a key useless. */
const fine: readonly Json[] = [
  {},
  { use: 'sig' },
  { alg: 'RS256' },
  { use: 'sig', alg: 'RS256' },
  { key_ops: ['verify'] },
  { key_ops: ['encrypt', 'verify'] },
  { x5c: ['AA'], x5t: 'AA', x5u: 'https://evil.example' },
  { ext: true, made_up: { d: 'AA' }, D: 'AA', toString: 1 },
]
const useless: readonly Json[] = [
  { use: 'enc' },
  { use: null },
  { use: 'SIG' },
  { use: ['sig'] },
  { alg: 'RS384' },
  { alg: 'PS256' },
  { alg: 'rs256' },
  { alg: 'RSA-OAEP' },
  { alg: null },
  { key_ops: ['sign'] },
  { key_ops: [] },
  { key_ops: 'verify' },
  { key_ops: null },
  { key_ops: ['verify', 7] },
  { d: 'AQAB' },
  { d: null },
  { p: '' },
  { q: 1 },
  { oth: [] },
  { k: 'AA' },
  { n: 1 },
  { n: '' },
  { n: null },
  { n: '!!!!' },
  { n: 'AQAB' },
  { n: 'AAAA' },
  { n: Buffer.alloc(1025, 255).toString('base64url') },
  { e: 65_537 },
  { e: '' },
  { e: 'AA' },
  { e: 'AQ' },
  { e: 'Aw' },
  { e: '____' },
  { e: null },
  { e: ['AQAB'] },
  { kty: 'rsa' },
  { kty: 'EC' },
  { kty: 'oct' },
  { kid: 7 },
  { kid: null },
  { kid: ['a'] },
]
/** What is no key for RS256 at all. */
const others: readonly Json[] = [
  { kty: 'oct', k: 'c2VjcmV0' },
  { ...publicJwk(curve.publicKey) },
  { kty: 'OKP', crv: 'Ed25519', x: randomBytes(32).toString('base64url') },
  { kty: 'AKP', pub: 'AA' },
  { kty: 'RSA' },
  { ...publicJwk(rsaKey.privateKey) },
]

interface Entry {
  readonly signer: Signer
  readonly kid: string | undefined
  readonly members: Json
}
const names = fc.constantFrom(undefined, 'a', 'a', 'b', 'c')
const entries: fc.Arbitrary<Entry> = fc.record({
  signer: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Signer>(one, two) },
    { weight: 2, arbitrary: fc.constantFrom<Signer>(...Object.values(signers)) },
  ),
  kid: names,
  members: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...fine) },
    { weight: 1, arbitrary: fc.constantFrom(...useless) },
  ),
})
const withKid = (kid: unknown): Json => (kid === undefined ? {} : { kid })
const jwkOf = ({ signer, kid, members }: Entry): Json => ({
  ...signer.jwk,
  ...withKid(kid),
  ...members,
})

/** A set, and the entries in it that may sign; some stand in it twice. */
const sets = fc
  .record({
    list: fc.array(entries, { maxLength: 4 }),
    twice: fc.nat({ max: 2 }),
    rest: fc.oneof(fc.constant<Json[]>([]), fc.subarray([...others], { maxLength: 2 })),
  })
  .chain(({ list, twice, rest }) => {
    const all = [...list, ...list.slice(0, twice === 0 ? 1 : 0)].map(jwkOf).concat(rest)
    return fc
      .shuffledSubarray(all, { minLength: all.length })
      .map((keys) => ({ list, text: setOf(...keys) }))
  })
const worlds = fc.record({
  first: sets,
  second: fc.oneof(fc.constant(null), sets),
  pick: fc.nat({ max: 3 }),
  by: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom<Signer>(...Object.values(signers), stranger) },
  ),
  kid: fc.oneof(
    { weight: 6, arbitrary: fc.constant('its own') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<unknown>(undefined, 'a', 'b', 'x', 'A', 7, null, ['a']),
    },
  ),
  late: fc.boolean(),
})

describe('a token is refused for the keys of the provider', () => {
  it('exactly when the oracle finds none that verifies it', { timeout: 60_000 }, async () => {
    const tally = createTally()
    await fc.assert(
      fc.asyncProperty(worlds, async ({ first, second, pick, by, kid, late }) => {
        const { list } = late && second !== null ? second : first
        const meant = list[pick % Math.max(1, list.length)]
        const signer = by ?? meant?.signer ?? one
        const header = { alg: 'RS256', ...withKid(kid === 'its own' ? meant?.kid : kid) }
        const { ours, theirs } = await judge(
          signer.sign(header),
          first.text,
          ...(second === null ? [] : [second.text]),
        )
        expect(ours).toEqual(theirs)
        tally.add(theirs.code === null, ...theirs.broken)
      }),
      { numRuns: runs(250, 900), seed },
    )
    tally.expectBoth()
    tally.expectSeen(['kid', 'signature'])
  })

  it.each(Object.entries(signers))('but never for one beside it: a key %s', async (_, signer) => {
    const set = setOf({ ...signer.jwk, kid: 'a' }, { ...one.jwk, kid: 'b' })
    const itself = await judge(signer.sign({ alg: 'RS256', kid: 'a' }), set)
    expect(itself.ours).toEqual(itself.theirs)
    const { ours } = await judge(one.sign({ alg: 'RS256', kid: 'b' }), set)
    expect(ours).toEqual({ code: null, broken: [], fetches: 1 })
  })

  it.each<readonly [string, string]>([
    ['that is no JSON', '<keys>'],
    ['that is a list', '[]'],
    ['without keys', '{}'],
    ['with keys that are no list', '{"keys":{}}'],
    ['with keys that are null', '{"keys":null}'],
    ['with a key that is text', setOf(one.jwk, 'x')],
    ['with a key that is a list', setOf(one.jwk, [])],
    ['with a key that is null', setOf(one.jwk, null)],
    ['of more than 100 keys', setOf(...Array.from({ length: 101 }, () => one.jwk))],
    ['with a name twice', `{"keys":[],${setOf(one.jwk).slice(1)}`],
    ['with a name twice in a key', setOf(one.jwk).replace('{"kty"', '{"e":"AQAB","kty"')],
    ['with a byte order mark', `\uFEFF${setOf(one.jwk)}`],
  ])('in a set %s', async (_, text) => {
    const { ours, theirs } = await judge(one.sign({ alg: 'RS256' }), text)
    expect(ours).toEqual(theirs)
    expect(ours.code).toBe('E_PROVIDER_KEYS')
  })

  const modulus = Buffer.from(String(one.jwk['n']), 'base64url')
  const spelt = (n: string, more: Json = {}): Json => ({ ...one.jwk, ...more, n })
  const zero = Buffer.concat([Buffer.alloc(1), modulus]).toString('base64url')
  const a = { kid: 'a' }
  it.each<readonly [string, string, string | undefined, readonly string[]]>([
    [
      'but not for one that is written in two ways (RFC 7518 §6.3.1.1)',
      setOf({ ...one.jwk, ...a }, spelt(zero, a)),
      'a',
      [],
    ],
    [
      'but not for a nameless one that is written in two ways',
      setOf(one.jwk, spelt(zero)),
      undefined,
      [],
    ],
    [
      'that is padded (RFC 7515 §2)',
      setOf(spelt(`${modulus.toString('base64url')}==`)),
      undefined,
      ['kid', 'signature'],
    ],
    [
      'that has white space in it (RFC 7515 §2)',
      setOf(spelt(` ${modulus.toString('base64url')}`)),
      undefined,
      ['kid', 'signature'],
    ],
    [
      'that has neither a name nor an empty one (RFC 7517 §4.5)',
      setOf(one.jwk, { ...one.jwk, kid: '' }),
      undefined,
      ['kid', 'signature'],
    ],
    [
      'but not for one whose name is empty (RFC 7517 §4.5)',
      setOf({ ...one.jwk, kid: '' }, one.jwk),
      '',
      [],
    ],
    [
      'but not for one beside an exponent that is even (RFC 8017 §3.1)',
      setOf(one.jwk, { ...two.jwk, e: 'AQAC' }),
      undefined,
      [],
    ],
    [
      'but not for one beside a key without a type (RFC 7517 §5)',
      setOf({ ...one.jwk, ...a }, { kid: 'b', n: 'AA' }),
      'a',
      [],
    ],
    [
      'but not for one beside a key whose type is no text (RFC 7517 §5)',
      setOf({ ...one.jwk, ...a }, { kty: 7 }),
      'a',
      [],
    ],
  ])('%s', async (_, set, kid, broken) => {
    const token = one.sign({ alg: 'RS256', ...withKid(kid) })
    const { ours, theirs } = await judge(token, set)
    expect(theirs.broken).toEqual(broken)
    expect(ours).toEqual(theirs)
  })
})
