import { createHash } from 'node:crypto'
import { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { lowLevelPerson, persons } from '../../simulator/persons.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { plainLogin } from '../../test/support/plain-login.ts'
import { Secret } from './base/secret.ts'
import { LoginError } from './errors.ts'
import { startLogin } from './login.ts'
import type { LoginEvent, LoginOptions } from './options.ts'
import type { LoginPolicy } from './request/authorization.ts'
import { createProviderCache } from './provider/cache.ts'
import type { Fetch } from './base/http.ts'
import {
  arrive,
  createMailbox,
  createTestClock,
  failureOf,
  locationOf,
  logInAt,
  navigate,
  requestsTo,
  texts,
} from '../../test/support/login.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** Starts an attempt whose browser is the test: each address that is opened lands in a mailbox. */
function begin(policy: Partial<LoginPolicy> = {}, options: Partial<LoginOptions> = {}) {
  const clock = createTestClock()
  const opened = createMailbox<string>()
  const events: LoginEvent[] = []
  const since = simulator.journal.length
  const attempt = startLogin({
    ...simulator.profile,
    uiLocales: 'nb',
    ...policy,
    texts,
    loginTimeout: 300_000,
    providerCache: createProviderCache(clock),
    fetch,
    clock,
    openBrowser: async (address) => opened.put(address),
    onEvent: (event) => events.push(event),
    ...options,
  })
  attempt.result.catch(() => {})
  return {
    ...attempt,
    clock,
    opened,
    events,
    eventTypes: () => events.map(({ type }) => type),
    requests: (path: string) => requestsTo(simulator, path, since),
    failure: () => failureOf(attempt.result, LoginError),
  }
}

/** A fetch that changes the JSON of answers from one path; everything else goes through. */
const rewriting =
  (path: string, change: (body: Record<string, unknown>) => Record<string, unknown>): Fetch =>
  async (url, init) => {
    const response = await fetch(url, init)
    if (new URL(url).pathname !== path) return response
    const body: unknown = await response.json()
    if (typeof body !== 'object' || body === null) throw new TypeError('not an object')
    return Response.json(change({ ...body }), { status: response.status })
  }
const wellKnown = '/.well-known/openid-configuration'
const withMetadata = (changes: Record<string, unknown>) =>
  rewriting(wellKnown, (body) => ({ ...body, ...changes }))

/** A fetch that answers one path by itself, as the provider would. */
const answering =
  (path: string, answer: (init: RequestInit) => Response | Promise<Response>): Fetch =>
  async (url, init) =>
    new URL(url).pathname === path ? await answer(init) : await fetch(url, init)

const pid = persons[0]?.pid ?? ''
const refused = (address: string | URL) => expect(navigate(address)).rejects.toThrow('ECONNREFUSED')
const one = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1)
  const [first] = list
  if (first === undefined) throw new Error('none')
  return first
}
/** The parameters of the one authorization request, pushed or not. */
const parametersOf = (login: ReturnType<typeof begin>): URLSearchParams =>
  one([
    ...login.requests('/par').map(({ form }) => form),
    ...login
      .requests('/authorize')
      .map(({ query }) => query)
      .filter((query) => query.has('state')),
  ])

