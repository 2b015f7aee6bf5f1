import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import { type JournalEntry, type Simulator, startSimulator } from '../../simulator/simulator.ts'
import {
  arrive,
  createTestClock,
  failureOf,
  logInAt,
  navigate,
  waitForBrowser,
} from '../../test/support/login.ts'
import { plainLogin } from '../../test/support/plain-login.ts'
import { issuer } from '../../test/support/provider.ts'
import { callApi } from './calls/api.ts'
import { logOutInBrowser } from './calls/logout.ts'
import { renew } from './calls/renew.ts'
import { revokeTokens } from './calls/revoke.ts'
import { fetchUserinfo } from './calls/userinfo.ts'
import { createHttp } from './base/http.ts'
import { Secret } from './base/secret.ts'
import { LoginError } from './errors.ts'
import { startLogin } from './login.ts'
import type { LoginOptions } from './options.ts'
import { createProviderCache } from './provider/cache.ts'
import type { Login } from './tokens/result.ts'
import { createTracer, noTracer } from './tracer.ts'
import { type TraceStep, type TraceStepName, traceSources, type TraceValue } from './trace.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())

/** Collects the events of a login and of what follows it. */
function collect() {
  const steps: TraceStep[] = []
  const last = (name: TraceStepName): TraceStep => {
    const step = steps.findLast(({ step: at }) => at === name)
    if (step === undefined) throw new Error(`no step ${name}`)
    return step
  }
  return {
    steps,
    last,
    names: () => steps.map(({ step }) => step),
    onTrace: (step: TraceStep) => {
      steps.push(step)
    },
  }
}

const valueOf = (values: readonly TraceValue[] | undefined, name: string) =>
  values?.find((value) => value.name === name)?.value

async function logIn(options: Partial<LoginOptions>): Promise<Login> {
  const waiting = await waitForBrowser(simulator, options)
  await arrive(await logInAt(waiting.start))
  const login = await waiting.result
  if (login === null) throw new Error('cancelled')
  return login
}

