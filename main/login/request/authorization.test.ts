import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import { createHttp } from '../base/http.ts'
import type { Provider } from '../provider/metadata.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { createAuthorizationRequest, type LoginPolicy } from './authorization.ts'
import { createProofKey, type ProofKey } from './dpop.ts'

const issuer = 'https://issuer.test'
const redirectUri = 'http://127.0.0.1:1/callback'
const plainProvider: Provider = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
}
const provider: Provider = {
  ...plainProvider,
  pushed_authorization_request_endpoint: `${issuer}/par`,
}
const policy: LoginPolicy = {
  issuer,
  clientId: 'client',
  redirectPath: '/callback',
  scope: 'openid profile',
  acrValues: [],
  uiLocales: 'nb en',
  resource: [],
  par: 'auto',
}
const json = (status: number, body: object | string): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' },
  })
const pushed = (): Response => json(201, { request_uri: 'urn:x', expires_in: 120 })

/** A request, and what it pushed and heard; the provider answers as it is told, or not at all. */
async function create({
  to = plainProvider,
  asking = {},
  proofKey = null,
  answer = pushed,
}: {
  to?: Provider
  asking?: Partial<LoginPolicy>
  proofKey?: ProofKey | null
  answer?: () => Response
} = {}) {
  const clock = createTestClock()
  clock.advance(5000)
  const pushes: URLSearchParams[] = []
  const refusals: LoginError[] = []
  const http = createHttp({
    clock,
    signal: new AbortController().signal,
    fetch: async (_, { body }) => {
      pushes.push(new URLSearchParams(typeof body === 'string' ? body : ''))
      return answer()
    },
  })
  const request = await createAuthorizationRequest({
    provider: to,
    policy: { ...policy, ...asking },
    redirectUri,
    proofKey,
    http,
    clock,
    onPushRefused: (refusal) => refusals.push(refusal),
  })
  return { request, pushes, refusals }
}
const parametersOf = ({ url }: { url: string }) => Object.fromEntries(new URL(url).searchParams)

describe('a request through the browser', () => {
  it('asks for what is needed, bound to secrets of its own, and for nothing else', async () => {
    const { request, pushes } = await create()
    const { url, goodUntil } = await request.address()
    expect(url.startsWith(`${issuer}/authorize?response_type=code&`)).toBe(true)
    expect(parametersOf({ url })).toEqual({
      response_type: 'code',
      client_id: 'client',
      redirect_uri: redirectUri,
      scope: 'openid profile',
      state: request.state.reveal(),
      nonce: request.nonce.reveal(),
      code_challenge: createHash('sha256')
        .update(request.codeVerifier.reveal())
        .digest('base64url'),
      code_challenge_method: 'S256',
      ui_locales: 'nb en',
    })
    expect([request.redirectUri, goodUntil, pushes]).toEqual([redirectUri, Infinity, []])
    const { request: another } = await create()
    expect(another.state.reveal()).not.toBe(request.state.reveal())
    expect(another.nonce.reveal()).not.toBe(request.nonce.reveal())
    expect(another.codeVerifier.reveal()).not.toBe(request.codeVerifier.reveal())
  })

  it('asks for what the profile adds', async () => {
    const proofKey = await createProofKey(false, createTestClock())
    const { request } = await create({
      proofKey,
      asking: {
        acrValues: ['high', 'substantial'],
        prompt: 'login',
        authorizationDetails: [{ type: 'x' }],
        resource: ['https://a.test', 'https://b.test'],
      },
    })
    const { url } = await request.address()
    expect(parametersOf({ url })).toMatchObject({
      acr_values: 'high substantial',
      prompt: 'login',
      authorization_details: '[{"type":"x"}]',
      dpop_jkt: await proofKey.handle.calculateThumbprint(),
    })
    expect(new URL(url).searchParams.getAll('resource')).toEqual([
      'https://a.test',
      'https://b.test',
    ])
  })

  it('keeps the query that the endpoint has, as it is written; one of our names is refused', async () => {
    const at = (query: string) => ({
      to: { ...plainProvider, authorization_endpoint: `${issuer}/authorize?${query}` },
    })
    const { request } = await create(at('a=b%20c&d'))
    const { url } = await request.address()
    expect(url.startsWith(`${issuer}/authorize?a=b%20c&d&response_type=code`)).toBe(true)
    const error = await failureOf(create(at('state=x')), LoginError)
    expect(error).toMatchObject({
      code: 'E_PROVIDER_METADATA',
      detail: { key: 'authorization_endpoint', reason: 'has a parameter state of its own' },
    })
  })
})

