import { inspect } from 'node:util'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { beforeAll, describe, expect, it } from 'vitest'
import { LoginError } from './login/errors.ts'
import { Secret } from './login/base/secret.ts'
import { redact, redactText } from './redact.ts'

const pid = '12838540137'
const provider = { issuer: 'https://issuer.test', token_endpoint: 'https://issuer.test/token' }
const client = { client_id: 'client' }
const claims = {
  iss: provider.issuer,
  aud: 'client',
  sub: 'the-subject',
  nonce: 'the-nonce',
  pid,
  iat: Math.floor(Date.now() / 1000),
  exp: Math.floor(Date.now() / 1000) + 60,
}
let jwt: string
let key: Awaited<ReturnType<typeof generateKeyPair>>
beforeAll(async () => {
  key = await generateKeyPair('RS256')
  jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(key.privateKey)
})

const logged = (value: unknown) => JSON.stringify(redact({ error: value }))

describe('a text is redacted', () => {
  it.each<readonly [string, string]>([
    [`person ${pid}.`, 'person [personal number].'],
    [`0192:${pid},${pid}`, '0192:[personal number],[personal number]'],
    ['at /callback?code=abc&state=def&iss=x', 'at /callback?code=[secret]&state=[secret]&iss=x'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [secret]'],
    ['DPoP abc', 'DPoP [secret]'],
    ['code_verifier=abc nonce=def', 'code_verifier=[secret] nonce=[secret]'],
    [
      'access_token=a&refresh_token=b&id_token=c',
      'access_token=[secret]&refresh_token=[secret]&id_token=[secret]',
    ],
    ['request_uri=urn:idporten:abc', 'request_uri=[secret]'],
    ['http://127.0.0.1:1234/abcdefghijklmnopqrstuvwxyz-_0123', 'http://127.0.0.1:1234/[one-time]'],
    ['eyJhbGciOiJub25lIn0.e30.', '[jwt]'],
    ['eyJh.a.b.c.d', '[jwt]'],
  ])('%j', (text, clean) => {
    expect(redactText(text)).toBe(clean)
  })

  it.each([
    '1234567890',
    '123456789012',
    'a code of conduct',
    'http://127.0.0.1:1/callback',
    'eyJ',
  ])('but not %j', (text) => {
    expect(redactText(text)).toBe(text)
  })

  it('before it is cut, so that half a token or number is never left at its end', () => {
    const payload = jwt.split('.')[1]?.slice(0, 20) ?? ''
    for (let before = 1950; before <= 2000; before += 1) {
      const blank = '-'.repeat(before)
      const endOf = (text: string) => redactText(`${blank} ${text}`).slice(before)
      expect(endOf(jwt)).not.toContain('eyJ')
      expect(endOf(jwt)).not.toContain(payload)
      expect(endOf(pid)).not.toMatch(/\d/)
      expect(endOf('code=abcdefgh')).not.toContain('abc')
    }
  })

  it('also when it is so long that not all of it is looked at', () => {
    const huge = `eyJ${'a'.repeat(60_000)}.b.c`
    expect(redactText(`${huge} eyJh.${'x'.repeat(60_000)}.y`)).not.toMatch(/eyJ|xx/)
  })

  it('and cut when it is long', () => {
    expect(redactText('x y '.repeat(5000)).length).toBeLessThan(2100)
  })
})

describe('a value is redacted', () => {
  it.each([
    'access_token',
    'id_token',
    'refreshToken',
    'code',
    'code_verifier',
    'codeVerifier',
    'state',
    'nonce',
    'Authorization',
    'set-cookie',
    'pid',
    'sub',
    'claims',
    'body',
  ])('under the key %s, at any depth', (name) => {
    expect(redact({ a: [{ [name]: 'value' }] })).toEqual({ a: [{ [name]: '[secret]' }] })
  })

  it('but not under other keys', () => {
    const value = { status: 'signed-in', attempt: 1, reason: 'host', ok: true, none: null }
    expect(redact(value)).toEqual(value)
  })

  it('that is a secret, a key with a number in it, a function, or too deep', () => {
    const round: Record<string, unknown> = { [`x${pid}`]: new Secret('abc'), call: () => 'abc' }
    round['round'] = round
    const text = JSON.stringify(redact(round))
    expect(text).toContain('[deep]')
    expect(text).not.toMatch(/abc|\d{11}/)
    const secret = new Secret('abc')
    expect(redact([secret])).toEqual(['[secret]'])
    expect([secret.toString(), JSON.stringify({ secret }), inspect({ secret })]).toEqual([
      '[secret]',
      '{"secret":"[secret]"}',
      '{ secret: [secret] }',
    ])
  })
})

describe("a library's error is redacted, with what is in its causes", () => {
  const response = (body: unknown, status = 200) => Response.json(body, { status })
  const failing: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'oauth4webapi: another nonce',
      () =>
        oauth.processAuthorizationCodeResponse(
          provider,
          client,
          response({ access_token: 'the-token', token_type: 'bearer', id_token: jwt }),
          { expectedNonce: 'another-nonce' },
        ),
    ],
    [
      'oauth4webapi: error of the token endpoint',
      () =>
        oauth.processAuthorizationCodeResponse(
          provider,
          client,
          response({ error: 'invalid_grant', error_description: `code=the-code ${jwt}` }, 400),
        ),
    ],
    [
      'oauth4webapi: error of the callback',
      async () =>
        oauth.validateAuthResponse(
          provider,
          client,
          new URLSearchParams({ error: 'x', state: 'the-state', error_description: jwt }),
          'the-state',
        ),
    ],
    [
      'oauth4webapi: another state',
      async () =>
        oauth.validateAuthResponse(
          provider,
          client,
          new URLSearchParams({ code: 'the-code', state: 'another-state' }),
          'the-state',
        ),
    ],
    ['jose: another audience', () => jwtVerify(jwt, key.publicKey, { audience: 'x' })],
    ['jose: expired', () => jwtVerify(jwt, key.publicKey, { currentDate: new Date(4e12) })],
    ['jose: not signed', () => jwtVerify(`${jwt.slice(0, -8)}AAAAAAAA`, key.publicKey)],
  ]
  it.each(failing)('%s', async (_, fail) => {
    const error = await fail().then(
      () => new Error('did not fail'),
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Error)
    const message = error instanceof Error ? error.message : ''
    expect(message).not.toBe('did not fail')
    const wrapped = new LoginError('E_TOKEN_RESPONSE', `token request: ${message}`, {
      cause: new Error(`outer ${jwt}`, { cause: error }),
      detail: { key: 'x', reason: `Bearer ${jwt} for ${pid}` },
    })
    for (const text of [logged(error), logged(wrapped), logged([{ deep: wrapped }])]) {
      expect(text).not.toMatch(/the-(token|code|state|nonce|subject)|another-(nonce|state)|eyJ/)
      expect(text).not.toContain(pid)
    }
    expect(logged(wrapped)).toContain('E_TOKEN_RESPONSE')
  })
})
