import { importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import type { HttpOptions } from '../base/http.ts'
import { Secret } from '../base/secret.ts'
import type { ProviderCache } from '../provider/cache.ts'
import type { KeySource } from '../provider/keys.ts'
import type { Provider } from '../provider/metadata.ts'
import type { LoginPolicy } from '../request/authorization.ts'
import { createProofKey, type ProofKey } from '../request/dpop.ts'
import { type Login, toLogin } from '../tokens/result.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { compact, rsa } from '../../../test/support/oracle.ts'
import { callApi } from './api.ts'
import { renew as renewLogin, renewStored, type StoredLogin, toStored } from './renew.ts'
import { outlivesLogout, revokeTokens } from './revoke.ts'
import { fetchUserinfo } from './userinfo.ts'
import {
  issuer,
  policy as plainPolicy,
  provider as plainProvider,
} from '../../../test/support/provider.ts'

const provider: Provider = {
  ...plainProvider,
  userinfo_endpoint: `${issuer}/userinfo`,
  revocation_endpoint: `${issuer}/revoke`,
}
const policy: LoginPolicy = { ...plainPolicy, resource: ['https://a.test'] }

interface Has {
  readonly refreshToken?: string | null
  readonly scope?: readonly string[]
  readonly proofKey?: ProofKey | null
  readonly at?: Provider
  readonly acrValues?: readonly string[]
}
const loginOf = ({
  refreshToken = null,
  scope = [],
  proofKey = null,
  at = provider,
  acrValues = [],
}: Has = {}) =>
  toLogin({
    provider: at,
    policy: { ...policy, acrValues },
    verified: { claims: { sub: 'subject' }, checks: [] },
    idToken: new Secret('the-id-token-of-the-login'),
    response: {
      idToken: null,
      accessToken: new Secret('the-access-token'),
      refreshToken: refreshToken === null ? null : new Secret(refreshToken),
      expiresIn: 60,
      refreshTokenExpiresIn: null,
      scope,
      confirm: async () => {},
    },
    former: { refreshToken: null, scope, proofKey, nonce: new Secret('the-nonce-of-the-login') },
    secrets: [],
  })

interface Sent {
  readonly url: string
  readonly method: string | undefined
  readonly headers: Headers
  readonly body: string
}
/** Gives the answers one after the other, and the last of them for ever. */
function httpOf(...answers: (() => Response)[]) {
  const sent: Sent[] = []
  const clock = createTestClock()
  clock.advance(5000)
  const http: HttpOptions = {
    clock,
    fetch: async (url, { method, headers, body }) => {
      sent.push({
        url,
        method,
        headers: new Headers(headers),
        body: typeof body === 'string' ? body : '',
      })
      clock.advance(70)
      const next = answers[Math.min(sent.length, answers.length) - 1]
      if (next === undefined) throw new Error('no answer')
      return next()
    },
  }
  return { http, sent }
}
const challenge =
  (value: string, headers = {}) =>
  () =>
    Response.json({}, { status: 401, headers: { 'www-authenticate': value, ...headers } })
const wantsNonce = challenge('DPoP error="use_dpop_nonce"', { 'dpop-nonce': 'the-nonce' })
const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status })
const noncesOf = (sent: readonly Sent[]) =>
  sent.map(({ headers }) => {
    const [, payload = ''] = headers.get('dpop')?.split('.') ?? []
    return JSON.parse(Buffer.from(payload, 'base64url').toString()).nonce
  })
const makeKey = async () => await createProofKey(false, createTestClock())

