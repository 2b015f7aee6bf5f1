import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, compactVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import { createHttp } from '../base/http.ts'
import { createKeyCache, matching, type KeySource } from './keys.ts'
import { Secret } from '../base/secret.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { issuer, provider } from '../../../test/support/provider.ts'

type Jwk = Record<string, unknown>

/** A cache of keys whose n-th fetch brings the n-th answer, and the last one ever after. */
function cacheOf(...answers: Response[]) {
  let fetches = 0
  const clock = createTestClock()
  const http = createHttp({
    clock,
    signal: new AbortController().signal,
    fetch: async () => {
      const answer = answers[Math.min(fetches, answers.length - 1)] ?? Response.error()
      fetches += 1
      return answer.clone()
    },
  })
  const cache = createKeyCache(clock)
  return {
    ...cache,
    clock,
    fetches: () => fetches,
    attempt: (jwks_uri = provider.jwks_uri) => cache.forAttempt({ ...provider, jwks_uri }, http),
  }
}

/** The keys of one attempt. */
function sourceOf(...answers: Response[]) {
  const { attempt, fetches } = cacheOf(...answers)
  return { keys: attempt(), fetches }
}

/** The one key that a token with this kid may be verified with, or null. */
async function find(keys: KeySource, kid?: string) {
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url')
  const found = matching(await keys.forToken(new Secret(`${header}.e30.AA`)), kid)
  return found.length === 1 ? (found[0]?.key ?? null) : null
}
const keySet = (...keys: unknown[]): Response => Response.json({ keys })

const make = (bits: number) => {
  const pair = generateKeyPairSync('rsa', { modulusLength: bits })
  return {
    ...pair,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }) } satisfies Jwk,
    whole: { ...pair.privateKey.export({ format: 'jwk' }) } satisfies Jwk,
  }
}
let right: ReturnType<typeof make>
let other: ReturnType<typeof make>
let weak: ReturnType<typeof make>

beforeAll(() => {
  ;[right, other, weak] = [make(2048), make(2048), make(1024)]
})

const padded = (jwk: Jwk): Jwk => {
  const modulus = Buffer.from(String(jwk['n']), 'base64url')
  return { ...jwk, n: Buffer.concat([Buffer.alloc(256), modulus]).toString('base64url') }
}

describe('a key of the provider is ignored', () => {
  it.each<readonly [string, () => unknown]>([
    ['with 1024 bits', () => weak.jwk],
    ['with 1024 bits and zeros before them', () => padded(weak.jwk)],
    [
      'with more than 8192 bits',
      () => ({ ...right.jwk, n: Buffer.alloc(1025, 255).toString('base64url') }),
    ],
    ['with the exponent 1', () => ({ ...right.jwk, e: 'AQ' })],
    ['with the exponent 3', () => ({ ...right.jwk, e: 'Aw' })],
    ['with its private half', () => right.whole],
    ['with an even exponent', () => ({ ...right.jwk, e: 'AQAC' })],
    ['whose modulus is padded', () => ({ ...right.jwk, n: `${String(right.jwk['n'])}==` })],
    [
      'whose modulus has a sign before it',
      () => ({ ...right.jwk, n: `+${String(right.jwk['n'])}` }),
    ],
    ['without a type', () => ({ ...right.jwk, kty: undefined })],
    ['with a part of its private half', () => ({ ...right.jwk, d: right.whole['d'] })],
    ['for encryption', () => ({ ...right.jwk, use: 'enc' })],
    ['for another algorithm', () => ({ ...right.jwk, alg: 'PS256' })],
    ['for other operations', () => ({ ...right.jwk, key_ops: ['encrypt', 'sign'] })],
    ['of another type', () => ({ kty: 'oct', k: 'c2VjcmV0' })],
    [
      'on a curve',
      () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    ],
    ['whose modulus is no text', () => ({ ...right.jwk, n: 1 })],
    ['whose kid is no text', () => ({ ...right.jwk, kid: 7 })],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map(
      (name) =>
        [`with the private member ${name}`, () => ({ ...right.jwk, [name]: 'AQAB' })] as const,
    ),
  ])('%s; the good one beside it is found', async (_, bad) => {
    const jwk = bad()
    const named = typeof jwk === 'object' ? { kid: 'bad', ...jwk } : jwk
    const { keys } = sourceOf(keySet(named, { ...other.jwk, kid: 'good' }))
    await expect(find(keys, 'bad')).resolves.toBeNull()
    const key = await find(keys, 'good')
    const jws = await new CompactSign(Buffer.from('x'))
      .setProtectedHeader({ alg: 'RS256' })
      .sign(other.privateKey)
    if (key === null) throw new Error('no key')
    await expect(compactVerify(jws, key)).resolves.toBeTruthy()
  })
})