describe('a whole login', () => {
  it.each(['auto', 'always', 'never'] as const)('with pushing %s', async (par) => {
    const login = begin({ par })
    const start = await login.opened.next()
    const callback = await logInAt(start, { pid, acr: 'idporten-loa-high' })
    const page = await arrive(callback)
    const result = await login.result
    expect(result?.claims).toMatchObject({ iss: simulator.issuer, pid, acr: 'idporten-loa-high' })
    expect(result?.checks.filter(({ result: outcome }) => outcome === 'fail')).toEqual([])
    expect(result).toMatchObject({
      accessTokenLife: 120,
      refreshToken: null,
      proofKey: null,
    })
    expect(result?.scope).toEqual(['openid', 'profile'])
    expect([result?.idToken, result?.accessToken].join(' ')).toBe('[secret] [secret]')
    expect(page.body).toContain(`signed-in title ${login.reference}`)
    expect(login.eventTypes()).toEqual(['waiting', 'browser-arrived', 'exchanging'])

    const asked = parametersOf(login)
    const { form } = one(login.requests('/token'))
    expect(asked.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
    expect(form.get('redirect_uri')).toBe(asked.get('redirect_uri'))
    expect(callback.href.startsWith(`${asked.get('redirect_uri')}?`)).toBe(true)
    const verifier = form.get('code_verifier') ?? ''
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(
      asked.get('code_challenge'),
    )
    expect(verifier.length).toBeGreaterThanOrEqual(43)
    const own = new Set(['code_challenge', 'state', 'nonce', 'redirect_uri'])
    expect(Object.fromEntries([...asked].filter(([name]) => !own.has(name)))).toEqual({
      response_type: 'code',
      client_id: simulator.profile.clientId,
      scope: 'openid profile',
      code_challenge_method: 'S256',
      ui_locales: 'nb',
      acr_values: 'idporten-loa-substantial',
    })
    const sent = one(login.requests('/authorize').filter(({ query }) => query.has('client_id')))
    const names = ['client_id', 'request_uri']
    expect([...sent.query.keys()]).toEqual(par === 'never' ? [...asked.keys()] : names)
    await refused(start)
  })

  it('asks for what the profile says', async () => {
    const details = [{ type: 'ansattporten:altinn:service' }]
    const login = begin({
      par: 'never',
      prompt: 'login',
      acrValues: ['idporten-loa-high', 'eidas-loa-high'],
      resource: ['https://api.test/a', 'https://api.test/b'],
      authorizationDetails: details,
      uiLocales: 'se nb',
    })
    const start = await navigate(await login.opened.next())
    const { searchParams } = new URL(locationOf(start, simulator.issuer))
    expect(searchParams.getAll('resource')).toEqual(['https://api.test/a', 'https://api.test/b'])
    expect(Object.fromEntries(searchParams)).toMatchObject({
      prompt: 'login',
      acr_values: 'idporten-loa-high eidas-loa-high',
      authorization_details: JSON.stringify(details),
      ui_locales: 'se nb',
    })
    login.cancel()
    await expect(login.result).resolves.toBeNull()
  })

  it('with prompt=login, whose login must be new; an older one is refused', async () => {
    const login = begin({ prompt: 'login' })
    await arrive(await logInAt(await login.opened.next()))
    const result = await login.result
    expect(result?.checks.find(({ rule }) => rule === 'auth_time')?.result).toBe('pass')

    // A provider that answers with a session of a minute ago.
    simulator.play({
      summary: 'gives an old session',
      idToken: (token) => ({
        ...token,
        claims: { ...token.claims, auth_time: Number(token.claims['iat']) - 60 },
      }),
    })
    const old = begin({ prompt: 'login' })
    await arrive(await logInAt(await old.opened.next()))
    const any = begin()
    await arrive(await logInAt(await any.opened.next()))
    await expect(any.result).resolves.toBeTruthy()
    simulator.play(null)
    const { checks } = await old.failure()
    expect(checks.filter(({ result: outcome }) => outcome === 'fail')).toEqual([
      expect.objectContaining({ rule: 'auth_time' }),
    ])
  })

  it.each([-299, -45, -31, 31, 140, 299])(
    'with a clock that is %i s off, with prompt=login and bound tokens too',
    async (off) => {
      const clock = createTestClock(Date.now() + off * 1000)
      const logins = [{}, { prompt: 'login' }, { prompt: 'login', dpop: true }]
      for (const policy of logins) {
        const login = begin(policy, { clock })
        // oxlint-disable-next-line no-await-in-loop
        await arrive(await logInAt(await login.opened.next()))
        // oxlint-disable-next-line no-await-in-loop
        const result = await login.result
        expect(result?.checks.filter(({ result: outcome }) => outcome === 'fail')).toEqual([])
      }
    },
  )

  it('whose proof is refused although it had the time of the provider is not told as a wrong clock', async () => {
    simulator.play({
      summary: 'The proof is refused.',
      fault: { step: 'token', kind: 'oauth-error-invalid-dpop-proof' },
    })
    const login = begin({ dpop: true }, { clock: createTestClock(Date.now() - 720_000) })
    await arrive(await logInAt(await login.opened.next()))
    const { code } = await login.failure()
    simulator.play(null)
    expect(code).toBe('E_TOKEN_REFUSED')
  })

  it('has secrets of its own in each of twenty attempts', async () => {
    const logins = Array.from({ length: 20 }, () => begin({ par: 'never' }))
    const asked = await Promise.all(
      logins.map(async (login) => {
        const start = await navigate(await login.opened.next())
        login.cancel()
        await login.result
        return new URL(locationOf(start, simulator.issuer)).searchParams
      }),
    )
    for (const name of ['state', 'nonce', 'code_challenge', 'redirect_uri']) {
      const values = asked.map((parameters) => parameters.get(name) ?? '')
      expect(new Set(values).size).toBe(20)
      expect(values.every((value) => value.length >= 22)).toBe(true)
    }
  })
})

describe('a callback is refused', () => {
  it('with another state, and the login goes on and succeeds', async () => {
    const login = begin()
    const callback = await logInAt(await login.opened.next())
    const wrong = new URL(callback)
    wrong.searchParams.set('state', 'wrong')
    const denied = new URL(callback)
    denied.search = '?error=access_denied'
    expect((await navigate(wrong)).status).toBe(400)
    expect((await navigate(denied)).status).toBe(400)
    expect(login.requests('/token')).toEqual([])
    await arrive(callback)
    await expect(login.result).resolves.toBeTruthy()
    expect(login.eventTypes().filter((type) => type === 'rejected-request')).toHaveLength(2)
  })

  it.each<readonly [string, string | null, string, string]>([
    ['without iss', null, 'E_CALLBACK_ISSUER', 'is absent'],
    ['with the iss of another', 'https://evil.example', 'E_CALLBACK_ISSUER', 'OTHER'],
    ['with a slash behind the iss', 'SLASH', 'E_CALLBACK_ISSUER', 'OTHER'],
  ])('%s, before any token request; the right iss is taken', async (_, iss, code, told) => {
    const login = begin()
    const callback = await logInAt(await login.opened.next())
    if (iss === null) callback.searchParams.delete('iss')
    else callback.searchParams.set('iss', iss === 'SLASH' ? `${simulator.issuer}/` : iss)
    const page = await arrive(callback)
    const error = await login.failure()
    const sent = iss === 'SLASH' ? `${simulator.issuer}/` : iss
    const other = `is another issuer: expected ${simulator.issuer}, got ${sent}`
    const reason = told === 'OTHER' ? other : told
    expect([error.code, error.detail]).toEqual([code, { key: 'iss', reason }])
    expect([page.status, login.requests('/token')]).toEqual([400, []])
    expect(page.body).toContain(`failed title ${login.reference}`)
  })

  it.each([
    ['access_denied', 'E_LOGIN_DENIED'],
    ['server_error', 'E_LOGIN_REFUSED'],
  ])(
    'that brings the error %s without iss is told as that error; with a wrong iss as the wrong issuer',
    async (name, code) => {
      const refusal = async (iss: string | null): Promise<LoginError> => {
        const login = begin()
        const callback = await logInAt(await login.opened.next())
        callback.searchParams.delete('code')
        callback.searchParams.set('error', name)
        if (iss === null) callback.searchParams.delete('iss')
        else callback.searchParams.set('iss', iss)
        await arrive(callback)
        const failure = await login.failure()
        expect(login.requests('/token')).toEqual([])
        return failure
      }
      expect((await refusal(null)).code).toBe(code)
      expect((await refusal(simulator.issuer)).code).toBe(code)
      expect((await refusal('https://evil.example')).code).toBe('E_CALLBACK_ISSUER')
      expect((await refusal('')).code).toBe('E_CALLBACK_ISSUER')
    },
  )

  it.each([
    ['without code and error', (query: URLSearchParams) => query.delete('code'), 'is absent'],
    ['with an empty code', (query: URLSearchParams) => query.set('code', ''), 'is absent'],
    [
      'with an empty error',
      (query: URLSearchParams) => {
        query.delete('code')
        query.set('error', '')
      },
      'is absent',
    ],
    [
      'with code and error',
      (query: URLSearchParams) => query.set('error', 'access_denied'),
      'came together with an error',
    ],
  ])('%s, before any token request', async (_, change, reason) => {
    const login = begin()
    const callback = await logInAt(await login.opened.next())
    change(callback.searchParams)
    await arrive(callback)
    const error = await login.failure()
    expect([error.code, error.detail]).toEqual(['E_CALLBACK_INVALID', { key: 'code', reason }])
    expect(login.requests('/token')).toEqual([])
  })

  it.each(['id_token', 'access_token', 'token_type', 'response'])(
    'with %s, which was not asked for',
    async (name) => {
      const login = begin()
      const callback = await logInAt(await login.opened.next())
      callback.searchParams.set(name, 'x')
      await arrive(callback)
      expect((await login.failure()).detail).toEqual({ key: name, reason: 'was not asked for' })
      expect(login.requests('/token')).toEqual([])
    },
  )

  it('a second time: one code makes exactly one token request, by reload or by another tab', async () => {
    const login = begin()
    const callback = await logInAt(await login.opened.next())
    const other = new URL(callback)
    other.searchParams.set('code', 'another')
    const answers = await Promise.all([callback, callback, other].map((url) => navigate(url)))
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1)
    await login.result
    expect(one(login.requests('/token')).form.get('code')).toBe(callback.searchParams.get('code'))
    login.clock.advance(5000)
  })

  it('of another attempt; each has its own', async () => {
    const [a, b] = [begin(), begin()]
    const [atA, atB] = [await logInAt(await a.opened.next()), await logInAt(await b.opened.next())]
    const crossed = new URL(atA)
    crossed.port = atB.port
    expect((await navigate(crossed)).status).toBe(400)
    await Promise.all([arrive(atA), arrive(atB)])
    await expect(Promise.all([a.result, b.result])).resolves.not.toContain(null)
  })
})