describe('a call of an API', () => {
  const call = async (
    { http }: ReturnType<typeof httpOf>,
    {
      login = loginOf(),
      url = 'https://api.test/x',
      method = 'GET',
    }: { login?: Login; url?: string; method?: 'GET' | 'POST' } = {},
  ) => await callApi(login, { url, method }, http)

  it.each(['GET', 'POST'] as const)('by %s brings the token and nothing else', async (method) => {
    const api = httpOf(json({ a: 1 }))
    expect(await call(api, { method })).toEqual({ httpStatus: 200, tookMs: 70, body: '{"a":1}' })
    const [sent] = api.sent
    expect([sent?.url, sent?.method, sent?.body]).toEqual(['https://api.test/x', method, ''])
    expect(Object.fromEntries(sent?.headers ?? [])).toMatchObject({
      accept: 'application/json',
      authorization: 'Bearer the-access-token',
    })
  })

  it('brings a proof where the token is bound, and once more with the nonce that is wanted', async () => {
    const login = loginOf({ proofKey: await makeKey() })
    const api = httpOf(wantsNonce, json({}))
    expect((await call(api, { login })).httpStatus).toBe(200)
    expect(noncesOf(api.sent)).toEqual([undefined, 'the-nonce'])
    expect(api.sent[1]?.headers.get('authorization')).toBe('DPoP the-access-token')
    const endless = httpOf(wantsNonce)
    expect((await call(endless, { login })).httpStatus).toBe(401)
    expect(endless.sent).toHaveLength(2)
  })

  it.each<readonly [string, () => Response, number, string]>([
    ['a refusal', json({ error: 'x' }, 403), 403, '{"error":"x"}'],
    ['a refusal with a challenge', challenge('Bearer'), 401, '{}'],
    ['a page that says no', () => new Response('<p>', { status: 500 }), 500, ''],
    ['nothing', () => new Response(null, { status: 204 }), 204, ''],
  ])('takes %s for an answer', async (_, answer, httpStatus, body) => {
    expect(await call(httpOf(answer))).toEqual({ httpStatus, tookMs: 70, body })
  })

  it('is refused that brings what is no JSON, or nothing', async () => {
    const page = await failureOf(call(httpOf(() => new Response('<p>'))), LoginError)
    expect(page).toMatchObject({
      code: 'E_API_RESPONSE',
      message: 'API: not JSON',
      detail: { key: 'API', reason: 'not JSON' },
    })
    expect(page.cause).toBeInstanceOf(SyntaxError)
    expect((await failureOf(call(httpOf()), LoginError)).code).toBe('E_NETWORK_UNREACHABLE')
  })

  it('is shown without the tokens that it repeats, of the login and of the one before', async () => {
    const login = loginOf()
    const former = loginOf({ refreshToken: 'the-former-refresh-token' })
    const { http } = httpOf(json({ said: 'the-access-token the-former-refresh-token' }))
    const api = { url: 'https://api.test/x', method: 'GET' } as const
    expect((await callApi(login, api, { ...http, former })).body).toBe(
      '{"said":"[secret] [secret]"}',
    )
    expect((await callApi(login, api, http)).body).toBe(
      '{"said":"[secret] the-former-refresh-token"}',
    )
  })

  it('goes over plain http to a test installation on loopback alone', async () => {
    const bare = httpOf(json({}))
    const error = await failureOf(call(bare, { url: 'http://api.test/' }), LoginError)
    expect([error.code, bare.sent]).toEqual(['E_PROVIDER_METADATA', []])
    const local = await call(httpOf(json({})), { url: 'http://127.0.0.1:1/' })
    expect(local.httpStatus).toBe(200)
  })
})