describe('the trace of a login', () => {
  it('tells every step in order, each with its request, its answer and its source', async () => {
    const trace = collect()
    await logIn(trace)
    // The keys are fetched while the request is made.
    expect(trace.names().filter((name) => name !== 'keys')).toEqual([
      'metadata',
      'push',
      'authorization-request',
      'start-address',
      'callback',
      'token-request',
      'verification',
    ])
    expect(trace.steps.every(({ outcome, error }) => outcome === 'done' && error === null)).toBe(
      true,
    )
    for (const { step, source } of trace.steps) expect(source).toBe(traceSources[step])

    const { request, response } = trace.last('token-request')
    expect(request).toMatchObject({ method: 'POST', address: `${simulator.issuer}/token` })
    expect(valueOf(request?.parameters, 'grant_type')).toBe('authorization_code')
    expect(valueOf(request?.parameters, 'code')).toMatch(/^authorization code, \d+ characters$/)
    expect(valueOf(request?.parameters, 'code_verifier')).toBe('code verifier, 43 characters')
    expect(response?.status).toBe(200)
    expect(valueOf(response?.headers, 'content-type')).toMatch(/^application\/json/)
    expect(valueOf(response?.members, 'token_type')).toBe('Bearer')
    expect(valueOf(response?.members, 'id_token')).toMatch(/^ID token, \d+ characters$/)

    const callback = trace.last('callback')
    expect(valueOf(callback.request?.parameters, 'state')).toBe('state, equal to the one sent')
    expect(valueOf(callback.request?.parameters, 'iss')).toBe(simulator.issuer)
    expect(callback.checks.map(({ rule }) => rule)).toEqual(['state', 'callback-iss'])
    expect(trace.last('verification').checks.map(({ rule }) => rule)).toContain('signature')
    expect(trace.last('metadata').response?.members).toContainEqual({
      name: 'issuer',
      value: simulator.issuer,
      hidden: false,
    })
    expect(trace.last('keys').response?.members[0]?.value).toBe('RSA, sig, RS256')
    expect(valueOf(trace.last('authorization-request').request?.parameters, 'request_uri')).toMatch(
      /^request URI, \d+ characters$/,
    )
  })

  it('says what was known already, and that nothing was asked for it', async () => {
    const clock = createTestClock()
    const providerCache = createProviderCache(clock)
    await logIn({ clock, providerCache })
    const trace = collect()
    await logIn({ clock, providerCache, ...trace })
    expect(trace.last('metadata')).toMatchObject({ outcome: 'from-memory', response: null })
    expect(trace.last('keys')).toMatchObject({ outcome: 'from-memory', response: null })
  })

  it('measures the time of each step', async () => {
    const clock = createTestClock()
    const trace = collect()
    const waiting = await waitForBrowser(simulator, { clock, ...trace })
    clock.advance(3000)
    const callback = await logInAt(waiting.start)
    clock.advance(4000)
    await arrive(callback)
    await waiting.result
    expect(trace.last('start-address').duration).toBe(3000)
    expect(trace.last('callback').duration).toBe(7000)
    expect(trace.last('token-request').startedAt).toBe(trace.last('callback').startedAt + 7000)
  })

  it('tells of a step that is cancelled that it ended, and of nothing after it', async () => {
    const trace = collect()
    const waiting = await waitForBrowser(simulator, trace)
    const callback = await logInAt(waiting.start)
    waiting.cancel()
    expect(await waiting.result).toBeNull()
    expect(trace.last('callback')).toMatchObject({ outcome: 'cancelled', error: null })
    await navigate(callback).catch(() => {})
    expect(trace.names().at(-1)).toBe('callback')
  })

  it('names a refusal by the person, and tells its parameters', async () => {
    const trace = collect()
    const waiting = await waitForBrowser(simulator, trace)
    await arrive(await logInAt(waiting.start, { action: 'cancel' }))
    await failureOf(waiting.result, LoginError)
    const callback = trace.last('callback')
    expect(callback).toMatchObject({ outcome: 'refused', error: { code: 'E_LOGIN_DENIED' } })
    expect(valueOf(callback.request?.parameters, 'error')).toBe('access_denied')
    expect(trace.names()).not.toContain('token-request')
  })

  it('shows what a refused request was answered', async () => {
    const trace = collect()
    simulator.play('token-oauth-error-invalid-grant')
    const waiting = await waitForBrowser(simulator, trace)
    await arrive(await logInAt(waiting.start))
    await failureOf(waiting.result, LoginError)
    simulator.play(null)
    const { outcome, error, response } = trace.last('token-request')
    expect([outcome, error?.code]).toEqual(['refused', 'E_TOKEN_REFUSED'])
    expect(response?.status).toBe(400)
    expect(valueOf(response?.members, 'error')).toBe('invalid_grant')
  })

  it('shows the checks of an ID token that was refused', async () => {
    const trace = collect()
    simulator.play('invalid-nonce')
    const waiting = await waitForBrowser(simulator, trace)
    await arrive(await logInAt(waiting.start))
    await failureOf(waiting.result, LoginError)
    simulator.play(null)
    const { outcome, error, checks } = trace.last('verification')
    expect([outcome, error?.code]).toEqual(['failed', 'E_ID_TOKEN_CLAIM'])
    expect(checks.filter(({ result }) => result === 'fail').map(({ rule }) => rule)).toEqual([
      'nonce',
    ])
  })

  it('changes nothing when whoever listens throws', async () => {
    const onTrace = (): never => {
      throw new Error('a listener that is broken')
    }
    const login = await logIn({ onTrace })
    expect((await renew(login, { onTrace })).claims['sub']).toBe(login.claims['sub'])
  })

  it.each([
    ['metadata of another issuer', 'issuer-with-slash', 'metadata', 'E_PROVIDER_METADATA'],
    ['what is no key set', 'keys-json-array', 'keys', 'E_PROVIDER_KEYS'],
    ['a token of another kind', 'token-type-mac', 'token-request', 'E_TOKEN_RESPONSE'],
  ] as const)('tells the step as failed that brought %s', async (_, scenario, step, code) => {
    const trace = collect()
    simulator.play(scenario)
    const clock = createTestClock()
    const attempt = startLogin({
      ...simulator.profile,
      ...trace,
      clock,
      providerCache: createProviderCache(clock),
      openBrowser: async (address) => await arrive(await logInAt(address)),
    })
    await failureOf(attempt.result, LoginError)
    simulator.play(null)
    expect(trace.last(step)).toMatchObject({ outcome: 'failed', error: { code } })
  })
})