describe('a phase in which the person can only wait', () => {
  /** A provider that answers one path never, whatever the limits of a single request are. */
  const holding = (path: string) => {
    const asked = Promise.withResolvers<void>()
    const fetchNothing = answering(path, () => {
      asked.resolve()
      return new Promise<Response>(() => {})
    })
    const limits = { response: 1e9, total: 1e9, bytes: 1e6 }
    return { asked: asked.promise, options: { fetch: fetchNothing, limits } }
  }

  it.each(['/par', '/jwks.json'])(
    'before the browser ends after 15 s when %s does not answer',
    async (path) => {
      const { asked, options } = holding(path)
      const login = begin({}, options)
      await asked
      login.clock.advance(14_999)
      login.clock.advance(1)
      const error = await login.failure()
      expect([error.code, error.detail]).toEqual([
        'E_NETWORK_TIMEOUT',
        { key: 'preparing', reason: 'no answer in 15000 ms' },
      ])
      expect(login.clock.timers().filter((length) => length < 1e9)).toEqual([])
    },
  )

  it('after it ends after 15 s, and the page says so', async () => {
    const { asked, options } = holding('/token')
    const login = begin({}, options)
    const page = arrive(await logInAt(await login.opened.next()))
    await asked
    login.clock.advance(14_999)
    login.clock.advance(1)
    const error = await login.failure()
    expect([error.code, error.detail?.key]).toEqual(['E_NETWORK_TIMEOUT', 'exchanging'])
    expect((await page).body).toContain(`failed title ${login.reference}`)
  })
})

describe('an end without a login', () => {
  it('by the person at the provider', async () => {
    const login = begin()
    const start = await login.opened.next()
    const page = await arrive(await logInAt(start, { action: 'cancel' }))
    const error = await login.failure()
    expect([error.code, error.detail?.key]).toEqual(['E_LOGIN_DENIED', 'error'])
    expect(page.body).toContain('denied title')
    expect(login.requests('/token')).toEqual([])
    await refused(start)
  })

  it('by another error of the provider', async () => {
    const login = begin({ prompt: 'none', par: 'never' })
    const start = await login.opened.next()
    const away = locationOf(await navigate(start), start)
    const answer = await fetch(away, { redirect: 'manual' })
    await arrive(answer.headers.get('location') ?? '')
    const error = await login.failure()
    expect(error.code).toBe('E_LOGIN_REFUSED')
    expect(error.detail?.reason).toMatch(/^login_required: ./)
  })

  it('by a cancel: the port is closed and a late callback is refused', async () => {
    const login = begin()
    const start = await login.opened.next()
    const callback = await logInAt(start)
    login.cancel()
    await expect(login.result).resolves.toBeNull()
    await refused(callback)
    await refused(start)
    expect(login.requests('/token')).toEqual([])
    expect([await login.link(), login.clock.timers().includes(300_000)]).toEqual([null, false])
    await login.reopen()
    login.prolong()
    expect(login.eventTypes()).toEqual(['waiting', 'browser-arrived'])
  })

  it('by a cancel while discovery hangs: its request ends, and nothing is opened', async () => {
    const hangs = Promise.withResolvers<AbortSignal | null | undefined>()
    const login = begin(
      {},
      {
        fetch: (_, init) => {
          hangs.resolve(init.signal)
          return new Promise((_resolve, reject) => {
            init.signal?.addEventListener('abort', () => reject(new Error('aborted')))
          })
        },
      },
    )
    const signal = await hangs.promise
    login.cancel()
    await expect(login.result).resolves.toBeNull()
    expect([signal?.aborted, login.events]).toEqual([true, []])
  })

  it('by a cancel during the token request: its answer counts no more', async () => {
    const asked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const login = begin(
      {},
      {
        // Stands in for a network that lets go of nothing: it ignores the signal.
        fetch: answering('/token', async (init) => {
          asked.resolve()
          await release.promise
          return await fetch(`${simulator.issuer}/token`, { ...init, signal: null })
        }),
      },
    )
    const page = arrive(await logInAt(await login.opened.next()))
    await asked.promise
    login.cancel()
    await expect(login.result).resolves.toBeNull()
    expect((await page).body).toContain('cancelled title')
    release.resolve()
  })

  it('by a sleep that outlasted it, and by its limit less the sleep when that was shorter', async () => {
    const long = begin()
    await long.opened.next()
    long.clock.sleep(300_000)
    long.checkDeadline()
    expect((await long.failure()).code).toBe('E_LOGIN_TIMEOUT')

    const short = begin()
    const start = await short.opened.next()
    short.clock.advance(100_000)
    short.clock.sleep(150_000)
    short.checkDeadline()
    short.clock.advance(49_999)
    expect((await navigate(start)).status).toBe(303)
    short.clock.advance(1)
    expect((await short.failure()).code).toBe('E_LOGIN_TIMEOUT')
    await refused(start)
  })

  it('by a port that cannot be had, at once, however long the metadata take', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function fail(
      this: Server,
    ) {
      queueMicrotask(() => this.emit('error', Object.assign(new Error('no'), { code: 'EMFILE' })))
      return this
    })
    const login = begin({}, { fetch: () => new Promise(() => {}) })
    expect((await login.failure()).code).toBe('E_LISTENER_BIND')
    listen.mockRestore()
    const next = begin()
    await arrive(await logInAt(await next.opened.next()))
    await expect(next.result).resolves.toBeTruthy()
  })

  it('by a sleep that nobody has told of when the browser comes back, and not by a shorter one', async () => {
    const [late, early] = [begin(), begin()]
    for (const [login, asleep] of [
      [late, 300_000],
      [early, 299_999],
    ] as const) {
      // One login comes after the other.
      // oxlint-disable-next-line no-await-in-loop
      const callback = await logInAt(await login.opened.next())
      login.clock.sleep(asleep)
      login.clock.set(-asleep)
      // oxlint-disable-next-line no-await-in-loop
      await arrive(callback)
    }
    expect((await late.failure()).code).toBe('E_LOGIN_TIMEOUT')
    expect(late.requests('/token').length).toBeLessThan(2)
    await expect(early.result).resolves.toBeTruthy()
  })

  it('is not brought by a clock that jumps, also far', async () => {
    const login = begin()
    const start = await login.opened.next()
    login.clock.set(86_400_000)
    expect((await navigate(start)).status).toBe(303)
    login.clock.set(-2 * 86_400_000)
    login.clock.advance(299_999)
    expect(login.eventTypes().filter((type) => type === 'prolonged')).toEqual([])
    login.clock.advance(1)
    expect((await login.failure()).code).toBe('E_LOGIN_TIMEOUT')
  })

  it('by its time limit, which can be prolonged; the port is closed then', async () => {
    const login = begin()
    const start = await login.opened.next()
    login.clock.advance(299_999)
    login.prolong()
    login.clock.advance(299_999)
    expect((await navigate(start)).status).toBe(303)
    expect(login.events).toEqual([
      { type: 'waiting', deadline: 300_000 },
      { type: 'hint', hint: 'browser-missing' },
      { type: 'prolonged', deadline: 599_999 },
      { type: 'browser-arrived' },
    ])
    login.clock.advance(1)
    expect((await login.failure()).code).toBe('E_LOGIN_TIMEOUT')
    await refused(start)
  })

  it('does not come by the time limit once the browser is back', async () => {
    const asked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const login = begin(
      {},
      {
        fetch: async (url, init) => {
          if (url.endsWith('/token')) {
            asked.resolve()
            await release.promise
          }
          return await fetch(url, init)
        },
      },
    )
    const page = arrive(await logInAt(await login.opened.next()))
    await asked.promise
    expect(login.clock.timers()).not.toContain(300_000)
    release.resolve()
    await expect(login.result).resolves.toBeTruthy()
    expect((await page).body).toContain('signed-in title')
  })

  it('by a level that is too low, with every check told', async () => {
    const login = begin()
    const page = await arrive(await logInAt(await login.opened.next(), { pid: lowLevelPerson.pid }))
    const error = await login.failure()
    expect([error.code, error.detail]).toEqual([
      'E_ID_TOKEN_CLAIM',
      {
        key: 'acr',
        reason: 'expected at least idporten-loa-substantial, got idporten-loa-low',
      },
    ])
    const failed = error.checks.filter(({ result }) => result === 'fail')
    expect(failed.map(({ rule }) => rule)).toEqual(['acr'])
    expect(error.checks.length).toBeGreaterThan(10)
    expect([page.status, page.body.includes('failed title')]).toEqual([400, true])
  })

  it("by this computer's clock, which is named", async () => {
    const login = begin({}, { clock: createTestClock(Date.now() + 3_600_000) })
    const page = arrive(await logInAt(await login.opened.next()))
    expect((await login.failure()).code).toBe('E_CLOCK_SKEW')
    expect((await page).body).toContain('failed title')
  })
})

