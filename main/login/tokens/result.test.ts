import { describe, expect, it } from 'vitest'
import type { Check } from '../errors.ts'
import { Secret } from '../base/secret.ts'
import { createProofKey } from '../request/dpop.ts'
import { createTestClock } from '../../../test/support/login.ts'
import type { TokenResponse } from './endpoint.ts'
import { secretsOf, toLogin } from './result.ts'
import { policy, provider } from '../../../test/support/provider.ts'

const secret = (name: string): Secret => new Secret(`${name}-that-must-not-be-told`)
const nonce = secret('nonce')
const idToken = secret('id-token')
const accessToken = secret('access-token')
const refreshToken = secret('refresh-token')
const formerRefreshToken = secret('former-refresh-token')
const code = secret('code')
const response: TokenResponse = {
  idToken,
  accessToken,
  refreshToken,
  expiresIn: 60,
  refreshTokenExpiresIn: 600,
  scope: ['openid'],
  confirm: async () => {},
}
const check = (got: string): Check => ({
  rule: 'acr',
  source: 's',
  expected: 'e',
  got,
  result: 'pass',
})
const former = { refreshToken: formerRefreshToken, scope: ['former'], proofKey: null, nonce }
const loginOf = (
  change: Partial<TokenResponse> = {},
  verified = { claims: {}, checks: [] as Check[] },
) =>
  toLogin({
    provider,
    policy,
    verified,
    idToken,
    response: { ...response, ...change },
    former,
    secrets: [code],
  })
const withPayload = (payload: string): Partial<TokenResponse> => ({
  accessToken: new Secret(`e30.${Buffer.from(payload).toString('base64url')}.x`),
})

describe('a login', () => {
  it('holds what the response brought', async () => {
    const proofKey = await createProofKey(false, createTestClock())
    const login = toLogin({
      provider,
      policy,
      verified: { claims: { sub: 's' }, checks: [check('a')] },
      idToken,
      response,
      former: { ...former, proofKey },
      secrets: [],
    })
    expect(login).toEqual({
      provider,
      policy,
      claims: { sub: 's' },
      accessTokenClaims: null,
      checks: [check('a')],
      idToken,
      accessToken,
      accessTokenLife: 60,
      refreshToken,
      refreshTokenLife: 600,
      scope: ['openid'],
      proofKey,
      nonce,
    })
    expect(login.refreshToken?.reveal()).toBe(refreshToken.reveal())
  })

  it('goes by what was there before where the response is silent', () => {
    const login = loginOf({ refreshToken: null, scope: null })
    expect(login.refreshToken?.reveal()).toBe(formerRefreshToken.reveal())
    expect(login.scope).toEqual(['former'])
  })

  it.each<readonly [string, Secret]>([
    ['code', code],
    ['ID token', idToken],
    ['access token', accessToken],
    ['refresh token', refreshToken],
  ])('does not repeat its %s in what is shown', (_, value) => {
    const told = `x ${value.reveal()}`
    const shown = loginOf({}, { claims: { name: told }, checks: [check(told)] })
    expect(shown.claims).toEqual({ name: 'x [secret]' })
    expect(shown.checks).toEqual([check('x [secret]')])
    const inToken = loginOf(withPayload(JSON.stringify({ code: code.reveal() })))
    expect(inToken.accessTokenClaims).toEqual({ code: '[secret]' })
  })

  it('does not repeat the refresh token that it keeps', () => {
    const shown = loginOf(
      { refreshToken: null },
      { claims: { name: formerRefreshToken.reveal() }, checks: [] },
    )
    expect(shown.claims).toEqual({ name: '[secret]' })
  })

  it.each<readonly [string, string, object | null]>([
    ['an object', '{"sub":"s"}', { sub: 's' }],
    ['a list', '["s"]', null],
    ['nothing', 'null', null],
    ['a text', '"s"', null],
    ['no JSON', 's', null],
  ])('shows of an access token that holds %s what can be read', (_, payload, shown) => {
    expect(loginOf(withPayload(payload)).accessTokenClaims).toEqual(shown)
  })

  it('shows nothing of an access token that is opaque', () => {
    expect(loginOf({ accessToken: new Secret('opaque') }).accessTokenClaims).toBeNull()
  })
})

describe('the secrets of a login', () => {
  const revealed = (login: ReturnType<typeof loginOf>) =>
    secretsOf(login).map((value) => value.reveal())

  it('are its tokens and its nonce', () => {
    const all = [accessToken, idToken, nonce, refreshToken].map((value) => value.reveal())
    expect(revealed(loginOf())).toEqual(all)
    const without = toLogin({
      provider,
      policy,
      verified: { claims: {}, checks: [] },
      idToken,
      response: { ...response, refreshToken: null },
      former: { ...former, refreshToken: null },
      secrets: [],
    })
    expect(revealed(without)).toEqual(all.slice(0, 3))
  })
})