describe('userinfo', () => {
  it('is asked for with the token, and taken of the same person', async () => {
    const { http, sent } = httpOf(json({ sub: 'subject', name: 'x' }))
    expect(await fetchUserinfo(loginOf(), http)).toEqual({ sub: 'subject', name: 'x' })
    expect(sent.map(({ url, headers }) => [url, headers.get('authorization')])).toEqual([
      [`${issuer}/userinfo`, 'Bearer the-access-token'],
    ])
  })

  it('is refused of another person, and when it is refused', async () => {
    const another = fetchUserinfo(loginOf(), httpOf(json({ sub: 'x' })).http)
    expect((await failureOf(another, LoginError)).code).toBe('E_TOKEN_RESPONSE')
    const refusing = httpOf(challenge('Bearer'))
    const refused = fetchUserinfo(loginOf(), refusing.http)
    expect(await failureOf(refused, LoginError)).toMatchObject({
      code: 'E_TOKEN_REFUSED',
      detail: { key: 'userinfo' },
    })
    expect(refusing.sent).toHaveLength(1)
  })

  it.each([
    ['Bearer error="invalid_token"', 'invalid_token', { kind: 'oauth', error: 'invalid_token' }],
    [
      'Basic realm="x", DPoP error="insufficient_scope", error_description="too little"',
      'insufficient_scope: too little',
      { kind: 'oauth', error: 'insufficient_scope' },
    ],
    ['Bearer error="made_up"', 'made_up', null],
    [
      'Bearer realm="x"',
      'server responded with a challenge in the WWW-Authenticate HTTP Header',
      null,
    ],
  ])('is refused with the error that a challenge names: %s', async (value, reason, explanation) => {
    const refused = fetchUserinfo(loginOf(), httpOf(challenge(value)).http)
    const error = await failureOf(refused, LoginError)
    expect(error.detail).toEqual({ key: 'userinfo', reason })
    expect(error.explanation).toEqual(explanation)
  })

  it('is asked for once more with the nonce that is wanted, and no more', async () => {
    const login = loginOf({ proofKey: await makeKey() })
    const { http, sent } = httpOf(wantsNonce, json({ sub: 'subject' }))
    await expect(fetchUserinfo(login, http)).resolves.toBeTruthy()
    expect(noncesOf(sent)).toEqual([undefined, 'the-nonce'])
    const endless = httpOf(wantsNonce)
    const asking = fetchUserinfo(login, endless.http)
    expect((await failureOf(asking, LoginError)).code).toBe('E_TOKEN_REFUSED')
    expect(endless.sent).toHaveLength(2)
  })

  it('is asked for over plain http at a test installation on loopback alone', async () => {
    const own = 'http://127.0.0.1:1'
    const local = loginOf({ at: { ...provider, issuer: own, userinfo_endpoint: `${own}/u` } })
    const { http } = httpOf(json({ sub: 'subject' }))
    await expect(fetchUserinfo(local, http)).resolves.toBeTruthy()
    const bare = loginOf({ at: { ...provider, userinfo_endpoint: 'http://issuer.test/u' } })
    expect((await failureOf(fetchUserinfo(bare, http), LoginError)).code).toBe(
      'E_PROVIDER_METADATA',
    )
  })
})

describe('revocation', () => {
  it.each([
    [
      'the refresh token, which ends all',
      'the-refresh-token',
      'the-refresh-token',
      'refresh_token',
    ],
    ['the access token, where there is no other', null, 'the-access-token', 'access_token'],
  ])('is of %s', async (_, refreshToken, token, hint) => {
    const { http, sent } = httpOf(() => new Response(''))
    await revokeTokens(loginOf({ refreshToken }), http)
    expect(sent[0]?.url).toBe(`${issuer}/revoke`)
    expect(Object.fromEntries(new URLSearchParams(sent[0]?.body))).toEqual({
      client_id: 'client',
      token,
      token_type_hint: hint,
    })
  })

  it('that is refused is told', async () => {
    const { http } = httpOf(json({ error: 'invalid_client' }, 401))
    const error = await failureOf(revokeTokens(loginOf(), http), LoginError)
    expect([error.code, error.detail]).toEqual([
      'E_TOKEN_REFUSED',
      { key: 'revocation', reason: 'invalid_client' },
    ])
  })

  it('goes over plain http to a test installation on loopback alone', async () => {
    const own = 'http://127.0.0.1:1'
    const local = loginOf({ at: { ...provider, issuer: own, revocation_endpoint: `${own}/r` } })
    const { http } = httpOf(() => new Response(''))
    await expect(revokeTokens(local, http)).resolves.toBeUndefined()
    const bare = loginOf({ at: { ...provider, revocation_endpoint: 'http://issuer.test/r' } })
    expect((await failureOf(revokeTokens(bare, http), LoginError)).code).toBe('E_PROVIDER_METADATA')
  })

  it.each<readonly [boolean, string[]]>([
    [false, []],
    [false, ['openid', 'profile']],
    [true, ['openid', 'profile', 'api:read']],
    [true, ['']],
  ])('is needed beside the logout: %s, with %j', (needed, scope) => {
    expect(outlivesLogout(loginOf({ scope }))).toBe(needed)
  })
})