describe('a browser', () => {
  it('is not opened when the keys do not come; it is when they do', async () => {
    const broken = answering('/jwks.json', () => new Response('', { status: 500 }))
    const login = begin({}, { fetch: broken })
    const error = await login.failure()
    expect([error.code, error.detail?.key]).toEqual(['E_NETWORK_STATUS', 'keys'])
    expect(login.events).toEqual([])
    const good = begin()
    await good.opened.next()
    expect(good.requests('/jwks.json')).toHaveLength(1)
    good.cancel()
    await good.result
  })

  it('is not opened when the provider is down', async () => {
    const gone = await startSimulator()
    await gone.close()
    const login = begin({ issuer: gone.issuer })
    const error = await login.failure()
    expect([error.code, error.detail?.key]).toEqual(['E_NETWORK_UNREACHABLE', 'discovery'])
    expect(login.events).toEqual([])
  })

  it('that cannot be opened ends the attempt with its own error, and the port is closed', async () => {
    const address = Promise.withResolvers<string>()
    const failure = new LoginError('E_BROWSER_OPEN', 'browser: no handler')
    const login = begin(
      {},
      {
        openBrowser: (at) => {
          address.resolve(at)
          return Promise.reject(failure)
        },
      },
    )
    expect((await login.failure()).code).toBe('E_BROWSER_OPEN')
    await refused(await address.promise)
  })

  it('that cannot be opened again leaves the attempt alone, and its link still works', async () => {
    let openings = 0
    const opened = createMailbox<string>()
    const login = begin(
      {},
      {
        openBrowser: async (at) => {
          openings += 1
          if (openings > 1) throw new LoginError('E_BROWSER_OPEN', 'browser: no handler')
          opened.put(at)
        },
      },
    )
    await opened.next()
    login.clock.advance(300)
    await login.reopen()
    expect(login.eventTypes()).toEqual(['waiting', 'hint'])
    await arrive(await logInAt((await login.link()) ?? ''))
    await expect(login.result).resolves.toBeTruthy()
  })

  it('is not opened a second time by the same press, then it is by another', async () => {
    const login = begin()
    const first = await login.opened.next()
    await Promise.all([login.reopen(), login.reopen(), login.reopen()])
    expect(login.requests('/par')).toHaveLength(1)
    login.clock.advance(300)
    await Promise.all([login.reopen(), login.reopen()])
    const second = await login.opened.next()
    expect(second).not.toBe(first)
    expect(login.requests('/par')).toHaveLength(2)
    await arrive(await logInAt(second))
    await expect(login.result).resolves.toBeTruthy()
  })

  it('is not opened, and nothing is copied, when the login ended while the request was pushed', async () => {
    const asked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    let pushes = 0
    const login = begin(
      {},
      {
        fetch: async (url, init) => {
          if (new URL(url).pathname === '/par') {
            pushes += 1
            if (pushes > 1) {
              asked.resolve()
              await release.promise
            }
          }
          return await fetch(url, init)
        },
      },
    )
    const start = await login.opened.next()
    const link = login.link()
    await asked.promise
    await arrive(await logInAt(start))
    await expect(login.result).resolves.toBeTruthy()
    release.resolve()
    await expect(link).resolves.toBeNull()
  })

  it.each(['auto', 'never'] as const)(
    'opened again has the same state at a new start address, pushing %s; each start counts once',
    async (par) => {
      const login = begin({ par })
      const first = await login.opened.next()
      login.clock.advance(300)
      await login.reopen()
      const second = await login.opened.next()
      const link = (await login.link()) ?? ''
      expect(new Set([first, second, link]).size).toBe(3)
      const urls = [
        locationOf(await navigate(first), first),
        locationOf(await navigate(second), second),
      ]
      expect((await navigate(first)).status).toBe(410)
      expect(urls[0] === urls[1]).toBe(par === 'never')
      const pushed = login.requests('/par').map(({ form }) => form.toString())
      expect([pushed.length, new Set(pushed).size]).toEqual(par === 'never' ? [0, 0] : [3, 1])
      await arrive(await logInAt(link))
      await expect(login.result).resolves.toBeTruthy()
    },
  )

  it('that comes late to a pushed request is sent to one that was pushed anew', async () => {
    const login = begin()
    const [early, late] = [await login.opened.next(), (await login.link()) ?? '']
    login.clock.advance(109_999)
    locationOf(await navigate(early), early)
    expect(login.requests('/par')).toHaveLength(2)
    login.clock.advance(1)
    await arrive(await logInAt(late))
    expect(login.requests('/par')).toHaveLength(3)
    await expect(login.result).resolves.toBeTruthy()
  })
})

