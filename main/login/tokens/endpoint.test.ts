import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import { checkCallback } from '../callback/response.ts'
import { createHttp } from '../base/http.ts'
import { Secret } from '../base/secret.ts'
import type { Provider } from '../provider/metadata.ts'
import { createProofKey, type ProofKey } from '../request/dpop.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { compact, rsa } from '../../../test/support/oracle.ts'
import { refreshTokens, requestTokens, type TokenRequestOptions } from './endpoint.ts'
import { issuer, policy, provider, request } from '../../../test/support/provider.ts'

const { privateKey } = rsa()
const idTokenOf = (change: object = {}): string => {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, sub: 's', aud: 'client', exp: now + 60, iat: now }
  const payload = { ...claims, nonce: request.nonce.reveal(), ...change }
  return compact('{"alg":"RS256"}', JSON.stringify(payload), privateKey)
}
const good = { access_token: 'the-access-token', token_type: 'Bearer', id_token: 'a.b.c' }
const answer = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers })

interface Sent {
  readonly url: string
  readonly method: string | undefined
  readonly proof: string | undefined
  readonly body: URLSearchParams
}

/** A provider that gives the answers one after the other, and the last of them for ever. */
function providerOf(answers: readonly (() => Response)[], change: Partial<Provider> = {}) {
  const sent: Sent[] = []
  const http = createHttp({
    clock: createTestClock(),
    signal: new AbortController().signal,
    fetch: async (url, { method, headers, body }) => {
      const proof = new Headers(headers).get('dpop') ?? undefined
      const text = typeof body === 'string' ? body : ''
      sent.push({ url, method, proof, body: new URLSearchParams(text) })
      const next = answers[Math.min(sent.length, answers.length) - 1]
      if (next === undefined) throw new Error('no answer')
      return next()
    },
  })
  const options = (proofKey: ProofKey | null): TokenRequestOptions => ({
    provider: { ...provider, ...change },
    clientId: 'client',
    resource: ['https://a.test', 'https://b.test'],
    proofKey,
    http,
  })
  const parameters = new URLSearchParams({
    iss: change.issuer ?? issuer,
    state: request.state.reveal(),
    code: 'the-code',
  })
  return {
    sent,
    exchange: async (proofKey: ProofKey | null = null) => {
      const asked = options(proofKey)
      const callback = checkCallback(
        asked.provider,
        policy,
        new Secret(parameters),
        request,
      ).parameters
      return await requestTokens({ ...asked, request, callback })
    },
    refresh: async (proofKey: ProofKey | null = null) =>
      await refreshTokens({ ...options(proofKey), refreshToken: new Secret('the-refresh-token') }),
  }
}
/** The parameters of a request, by name and value. */
const pairsOf = (sent: Sent | undefined) =>
  Array.from(sent?.body ?? []).toSorted((one, other) => (String(one) < String(other) ? -1 : 1))
const exchange = async (body: unknown) => await providerOf([() => answer(body)]).exchange()

describe('a request for tokens', () => {
  it('sends the code once, with the same redirect and the verifier', async () => {
    const { exchange: ask, sent } = providerOf([() => answer(good)])
    await ask()
    expect(sent.map(({ url, method, proof }) => [url, method, proof])).toEqual([
      [`${issuer}/token`, 'POST', undefined],
    ])
    expect(pairsOf(sent[0])).toEqual([
      ['client_id', 'client'],
      ['code', 'the-code'],
      ['code_verifier', 'v'.repeat(43)],
      ['grant_type', 'authorization_code'],
      ['redirect_uri', request.redirectUri],
      ['resource', 'https://a.test'],
      ['resource', 'https://b.test'],
    ])
  })

  it('sends a refresh token, and an answer without an ID token will do', async () => {
    const { refresh, sent } = providerOf([() => answer({ ...good, id_token: undefined })])
    expect((await refresh()).idToken).toBeNull()
    expect(pairsOf(sent[0])).toEqual([
      ['client_id', 'client'],
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'the-refresh-token'],
      ['resource', 'https://a.test'],
      ['resource', 'https://b.test'],
    ])
  })

  it('goes over plain http to a test installation on loopback alone', async () => {
    const own = 'http://127.0.0.1:8080'
    const local = providerOf([() => answer(good)], { issuer: own, token_endpoint: `${own}/token` })
    await expect(local.exchange()).resolves.toBeTruthy()
    const bare = providerOf([() => answer(good)], { token_endpoint: 'http://issuer.test/token' })
    expect((await failureOf(bare.exchange(), LoginError)).code).toBe('E_PROVIDER_METADATA')
    expect(bare.sent).toEqual([])
  })
})