describe('a pushed request', () => {
  it.each([
    ['is created', 201],
    ['is well', 200],
  ])('leaves only its name to the browser when the answer says that it %s', async (_, status) => {
    const answer = () => json(status, { request_uri: 'urn:x', expires_in: 120 })
    const { request, pushes, refusals } = await create({ to: provider, answer })
    const first = await request.address()
    expect(parametersOf(first)).toEqual({ client_id: 'client', request_uri: 'urn:x' })
    expect(first.goodUntil).toBe(5000 + 110_000)
    await request.address()
    const states = pushes.map((sent) => sent.get('state'))
    expect(states).toEqual([request.state.reveal(), request.state.reveal()])
    expect(pushes[0]?.get('client_id')).toBe('client')
    expect(refusals).toEqual([])
  })

  it.each<readonly [string, Parameters<typeof create>[0]]>([
    ['where it is not offered', { to: plainProvider }],
    ['where the profile never wants it', { to: provider, asking: { par: 'never' } }],
  ])('is not tried %s', async (_, options) => {
    const { request, pushes } = await create(options)
    expect((await request.address()).goodUntil).toBe(Infinity)
    expect(pushes).toEqual([])
  })

  it.each<readonly [string, () => Response, string]>([
    ['with a reason', () => json(400, { error: 'invalid_request' }), 'invalid_request'],
    ['with a reason of another status', () => json(401, { error: 'x' }), 'x'],
    ['without one', () => json(404, '<p>'), 'HTTP 404'],
    ['by the first status of a refusal', () => json(400, '<p>'), 'HTTP 400'],
    ['by the last status of a refusal', () => json(499, '<p>'), 'HTTP 499'],
  ])('that is refused %s goes the ordinary way, once and for all', async (_, answer, reason) => {
    const { request, pushes, refusals } = await create({ to: provider, answer })
    for (let opening = 0; opening < 2; opening += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await request.address()).goodUntil).toBe(Infinity)
    }
    expect(pushes).toHaveLength(1)
    expect(refusals.map(({ code, detail }) => [code, detail])).toEqual([
      ['E_PAR_REFUSED', { key: 'pushed authorization request', reason }],
    ])
  })

  it.each<readonly [string, Parameters<typeof create>[0], string, string]>([
    [
      'is refused where the profile demands it',
      { to: provider, asking: { par: 'always' }, answer: () => json(400, { error: 'x' }) },
      'E_PAR_REFUSED',
      'x',
    ],
    [
      'is refused where the provider demands it',
      {
        to: { ...provider, require_pushed_authorization_requests: true },
        answer: () => json(400, { error: 'x' }),
      },
      'E_PAR_REFUSED',
      'x',
    ],
    [
      'is demanded by the profile and not offered',
      { to: plainProvider, asking: { par: 'always' } },
      'E_PAR_REFUSED',
      'is not offered by the provider',
    ],
    [
      'is demanded by the provider and not offered',
      { to: { ...plainProvider, require_pushed_authorization_requests: true } },
      'E_PAR_REFUSED',
      'is not offered by the provider',
    ],
    [
      'meets a broken server',
      { to: provider, answer: () => json(500, '') },
      'E_NETWORK_STATUS',
      'HTTP 500',
    ],
    [
      'meets nobody',
      {
        to: provider,
        answer: () => {
          throw new Error('no')
        },
      },
      'E_NETWORK_UNREACHABLE',
      'no answer',
    ],
    [
      'is answered with a page',
      { to: provider, answer: () => json(201, '<p>') },
      'E_PAR_REFUSED',
      'HTTP 201 with content type text/html',
    ],
    [
      'is answered without a name',
      { to: provider, answer: () => json(201, {}) },
      'E_PAR_REFUSED',
      '"response" body "request_uri" property must be a string',
    ],
  ])('that %s ends the login', async (_, options, code, reason) => {
    const { request, refusals } = await create(options)
    const error = await failureOf(request.address(), LoginError)
    expect([error.code, error.detail?.reason, refusals]).toEqual([code, reason, []])
  })

  it('is not sent over plain http, but to a test installation on loopback', async () => {
    const to = { ...provider, pushed_authorization_request_endpoint: 'http://issuer.test/par' }
    const { request, pushes } = await create({ to })
    expect((await failureOf(request.address(), LoginError)).code).toBe('E_PROVIDER_METADATA')
    expect(pushes).toEqual([])
    const own = 'http://127.0.0.1:8080'
    const local = {
      ...provider,
      issuer: own,
      pushed_authorization_request_endpoint: `${own}/par`,
    }
    const { request: good } = await create({ to: local })
    expect(parametersOf(await good.address())['request_uri']).toBe('urn:x')
  })
})