describe('a pushed request', () => {
  const noPar = { pushed_authorization_request_endpoint: undefined }
  const refusing = (error: string, status = 401) =>
    answering('/par', () => Response.json({ error, error_description: 'no' }, { status }))
  const demanding = (error: string): Fetch => {
    const demands = withMetadata({ require_pushed_authorization_requests: true })
    return (url, init) => (url.endsWith('/par') ? refusing(error)(url, init) : demands(url, init))
  }

  it.each<readonly [string, LoginPolicy['par'], Fetch]>([
    ['where it is not offered, with always', 'always', withMetadata(noPar)],
    [
      'where it is demanded but not offered',
      'auto',
      withMetadata({ ...noPar, require_pushed_authorization_requests: true }),
    ],
    ['when the client is refused, with always', 'always', refusing('invalid_client')],
    ['when the client is refused where it is demanded', 'auto', demanding('invalid_client')],
    ['when it is refused, with always', 'always', refusing('invalid_request', 400)],
    [
      'when the provider is down',
      'auto',
      answering('/par', () => new Response('', { status: 503 })),
    ],
    [
      'when nobody answers',
      'auto',
      answering('/par', () => Promise.reject(new TypeError('reset'))),
    ],
  ])('ends the attempt %s, and no browser is opened', async (_, par, withFetch) => {
    const login = begin({ par }, { fetch: withFetch })
    expect((await login.failure()).code).toMatch(/^E_PAR_REFUSED$|^E_NETWORK_/)
    expect(login.events).toEqual([])
  })

  it.each<readonly [string, LoginPolicy['par'], Fetch]>([
    ['is not offered', 'auto', withMetadata(noPar)],
    ['is refused to the client', 'auto', refusing('invalid_client')],
    ['is refused to public clients', 'auto', refusing('unauthorized_client')],
    ['is not wanted', 'never', demanding('invalid_client')],
  ])('that %s is left out, and the login succeeds', async (_, par, withFetch) => {
    const login = begin({ par }, { fetch: withFetch })
    await arrive(await logInAt(await login.opened.next()))
    await expect(login.result).resolves.toBeTruthy()
    expect([login.requests('/par').length, parametersOf(login).has('state')]).toEqual([0, true])
  })

  const html = (status: number) =>
    answering(
      '/par',
      () => new Response('<h1>no</h1>', { status, headers: { 'Content-Type': 'text/html' } }),
    )
  it.each<readonly [string, Fetch, string, string | undefined]>([
    ['invalid_client', refusing('invalid_client'), 'invalid_client: no', 'invalid_client'],
    ['invalid_request', refusing('invalid_request', 400), 'invalid_request: no', 'invalid_request'],
    ['an error nobody knows', refusing('no_such', 400), 'no_such: no', undefined],
    ['400 and a page', html(400), 'HTTP 400', undefined],
    ['401 and a page', html(401), 'HTTP 401', undefined],
    ['403 and a page', html(403), 'HTTP 403', undefined],
    ['404 and a page', html(404), 'HTTP 404', undefined],
    ['405 and a page', html(405), 'HTTP 405', undefined],
    ['429', html(429), 'HTTP 429', undefined],
    [
      '403 and a page that is too large to be read',
      answering('/par', () => new Response('x'.repeat(300_000), { status: 403 })),
      'larger than 262144 bytes',
      undefined,
    ],
  ])(
    'that is refused with %s goes the ordinary way, and what was said is told; where it is demanded the attempt ends',
    async (_, withFetch, reason, error) => {
      const login = begin({}, { fetch: withFetch })
      const start = await login.opened.next()
      const explanation = error === undefined ? null : { kind: 'oauth', error }
      expect(login.events.slice(1)).toEqual([{ type: 'push-refused', reason, explanation }])
      // The person never gets past the provider's own page.
      locationOf(await navigate(start), start)
      login.clock.advance(300_000)
      expect(await login.failure()).toMatchObject({
        code: 'E_LOGIN_TIMEOUT',
        detail: { key: 'pushed authorization request', reason },
        explanation,
      })

      const good = begin({}, { fetch: withFetch })
      await arrive(await logInAt(await good.opened.next()))
      await expect(good.result).resolves.toBeTruthy()
      const demanded = begin({ par: 'always' }, { fetch: withFetch })
      expect((await demanded.failure()).code).toMatch(/^E_PAR_REFUSED$|^E_NETWORK_(STATUS|BODY)$/)
    },
  )

  it('whose refusal repeats a secret is told without it', async () => {
    const login = begin(
      {},
      {
        fetch: answering('/par', ({ body }) => {
          const state = new URLSearchParams(typeof body === 'string' ? body : '').get('state') ?? ''
          const description = `bad state ${state}`
          return Response.json(
            { error: 'invalid_request', error_description: description },
            { status: 400 },
          )
        }),
      },
    )
    await login.opened.next()
    expect(login.events[1]).toMatchObject({ reason: 'invalid_request: bad state [secret]' })
    login.cancel()
  })

  it('whose refusal comes before an error that nobody knows is told beside that error', async () => {
    const login = begin({}, { fetch: refusing('invalid_client') })
    const callback = await logInAt(await login.opened.next())
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'no_such_error')
    callback.searchParams.set('error_description', 'not today')
    await arrive(callback)
    expect(await login.failure()).toMatchObject({
      code: 'E_LOGIN_REFUSED',
      detail: {
        key: 'error',
        reason: 'no_such_error: not today; pushed authorization request: invalid_client: no',
      },
      explanation: { kind: 'oauth', error: 'invalid_client' },
    })
  })

  it('whose refusal comes before an error that is explained leaves that error as it is', async () => {
    const login = begin({}, { fetch: refusing('invalid_client') })
    const callback = await logInAt(await login.opened.next())
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'invalid_scope')
    await arrive(callback)
    expect(await login.failure()).toMatchObject({
      code: 'E_LOGIN_REFUSED',
      detail: { key: 'error', reason: 'invalid_scope' },
      explanation: { kind: 'oauth', error: 'invalid_scope' },
    })
  })

  it('that the person declines after its refusal is told as declined, without the refusal', async () => {
    const login = begin({}, { fetch: refusing('invalid_client') })
    await arrive(await logInAt(await login.opened.next(), { action: 'cancel' }))
    expect(await login.failure()).toMatchObject({ code: 'E_LOGIN_DENIED', explanation: null })
  })

  it('that is answered with 200 is taken like one with 201', async () => {
    const login = begin(
      { par: 'always' },
      {
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          if (!url.endsWith('/par')) return response
          return Response.json(await response.json(), { status: 200 })
        },
      },
    )
    await arrive(await logInAt(await login.opened.next()))
    await expect(login.result).resolves.toBeTruthy()
    expect(parametersOf(login).has('state')).toBe(true)
  })

  it('that fails when the late browser comes ends the attempt; the browser is told', async () => {
    let pushes = 0
    const login = begin(
      {},
      {
        fetch: async (url, init) => {
          if (url.endsWith('/par') && (pushes += 1) > 1) return new Response('', { status: 503 })
          return await fetch(url, init)
        },
      },
    )
    const start = await login.opened.next()
    login.clock.advance(110_000)
    const answer = await navigate(start)
    expect([answer.status, answer.body.includes('failed title')]).toEqual([502, true])
    expect((await login.failure()).code).toBe('E_NETWORK_STATUS')
  })
})

