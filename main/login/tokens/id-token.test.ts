import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import {
  CompactSign,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { isTextKey } from '../../../assets/locales/index.ts'
import { LoginError } from '../errors.ts'
import type { IdTokenExpectation } from './rules.ts'
import { verifyIdToken } from './id-token.ts'
import { createHttp } from '../base/http.ts'
import { createKeyCache, type KeySource } from '../provider/keys.ts'
import { Secret } from '../base/secret.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { runs, seed } from '../../../test/support/thorough.ts'

const now = 1_800_000_000
const issuer = 'https://issuer.test'
const clientId = 'client'
const nonce = 'the-nonce-that-was-sent'
const accessToken = 'the-access-token'
/** The beginning of a token's hash: 16 bytes are half of it. */
const hashOf = (token: string, bytes = 16): string =>
  createHash('sha256').update(token).digest().subarray(0, bytes).toString('base64url')
const good = {
  iss: issuer,
  sub: 'subject',
  aud: clientId,
  exp: now + 120,
  iat: now,
  nonce,
  acr: 'idporten-loa-high',
  pid: '12838540137',
}
const expectation: IdTokenExpectation = {
  issuer,
  clientId,
  accessToken: new Secret(accessToken),
  nonce: new Secret(nonce),
  renews: null,
  acrValues: ['idporten-loa-substantial'],
  attemptLasted: null,
  now,
  clockSkew: null,
}
const fresh: IdTokenExpectation = { ...expectation, attemptLasted: 60 }

let own: { publicKey: CryptoKey; privateKey: CryptoKey }
let stranger: { publicKey: CryptoKey; privateKey: CryptoKey }
let ownJwk: JWK
let strangerJwk: JWK

beforeAll(async () => {
  ;[own, stranger] = await Promise.all([
    generateKeyPair('RS256', { extractable: true }),
    generateKeyPair('RS256', { extractable: true }),
  ])
  ownJwk = await exportJWK(own.publicKey)
  strangerJwk = await exportJWK(stranger.publicKey)
})

/** The app's own key source; the n-th fetch of its keys brings the n-th list. */
function keysOf(...lists: JWK[][]): KeySource & { readonly fetches: () => number } {
  let fetches = 0
  const http = createHttp({
    clock: createTestClock(),
    signal: new AbortController().signal,
    fetch: async () => {
      const keys = lists[Math.min(fetches, lists.length - 1)]
      fetches += 1
      return Response.json({ keys })
    },
  })
  const provider = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  }
  const source = createKeyCache(createTestClock()).forAttempt(provider, http)
  return { ...source, fetches: () => fetches }
}

async function sign(
  claims: Record<string, unknown>,
  header: Partial<JWTHeaderParameters> = {},
  key: CryptoKey = own.privateKey,
): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(key)
}

const verify = async (
  token: string,
  expected = expectation,
  keys: KeySource = keysOf([ownJwk]),
) => {
  const secret = new Secret(token)
  return await verifyIdToken(secret, await keys.forToken(secret), expected)
}

const refusal = (token: string, expected = expectation, keys?: KeySource) =>
  failureOf(verify(token, expected, keys), LoginError)

const failedRules = (error: LoginError) =>
  error.checks.filter(({ result }) => result === 'fail').map(({ rule }) => rule)

const ruleNames = [
  'alg',
  'typ',
  'crit',
  'embedded-key',
  'kid',
  'signature',
  'iss',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'nonce',
  'sub',
  'same-person',
  'acr',
  'auth_time',
  'same-login',
  'at_hash',
  'types',
  'pid',
]