describe('a renewal by the refresh token', () => {
  const keys: KeySource = {
    prepare: async () => {},
    forToken: async () => [],
    lookAgain: async () => null,
  }
  const cacheOf = (source: KeySource): ProviderCache => ({
    find: async () => provider,
    keys: () => source,
    forget: () => {},
  })
  const good = { access_token: 'the-new-access-token', token_type: 'Bearer' }
  const refreshable = { refreshToken: 'the-refresh-token' }
  async function renew(answer: () => Response, login: Login = loginOf(refreshable)) {
    const { http } = httpOf(answer)
    const kept: (string | number | null)[][] = []
    const renewed = renewLogin(login, {
      ...http,
      providerCache: cacheOf(keys),
      keep: async (token, life) => {
        kept.push([token.reveal(), life])
      },
    })
    const failure = await renewed.then(
      () => null,
      (error: unknown) => error,
    )
    return { renewed, kept, failure }
  }

  it('goes by the former where the provider is silent', async () => {
    const { renewed, kept } = await renew(json(good))
    const login = await renewed
    expect(login.claims).toEqual({ sub: 'subject' })
    expect(login.accessToken.reveal()).toBe('the-new-access-token')
    expect(login.idToken.reveal()).toBe('the-id-token-of-the-login')
    expect(login.refreshToken?.reveal()).toBe('the-refresh-token')
    expect(kept).toEqual([['the-refresh-token', null]])
  })

  it('keeps the new refresh token before anything of the answer is used', async () => {
    const answer = {
      ...good,
      id_token: 'no token',
      refresh_token: 'the-next-refresh-token',
      refresh_token_expires_in: 600,
    }
    const { kept, failure } = await renew(json(answer))
    expect(kept).toEqual([['the-next-refresh-token', 600]])
    expect(failure).toMatchObject({ code: 'E_TOKEN_RESPONSE' })
  })

  it('shows of the new token no former one', async () => {
    const told = { former: 'the-access-token-of-before', refresh: 'the-refresh-token' }
    const payload = Buffer.from(JSON.stringify(told)).toString('base64url')
    const login = { ...loginOf(refreshable), accessToken: new Secret(told.former) }
    const { renewed } = await renew(json({ ...good, access_token: `e30.${payload}.x` }), login)
    expect((await renewed).accessTokenClaims).toEqual({ former: '[secret]', refresh: '[secret]' })
  })

  it('shows of the new token no nonce', async () => {
    const payload = Buffer.from('{"x":"the-nonce-of-the-login"}').toString('base64url')
    const { renewed } = await renew(json({ ...good, access_token: `e30.${payload}.x` }))
    expect((await renewed).accessTokenClaims).toEqual({ x: '[secret]' })
  })

  it.each(['invalid_grant', 'invalid_client', 'unauthorized_client'])(
    'is over for good with %s, and nothing is kept',
    async (error) => {
      const { kept, failure } = await renew(json({ error }, 400))
      expect(failure).toMatchObject({
        code: 'E_RENEWAL_REFUSED',
        message: `renewal: token request: ${error}`,
        detail: { key: 'token request', reason: error },
        explanation: { kind: 'oauth', error },
        cause: { code: 'E_TOKEN_REFUSED' },
      })
      expect(kept).toEqual([])
    },
  )

  it.each<readonly [string, () => Response, string]>([
    ['another refusal', json({ error: 'invalid_scope' }, 400), 'E_TOKEN_REFUSED'],
    ['a refusal with a name that is not known', json({ error: 'x' }, 400), 'E_TOKEN_REFUSED'],
    ['a broken server', json({}, 500), 'E_NETWORK_STATUS'],
    [
      'a failure that is none of the provider',
      () => {
        const explanation = { kind: 'oauth', error: 'invalid_grant' } as const
        throw new LoginError('E_NETWORK_PROXY', 'x', { explanation })
      },
      'E_NETWORK_PROXY',
    ],
    ['an answer without a token', json({}), 'E_TOKEN_RESPONSE'],
  ])('may go on after %s', async (_, answer, code) => {
    expect((await renew(answer)).failure).toMatchObject({ code })
  })

  const pair = rsa()
  const idTokenOf = (change: object = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, sub: 'subject', aud: 'client', exp: now + 60, iat: now }
    const payload = JSON.stringify({ ...claims, ...change })
    return compact('{"alg":"RS256"}', payload, pair.privateKey)
  }
  const renewWith = async (
    change: object,
    { acrValues = [] as string[], date = new Date() } = {},
  ) => {
    const key = await importJWK(pair.publicKey.export({ format: 'jwk' }), 'RS256')
    if (key instanceof Uint8Array) throw new Error('no key')
    const answer = () =>
      Response.json(
        { ...good, id_token: idTokenOf(change) },
        { headers: { date: date.toUTCString() } },
      )
    const source = { ...keys, forToken: async () => [{ kid: undefined, key }] }
    const login = loginOf({ ...refreshable, acrValues })
    return await renewLogin(login, { ...httpOf(answer).http, providerCache: cacheOf(source) })
  }

  it('brings the claims of a new ID token, which needs no nonce', async () => {
    const renewed = await renewWith({ name: 'x' })
    expect(renewed.claims).toMatchObject({ sub: 'subject', name: 'x' })
    await expect(renewWith({ nonce: 'the-nonce-of-the-login' })).resolves.toBeTruthy()
  })

  it.each<readonly [string, object, string]>([
    ['person', { sub: 'another' }, 'E_RENEWAL_SUBJECT'],
    ['client', { aud: 'another' }, 'E_ID_TOKEN_CLAIM'],
    ['issuer', { iss: 'https://evil.example' }, 'E_ID_TOKEN_CLAIM'],
    ['nonce', { nonce: 'another' }, 'E_ID_TOKEN_CLAIM'],
    ['access token', { at_hash: 'another' }, 'E_ID_TOKEN_CLAIM'],
  ])('is refused with an ID token of another %s', async (_, change, code) => {
    expect((await failureOf(renewWith(change), LoginError)).code).toBe(code)
  })

  it('is refused with a level that is too low; a high one will do', async () => {
    const asked = { acrValues: ['idporten-loa-substantial'] }
    const low = renewWith({ acr: 'idporten-loa-low' }, asked)
    expect((await failureOf(low, LoginError)).detail?.key).toBe('acr')
    await expect(renewWith({ acr: 'idporten-loa-high' }, asked)).resolves.toBeTruthy()
  })

  it('blames the clock of this computer for what it makes of the times', async () => {
    const off = Math.floor(Date.now() / 1000) - 720
    const late = renewWith({ iat: off, exp: off + 120 }, { date: new Date(off * 1000) })
    expect(await failureOf(late, LoginError)).toMatchObject({
      code: 'E_CLOCK_SKEW',
      explanation: { kind: 'clock', direction: 'ahead' },
    })
    const old = renewWith({ iat: off, exp: off + 120 })
    expect((await failureOf(old, LoginError)).code).toBe('E_ID_TOKEN_CLAIM')
  })

  it('without a refresh token is refused before anything is sent', async () => {
    const { http, sent } = httpOf(json(good))
    const error = await failureOf(renewLogin(loginOf(), http), LoginError)
    expect([error.code, sent]).toEqual(['E_RENEWAL_REFUSED', []])
  })

  it('tells no token that came with an answer which is refused', async () => {
    const error = await failureOf(renewWith({ iss: 'the-new-access-token' }), LoginError)
    expect(JSON.stringify([error.message, error.detail, error.checks])).not.toContain('the-new')
  })

  const stored: StoredLogin = {
    refreshToken: new Secret('the-refresh-token'),
    proofKey: null,
    nonce: new Secret('the-nonce-of-the-login'),
    scope: ['openid'],
    claims: { sub: 'subject' },
  }

  it('of a login of an earlier run has its person and scope, and asks where the policy says', async () => {
    const { http, sent } = httpOf(json(good))
    const options = { ...http, providerCache: cacheOf(keys) }
    const login = await renewStored(stored, policy, options)
    expect([login.claims, login.scope]).toEqual([{ sub: 'subject' }, ['openid']])
    // Nothing is known of a token that is not stored and did not come.
    expect([login.idToken.reveal(), login.checks]).toEqual(['', []])
    expect(login.policy).toMatchObject(policy)
    expect(new URLSearchParams(sent[0]?.body).get('refresh_token')).toBe('the-refresh-token')
  })

  it('of an earlier run is stored as what a later one needs, and not at all without a refresh token', async () => {
    const proofKey = await createProofKey(true, createTestClock())
    const { jwk } = proofKey
    expect(toStored(loginOf({ ...refreshable, proofKey }))).toMatchObject({
      proofKey: jwk,
      scope: [],
    })
    expect(toStored(loginOf(refreshable))?.refreshToken.reveal()).toBe('the-refresh-token')
    expect(toStored(loginOf())).toBeNull()
    const bound = { ...refreshable, proofKey: await makeKey() }
    expect(toStored(loginOf(bound)), 'its key may not leave the process').toBeNull()
  })

  it.each<readonly [string, Partial<StoredLogin>, object]>([
    ['issuer', { claims: { sub: 'subject', iss: 'https://other.test' } }, {}],
    ['client', { claims: { sub: 'subject', aud: ['another'] } }, {}],
    ['kind of token', {}, { dpop: true }],
    ['kind of token', { proofKey: new Secret({ kty: 'EC' }) }, {}],
  ])('of an earlier run is sent nowhere when it is of another %s', async (what, change, asked) => {
    const { http, sent } = httpOf(json(good))
    const options = { ...http, providerCache: cacheOf(keys) }
    const refused = renewStored({ ...stored, ...change }, { ...policy, ...asked }, options)
    const error = await failureOf(refused, LoginError)
    expect([error.code, error.detail?.reason]).toEqual([
      'E_RENEWAL_REFUSED',
      `is of another ${what}`,
    ])
    const own = { ...stored, claims: { sub: 'subject', iss: issuer, aud: 'client' } }
    await expect(renewStored(own, policy, options)).resolves.toBeTruthy()
    expect(sent).toHaveLength(1)
  })

  it('of an earlier run is refused when its key is not usable, before anything is sent', async () => {
    const { http, sent } = httpOf(json(good))
    const options = { ...http, providerCache: cacheOf(keys) }
    const broken = { ...stored, proofKey: new Secret({ kty: 'RSA' }) }
    const asked = { ...policy, dpop: true }
    const error = await failureOf(renewStored(broken, asked, options), LoginError)
    expect([error.code, sent]).toEqual(['E_RENEWAL_REFUSED', []])
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('of an earlier run tells no stored token when the provider cannot be found', async () => {
    const find = async () =>
      await Promise.reject(new LoginError('E_PROVIDER_METADATA', 'x the-refresh-token'))
    const options = { ...httpOf().http, providerCache: { ...cacheOf(keys), find } }
    const error = await failureOf(renewStored(stored, policy, options), LoginError)
    expect([error.code, error.message]).toEqual(['E_PROVIDER_METADATA', 'x [secret]'])
  })
})