it.each<readonly [string, () => Jwk]>([
  ['for signatures', () => ({ ...right.jwk, use: 'sig' })],
  ['for our algorithm', () => ({ ...right.jwk, alg: 'RS256' })],
  ['for the operation among others', () => ({ ...right.jwk, key_ops: ['sign', 'verify'] })],
  ['with 8192 bits', () => ({ ...right.jwk, n: Buffer.alloc(1024, 255).toString('base64url') })],
  ['with a large exponent that has zeros in it', () => ({ ...right.jwk, e: 'EAAB' })],
])('a key of the provider is taken %s', async (_, jwk) => {
  const { keys } = sourceOf(keySet({ ...jwk(), kid: 'x' }))
  await expect(find(keys, 'x')).resolves.not.toBeNull()
})

describe('a choice of keys', () => {
  it('takes the one key of the provider for a token that names none', async () => {
    const { keys } = sourceOf(keySet({ ...right.jwk, kid: 'x' }))
    await expect(find(keys)).resolves.not.toBeNull()
  })

  it('is not disturbed by a key that stands there with zeros before it, too', async () => {
    const twice = [right.jwk, padded(right.jwk)].map((jwk) => ({ ...jwk, kid: 'x' }))
    await expect(find(sourceOf(keySet(...twice)).keys, 'x')).resolves.not.toBeNull()
  })

  it('is refused for a kid that two keys have; a kid of its own is found', async () => {
    const twice = [right, other].map(({ jwk }) => ({ ...jwk, kid: 'same' }))
    const { keys } = sourceOf(keySet(...twice, { ...right.jwk, kid: 'own' }))
    await expect(find(keys, 'same')).resolves.toBeNull()
    await expect(find(keys, 'own')).resolves.not.toBeNull()
  })

  it('is not disturbed by a key that stands there twice', async () => {
    const named = { ...right.jwk, kid: 'a' }
    await expect(find(sourceOf(keySet(named, named)).keys, 'a')).resolves.not.toBeNull()
    await expect(find(sourceOf(keySet(right.jwk, right.jwk)).keys)).resolves.not.toBeNull()
  })

  it('is refused without a kid among two keys; one key alone is found', async () => {
    await expect(find(sourceOf(keySet(right.jwk, other.jwk)).keys)).resolves.toBeNull()
    await expect(find(sourceOf(keySet(right.jwk)).keys)).resolves.not.toBeNull()
  })

  it('finds a key that was rotated in, by looking once more', async () => {
    const before = keySet({ ...right.jwk, kid: 'old' })
    const { keys, fetches } = sourceOf(before, keySet({ ...other.jwk, kid: 'new' }))
    await expect(find(keys, 'new')).resolves.not.toBeNull()
    expect(fetches()).toBe(2)
  })

  it('is refused for a kid that stays unknown, and is not looked up for ever', async () => {
    const { keys, fetches } = sourceOf(keySet({ ...right.jwk, kid: 'one' }))
    const found = await Promise.all([find(keys, 'x'), find(keys, 'y'), find(keys, 'z')])
    expect(found).toEqual([null, null, null])
    expect(fetches()).toBe(2)
    await expect(find(keys, 'one')).resolves.not.toBeNull()
  })
})

