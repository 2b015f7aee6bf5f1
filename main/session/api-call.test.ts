import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import { consentScope, plainScope } from '../../simulator/scopes.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import type { Fetch } from '../login/base/http.ts'
import { TestBrowser, type Visit } from '../../test/support/browser.ts'
import { arrive, locationOf, logInAt, navigate } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createHoldingFetch,
  echoApi,
  isRefresh,
  profileOf,
  type TestApp,
  textsIn,
} from '../../test/support/app.ts'

const pid = persons[0]?.pid ?? ''
let simulator: Simulator
let withoutRefresh: Simulator
const apps = createApps()
beforeAll(async () => {
  ;[simulator, withoutRefresh] = await Promise.all([
    startSimulator({ refreshTokens: true }),
    startSimulator(),
  ])
})
afterAll(() => Promise.all([simulator.close(), withoutRefresh.close()]))
afterEach(async () => {
  simulator.play(null)
  withoutRefresh.play(null)
  await apps.closeAll()
})

async function signedIn(
  options: Partial<ControllerOptions> = {},
  of: Simulator = simulator,
  names: readonly string[] = ['echo'],
): Promise<TestApp> {
  const profile = profileOf(of, { apis: names.map((name) => echoApi(of, name)) })
  const app = await apps.signedIn(of, { profile, ...options })
  await app.until(({ session }) => session?.userinfo !== null)
  return app
}
const isApi = (url: string): boolean => url.includes('/api/echo')
/** A fetch that answers in place of the API; the first argument is the number of the call. */
const answering =
  (answer: (call: number, init: RequestInit) => Response | Promise<Response>): Fetch =>
  async (url, init) => {
    if (!isApi(url)) return await fetch(url, init)
    calls += 1
    return await answer(calls, init)
  }
