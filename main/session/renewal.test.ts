import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import type { Fetch } from '../login/base/http.ts'
import { TestBrowser } from '../../test/support/browser.ts'
import { arrive, locationOf, logInAt, navigate } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createMemoryVault,
  echoApi,
  logInWith,
  profileOf,
  type TestApp,
} from '../../test/support/app.ts'

let simulator: Simulator
let withoutRefresh: Simulator
beforeAll(async () => {
  ;[simulator, withoutRefresh] = await Promise.all([
    startSimulator({ refreshTokens: true }),
    startSimulator(),
  ])
})
afterAll(() => Promise.all([simulator.close(), withoutRefresh.close()]))

const apps = createApps()
afterEach(async () => {
  simulator.play(null)
  withoutRefresh.play(null)
  await apps.closeAll()
})
const { create } = apps

async function signedIn(of: Simulator, options: Partial<ControllerOptions> = {}): Promise<TestApp> {
  const app = create(of, options)
  await app.ready()
  const { snapshot } = await app.logIn()
  expect(snapshot.status).toBe('signed-in')
  return app
}

const grants = (app: TestApp): string[] =>
  app.requests('/token').map(({ form }) => form.get('grant_type') ?? '')
const problemOf = (app: TestApp) => app.controller.snapshot().session?.problem?.code ?? null
const [person, other] = persons

describe('a renewal with a refresh token', () => {
  it('brings new tokens without a browser, and uses each refresh token once', async () => {
    const app = await signedIn(simulator)
    app.clock.advance(90_000)
    expect(app.controller.snapshot().session).toMatchObject({
      accessTokenLeftMs: 30_000,
      renewal: 'refresh-token',
    })
    for (let count = 0; count < 3; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.renew()
    }
    const { status, renewing, session } = app.controller.snapshot()
    expect([status, renewing, session?.accessTokenLeftMs]).toEqual(['signed-in', null, 120_000])
    expect(grants(app)).toEqual(['authorization_code', ...Array(3).fill('refresh_token')])
    const used = app.requests('/token').map(({ form }) => form.get('refresh_token'))
    expect(new Set(used).size).toBe(4)
    expect([app.addresses.length, app.counts.outcomes]).toEqual([1, 1])
    expect(app.snapshots.some((snapshot) => snapshot.renewing === 'refresh-token')).toBe(true)
  })

  it('is one, however often it is asked for', async () => {
    const app = await signedIn(simulator)
    await Promise.all([app.controller.renew(), app.controller.renew(), app.controller.renew()])
    expect(grants(app)).toEqual(['authorization_code', 'refresh_token'])
  })

  it.each([
    ['invalid_grant', 'oauth-error-invalid-grant'],
    ['invalid_client', 'oauth-error-invalid-client'],
    ['unauthorized_client', 'oauth-error-unauthorized-client'],
  ] as const)(
    'that is refused with %s ends the session once and opens no browser; a login is possible',
    async (error, fault) => {
      const app = await signedIn(simulator)
      simulator.play({
        summary: 'refuses to renew',
        fault: { step: 'token', kind: fault },
      })
      await app.controller.renew()
      expect(app.controller.snapshot()).toMatchObject({
        status: 'signed-out',
        error: { code: 'E_RENEWAL_REFUSED', explanation: { kind: 'oauth', error } },
      })
      expect(app.addresses).toHaveLength(1)
      simulator.play(null)
      const { snapshot } = await app.logIn()
      expect(snapshot.status).toBe('signed-in')
      // The browser is that of the same person.
      expect(app.requests('/par')[1]?.form.get('prompt')).toBeNull()
    },
  )

  it.each([
    ['refresh-invalid-sub', 'E_RENEWAL_SUBJECT'],
    ['refresh-invalid-iss', 'E_ID_TOKEN_CLAIM'],
  ] as const)('of %s ends the session with %s; a login is possible', async (scenario, code) => {
    const app = await signedIn(simulator)
    simulator.play(scenario)
    await app.controller.renew()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: { code } })
    simulator.play(null)
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
  })

  it('asks for the userinfo again that did not come with the login', async () => {
    simulator.play('userinfo-invalid-sub')
    const app = await signedIn(simulator)
    await app.logged('userinfo failed')
    simulator.play(null)
    await app.controller.renew()
    const { session } = await app.until((snapshot) => snapshot.session?.userinfo !== null)
    expect([session === null, app.requests('/userinfo').length]).toEqual([false, 2])
  })

  it('that does not get through leaves the session, tells why, and succeeds later', async () => {
    const app = await signedIn(simulator)
    simulator.play('token-reset')
    await app.controller.renew()
    expect([app.controller.snapshot().status, problemOf(app)]).toEqual([
      'signed-in',
      'E_NETWORK_UNREACHABLE',
    ])
    // No page of a browser has shown a reference, and no window was to come to the front.
    expect(app.controller.snapshot().session?.problem?.reference).toBe('')
    expect(app.counts.outcomes).toBe(1)
    simulator.play(null)
    await app.controller.renew()
    expect(problemOf(app)).toBeNull()
  })

  it('keeps the new refresh token before it uses anything of the answer', async () => {
    const vault = createMemoryVault()
    const app = await signedIn(simulator, {
      profile: profileOf(simulator, { remember: true }),
      vault,
    })
    await app.until(({ session }) => session?.remembered === 'kept')
    const first = vault.stored?.refreshToken.reveal()
    simulator.play('refresh-invalid-iss')
    await app.controller.renew()
    expect([vault.writes, first === undefined]).toEqual([2, false])
    expect(vault.stored).toBeNull()
  })

  it('that comes back after a sign-out is dropped and kept nowhere', async () => {
    const asked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const holding: Fetch = async (url, init) => {
      const response = await fetch(url, { ...init, signal: null })
      if (typeof init.body !== 'string' || !init.body.includes('refresh_token')) return response
      asked.resolve()
      await release.promise
      return response
    }
    const vault = createMemoryVault()
    const app = await signedIn(simulator, {
      profile: profileOf(simulator, { remember: true }),
      fetch: holding,
      vault,
    })
    await app.until(({ session }) => session?.remembered === 'kept')
    const renewal = app.controller.renew()
    await asked.promise
    app.controller.signOut()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', renewing: null })
    release.resolve()
    await renewal
    expect([app.controller.snapshot().status, vault.stored]).toEqual(['signed-out', null])
    expect(app.lines.filter((line) => line.startsWith('renewal failed'))).toEqual([])
  })
})

