import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, compactVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import type { Provider } from './discovery.ts'
import { createHttp } from './http.ts'
import { createKeySource } from './keys.ts'
import { createTestClock, failureOf } from './test-browser.ts'

type Jwk = Record<string, unknown>

const issuer = 'https://issuer.test'
const provider: Provider = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
}

/** A key source whose n-th fetch brings the n-th answer, and the last one ever after. */
function sourceOf(...answers: Response[]) {
  let fetches = 0
  const http = createHttp({
    clock: createTestClock(),
    signal: new AbortController().signal,
    fetch: async () => {
      const answer = answers[Math.min(fetches, answers.length - 1)] ?? Response.error()
      fetches += 1
      return answer.clone()
    },
  })
  return { keys: createKeySource(provider, http), fetches: () => fetches }
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
    ['with its private half', () => right.whole],
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
  ])('%s; the good one beside it is found', async (_, bad) => {
    const jwk = bad()
    const named = typeof jwk === 'object' ? { kid: 'bad', ...jwk } : jwk
    const { keys } = sourceOf(keySet(named, { ...other.jwk, kid: 'good' }))
    await expect(keys.find('bad')).resolves.toBeNull()
    const key = await keys.find('good')
    const jws = await new CompactSign(Buffer.from('x'))
      .setProtectedHeader({ alg: 'RS256' })
      .sign(other.privateKey)
    if (key === null) throw new Error('no key')
    await expect(compactVerify(jws, key)).resolves.toBeTruthy()
  })
})

describe('a choice of keys', () => {
  it('is refused for a kid that two keys have; a kid of its own is found', async () => {
    const twice = [right, other].map(({ jwk }) => ({ ...jwk, kid: 'same' }))
    const { keys } = sourceOf(keySet(...twice, { ...right.jwk, kid: 'own' }))
    await expect(keys.find('same')).resolves.toBeNull()
    await expect(keys.find('own')).resolves.not.toBeNull()
  })

  it('is refused without a kid among two keys; one key alone is found', async () => {
    await expect(sourceOf(keySet(right.jwk, other.jwk)).keys.find(undefined)).resolves.toBeNull()
    await expect(sourceOf(keySet(right.jwk)).keys.find(undefined)).resolves.not.toBeNull()
  })

  it('finds a key that was rotated in, by looking once more', async () => {
    const before = keySet({ ...right.jwk, kid: 'old' })
    const { keys, fetches } = sourceOf(before, keySet({ ...other.jwk, kid: 'new' }))
    await expect(keys.find('new')).resolves.not.toBeNull()
    expect(fetches()).toBe(2)
  })

  it('is refused for a kid that stays unknown, and is not looked up for ever', async () => {
    const { keys, fetches } = sourceOf(keySet({ ...right.jwk, kid: 'one' }))
    const found = await Promise.all([keys.find('x'), keys.find('y'), keys.find('z')])
    expect(found).toEqual([null, null, null])
    expect(fetches()).toBe(2)
    await expect(keys.find('one')).resolves.not.toBeNull()
  })
})

describe('a key set is refused', () => {
  const json = { headers: { 'content-type': 'application/json' } }
  it.each<readonly [string, Response, string]>([
    ['not JSON', new Response('<keys>', json), 'not a key set'],
    ['without keys', Response.json({}), 'not a key set'],
    ['a list', Response.json([]), 'not a key set'],
    ['with keys that are none', keySet('x'), 'not a key set'],
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
    const error = await failureOf(sourceOf(answer).keys.find('x'), AppError)
    expect([error.code, error.detail?.reason]).toEqual(['E_PROVIDER_KEYS', reason])
  })

  it('but taken as application/jwk-set+json', async () => {
    const body = JSON.stringify({ keys: [{ ...right.jwk, kid: 'x' }] })
    const answer = new Response(body, { headers: { 'content-type': 'application/jwk-set+json' } })
    await expect(sourceOf(answer).keys.find('x')).resolves.not.toBeNull()
  })
})