describe('a claim is refused', () => {
  it.each<readonly [rule: keyof IdTokenClaims, why: string, bad: unknown, fine: unknown]>([
    ['iss', 'with a slash behind it', `${issuer}/`, issuer],
    ['iss', 'in other letters', 'https://Issuer.test', issuer],
    ['iss', 'of another host', 'https://issuer.test.evil.example', issuer],
    ['iss', 'in a list', [issuer], issuer],
    ['iss', 'that is absent', undefined, issuer],
    ['aud', 'of a stranger', 'stranger', clientId],
    ['aud', 'with a stranger beside us', [clientId, 'stranger'], [clientId]],
    ['aud', 'with us twice', [clientId, clientId], [clientId]],
    ['aud', 'that is an empty list', [], [clientId]],
    ['aud', 'that is absent', undefined, clientId],
    ['aud', 'in other letters', 'CLIENT', clientId],
    ['azp', 'of a stranger', 'stranger', clientId],
    ['azp', 'that is null', null, undefined],
    ['exp', '300 s past', now - 300, now - 299],
    ['exp', 'that is absent', undefined, now + 1],
    ['exp', 'that is text', String(now + 120), now + 120],
    ['exp', 'that is zero', 0, now + 120],
    ['iat', '301 s ahead', now + 301, now + 300],
    ['iat', '11 minutes old', now - 660, now - 590],
    ['iat', '601 s old', now - 601, now - 600],
    ['iat', 'that is absent', undefined, now],
    ['iat', 'that is text', String(now), now],
    ['nbf', '301 s ahead', now + 301, now + 300],
    ['nbf', 'that is text', String(now), undefined],
    ['nonce', 'that is absent', undefined, nonce],
    ['nonce', 'of another login', `${nonce}x`, nonce],
    ['nonce', 'that is empty', '', nonce],
    ['nonce', 'in a list', [nonce], nonce],
    ['sub', 'that is empty', '', 's'],
    ['sub', 'of 300 characters', 's'.repeat(300), 's'.repeat(255)],
    ['sub', 'that is a number', 7, '7'],
    ['sub', 'that is absent', undefined, 's'],
    ['sub', 'that is not ASCII', 'sø', 'so'],
    ['acr', 'that is too low', 'idporten-loa-low', 'idporten-loa-substantial'],
    ['acr', 'that is absent', undefined, 'eidas-loa-high'],
    ['acr', 'in a list', ['idporten-loa-high'], 'idporten-loa-high'],
    ['pid', 'that is a number', 12838540137, '12838540137'],
    ['pid', 'of ten digits', '1283854013', undefined],
    ['pid', 'of twelve digits', '128385401370', '12838540137'],
    ['pid', 'that is null', null, undefined],
    ['at_hash', 'of another access token', hashOf('another'), hashOf(accessToken)],
    ['at_hash', 'of the whole hash', hashOf(accessToken, 32), undefined],
    ['at_hash', 'that is empty', '', hashOf(accessToken)],
    ['at_hash', 'that is null', null, undefined],
  ])('%s %s; the right one is accepted', async (rule, _, bad, fine) => {
    const error = await refusal(await sign({ ...good, [rule]: bad }))
    expect([error.code, error.detail?.key]).toEqual(['E_ID_TOKEN_CLAIM', rule])
    expect(failedRules(error).filter((failed) => failed !== 'types')).toEqual([rule])
    const { claims } = await verify(await sign({ ...good, [rule]: fine }))
    expect(claims[rule]).toEqual(fine)
  })

  it.each<readonly [string, unknown]>([
    ['before the login began', now - 91],
    ['ahead', now + 6],
    ['that is text', String(now)],
    ['that is absent', undefined],
  ])(
    'auth_time %s, when a fresh login was asked for; the right one is accepted',
    async (_, bad) => {
      const error = await refusal(await sign({ ...good, auth_time: bad }), fresh)
      expect(error.detail?.key).toBe('auth_time')
      await expect(
        verify(await sign({ ...good, auth_time: now - 65 }), fresh),
      ).resolves.toBeTruthy()
      await expect(verify(await sign({ ...good, auth_time: now }), fresh)).resolves.toBeTruthy()
      await expect(verify(await sign({ ...good, auth_time: now + 5 }), fresh)).resolves.toBeTruthy()
      if (typeof bad === 'string') return
      await expect(verify(await sign({ ...good, auth_time: bad }))).resolves.toBeTruthy()
    },
  )
})