let calls = 0
afterEach(() => {
  calls = 0
})
const unauthorized = () =>
  new Response('{"error":"invalid_token"}', {
    status: 401,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
const apiOf = (app: TestApp, index = 0) => app.controller.snapshot().session?.apis[index]
const grants = (app: TestApp) => app.requests('/token').map(({ form }) => form.get('grant_type'))
const failed = (app: TestApp) => app.lines.filter((line) => line.startsWith('API call failed'))
const apiCalls = (app: TestApp) => app.requests('/api/echo')

describe('a call of an API', () => {
  it('carries the access token, and shows what was answered', async () => {
    const app = await signedIn()
    const call = app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ running: true, answer: null, failure: null })
    await call
    expect(apiOf(app)).toMatchObject({
      name: 'echo',
      granted: true,
      running: false,
      answer: { httpStatus: 200, masked: false },
      failure: null,
    })
    expect(JSON.parse(apiOf(app)?.answer?.body ?? '')).toMatchObject({ method: 'GET' })
    const [request] = apiCalls(app)
    expect(request?.headers.authorization).toMatch(/^Bearer ey/)
    expect(request?.headers['dpop']).toBeUndefined()
  })

  it('uses the method of the profile, and sends no body', async () => {
    const profile = profileOf(simulator, { apis: [{ ...echoApi(simulator), method: 'POST' }] })
    const app = await signedIn({ profile })
    await app.controller.callApi(0)
    const body: unknown = JSON.parse(apiOf(app)?.answer?.body ?? '')
    expect(body).toMatchObject({ method: 'POST', body: '' })
  })

  it('sends the token to the addresses of the profile and of the provider alone', async () => {
    const asked: { url: string; authorized: boolean }[] = []
    const app = await signedIn({
      fetch: async (url, init) => {
        asked.push({ url, authorized: new Headers(init.headers).has('authorization') })
        return await fetch(url, init)
      },
    })
    await app.controller.callApi(0)
    const authorized = asked.filter((request) => request.authorized).map(({ url }) => url)
    expect(authorized).toEqual([`${simulator.issuer}/userinfo`, `${simulator.apis.echo}?of=echo`])
  })

  it.each(['api-redirect', 'api-redirect-307', 'api-redirect-loop'] as const)(
    'does not follow a redirect with the token: %s',
    async (scenario) => {
      const app = await signedIn()
      simulator.play(scenario)
      await app.controller.callApi(0)
      expect(apiOf(app)).toMatchObject({
        running: false,
        answer: null,
        failure: { code: 'E_NETWORK_REDIRECT' },
      })
      expect(app.journal().filter(({ path }) => path.startsWith('/redirected'))).toEqual([])
      simulator.play(null)
      await app.controller.callApi(0)
      expect(apiOf(app)).toMatchObject({ answer: { httpStatus: 200 }, failure: null })
    },
  )

  it('masks personal numbers until they are asked for', async () => {
    const app = await signedIn()
    simulator.play({ summary: 'names the person', api: (body) => ({ ...body, pid, n: [+pid] }) })
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.masked).toBe(true)
    expect(JSON.stringify(app.snapshots)).not.toContain(pid)
    app.controller.revealPid(true)
    expect(apiOf(app)?.answer).toMatchObject({ masked: false })
    expect(apiOf(app)?.answer?.body).toContain(pid)
    expect(app.lines.join('\n')).not.toContain(pid)
  })

  it('that is not granted is not made', async () => {
    const app = await signedIn({
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        return Response.json({ ...Object(await response.json()), scope: 'openid profile' })
      },
    })
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ granted: false, running: false, answer: null })
    expect(app.controller.snapshot().session?.refusedScopes).toEqual([plainScope])
    expect(apiCalls(app)).toEqual([])
  })

  it('that the person did not consent to is possible after a renewal that brings the consent', async () => {
    const contacts = { name: 'contacts', url: withoutRefresh.apis.person, scope: consentScope }
    const app = apps.create(withoutRefresh, {
      profile: profileOf(withoutRefresh, { apis: [contacts] }),
    })
    const browser = new TestBrowser()
    const visit = async (): Promise<Visit> => {
      const start = await app.opened.next()
      return await browser.open(locationOf(await navigate(start), start))
    }
    const answer = async (page: Visit, action: 'consent' | 'refuse') => {
      const { left } = await browser.press(page, action)
      if (left === undefined) throw new Error('the provider kept the browser')
      await arrive(left)
    }
    await app.ready()
    await app.controller.signIn()
    await answer(await browser.press(await visit(), 'login'), 'refuse')
    const { session } = await app.reach('signed-in')
    expect([session?.refusedScopes, session?.apis[0]?.granted]).toEqual([[consentScope], false])

    const renewal = app.controller.renew()
    await answer(await visit(), 'consent')
    await renewal
    expect(app.controller.snapshot().session?.refusedScopes).toEqual([])
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ granted: true, answer: { httpStatus: 200 } })
  })

  it.each([-1, 1, 99, 0.5, Number.NaN])(
    'at the place %d, where none is, asks nobody',
    async (at) => {
      const app = await signedIn()
      const before = app.journal().length
      await app.controller.callApi(at)
      expect(app.journal()).toHaveLength(before)
    },
  )

  it('is one at a time, however often it is asked for; another API goes beside it', async () => {
    const app = await signedIn({}, simulator, ['a', 'b'])
    await Promise.all([0, 0, 1, 0, 1].map((index) => app.controller.callApi(index)))
    expect(apiCalls(app).map(({ query }) => query.get('of'))).toEqual(['a', 'b'])
    await app.controller.callApi(0)
    expect(apiCalls(app)).toHaveLength(3)
  })
})