describe('a token response', () => {
  it('is told with all that it says', async () => {
    const tokens = await exchange({
      ...good,
      refresh_token: 'the-refresh-token',
      expires_in: 60,
      refresh_token_expires_in: 600,
      scope: ' openid  profile ',
    })
    expect(tokens.idToken.reveal()).toBe('a.b.c')
    expect(tokens.accessToken.reveal()).toBe('the-access-token')
    expect(tokens.refreshToken?.reveal()).toBe('the-refresh-token')
    expect(tokens).toMatchObject({
      expiresIn: 60,
      refreshTokenExpiresIn: 600,
      scope: ['openid', 'profile'],
    })
  })

  it('may be silent, and of a life of its own kind nothing is believed', async () => {
    const silent = { refreshToken: null, expiresIn: null, refreshTokenExpiresIn: null, scope: null }
    expect(await exchange(good)).toMatchObject(silent)
    expect(await exchange({ ...good, refresh_token_expires_in: 'long' })).toMatchObject(silent)
  })

  it.each<readonly [string, object, string, object]>([
    ['access token', { access_token: undefined }, 'access_token', {}],
    ['access token with a blank', { access_token: 'a b' }, 'access_token', { access_token: 'a~b' }],
    ['access token with a line', { access_token: 'a\n' }, 'access_token', { access_token: '!' }],
    ['access token after a line', { access_token: '\na' }, 'access_token', {}],
    ['empty access token', { access_token: '' }, 'access_token', {}],
    ['type', { token_type: undefined }, 'token_type', { token_type: 'BEARER' }],
    ['other type', { token_type: 'mac' }, 'token_type', { token_type: 'bearer' }],
    ['type that is bound to a key', { token_type: 'DPoP' }, 'token_type', {}],
    ['ID token', { id_token: undefined }, 'id_token', {}],
    ['empty ID token', { id_token: '' }, 'id_token', {}],
    ['refresh token with a blank', { refresh_token: 'a b' }, 'refresh_token', {}],
    ['life below nothing', { expires_in: -1 }, 'expires_in', { expires_in: 0 }],
    ['life of a part', { expires_in: 1.5 }, 'expires_in', { expires_in: 1 }],
    ['life that is text', { expires_in: '60' }, 'expires_in', { expires_in: 60 }],
    ['endless life', { expires_in: 315_360_001 }, 'expires_in', { expires_in: 315_360_000 }],
    ['scope in a list', { scope: ['openid'] }, 'scope', { scope: 'openid' }],
  ])('is refused for its %s: %j; a good one is taken', async (_, bad, name, fine) => {
    const error = await failureOf(exchange({ ...good, ...bad }), LoginError)
    expect([error.code, error.malformed, error.detail]).toEqual([
      'E_TOKEN_RESPONSE',
      true,
      { key: 'token request', reason: `${name} is absent or not valid` },
    ])
    await expect(exchange({ ...good, ...fine })).resolves.toBeTruthy()
  })

  it('is refused that is a list, or comes with another status', async () => {
    expect((await failureOf(exchange(['x']), LoginError)).detail?.reason).toBe(
      'access_token is absent or not valid',
    )
    expect((await failureOf(exchange('x'), LoginError)).detail?.reason).toBe(
      'body is absent or not valid',
    )
    const created = providerOf([() => answer(good, 201)])
    const { code, malformed } = await failureOf(created.exchange(), LoginError)
    expect([code, malformed]).toEqual(['E_TOKEN_RESPONSE', false])
  })

  it('is a refusal with its reason', async () => {
    const refusing = providerOf([() => answer({ error: 'invalid_grant' }, 400)])
    for (const ask of [refusing.exchange, refusing.refresh]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await failureOf(ask(), LoginError)).toMatchObject({
        code: 'E_TOKEN_REFUSED',
        explanation: { kind: 'oauth', error: 'invalid_grant' },
      })
    }
  })
})