describe('a tracer', () => {
  /** A tracer whose steps begin half a second after everything else. */
  function create() {
    const trace = collect()
    const clock = createTestClock()
    clock.advance(500)
    return { ...trace, clock, tracer: createTracer({ ...trace, clock, secrets: [] }) }
  }

  it('does nothing for nobody', () => {
    const clock = createTestClock()
    expect(createTracer({ onTrace: undefined, clock, secrets: [] })).toBe(noTracer)
  })

  it('tells of a step from beginning to end, and only once', () => {
    const { clock, steps, tracer } = create()
    const step = tracer.begin('start-address')
    clock.advance(30)
    step.done()
    step.failed(new Error('too late'))
    expect(steps).toEqual([
      {
        step: 'start-address',
        startedAt: 500,
        duration: 30,
        source: traceSources['start-address'],
        request: null,
        response: null,
        checks: [],
        outcome: 'done',
        error: null,
      },
    ])
  })

  it('tells of what was known already as a request that has had no answer', () => {
    const { steps, tracer } = create()
    tracer.fromMemory('keys', 'https://a.test/keys')
    expect(steps).toEqual([
      {
        step: 'keys',
        startedAt: 500,
        duration: 0,
        source: traceSources.keys,
        request: { method: 'GET', address: 'https://a.test/keys', headers: [], parameters: [] },
        response: null,
        checks: [],
        outcome: 'from-memory',
        error: null,
      },
    ])
  })

  it('takes what was sent out of the answer that repeats it', () => {
    const { last, tracer } = create()
    const parameters = new URLSearchParams({ login_hint: 'the-hint' })
    const step = tracer.begin('push', { method: 'POST', url: 'https://a.test/', parameters })
    step.done({ status: 400, body: () => ({ error: 'not the-hint' }) })
    expect(valueOf(last('push').response?.members, 'error')).toBe('not [secret]')
  })

  it.each([
    ['done', null, null],
    ['cancelled', new Error('cancelled'), null],
    ['failed', new LoginError('E_NETWORK_TIMEOUT', 'too late'), 'too late'],
    ['refused', new LoginError('E_LOGIN_REFUSED', 'no'), 'no'],
    ['refused', new LoginError('E_LOGIN_DENIED', 'no'), 'no'],
    [
      'failed',
      new LoginError('E_PROVIDER_KEYS', 'no', { detail: { key: 'keys', reason: 'no list' } }),
      'keys: no list',
    ],
  ])('ends what is still open as %s with %j', (outcome, error, reason) => {
    const { steps, tracer } = create()
    tracer.begin('callback')
    tracer.begin('keys')
    tracer.end(error)
    expect(steps.map((step) => [step.outcome, step.error?.reason ?? null])).toEqual([
      [outcome, reason],
      [outcome, reason],
    ])
  })
})