it.each<readonly [string, unknown, unknown]>([
  ['auth_time', String(now), now - 5000],
  ['auth_time', [now], undefined],
  ['auth_time', -1, 0],
  ['updated_at', '1', 1],
  ['phone_number_verified', 'true', true],
  ['address', null, { country: 'NO' }],
  ['address', ['NO'], {}],
  ['authorization_details', { type: 'x' }, [{ type: 'x' }]],
  ['given_name', 7, 'Kari'],
  ['family_name', ['Nordmann'], 'Nordmann'],
  ['locale', { nb: true }, 'nb'],
  ['jti', 1, 'x'],
  ['sid', null, 'x'],
  ['email', true, 'kari@example.test'],
  ['email_verified', 'true', true],
])('a claim %s that is %j is refused for its type; %j is accepted', async (name, bad, fine) => {
  const error = await refusal(await sign({ ...good, [name]: bad }))
  expect([error.code, error.detail]).toMatchObject([
    'E_ID_TOKEN_CLAIM',
    { key: 'types', reason: `expected known claims of their types, got ${name}` },
  ])
  await expect(verify(await sign({ ...good, [name]: fine }))).resolves.toBeTruthy()
})

it.each<readonly [string, unknown]>([
  ['amr', ['Minid-APP']],
  ['amr', 'BankID'],
  ['amr', 7],
  ['amr', undefined],
  ['made_up', { any: ['thing'] }],
  ['_claim_sources', { src1: { endpoint: 'https://evil.example/claims' } }],
])('a claim %s of %j is not judged', async (name, value) => {
  await expect(verify(await sign({ ...good, [name]: value }))).resolves.toBeTruthy()
})