describe('what an API may answer', () => {
  it.each([
    [200, '{"a":1}', '{"a":1}'],
    [200, 'null', 'null'],
    [200, '', ''],
    [204, null, ''],
    [404, '{"error":"not_found"}', '{"error":"not_found"}'],
    [500, '<h1>Sorry</h1>', ''],
    [503, '', ''],
    [403, '{"error":"insufficient_scope"}', '{"error":"insufficient_scope"}'],
    [200, '{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
  ])('HTTP %i with %j is shown as it is', async (status, body, shown) => {
    const app = await signedIn({ fetch: answering(() => new Response(body, { status })) })
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ answer: { httpStatus: status, body: shown }, failure: null })
    expect(grants(app)).toEqual(['authorization_code'])
  })

  it.each([
    ['<html>', 'E_API_RESPONSE'],
    ['{"a":', 'E_API_RESPONSE'],
    [' '.repeat(300_000), 'E_NETWORK_BODY'],
  ])('%.10s is no answer, and the session goes on', async (body, code) => {
    const app = await signedIn({ fetch: answering(() => new Response(body)) })
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ running: false, answer: null, failure: { code } })
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-in', error: null })
    const [line = '', ...more] = failed(app)
    expect([line.includes(`"code":"${code}"`), line.includes('"api":"echo"')]).toEqual([true, true])
    expect(more).toEqual([])
  })

  it.each(['api-reset', 'api-close-after-headers', 'api-http-500-html', 'api-http-429'] as const)(
    'on the wire leaves the session: %s',
    async (scenario) => {
      const app = await signedIn()
      simulator.play(scenario)
      await app.controller.callApi(0)
      const { answer, failure, running } = apiOf(app) ?? {}
      expect([running, Boolean(answer) !== Boolean(failure)]).toEqual([false, true])
      expect(app.controller.snapshot().status).toBe('signed-in')
    },
  )

  it('never, ends after the time limit', async () => {
    const app = await signedIn()
    simulator.play('api-black-hole')
    const call = app.controller.callApi(0)
    await app.clock.timer(10_000)
    app.clock.advance(10_000)
    await call
    expect(apiOf(app)).toMatchObject({ running: false, failure: { code: 'E_NETWORK_TIMEOUT' } })
  })

  it('with the token in it is shown without the token', async () => {
    const app = await signedIn({
      fetch: answering((_, { headers }) =>
        Response.json({ you: new Headers(headers).get('authorization') }),
      ),
    })
    await app.controller.callApi(0)
    const token = apiTokens(app)
    expect(apiOf(app)?.answer?.body).toBe('{"you":"Bearer [secret]"}')
    expect(textsIn(app.snapshots).join('\n')).not.toMatch(/ey\w+\.ey/)
    expect(token).toEqual([])
  })

  // The answer is cleaned of the tokens of the moment, not of the one that the call was made with.
  it('with the former token in it, when a renewal was faster, is shown without it', async () => {
    const release = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<string>()
    const app = await signedIn({
      fetch: answering(async (_, { headers }) => {
        const authorization = new Headers(headers).get('authorization') ?? ''
        asked.resolve(authorization)
        await release.promise
        return Response.json({ you: authorization })
      }),
    })
    const call = app.controller.callApi(0)
    const [, token = 'none'] = (await asked.promise).split(' ')
    await app.controller.renew()
    release.resolve()
    await call
    expect(textsIn(app.snapshots).filter((text) => text.includes(token))).toEqual([])
  })

  it('with the former token in it, after a renewal for a 401, is shown without it', async () => {
    const seen: string[] = []
    const app = await signedIn({
      fetch: answering(async (_, { headers }) => {
        const [, token = ''] = (new Headers(headers).get('authorization') ?? '').split(' ')
        seen.push(token)
        const status = seen.length === 1 ? 401 : 200
        return Response.json({ seen }, { status })
      }),
    })
    await app.controller.callApi(0)
    expect(new Set(seen).size).toBe(2)
    expect(apiOf(app)?.answer?.body).toBe('{"seen":["[secret]","[secret]"]}')
  })

  it('deeply nested is not blown up for the window', async () => {
    const body = `${'['.repeat(4000)}${']'.repeat(4000)}`
    const app = await signedIn({ fetch: answering(() => new Response(body)) })
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.body.length ?? 0).toBeLessThan(1_000_000)
  })

  // Norwegians write the number with a space in it; only eleven digits in a row are masked.
  it('with a personal number as it is written is masked', async () => {
    const written = `${pid.slice(0, 6)} ${pid.slice(6)}`
    const app = await signedIn({ fetch: answering(() => Response.json({ nr: written })) })
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.body).not.toContain(written)
  })
})