describe('the trace of what follows a login', () => {
  it('tells refresh, userinfo, API call, revocation and logout', async () => {
    const login = await logIn({ scope: 'openid profile' })
    const trace = collect()
    const renewed = await renew(login, trace)
    await fetchUserinfo(renewed, trace)
    await callApi(renewed, { url: `${simulator.issuer}/api/whoami`, method: 'GET' }, trace)
    await logOutInBrowser(renewed, {
      ...trace,
      openBrowser: async (address) => await navigate(address),
      postLogoutRedirectUri: 'https://relying-party.test/',
    })
    await revokeTokens(renewed, trace)
    expect(trace.names().filter((name) => name !== 'keys')).toEqual([
      'refresh',
      'verification',
      'userinfo',
      'api-call',
      'logout',
      'revocation',
    ])
    expect(trace.last('refresh').request?.parameters).toContainEqual({
      name: 'refresh_token',
      value: expect.stringMatching(/^refresh token, \d+ characters$/),
      hidden: true,
    })
    const { request, response } = trace.last('userinfo')
    expect(valueOf(request?.headers, 'authorization')).toMatch(
      /^access token \(Bearer\), \d+ characters$/,
    )
    expect(response?.members.every(({ hidden }) => hidden)).toBe(true)
    expect(trace.last('revocation').response?.status).toBe(200)
    expect(valueOf(trace.last('logout').request?.parameters, 'id_token_hint')).toMatch(
      /^ID token, \d+ characters$/,
    )
  })

  it('tells that no browser came to the logout', async () => {
    const trace = collect()
    const clock = createTestClock()
    const login = {
      ...plainLogin,
      provider: { ...plainLogin.provider, end_session_endpoint: `${issuer}/logout` },
    }
    const logout = logOutInBrowser(login, { ...trace, clock, openBrowser: () => {} })
    await clock.timer(60_000)
    clock.advance(60_000)
    expect(await logout).toBe('failed')
    expect(trace.last('logout')).toMatchObject({
      outcome: 'failed',
      error: { code: 'E_BROWSER_OPEN' },
    })
  })
})