describe('a renewed ID token is refused', () => {
  const former = { ...good, auth_time: now - 5000 }
  const renewedBy = (by: 'refresh-token' | 'browser'): IdTokenExpectation => ({
    ...expectation,
    renews: { claims: former, by },
  })

  it.each<readonly ['refresh-token' | 'browser', string, Record<string, unknown>, string[]]>([
    ['refresh-token', 'of another person', { sub: 'another' }, ['same-person']],
    ['browser', 'of another person', { sub: 'another' }, ['same-person']],
    ['refresh-token', 'with another personal number', { pid: '03879447158' }, ['same-person']],
    ['browser', 'with another personal number', { pid: '03879447158' }, ['same-person']],
    ['refresh-token', 'without a person', { sub: undefined }, ['sub', 'same-person']],
    ['refresh-token', 'of another issuer', { iss: `${issuer}1` }, ['iss']],
    ['refresh-token', 'for another client', { aud: 'another' }, ['aud']],
    ['refresh-token', 'of another login', { auth_time: now - 4999 }, ['same-login']],
    ['refresh-token', 'with another nonce', { nonce: 'another' }, ['nonce']],
    ['browser', 'without a nonce', { nonce: undefined }, ['nonce']],
    ['refresh-token', 'that is old', { iat: now - 660 }, ['iat']],
  ])('by %s %s; the right one is accepted', async (by, _, change, rules) => {
    const error = await refusal(await sign({ ...former, ...change }), renewedBy(by))
    expect([error.code, failedRules(error)]).toEqual(['E_ID_TOKEN_CLAIM', rules])
    await expect(verify(await sign(former), renewedBy(by))).resolves.toBeTruthy()
  })

  it('by refresh-token without the authorized party of the login; by browser it is accepted', async () => {
    const renewing = (by: 'refresh-token' | 'browser'): IdTokenExpectation => ({
      ...expectation,
      renews: { claims: { ...former, azp: clientId }, by },
    })
    const without = await sign(former)
    const withIt = await sign({ ...former, azp: clientId })
    const error = await refusal(without, renewing('refresh-token'))
    expect(failedRules(error)).toEqual(['azp'])
    await expect(verify(withIt, renewing('refresh-token'))).resolves.toBeTruthy()
    await expect(verify(without, renewing('browser'))).resolves.toBeTruthy()
  })

  it('but not for a personal number that the login did not have', async () => {
    const renews = { claims: { ...former, pid: undefined }, by: 'browser' } as const
    await expect(verify(await sign(former), { ...expectation, renews })).resolves.toBeTruthy()
  })

  it('but not for what a renewal may leave out, or may make new', async () => {
    for (const [by, change] of [
      ['refresh-token', { nonce: undefined }],
      ['refresh-token', { auth_time: undefined }],
      ['refresh-token', { pid: undefined }],
      ['browser', { auth_time: now }],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(
        verify(await sign({ ...former, ...change }), renewedBy(by)),
      ).resolves.toBeTruthy()
    }
  })
})

type IdTokenClaims = typeof good & Record<'azp' | 'nbf' | 'at_hash', unknown>

describe('a signature is refused', () => {
  const twin = async (keys?: KeySource) => verify(await sign(good), expectation, keys)

  it.each<readonly [string, string[], () => Promise<string>]>([
    ['by a wrong key', ['signature'], () => sign(good, {}, stranger.privateKey)],
    ['that is none', ['alg', 'signature'], async () => new UnsecuredJWT(good).encode()],
    [
      "with the provider's public key as a shared secret",
      ['alg', 'signature'],
      async () =>
        await new SignJWT(good)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.from(await exportSPKI(own.publicKey))),
    ],
    [
      'with another algorithm',
      ['alg', 'signature'],
      async () => {
        const { privateKey } = await generateKeyPair('ES256')
        return await sign(good, { alg: 'ES256' }, privateKey)
      },
    ],
    [
      'over other claims',
      ['signature'],
      async () => {
        const [header, , signature] = (await sign(good)).split('.')
        const claims = Buffer.from(JSON.stringify({ ...good, sub: 'else' })).toString('base64url')
        return [header, claims, signature].join('.')
      },
    ],
    ['with padding behind it', ['signature'], async () => `${await sign(good)}==`],
    ['with a line break behind it', ['signature'], async () => `${await sign(good)}\n`],
    [
      'with what must be understood',
      ['crit', 'signature'],
      async () => {
        const signer = new SignJWT(good).setProtectedHeader({
          alg: 'RS256',
          crit: ['https://issuer.test/new'],
          'https://issuer.test/new': 1,
        })
        return await signer.sign(own.privateKey, { crit: { 'https://issuer.test/new': true } })
      },
    ],
    [
      'by a key that the token brings along',
      ['embedded-key', 'signature'],
      () => sign(good, { jwk: strangerJwk }, stranger.privateKey),
    ],
    ['with a place to fetch a key', ['embedded-key'], () => sign(good, { jku: `${issuer}/jwks` })],
    ['with a place to fetch a certificate', ['embedded-key'], () => sign(good, { x5u: issuer })],
    ['of an access token', ['typ'], () => sign(good, { typ: 'at+jwt' })],
    ['of a type that only begins as a JWT', ['typ'], () => sign(good, { typ: 'JWTx' })],
    [
      'of a type that is a list',
      ['typ'],
      // As a provider may write it, whatever the type of the library says.
      () => sign(good, JSON.parse('{"typ":["JWT"]}')),
    ],
  ])('%s; a good one is accepted', async (_, rules, make) => {
    const error = await refusal(await make())
    expect([error.code, failedRules(error)]).toEqual(['E_ID_TOKEN_SIGNATURE', rules])
    await expect(twin()).resolves.toBeTruthy()
  })

  it('by a key that stays unknown after one more look; a rotated key is found by it', async () => {
    const keys = keysOf([{ ...strangerJwk, kid: 'old' }], [{ ...ownJwk, kid: 'new' }])
    await expect(verify(await sign(good, { kid: 'new' }), expectation, keys)).resolves.toBeTruthy()
    expect(keys.fetches()).toBe(2)
    const error = await refusal(await sign(good, { kid: 'newer' }), expectation, keys)
    expect(failedRules(error)).toEqual(['kid', 'signature'])
    expect(keys.fetches()).toBe(2)
  })

  it('without a kid when there are two keys; with one of them it is accepted', async () => {
    const error = await refusal(await sign(good), expectation, keysOf([ownJwk, strangerJwk]))
    expect(failedRules(error)).toEqual(['kid', 'signature'])
    await expect(twin(keysOf([ownJwk]))).resolves.toBeTruthy()
  })

  it('also when the clock would explain the times of its claims', async () => {
    const late = { ...good, exp: now - 600, iat: now - 720 }
    const judged = { ...expectation, clockSkew: 720 }
    const error = await refusal(await sign(late, {}, stranger.privateKey), judged)
    expect([error.code, error.detail?.key]).toEqual(['E_ID_TOKEN_SIGNATURE', 'signature'])
    expect((await refusal(await sign(late), judged)).code).toBe('E_CLOCK_SKEW')
  })

  it('before any claim is told', async () => {
    const token = await sign({ ...good, iss: 'https://evil.example' }, {}, stranger.privateKey)
    const error = await refusal(token, { ...expectation, clockSkew: 3600 })
    expect([error.code, error.detail?.key]).toEqual(['E_ID_TOKEN_SIGNATURE', 'signature'])
    expect(failedRules(error)).toEqual(['signature', 'iss'])
  })
})