describe('keys are kept from one attempt to the next', () => {
  it('for an hour and not longer', async () => {
    const { attempt, clock, fetches } = cacheOf(keySet({ ...right.jwk, kid: 'one' }))
    await attempt().prepare()
    await attempt().prepare()
    clock.advance(60 * 60 * 1000 - 1)
    await expect(find(attempt(), 'one')).resolves.not.toBeNull()
    expect(fetches()).toBe(1)
    clock.advance(1)
    await attempt().prepare()
    expect(fetches()).toBe(2)
  })

  it('however fresh they are, an unknown kid makes each attempt look once more', async () => {
    const { attempt, fetches } = cacheOf(
      keySet({ ...right.jwk, kid: 'old' }),
      keySet({ ...other.jwk, kid: 'new' }),
    )
    const first = attempt()
    await first.prepare()
    await expect(find(first, 'new')).resolves.not.toBeNull()
    expect(fetches()).toBe(2)
    const second = attempt()
    await second.prepare()
    await expect(find(second, 'unknown')).resolves.toBeNull()
    await expect(find(second, 'other')).resolves.toBeNull()
    expect(fetches()).toBe(3)
  })

  it('but a key without a name is not believed from an earlier attempt', async () => {
    const { attempt, fetches } = cacheOf(keySet(right.jwk), keySet(other.jwk))
    const first = attempt()
    await expect(find(first)).resolves.not.toBeNull()
    await expect(find(first)).resolves.not.toBeNull()
    expect(fetches()).toBe(1)
    await expect(find(attempt())).resolves.not.toBeNull()
    expect(fetches()).toBe(2)
  })

  it('and a failed fetch neither replaces them nor is kept', async () => {
    const { attempt, fetches } = cacheOf(
      keySet({ ...right.jwk, kid: 'one' }),
      new Response('', { status: 500 }),
      keySet({ ...other.jwk, kid: 'two' }),
    )
    await attempt().prepare()
    const failed = await failureOf(find(attempt(), 'two'), LoginError)
    expect(failed.code).toBe('E_NETWORK_STATUS')
    await expect(find(attempt(), 'one')).resolves.not.toBeNull()
    expect(fetches()).toBe(2)
    await expect(find(attempt(), 'two')).resolves.not.toBeNull()
  })

  it('but not those that an attempt brings after everything was forgotten', async () => {
    const cache = cacheOf(keySet({ ...right.jwk, kid: 'one' }))
    const late = cache.attempt().prepare()
    cache.forget()
    await late
    await cache.attempt().prepare()
    expect(cache.fetches()).toBe(2)
  })

  it('until they are forgotten, or another address is asked', async () => {
    const cache = cacheOf(keySet({ ...right.jwk, kid: 'one' }))
    await cache.attempt().prepare()
    cache.forget()
    await cache.attempt().prepare()
    expect(cache.fetches()).toBe(2)
    await cache.attempt(`${issuer}/other`).prepare()
    expect(cache.fetches()).toBe(3)
  })
})

describe('a key set is refused', () => {
  const json = { headers: { 'content-type': 'application/json' } }
  it.each<readonly [string, Response, string]>([
    ['not JSON', new Response('<keys>', json), 'not usable: not JSON'],
    ['without keys', Response.json({}), 'not a key set'],
    ['a list', Response.json([]), 'not a key set'],
    ['with keys that are none', keySet('x'), 'not a key set'],
    ['with keys that are lists', keySet([]), 'not a key set'],
    ['with keys that are nothing', keySet(null), 'not a key set'],
    [
      'with more than 100 keys',
      keySet(...Array.from({ length: 101 }, () => ({ kty: 'RSA' }))),
      'not a key set',
    ],
    ['with another status', Response.json({ keys: [] }, { status: 404 }), 'HTTP 404'],
    [
      'as HTML',
      new Response('{"keys":[]}', { headers: { 'content-type': 'text/html' } }),
      'HTTP 200 with content type text/html',
    ],
  ])('%s', async (_, answer, reason) => {
    const error = await failureOf(find(sourceOf(answer).keys, 'x'), LoginError)
    expect([error.code, error.detail]).toEqual(['E_PROVIDER_KEYS', { key: 'keys', reason }])
  })

  it('and asked for by the types that it may have', async () => {
    const asked: unknown[] = []
    const http = createHttp({
      clock: createTestClock(),
      signal: new AbortController().signal,
      fetch: async (url, { method, headers }) => {
        asked.push(url, method, headers)
        return keySet(right.jwk)
      },
    })
    await createKeyCache(createTestClock()).forAttempt(provider, http).prepare()
    const accept = 'application/json, application/jwk-set+json'
    expect(asked).toEqual([provider.jwks_uri, 'GET', { accept }])
  })

  it('but taken as application/jwk-set+json', async () => {
    const body = JSON.stringify({ keys: [{ ...right.jwk, kid: 'x' }] })
    const answer = new Response(body, { headers: { 'content-type': 'application/jwk-set+json' } })
    await expect(find(sourceOf(answer).keys, 'x')).resolves.not.toBeNull()
  })
})