describe('an answer of the token endpoint is refused', () => {
  const change = (changes: Record<string, unknown>) =>
    rewriting('/token', (body) => ({ ...body, ...changes }))
  it.each<readonly [string, Fetch, string, string]>([
    [
      'that is an error',
      answering('/token', () => Response.json({ error: 'invalid_grant' }, { status: 400 })),
      'E_TOKEN_REFUSED',
      'invalid_grant',
    ],
    [
      'without a known error',
      answering('/token', () => Response.json({}, { status: 400 })),
      'E_TOKEN_RESPONSE',
      '',
    ],
    ['without ID token', change({ id_token: undefined }), 'E_TOKEN_RESPONSE', 'id_token'],
    [
      'without access token',
      change({ access_token: undefined }),
      'E_TOKEN_RESPONSE',
      'access_token',
    ],
    ['of another type', change({ token_type: 'DPoP' }), 'E_TOKEN_RESPONSE', 'token_type'],
    ['with a life that is text', change({ expires_in: '120' }), 'E_TOKEN_RESPONSE', 'expires_in'],
    [
      'with an ID token that is none',
      change({ id_token: 'x.y.z' }),
      'E_TOKEN_RESPONSE',
      'not JSON',
    ],
    [
      'as HTML',
      answering('/token', () => new Response('<p>', { headers: { 'content-type': 'text/html' } })),
      'E_TOKEN_RESPONSE',
      'text/html',
    ],
    [
      'that is a redirect',
      answering('/token', () => Response.redirect('https://evil.example')),
      'E_NETWORK_REDIRECT',
      '302',
    ],
    [
      'from a broken server',
      answering('/token', () => new Response('', { status: 502 })),
      'E_NETWORK_STATUS',
      '502',
    ],
  ])('%s; the page says so', async (_, withFetch, code, reason) => {
    const login = begin({}, { fetch: withFetch })
    const page = arrive(await logInAt(await login.opened.next()))
    const error = await login.failure()
    expect(error.code).toBe(code)
    expect(error.detail?.reason).toContain(reason)
    expect((await page).body).toContain(`failed title ${login.reference}`)
  })

  it('signed by a stranger; keys that were rotated meanwhile are found', async () => {
    const stranger = await startSimulator()
    const strange: unknown = await (await fetch(`${stranger.issuer}/jwks.json`)).json()
    const keys: unknown = Reflect.get(Object(strange), 'keys')
    await stranger.close()
    const misled = begin({}, { fetch: rewriting('/jwks.json', () => ({ keys })) })
    await arrive(await logInAt(await misled.opened.next()))
    expect((await misled.failure()).code).toBe('E_ID_TOKEN_SIGNATURE')

    let fetches = 0
    const rotated = begin(
      {},
      {
        fetch: rewriting('/jwks.json', (body) => {
          fetches += 1
          return fetches === 1 ? { keys } : body
        }),
      },
    )
    await arrive(await logInAt(await rotated.opened.next()))
    await expect(rotated.result).resolves.toBeTruthy()
    expect(fetches).toBe(2)
  })
})

describe('a system that says late that it could not open a browser', () => {
  it('is not believed once a browser has come, and is before that', async () => {
    const opened = createMailbox<string>()
    const outcome = Promise.withResolvers<void>()
    const login = begin(
      {},
      {
        openBrowser: async (address) => {
          opened.put(address)
          await outcome.promise
        },
      },
    )
    const callback = await logInAt(await opened.next())
    outcome.reject(new LoginError('E_BROWSER_OPEN', 'browser: late'))
    await expect(outcome.promise).rejects.toThrow('late')
    await arrive(callback)
    await expect(login.result).resolves.toBeTruthy()

    const refusedAtOnce = begin(
      {},
      {
        openBrowser: async () =>
          await Promise.reject(new LoginError('E_BROWSER_OPEN', 'browser: no')),
      },
    )
    expect((await refusedAtOnce.failure()).code).toBe('E_BROWSER_OPEN')
  })
})

describe('a hint', () => {
  it('comes when no browser has come, goes when one does, and comes again when it does not return', async () => {
    const login = begin()
    const start = await login.opened.next()
    const hints = () => login.events.filter(({ type }) => type === 'hint')
    login.clock.advance(5999)
    expect(hints()).toEqual([])
    login.clock.advance(1)
    expect(hints()).toEqual([{ type: 'hint', hint: 'browser-missing' }])
    const callback = await logInAt(start)
    expect(login.eventTypes().at(-1)).toBe('browser-arrived')
    login.clock.advance(59_999)
    expect(hints()).toHaveLength(1)
    login.clock.advance(1)
    expect(hints().at(-1)).toEqual({ type: 'hint', hint: 'not-returned' })
    await arrive(callback)
    await expect(login.result).resolves.toBeTruthy()
  })
})

describe('what the provider says', () => {
  it('is told without the state or the code that it repeats in an error of the callback', async () => {
    const login = begin()
    const callback = await logInAt(await login.opened.next())
    const [state, code] = ['state', 'code'].map((name) => callback.searchParams.get(name) ?? '')
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'server_error')
    callback.searchParams.set('error_description', `lost ${state} of ${state}`)
    await arrive(callback)
    const error = await login.failure()
    expect(error.detail?.reason).toBe('server_error: lost [secret] of [secret]')
    expect(`${error.message}${code}`).not.toContain(state)
  })

  it('is told without the tokens of the session that is renewed', async () => {
    const accessToken = new Secret('the-former-access-token')
    const login = begin({}, { renews: { ...plainLogin, accessToken } })
    const callback = await logInAt(await login.opened.next())
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'server_error')
    callback.searchParams.set('error_description', `lost ${accessToken.reveal()}`)
    await arrive(callback)
    expect((await login.failure()).detail?.reason).toBe('server_error: lost [secret]')
  })

  it('is told without the new tokens in the check of an ID token that is refused', async () => {
    const token = 'the-new-access-token'
    simulator.play({
      summary: 'repeats the access token as a level',
      idToken: ({ header, claims }) => ({ header, claims: { ...claims, acr: token } }),
      tokenResponse: (body) => ({ ...body, access_token: token }),
    })
    const login = begin()
    await arrive(await logInAt(await login.opened.next()))
    const { checks, detail } = await login.failure()
    simulator.play(null)
    expect(checks.find(({ rule }) => rule === 'acr')).toMatchObject({ result: 'fail' })
    expect(JSON.stringify(checks)).toContain('[secret]')
    expect(JSON.stringify([checks, detail])).not.toContain(token)
  })

  it('is told without the code, verifier, state or nonce in an error of the token endpoint', async () => {
    const login = begin(
      { par: 'never' },
      {
        fetch: answering('/token', (init) => {
          const form = new URLSearchParams(typeof init.body === 'string' ? init.body : '')
          const said = `bad ${form.get('code')} and ${form.get('code_verifier')}`
          return Response.json({ error: 'invalid_grant', error_description: said }, { status: 400 })
        }),
      },
    )
    await arrive(await logInAt(await login.opened.next()))
    expect((await login.failure()).detail?.reason).toBe('invalid_grant: bad [secret] and [secret]')
  })
})