it.each([
  '',
  'a.b',
  'a.b.c',
  'eyJhbGciOiJSUzI1NiJ9.e30.AA.AA.AA',
  'eyJhbGciOiJSUzI1NiJ9.e30',
  'eyJhbGciOiJSUzI1NiJ9.e30.AA.AA',
  ' eyJhbGciOiJSUzI1NiJ9.e30.AA',
  // [1], "a", null and 1
  'eyJhbGciOiJSUzI1NiJ9.WzFd.AA',
  'eyJhbGciOiJSUzI1NiJ9.ImEi.AA',
  'eyJhbGciOiJSUzI1NiJ9.bnVsbA.AA',
  'MQ.e30.AA',
  'eyJhbGciOiJSUzI1NiJ9..',
  // {"alg":"RS256","alg":"RS256"} and {"sub":"a","sub":"b"}
  'eyJhbGciOiJSUzI1NiIsImFsZyI6IlJTMjU2In0.e30.AA',
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIiwic3ViIjoiYiJ9.AA',
  'eyJhbGciOiJSUzI1NiJ9 .e30.AA',
])('what is no JWT of an object is refused: %j', async (text) => {
  const error = await refusal(text)
  expect([error.code, error.detail?.key, error.checks]).toEqual([
    'E_TOKEN_RESPONSE',
    'id_token',
    [],
  ])
})

it('an encrypted token is refused, and named as such', async () => {
  const error = await refusal('eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA')
  expect([error.code, error.detail?.reason]).toEqual([
    'E_TOKEN_RESPONSE',
    'is encrypted, and that was not asked for',
  ])
})

it('an end that JSON cannot count to is refused; a number is accepted', async () => {
  const signText = async (claims: string) =>
    await new CompactSign(new TextEncoder().encode(claims))
      .setProtectedHeader({ alg: 'RS256' })
      .sign(own.privateKey)
  const text = JSON.stringify(good)
  const endless = await signText(text.replace(String(good.exp), '1e999'))
  expect(failedRules(await refusal(endless))).toEqual(['exp'])
  await expect(verify(await signText(text))).resolves.toBeTruthy()
})

describe("this computer's clock", () => {
  it.each<readonly [string, Record<string, unknown>, number | null, string, string]>([
    ['is named when it is ahead', { exp: now - 600, iat: now - 720 }, 720, 'E_CLOCK_SKEW', 'exp'],
    ['is named when it is behind', { exp: now + 840, iat: now + 720 }, -720, 'E_CLOCK_SKEW', 'iat'],
    ['is not blamed within tolerance', { exp: now - 400 }, 300, 'E_ID_TOKEN_CLAIM', 'exp'],
    ['is not blamed for what is absent', { exp: undefined }, 720, 'E_ID_TOKEN_CLAIM', 'exp'],
    [
      'is not blamed for what is wrong by any clock',
      { exp: now - 600, iat: now - 720, nonce: 'x' },
      720,
      'E_ID_TOKEN_CLAIM',
      'exp',
    ],
    ['is not blamed for more than it is off', { exp: now - 900 }, 400, 'E_ID_TOKEN_CLAIM', 'exp'],
    ['is not blamed when unknown', { exp: now - 360 }, null, 'E_ID_TOKEN_CLAIM', 'exp'],
    ['excuses no other rule', { exp: now - 360, aud: 'x' }, 720, 'E_ID_TOKEN_CLAIM', 'aud'],
  ])('%s', async (_, claims, clockSkew, code, rule) => {
    const token = await sign({ ...good, ...claims })
    const error = await refusal(token, { ...expectation, clockSkew })
    expect([error.code, error.detail?.key]).toEqual([code, rule])
    expect(error.explanation).toEqual(
      code === 'E_CLOCK_SKEW'
        ? { kind: 'clock', direction: Number(clockSkew) > 0 ? 'ahead' : 'behind', seconds: 720 }
        : null,
    )
    expect(error.checks.find((check) => check.rule === rule)?.result).toBe('fail')
    await expect(verify(await sign(good), { ...expectation, clockSkew })).resolves.toBeTruthy()
  })
})