describe('a renewal through the browser', () => {
  it('is made when there is no refresh token, and the session stays meanwhile', async () => {
    const app = await signedIn(withoutRefresh)
    app.clock.advance(100_000)
    const renewal = app.controller.renew()
    const address = await app.opened.next()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      renewing: 'browser',
      waiting: { browserArrived: false },
    })
    const { outcomes } = app.counts
    await arrive(await logInAt(address))
    await renewal
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      renewing: null,
      waiting: null,
      session: { accessTokenLeftMs: 120_000 },
    })
    expect(app.counts.outcomes).toBe(outcomes + 1)
  })

  it('asks who it is when the login has ended elsewhere, which ends nothing here', async () => {
    const profile = profileOf(withoutRefresh, { apis: [echoApi(withoutRefresh)] })
    const app = create(withoutRefresh, { profile })
    const browser = new TestBrowser()
    await app.ready()
    await app.controller.signIn()
    await logInWith(browser, await app.opened.next())
    const { session: former } = await app.reach('signed-in')
    await browser.open(`${withoutRefresh.issuer}/logout`)

    await app.controller.callApi(0)
    const { status, session } = app.controller.snapshot()
    expect([status, session?.apis[0]?.answer?.httpStatus]).toEqual(['signed-in', 200])
    expect(session?.accessToken).toEqual(former?.accessToken)
    const renewal = app.controller.renew()
    const start = await app.opened.next()
    const page = await browser.open(locationOf(await navigate(start), start))
    const { left } = await browser.press(page, 'login')
    if (left === undefined) throw new Error('the provider kept the browser')
    await arrive(left)
    await renewal
    const renewed = app.controller.snapshot()
    expect([renewed.status, problemOf(app)]).toEqual(['signed-in', null])
    expect(renewed.session?.accessToken).not.toEqual(former?.accessToken)
  })

  it('that is cancelled leaves the session', async () => {
    const app = await signedIn(withoutRefresh)
    const renewal = app.controller.renew()
    await app.opened.next()
    await app.controller.cancel()
    await renewal
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-in', renewing: null })
    expect(problemOf(app)).toBeNull()
  })

  it('that the person refuses leaves the session and tells so', async () => {
    const app = await signedIn(withoutRefresh)
    const renewal = app.controller.renew()
    const start = await app.opened.next()
    const { outcomes } = app.counts
    const page = await arrive(await logInAt(start, { action: 'cancel' }))
    await renewal
    expect([app.controller.snapshot().status, problemOf(app)]).toEqual([
      'signed-in',
      'E_LOGIN_DENIED',
    ])
    const { reference = '' } = app.controller.snapshot().session?.problem ?? {}
    expect(page.body).toContain(`denied title ${reference}`)
    expect(app.lines).toContainEqual(
      expect.stringMatching(`^renewal failed .*E_LOGIN_DENIED.*"reference":"${reference}"`),
    )
    expect([reference === '', app.counts.outcomes]).toEqual([false, outcomes + 1])
  })

  it('by another person ends the session; the same person is taken', async () => {
    const app = await signedIn(withoutRefresh)
    const renewal = app.controller.renew()
    await arrive(await logInAt(await app.opened.next(), { pid: other?.pid ?? '' }))
    await renewal
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      error: { code: 'E_RENEWAL_SUBJECT' },
    })
    const again = await signedIn(withoutRefresh)
    const second = again.controller.renew()
    await arrive(await logInAt(await again.opened.next(), { pid: person?.pid ?? '' }))
    await second
    expect(again.controller.snapshot().status).toBe('signed-in')
  })

  it('ends with a sign-out, and its callback is refused', async () => {
    const app = await signedIn(withoutRefresh)
    const renewal = app.controller.renew()
    const callback = await logInAt(await app.opened.next())
    app.controller.signOut()
    await renewal
    await expect(arrive(callback)).rejects.toThrow('ECONNREFUSED')
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', renewing: null })
  })
})