function apiTokens(app: TestApp): string[] {
  return app.lines.filter((line) => /ey\w+\.ey/.test(line))
}

describe('an API that says 401 (F-25)', () => {
  it('once gets a fresh token', async () => {
    const app = await signedIn()
    simulator.play('api-401-once')
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ answer: { httpStatus: 200 }, failure: null })
    const tokens = apiCalls(app).map(({ headers }) => headers.authorization)
    expect([tokens.length, new Set(tokens).size]).toEqual([2, 2])
    expect(grants(app)).toEqual(['authorization_code', 'refresh_token'])
  })

  it('always is shown after one renewal, and never makes a loop', async () => {
    const app = await signedIn()
    simulator.play('api-401-always')
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ running: false, answer: { httpStatus: 401 } })
    expect([apiCalls(app).length, grants(app).length]).toEqual([2, 2])
  })

  it('until it was asked with the third token gets that one, by the person asking twice (CF-17)', async () => {
    const app = await signedIn()
    simulator.play({
      summary: 'refuses three calls',
      fault: { step: 'api', kind: 'oauth-error-invalid-token', times: 3 },
    })
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.httpStatus).toBe(401)
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
    const used = app.requests('/token').map(({ form }) => form.get('refresh_token'))
    expect([used.length, new Set(used).size]).toEqual([3, 3])
  })

  it('while the renewal does not get through is shown, and the session goes on', async () => {
    const app = await signedIn({ fetch: answering(unauthorized) })
    simulator.play('refresh-reset')
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.httpStatus).toBe(401)
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      session: { problem: { code: 'E_NETWORK_UNREACHABLE' } },
    })
    expect(calls).toBe(1)
  })

  it('while the renewal is refused ends the session once (F-51)', async () => {
    const app = await signedIn({ fetch: answering(unauthorized) })
    simulator.play('refresh-invalid-grant')
    await app.controller.callApi(0)
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      error: { code: 'E_RENEWAL_REFUSED' },
    })
    expect([calls, grants(app).length, app.addresses.length]).toEqual([1, 2, 1])
  })

  it('without a refresh token is renewed through the browser once (F-50)', async () => {
    const app = await signedIn({}, withoutRefresh)
    withoutRefresh.play('api-401-once')
    const call = app.controller.callApi(0)
    await arrive(await logInAt(await app.opened.next()))
    await call
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
    expect(app.addresses).toHaveLength(2)
  })

  it('without a refresh token, and the person does not want to, is shown (F-50)', async () => {
    const app = await signedIn({}, withoutRefresh)
    withoutRefresh.play('api-401-once')
    const call = app.controller.callApi(0)
    await app.opened.next()
    await app.controller.cancel()
    await call
    expect(apiOf(app)).toMatchObject({ running: false, answer: { httpStatus: 401 } })
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-in', renewing: null })
  })

  it('is answered by a renewal also when nothing is known of the lifetime', async () => {
    const app = await signedIn({
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        const { expires_in: _, ...body } = Object(await response.json())
        return Response.json(body)
      },
    })
    simulator.play('api-401-once')
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
  })

  // The second 401 was for the former token: the renewal it needs has been made already.
  it('to two calls at once costs one renewal, though the answers come apart', async () => {
    const holding = createHoldingFetch((url) => url.includes('of=b'))
    const app = await signedIn({ fetch: holding.fetch }, simulator, ['a', 'b'])
    simulator.play({
      summary: 'refuses two calls',
      fault: { step: 'api', kind: 'oauth-error-invalid-token', times: 2 },
    })
    const second = app.controller.callApi(1)
    const release = await holding.next()
    holding.stop()
    await app.controller.callApi(0)
    release()
    await second
    expect([apiOf(app, 0)?.answer?.httpStatus, apiOf(app, 1)?.answer?.httpStatus]).toEqual([
      200, 200,
    ])
    expect(grants(app)).toEqual(['authorization_code', 'refresh_token'])
  })
})