describe('no event holds', () => {
  const secretNames = ['code', 'code_verifier', 'state', 'nonce', 'refresh_token', 'token']

  /** Every secret that went over the wire: what the simulator was sent, and the tokens that it gave. */
  const secretsIn = (journal: readonly JournalEntry[], login: Login): string[] => [
    ...journal.flatMap(({ form }) => secretNames.flatMap((name) => form?.get(name) ?? [])),
    ...[login.idToken, login.accessToken, login.refreshToken, login.nonce].flatMap(
      (token) => token?.reveal() ?? [],
    ),
  ]

  it('a secret or a personal number, in a login with everything that follows it', async () => {
    const trace = collect()
    const since = simulator.journal.length
    const login = await logIn({ ...trace, dpop: true })
    const renewed = await renew(login, trace)
    await fetchUserinfo(renewed, trace)
    await callApi(renewed, { url: `${simulator.issuer}/api/whoami`, method: 'GET' }, trace)
    await revokeTokens(renewed, trace)
    const text = JSON.stringify(trace.steps)
    const secrets = [...secretsIn(simulator.journal.slice(since), login), ...secretsIn([], renewed)]
    expect(secrets.length).toBeGreaterThan(10)
    for (const secret of secrets) expect(text).not.toContain(secret)
    for (const { pid } of persons) expect(text).not.toContain(pid)
    // What is looked for would be found: it is in the requests themselves.
    expect(text).toContain('authorization code, ')
  })

  const repeating = async (body: (secret: string) => unknown, headers = {}): Promise<TraceStep> => {
    const trace = collect()
    const secret = plainLogin.accessToken.reveal()
    const fetch = async () => Response.json(body(secret), { status: 401, headers })
    await fetchUserinfo(
      {
        ...plainLogin,
        provider: { ...plainLogin.provider, userinfo_endpoint: `${issuer}/userinfo` },
      },
      { ...trace, fetch },
    ).catch(() => {})
    expect(JSON.stringify(trace.steps)).not.toContain(secret)
    return trace.last('userinfo')
  }

  it.each([
    ['a description', (secret: string) => ({ error: 'x', error_description: `bad: ${secret}` })],
    ['an error', (secret: string) => ({ error: secret })],
    ['the name of a member', (secret: string) => ({ [secret]: 1 })],
    ['a text beside', (secret: string) => secret],
    ['a list', (secret: string) => [secret]],
  ])('a secret that a provider repeats in %s', async (_, body) => {
    const step = await repeating(body)
    expect(step.response?.members.length).toBeGreaterThan(0)
  })

  it('a secret that a provider repeats in a header', async () => {
    const secret = plainLogin.accessToken.reveal()
    const step = await repeating(() => ({}), { 'www-authenticate': `Bearer error="${secret}"` })
    expect(valueOf(step.response?.headers, 'www-authenticate')).toBe('Bearer error="[secret]"')
  })

  it('a token that a token response names a second time, where it would be shown', async () => {
    const trace = collect()
    const token = 'a-new-token-that-nobody-knows-yet'
    const fetch = async () =>
      Response.json({ access_token: token, token_type: 'Bearer', scope: `openid ${token}` })
    const { refreshToken } = await logIn({})
    await renew({ ...plainLogin, refreshToken }, { ...trace, fetch }).catch(() => {})
    expect(JSON.stringify(trace.steps)).not.toContain(token)
    expect(valueOf(trace.last('refresh').response?.members, 'scope')).toBe('openid [secret]')
  })

  it('a personal number, and no character that turns text around', async () => {
    const step = await repeating(() => ({
      error: 'invalid_token',
      error_description: `of 17818196345 \u202Eand\n12345678901`,
    }))
    expect(valueOf(step.response?.members, 'error_description')).toBe(
      'of 178181••••• \uFFFDand\uFFFD123456•••••',
    )
  })

  it.each([
    ['a short code', 'q7Zk29Lm0P'],
    ['a code that is written in percent', 'AbC/dEf+gh=='],
    ['a code with a quote in it', 'a"quoted\\code'],
  ])('%s that a provider repeats', async (_, code) => {
    const trace = collect()
    const error_description = `bad ${code} ${encodeURIComponent(code)}`
    const fetch = async () =>
      Response.json({ error: 'x', error_description, scope: { code } }, { status: 400 })
    const refreshToken = new Secret(code)
    await renew({ ...plainLogin, refreshToken }, { ...trace, fetch }).catch(() => {})
    const { members } = trace.last('refresh').response ?? {}
    expect(valueOf(members, 'error_description')).toBe('bad [secret] [secret]')
    expect(valueOf(members, 'scope')).toBe('{"code":"[secret]"}')
  })

  it('a personal number in what was checked', async () => {
    const trace = collect()
    const { tracer } = createHttp(trace)
    const check = { rule: 'pid', source: 's', expected: 'x', got: '17818196345', result: 'fail' }
    tracer.begin('verification').done({ checks: [{ ...check, result: 'fail' }] })
    expect(trace.last('verification').checks[0]?.got).toBe('178181•••••')
  })

  it.each(['constructor', '__proto__', 'toString'])('a word of JavaScript for %s', async (name) => {
    const step = await repeating(() => JSON.parse(`{"${name}":"x"}`))
    expect(valueOf(step.response?.members, name)).toBe('text, 1 characters')
  })

  it('what is too deep to be written, and the answer counts all the same', async () => {
    const trace = collect()
    const deep = `{"error":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    const headers = { 'content-type': 'application/json' }
    const fetch = async () => new Response(deep, { status: 200, headers })
    const answer = await callApi(
      plainLogin,
      { url: `${issuer}/api`, method: 'GET' },
      { ...trace, fetch },
    )
    expect([answer.httpStatus, answer.body]).toEqual([200, deep])
    expect(trace.last('api-call').outcome).toBe('done')
  })

  it('more than a few thousand characters, whatever a provider sends', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`error_${index}`, 'x'.repeat(40)]),
    )
    const step = await repeating(() => many)
    expect(JSON.stringify(step).length).toBeLessThan(20_000)
    expect(step.response?.members.at(-1)).toMatchObject({
      name: '…',
      value: expect.stringMatching(/^\d+ more are not kept$/),
    })
  })
})