it.each<readonly [number, string]>([
  [-720, 'E_CLOCK_SKEW'],
  [-299, 'accepted'],
  [0, 'accepted'],
  [299, 'accepted'],
  [720, 'E_CLOCK_SKEW'],
])(
  'an old session is refused by a clock that is %i s off, and a fresh login is told as %s',
  async (off, outcome) => {
    const iat = now - off
    const issued = { ...good, iat, exp: iat + 120 }
    const judged = { ...fresh, clockSkew: off }
    const error = await refusal(await sign({ ...issued, auth_time: iat - 66 }), judged)
    expect(error.code).toBe('E_ID_TOKEN_CLAIM')
    expect(failedRules(error)).toContain('auth_time')
    const login = verify(await sign({ ...issued, auth_time: iat - 65 }), judged)
    const told = await login.then(
      () => 'accepted',
      (failure: unknown) => (failure instanceof LoginError ? failure.code : 'something else'),
    )
    expect(told).toBe(outcome)
  },
)

describe('the lines of the checks', () => {
  it.each<readonly [string, unknown, string]>([
    ['exp', String(now + 120), `"${now + 120}"`],
    ['exp', now - 420, String(now - 420)],
    ['aud', `["${clientId}"]`, JSON.stringify(`["${clientId}"]`)],
    ['aud', ['x'], '["x"]'],
    ['acr', 'null', '"null"'],
    ['acr', null, 'null'],
    ['acr', 'low', 'low'],
    ['acr', 'test', 'test'],
    ['acr', ' 1', '" 1"'],
  ])('tell a text from what it looks like: %s %j as %s', async (name, value, shown) => {
    const error = await refusal(await sign({ ...good, [name]: value }))
    expect(error.checks.find(({ rule }) => rule === name)?.got).toBe(shown)
  })

  it.each<readonly [rule: string, header: object, claims: object, got: string]>([
    ['alg', {}, {}, 'RS256'],
    ['typ', {}, {}, 'absent'],
    ['typ', { typ: 'application/jwt' }, {}, 'application/jwt'],
    ['crit', {}, {}, 'absent'],
    ['embedded-key', {}, {}, 'absent'],
    ['embedded-key', { jku: 'x', x5u: 'y' }, {}, 'jku x5u'],
    ['kid', {}, {}, 'known'],
    ['kid', { kid: 'x' }, {}, 'unknown'],
    ['signature', {}, {}, 'valid'],
    ['signature', { kid: 'x' }, {}, 'no key'],
    ['nonce', {}, {}, 'equal'],
    ['nonce', {}, { nonce: 'x' }, 'not equal'],
    ['nonce', {}, { nonce: undefined }, 'absent'],
    ['sub', {}, {}, '7 characters'],
    ['sub', {}, { sub: 7 }, '7'],
    ['same-person', {}, {}, 'any'],
    ['auth_time', {}, {}, 'absent'],
    ['auth_time', {}, { auth_time: now - 60 }, '60 s before iat'],
    ['auth_time', {}, { auth_time: now - 60, iat: undefined }, String(now - 60)],
    ['same-login', {}, {}, 'absent'],
    ['at_hash', {}, {}, 'absent'],
    ['at_hash', {}, { at_hash: hashOf(accessToken) }, 'equal'],
    ['at_hash', {}, { at_hash: 'x' }, 'not equal'],
    ['types', {}, {}, 'as expected'],
    ['types', {}, { email: 7, name: 7 }, 'email name'],
    ['pid', {}, {}, '11 digits'],
    ['pid', {}, { pid: '1' }, 'something else'],
    ['pid', {}, { pid: undefined }, 'absent'],
  ])('say of %s, with %j and %j, that it is %s', async (rule, header, claims, got) => {
    const token = await sign({ ...good, ...claims }, header)
    const checks = await verify(token).then(
      (verified) => verified.checks,
      (error: unknown) => (error instanceof LoginError ? error.checks : []),
    )
    expect(checks.find((check) => check.rule === rule)?.got).toBe(got)
  })

  it('say that there is something that must be understood', async () => {
    const signer = new SignJWT(good).setProtectedHeader({
      alg: 'RS256',
      crit: ['urn:x'],
      'urn:x': 1,
    })
    const error = await refusal(await signer.sign(own.privateKey, { crit: { 'urn:x': true } }))
    expect(error.checks.find(({ rule }) => rule === 'crit')?.got).toBe('present')
  })

  it('say that a token without a name of a key may be of several', async () => {
    const error = await refusal(await sign(good), expectation, keysOf([ownJwk, strangerJwk]))
    expect(error.checks.find(({ rule }) => rule === 'kid')?.got).toBe('one of several keys')
    expect(error.checks[0]?.source).toBe('OpenID Connect Core 1.0 §3.1.3.7 (7)')
  })

  it('say whether a renewed token is of the same person', async () => {
    const renewing = (sub: string): IdTokenExpectation => ({
      ...expectation,
      renews: { claims: { ...good, sub }, by: 'browser' },
    })
    const same = await verify(await sign(good), renewing('subject'))
    const error = await refusal(await sign(good), renewing('another'))
    const saidOf = (checks: typeof same.checks) =>
      checks.find(({ rule }) => rule === 'same-person')?.got
    expect([saidOf(same.checks), saidOf(error.checks)]).toEqual(['equal', 'not equal'])
  })

  it('name every rule of a good token, passed or skipped', async () => {
    const { checks } = await verify(await sign({ ...good, typ: 'x' }, { typ: 'JWT' }))
    expect(checks.map(({ rule }) => rule)).toEqual(ruleNames)
    expect(ruleNames.filter((rule) => !isTextKey(`check.${rule}`))).toEqual([])
    expect(checks.flatMap(({ rule, result }) => (result === 'pass' ? [] : [rule, result]))).toEqual(
      ['same-person', 'auth_time', 'same-login'].flatMap((rule) => [rule, 'skipped']),
    )
    const any = await verify(await sign({ ...good, acr: undefined }), {
      ...expectation,
      acrValues: [],
    })
    expect(any.checks.find(({ rule }) => rule === 'acr')?.result).toBe('skipped')
  })

  it('name every rule of a bad token, each failure among them', async () => {
    const error = await refusal(await sign({ iss: 'x', pid: 'y', exp: 1 }))
    expect(error.checks.map(({ rule }) => rule)).toEqual(ruleNames)
    expect(failedRules(error)).toEqual('iss aud exp iat nonce sub acr pid'.split(' '))
  })

  it.each(['the nonce that was sent', 'another one'])('never hold %s', async (which) => {
    const value = which === 'another one' ? 'a-nonce-of-another-login' : nonce
    const token = await sign({ ...good, nonce: value, acr: 'x' })
    const error = await refusal(token)
    expect(JSON.stringify([error.checks, error.message, error.detail])).not.toContain(value)
    expect(JSON.stringify(error.checks)).not.toContain(nonce)
  })

  it('are short, whatever a claim holds', async () => {
    const error = await refusal(
      await sign({ ...good, iss: 'x'.repeat(5000), acr: ['y'.repeat(5000)] }),
    )
    for (const { got, expected } of error.checks) {
      expect(got.length).toBeLessThanOrEqual(301)
      expect(expected.length).toBeLessThanOrEqual(301)
    }
  })
})

it('never accepts what jose refuses, whatever one claim is changed to', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.integer({ min: now - 400, max: now + 400 }),
    fc.constantFrom(issuer, clientId, [clientId], [clientId, 'x'], nonce, undefined),
  )
  const keys = keysOf([ownJwk])
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(good), 'azp', 'nbf'),
      value,
      async (name, to) => {
        const token = await sign({ ...good, [name]: to })
        const ours = await verify(token, expectation, keys).then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof LoginError)) throw error
            return false
          },
        )
        if (!ours) return
        const theirs = jwtVerify(token, own.publicKey, {
          issuer,
          audience: clientId,
          algorithms: ['RS256'],
          clockTolerance: 300,
          currentDate: new Date(now * 1000),
        })
        await expect(theirs).resolves.toBeTruthy()
      },
    ),
    { numRuns: runs(50, 150), seed },
  )
})