describe("the library's own checks", () => {
  const confirming = async (change: object) =>
    await (await exchange({ ...good, id_token: idTokenOf(change) })).confirm()
  const seconds = () => Math.floor(Date.now() / 1000)

  it('agree with a good answer, also of a clock that is as far off as our rules allow', async () => {
    await expect(confirming({})).resolves.toBeUndefined()
    await expect(confirming({ exp: seconds() - 303 })).resolves.toBeUndefined()
  })

  it.each<readonly [string, () => object]>([
    ['nonce', () => ({ nonce: 'another' })],
    ['audience', () => ({ aud: 'another' })],
    ['end', () => ({ exp: seconds() - 320 })],
  ])('are heard about another %s', async (_, change) => {
    const error = await failureOf(confirming(change()), LoginError)
    expect([error.code, error.message.startsWith('token request: ')]).toEqual([
      'E_ID_TOKEN_CLAIM',
      true,
    ])
  })
})

describe('tokens that are bound to a key', () => {
  const bound = { ...good, token_type: 'DPoP' }
  const wantsNonce = (status: number) => () =>
    answer({ error: 'use_dpop_nonce' }, status, { 'dpop-nonce': 'the-nonce' })
  const refusesProof = (headers = {}) => answer({ error: 'invalid_dpop_proof' }, 400, headers)
  const otherTime = () => ({ date: new Date(Date.now() - 3_600_000).toUTCString() })
  const payloadOf = (sent: Sent | undefined) =>
    JSON.parse(Buffer.from(sent?.proof?.split('.')[1] ?? '', 'base64url').toString())

  it.each(['bearer', 'Bearer'])(
    'are refused that are of the type %s, in answer to a proof',
    async (type) => {
      const key = await createProofKey(false, createTestClock())
      const plain = providerOf([() => answer({ ...good, token_type: type })])
      expect((await failureOf(plain.exchange(key), LoginError)).detail?.reason).toBe(
        'token_type is absent or not valid',
      )
      const { exchange: ask, sent } = providerOf([() => answer(bound)])
      await expect(ask(key)).resolves.toBeTruthy()
      expect(sent.map(({ proof }) => proof === undefined)).toEqual([false])
    },
  )

  it.each([400, 401])('are asked for once more with the nonce that a %i wants', async (status) => {
    const key = await createProofKey(false, createTestClock())
    const { exchange: ask, sent } = providerOf([wantsNonce(status), () => answer(bound)])
    await expect(ask(key)).resolves.toBeTruthy()
    expect(sent.map((each) => payloadOf(each).nonce)).toEqual([undefined, 'the-nonce'])
  })

  it('are asked for once more with the time that the refusal was the first to tell', async () => {
    const key = await createProofKey(false, createTestClock())
    const { exchange: ask, sent } = providerOf([
      () => refusesProof(otherTime()),
      () => answer(bound, 200, otherTime()),
    ])
    await expect(ask(key)).resolves.toBeTruthy()
    const [first, second] = sent.map((each) => Number(payloadOf(each).iat))
    expect(Math.round((Number(first) - Number(second)) / 60)).toBe(60)
  })

  it.each<readonly [string, number, () => Response]>([
    ['a nonce again', 2, wantsNonce(400)],
    ['another proof at our own time', 1, () => refusesProof()],
    ['something else at another time', 1, () => answer({ error: 'x' }, 400, otherTime())],
    ['nothing with a name', 1, () => answer({ error: 7 }, 400)],
    ['what is no JSON', 1, () => new Response('<p>', { status: 400 })],
    ['a nonce with another status', 1, wantsNonce(403)],
  ])('are not asked for without end: %s is asked for %i times', async (_, times, refused) => {
    const key = await createProofKey(false, createTestClock())
    const { exchange: ask, sent } = providerOf([refused])
    expect((await failureOf(ask(key), LoginError)).code).toMatch(/^E_TOKEN_(REFUSED|RESPONSE)$/)
    expect(sent).toHaveLength(times)
  })

  it('and others are not asked for again, whatever the provider wants of a proof', async () => {
    const { exchange: ask, sent } = providerOf([wantsNonce(400)])
    expect((await failureOf(ask(), LoginError)).code).toBe('E_TOKEN_REFUSED')
    expect(sent).toHaveLength(1)
  })
})