describe('what the provider says', () => {
  const secretsOf = (login: ReturnType<typeof begin>) => {
    const pushed = login.requests('/par')[0]?.form
    const exchanged = login.requests('/token')[0]?.form
    return [
      ...['state', 'nonce'].map((name) => pushed?.get(name) ?? ''),
      ...['code', 'code_verifier'].map((name) => exchanged?.get(name) ?? ''),
    ]
  }
  const opaque = (claims: unknown) =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AA`

  it('is shown without the secrets of the login that it repeats in claims', async () => {
    let echoed: readonly string[] = []
    const login = begin(
      {},
      {
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          if (new URL(url).pathname !== '/token') return response
          const body: unknown = await response.json()
          echoed = secretsOf(login)
          const claims = {
            text: echoed.join(' '),
            deep: [{ [echoed[0] ?? '']: echoed[1] }],
            kept: 'kept',
          }
          return Response.json({ ...Object(body), access_token: opaque(claims) })
        },
      },
    )
    await arrive(await logInAt(await login.opened.next()))
    const result = await login.result
    const shown = JSON.stringify([result?.claims, result?.accessTokenClaims, result?.checks])
    expect(echoed.filter((secret) => secret.length > 20)).toHaveLength(4)
    expect(echoed.filter((secret) => shown.includes(secret))).toEqual([])
    expect(result?.accessTokenClaims).toMatchObject({ kept: 'kept' })
  })

  it('is refused when a token lives longer than any token does', async () => {
    const login = begin(
      {},
      { fetch: rewriting('/token', (body) => ({ ...body, expires_in: 1e306 })) },
    )
    await arrive(await logInAt(await login.opened.next()))
    expect(await login.failure()).toMatchObject({ code: 'E_TOKEN_RESPONSE' })
  })

  it('is not shown when an access token is too deep to be written', async () => {
    const deep = `e30.${Buffer.from(`{"a":${'['.repeat(40_000)}${']'.repeat(40_000)}}`).toString('base64url')}.AA`
    const login = begin(
      {},
      { fetch: rewriting('/token', (body) => ({ ...body, access_token: deep })) },
    )
    await arrive(await logInAt(await login.opened.next()))
    await expect(login.result).resolves.toMatchObject({ accessTokenClaims: null })
  })

  it('is a refusal also with a challenge in its header', async () => {
    const login = begin(
      {},
      {
        fetch: async (url, init) =>
          new URL(url).pathname === '/token'
            ? Response.json(
                { error: 'invalid_client' },
                { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } },
              )
            : await fetch(url, init),
      },
    )
    await arrive(await logInAt(await login.opened.next()))
    expect(await login.failure()).toMatchObject({
      code: 'E_TOKEN_REFUSED',
      detail: { reason: 'invalid_client' },
    })
  })

  it('is refused when its authorization endpoint has a parameter of ours', async () => {
    const login = begin(
      { par: 'never' },
      { fetch: withMetadata({ authorization_endpoint: `${simulator.issuer}/authorize?state=x` }) },
    )
    expect(await login.failure()).toMatchObject({ code: 'E_PROVIDER_METADATA' })
  })

  it.each(['?tenant=a%20b', '??state=x'])(
    'is asked at its authorization endpoint as it is written when that has %s',
    async (own) => {
      const endpoint = `${simulator.issuer}/authorize${own}`
      const login = begin(
        { par: 'never' },
        { fetch: withMetadata({ authorization_endpoint: endpoint }) },
      )
      const start = await login.opened.next()
      const address = locationOf(await navigate(start), start)
      expect(address.startsWith(`${endpoint}&response_type=code&`)).toBe(true)
      login.cancel()
      await expect(login.result).resolves.toBeNull()
    },
  )
})

describe('before there is a browser', () => {
  it('nothing is opened again, copied, prolonged or looked at, and the login goes on', async () => {
    const login = begin()
    const again = login.reopen()
    login.prolong()
    login.checkDeadline()
    expect(await login.link()).toBeNull()
    await again
    await arrive(await logInAt(await login.opened.next()))
    await expect(login.result).resolves.toBeTruthy()
  })

  /** Waits for long enough: a login that goes on has a browser by the time that another has one. */
  const anotherHasItsBrowser = async () => {
    const another = begin()
    await another.opened.next()
    another.cancel()
    await another.result
  }

  it('a cancel is the end at once: no keys are asked for when the metadata are there already', async () => {
    const clock = createTestClock()
    const known = createProviderCache(clock)
    const unknown = createProviderCache(clock)
    const first = begin({}, { providerCache: known })
    await first.opened.next()
    const asked: string[] = []
    const login = begin(
      {},
      {
        providerCache: { ...known, keys: (...given) => unknown.keys(...given) },
        fetch: async (url, init) => {
          asked.push(url)
          return await fetch(url, init)
        },
      },
    )
    login.cancel()
    await expect(login.result).resolves.toBeNull()
    await anotherHasItsBrowser()
    expect([asked, login.events]).toEqual([[], []])
    first.cancel()
  })

  it('a cancel while the keys are asked for is the end: nothing is pushed', async () => {
    const asked: string[] = []
    const login: ReturnType<typeof begin> = begin(
      {},
      {
        fetch: async (url, init) => {
          const { pathname } = new URL(url)
          asked.push(pathname)
          if (pathname === '/jwks.json') login.cancel()
          return await fetch(url, init)
        },
      },
    )
    await expect(login.result).resolves.toBeNull()
    await anotherHasItsBrowser()
    expect([asked, login.events]).toEqual([[wellKnown, '/jwks.json'], []])
  })

  it('a cancel while the request is pushed is the end, also when the network lets go of nothing', async () => {
    const providerCache = createProviderCache(createTestClock())
    const first = begin({}, { providerCache })
    await first.opened.next()
    const login: ReturnType<typeof begin> = begin(
      {},
      {
        // The keys are there already.
        providerCache,
        fetch: answering('/par', async (init) => {
          login.cancel()
          return await fetch(`${simulator.issuer}/par`, { ...init, signal: null })
        }),
      },
    )
    await expect(login.result).resolves.toBeNull()
    await anotherHasItsBrowser()
    const pushed = login.requests('/par').length
    expect([pushed, login.events, login.clock.timers()]).toEqual([2, [], []])
    first.cancel()
  })

  it('a function of the caller for events that throws fails the login by its result', async () => {
    const onEvent = (): never => {
      throw new TypeError('a caller that is broken')
    }
    expect((await begin({}, { onEvent }).failure()).cause).toMatchObject({
      message: 'a caller that is broken',
    })
  })

  it('a cache of the caller that throws fails the login by its result, and nothing else', async () => {
    const reasons: unknown[] = []
    const note = (reason: unknown) => reasons.push(reason)
    process.on('unhandledRejection', note)
    const providerCache = {
      ...createProviderCache(createTestClock()),
      find: () => {
        throw new Error('of the caller')
      },
    }
    const error = await begin({}, { providerCache }).failure()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect([error.code, error.message, reasons]).toEqual(['E_UNEXPECTED', 'of the caller', []])
  })
})

describe('a cancel at the moment the browser returns', () => {
  it('counts: no tokens are requested, and nobody is told that they are', async () => {
    const asked = createMailbox<() => void>()
    let tellAtOnce = true
    const login = begin(
      {},
      {
        peer: async () => {
          if (!tellAtOnce) await new Promise<void>((resolve) => asked.put(resolve))
          return 'ours'
        },
      },
    )
    const callback = await logInAt(await login.opened.next())
    tellAtOnce = false
    const answer = navigate(callback)
    const tell = await asked.next()
    tell()
    login.cancel()
    await expect(login.result).resolves.toBeNull()
    await answer
    expect([login.eventTypes(), login.requests('/token')]).toEqual([
      ['waiting', 'browser-arrived'],
      [],
    ])
    login.clock.advance(5000)
  })
})

describe('what is left of a login that has ended', () => {
  /** A fetch that leaves the requests after so many to one path without an answer, and notes their signals. */
  const hanging = (path: string, answered: number) => {
    const signals: (AbortSignal | null | undefined)[] = []
    const hung = Promise.withResolvers<void>()
    let requests = 0
    const withFetch: Fetch = async (url, init) => {
      if (new URL(url).pathname !== path || (requests += 1) <= answered)
        return await fetch(url, init)
      signals.push(init.signal)
      hung.resolve()
      return await new Promise<never>(() => {})
    }
    const ended = () => signals.map((signal) => signal?.aborted)
    return { fetch: withFetch, hung: hung.promise, ended }
  }

  it('is no request and no timer when it succeeded', async () => {
    const { fetch: withFetch, hung, ended } = hanging('/par', 1)
    const login = begin({}, { fetch: withFetch })
    const start = await login.opened.next()
    void login.link()
    await hung
    await arrive(await logInAt(start))
    await login.result
    expect(ended()).toEqual([true])
    // The page has come, so the port is closed: all that is left are the limits of the request that hangs.
    expect(login.clock.timers()).toEqual([15_000, 10_000])
  })

  it('is no request when it failed, and metadata and keys are fetched anew', async () => {
    const { fetch: withFetch, hung, ended } = hanging('/jwks.json', 0)
    const providerCache = createProviderCache(createTestClock())
    const refusing: Fetch = async (url, init) => {
      if (!url.endsWith('/par')) return await withFetch(url, init)
      await hung
      return Response.json({ error: 'invalid_request' }, { status: 400 })
    }
    const login = begin({ par: 'always' }, { fetch: refusing, providerCache })
    expect((await login.failure()).code).toBe('E_PAR_REFUSED')
    expect(ended()).toEqual([true])
    const next = begin({}, { providerCache })
    await next.opened.next()
    expect([next.requests(wellKnown).length, next.requests('/jwks.json').length]).toEqual([1, 1])
    next.cancel()
  })

  it('is a failure that nobody has to hear, and none beside it', async () => {
    const reasons: unknown[] = []
    const note = (reason: unknown) => reasons.push(reason)
    process.on('unhandledRejection', note)
    const forgotten = Promise.withResolvers<void>()
    const cache = createProviderCache(createTestClock())
    startLogin({
      ...simulator.profile,
      par: 'always',
      // The keys fail, too.
      fetch: async (url, init) =>
        url.endsWith('/par') || url.endsWith('/jwks.json')
          ? Response.json({ error: 'invalid_request' }, { status: 400 })
          : await fetch(url, init),
      providerCache: {
        ...cache,
        forget: () => {
          cache.forget()
          forgotten.resolve()
        },
      },
      openBrowser: () => {},
    })
    await forgotten.promise
    // An ID token that is for another client is refused by our rules and by the library.
    simulator.play({
      summary: 'gives a token for another client',
      idToken: (token) => ({ ...token, claims: { ...token.claims, aud: 'another' } }),
    })
    const login = begin()
    await arrive(await logInAt(await login.opened.next()))
    simulator.play(null)
    expect((await login.failure()).detail?.key).toBe('aud')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(reasons).toEqual([])
  })
})

it('somebody who comes to a start address that is spent is told of', async () => {
  const login = begin()
  const start = await login.opened.next()
  await navigate(start)
  expect((await navigate(start)).status).toBe(410)
  expect((await navigate(new URL('/other', start))).status).toBe(404)
  expect(login.events.slice(-2)).toEqual([
    { type: 'start-address-reused' },
    { type: 'rejected-request', reason: 'path' },
  ])
  login.cancel()
})

it.each([
  [36, 'pass'],
  [37, 'fail'],
])(
  'a login that took 30.2 s with prompt=login takes a person who logged in %i s before its token: %s',
  async (age, expected) => {
    simulator.play({
      summary: 'gives an old session',
      idToken: (token) => ({
        ...token,
        claims: { ...token.claims, auth_time: Number(token.claims['iat']) - age },
      }),
    })
    const clock = createTestClock()
    clock.advance(60_000)
    const login = begin({ prompt: 'login' }, { clock })
    const start = await login.opened.next()
    clock.advance(30_200)
    await arrive(await logInAt(start))
    const checks = await login.result.then(
      (result) => result?.checks,
      (error: unknown) => (error instanceof LoginError ? error.checks : []),
    )
    simulator.play(null)
    expect(checks?.find(({ rule }) => rule === 'auth_time')?.result).toBe(expected)
  },
)

describe('bound tokens', () => {
  const logIn = async (policy: Partial<LoginPolicy>, options: Partial<LoginOptions> = {}) => {
    const login = begin(policy, options)
    await arrive(await logInAt(await login.opened.next()))
    const result = await login.result
    if (result === null) throw new Error('cancelled')
    return result
  }

  it('have a key that leaves the memory only to be remembered', async () => {
    const bound = await logIn({ dpop: true })
    expect([bound.proofKey === null, bound.proofKey?.jwk]).toEqual([false, null])
    const remembered = await logIn({ dpop: true, remember: true })
    expect(remembered.proofKey?.jwk?.reveal()).toMatchObject({ kty: 'EC', d: expect.any(String) })
    expect((await logIn({})).proofKey).toBeNull()
  })

  it('keep their key when a login renews another, and get one when that had none', async () => {
    const former = await logIn({ dpop: true })
    const renewed = await logIn({ dpop: true }, { renews: former })
    expect(renewed.proofKey).toBe(former.proofKey)
    const free = await logIn({})
    expect((await logIn({ dpop: true }, { renews: free })).proofKey).not.toBeNull()
  })
})

it('a login that renews another is refused when another person comes back', async () => {
  const first = begin()
  await arrive(await logInAt(await first.opened.next(), { pid }))
  const renews = (await first.result) ?? undefined
  const other = begin({}, { renews })
  await arrive(await logInAt(await other.opened.next(), { pid: persons[1]?.pid ?? '' }))
  expect((await other.failure()).detail?.key).toBe('same-person')
  const same = begin({}, { renews })
  await arrive(await logInAt(await same.opened.next(), { pid }))
  await expect(same.result).resolves.toBeTruthy()
})

it('what was asked for counts as granted where the provider does not say', async () => {
  const login = begin({}, { fetch: rewriting('/token', (body) => ({ ...body, scope: undefined })) })
  await arrive(await logInAt(await login.opened.next()))
  expect((await login.result)?.scope).toEqual(['openid', 'profile'])
})