describe('an access token that has expired', () => {
  it('is not sent while the provider wants no renewal', async () => {
    const app = await signedIn()
    app.clock.advance(120_000)
    simulator.play('refresh-503-retry-after')
    await app.controller.callApi(0)
    await app.controller.callApi(0)
    expect(apiOf(app)).toMatchObject({ running: false, answer: null, failure: null })
    expect([apiCalls(app).length, grants(app).length]).toEqual([0, 2])
  })

  it('is renewed before the call', async () => {
    const app = await signedIn()
    app.clock.advance(120_000)
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
    expect([apiCalls(app).length, grants(app).length]).toEqual([1, 2])
  })

  it('and cannot be renewed now is not sent', async () => {
    const app = await signedIn()
    simulator.play('token-reset')
    app.clock.advance(120_000)
    await app.controller.callApi(0)
    expect(apiCalls(app)).toEqual([])
    expect(apiOf(app)).toMatchObject({ running: false, answer: null })
    expect(app.controller.snapshot().session?.problem?.code).toBe('E_NETWORK_UNREACHABLE')
  })

  it('is renewed through the browser because the call asked for it (F-50)', async () => {
    const app = await signedIn({}, withoutRefresh)
    app.clock.advance(120_000)
    const call = app.controller.callApi(0)
    const start = await app.opened.next()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-in', renewing: 'browser' })
    await arrive(await logInAt(start))
    await call
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
  })

  it('opens no browser by itself (F-50)', async () => {
    const app = await signedIn({}, withoutRefresh)
    app.clock.advance(29 * 60_000)
    expect(app.addresses).toHaveLength(1)
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      error: null,
      session: { renewal: 'browser', accessTokenLeftMs: 0, problem: null },
    })
  })

  it('and that an API refuses when fresh opens the browser once for one wish', async () => {
    const app = await signedIn({ fetch: answering(unauthorized) }, withoutRefresh)
    app.clock.advance(120_000)
    const call = app.controller.callApi(0)
    await arrive(await logInAt(await app.opened.next()))
    const second = await Promise.race([call.then(() => null), app.opened.next()])
    if (second !== null) await app.controller.cancel()
    await call
    expect(second).toBeNull()
  })
})

describe('a call and the end of the session', () => {
  it('is dropped with a sign-out, and the next session knows nothing of it', async () => {
    const holding = createHoldingFetch(isApi)
    const app = await signedIn({ fetch: holding.fetch })
    const call = app.controller.callApi(0)
    const release = await holding.next()
    app.controller.signOut()
    holding.stop()
    await app.logIn()
    release()
    await call
    expect(apiOf(app)).toMatchObject({ running: false, answer: null, failure: null })
  })

  it('is ended by a sign-out, which is no failure for the log', async () => {
    const app = await signedIn()
    simulator.play('api-black-hole')
    const call = app.controller.callApi(0)
    app.controller.signOut()
    await call
    expect(failed(app)).toEqual([])
  })

  // The late 401 renews whatever session is on, and the call is made again with the old session's token.
  it('that says 401 late renews no other session and sends no old token', async () => {
    const release = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const sent: (string | null)[] = []
    const app = await signedIn({
      fetch: answering(async (call, { headers }) => {
        sent.push(new Headers(headers).get('authorization'))
        asked.resolve()
        if (call === 1) await release.promise
        return unauthorized()
      }),
    })
    const call = app.controller.callApi(0)
    await asked.promise
    app.controller.signOut()
    await app.logIn()
    release.resolve()
    await call
    expect(grants(app)).toEqual(['authorization_code', 'authorization_code'])
    expect(sent).toHaveLength(1)
  })

  it('during a renewal waits for its token and is made once', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await signedIn({ fetch: holding.fetch })
    app.clock.advance(120_000)
    const renewal = app.controller.renew()
    const release = await holding.next()
    const call = app.controller.callApi(0)
    release()
    await Promise.all([renewal, call])
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
    expect([apiCalls(app).length, grants(app).length]).toEqual([1, 2])
  })
})
