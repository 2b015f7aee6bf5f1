import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ScenarioName } from '../../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { LoginError } from '../login/errors.ts'
import { arrive, createMailbox, logInAt } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createHoldingFetch,
  createMemoryVault,
  echoApi,
  isRefresh,
  profileOf,
  type TestApp,
} from '../../test/support/app.ts'
import type { StoredSession } from './vault/stored-session.ts'

let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(async () => {
  simulator.play(null)
  vi.useRealTimers()
  await apps.closeAll()
})

async function signedIn(options: Partial<ControllerOptions> = {}): Promise<TestApp> {
  const app = await apps.signedIn(simulator, options)
  await app.until(({ session }) => session?.userinfo !== null)
  return app
}
const refreshes = (app: TestApp) =>
  app.requests('/token').filter(({ form }) => form.get('grant_type') === 'refresh_token')
const sent = (app: TestApp) => refreshes(app).map(({ form }) => form.get('refresh_token'))
const problemOf = (app: TestApp) => app.controller.snapshot().session?.problem?.code ?? null
/** Lets time pass for the provider too, while the person is there. */
function pass(app: TestApp, milliseconds: number): void {
  app.clock.advance(milliseconds)
  vi.useFakeTimers({ toFake: ['Date'], now: app.clock.now() })
}

describe('a renewal whose answer is false', () => {
  it.each([
    ['refresh-invalid-aud', 'E_ID_TOKEN_CLAIM'],
    ['refresh-multiple-aud', 'E_ID_TOKEN_CLAIM'],
    ['refresh-azp-other', 'E_ID_TOKEN_CLAIM'],
    ['refresh-invalid-nonce', 'E_ID_TOKEN_CLAIM'],
    ['refresh-invalid-auth-time', 'E_ID_TOKEN_CLAIM'],
    ['refresh-acr-too-low', 'E_ID_TOKEN_CLAIM'],
    ['refresh-invalid-iss', 'E_ID_TOKEN_CLAIM'],
    ['refresh-invalid-sub', 'E_RENEWAL_SUBJECT'],
    ['refresh-invalid-signature', 'E_ID_TOKEN_SIGNATURE'],
    ['refresh-without-access-token', 'E_TOKEN_RESPONSE'],
    ['token-json-array', 'E_TOKEN_RESPONSE'],
  ] as const satisfies readonly (readonly [ScenarioName, string])[])(
    'ends the session, once and without a browser, and nothing is kept: %s (F-56)',
    async (scenario, code) => {
      const vault = createMemoryVault()
      const app = await signedIn({ vault, profile: profileOf(simulator, { remember: true }) })
      await app.until(({ session }) => session?.remembered === 'kept')
      simulator.play(scenario)
      await app.controller.renew()
      expect(app.controller.snapshot()).toMatchObject({
        status: 'signed-out',
        session: null,
        renewing: null,
        error: { code },
      })
      expect([vault.stored, refreshes(app).length, app.addresses.length]).toEqual([null, 1, 1])
      simulator.play(null)
      expect((await app.logIn()).snapshot.status).toBe('signed-in')
    },
  )
})

describe('a renewal whose answer is unusual', () => {
  it.each([
    'refresh-without-id-token',
    'refresh-without-nonce',
    'refresh-without-new-refresh-token',
    'refresh-same-refresh-token',
    'rotated-keys',
  ] as const satisfies readonly ScenarioName[])(
    'is taken, again and again: %s',
    async (scenario) => {
      const app = await signedIn()
      const { name } = app.controller.snapshot().session ?? {}
      simulator.play(scenario)
      for (let count = 0; count < 3; count += 1) {
        // oxlint-disable-next-line no-await-in-loop
        await app.controller.renew()
      }
      expect(app.controller.snapshot()).toMatchObject({
        status: 'signed-in',
        session: { name, renewal: 'refresh-token', problem: null, accessTokenLeftMs: 120_000 },
      })
      expect(refreshes(app)).toHaveLength(3)
    },
  )

  it.each(['refresh-without-new-refresh-token', 'refresh-same-refresh-token'] as const)(
    'without a new refresh token keeps the old one, here and in the vault: %s (F-55)',
    async (scenario) => {
      const vault = createMemoryVault()
      simulator.play(scenario)
      const app = await signedIn({ vault, profile: profileOf(simulator, { remember: true }) })
      await app.until(({ session }) => session?.remembered === 'kept')
      await app.controller.renew()
      await app.controller.renew()
      expect(new Set(sent(app)).size).toBe(1)
      expect(vault.stored?.refreshToken.reveal()).toBe(sent(app)[0])
    },
  )

  it('with fewer scopes takes the calls away that need them', async () => {
    const profile = profileOf(simulator, { apis: [echoApi(simulator)] })
    const app = await signedIn({ profile })
    expect(app.controller.snapshot().session?.apis[0]?.granted).toBe(true)
    simulator.play('refresh-narrower-scope')
    await app.controller.renew()
    expect(app.controller.snapshot().session).toMatchObject({
      refusedScopes: ['profile', 'altinn:lookup'],
      apis: [{ granted: false }],
    })
    await app.controller.callApi(0)
    expect(app.requests('/api/echo')).toEqual([])
  })
})

describe('a renewal that does not get through', () => {
  it('because its answer was lost is asked for once, and the next is a login (F-52)', async () => {
    const app = await signedIn()
    simulator.play('refresh-lost-answer')
    await app.controller.renew()
    expect([problemOf(app), refreshes(app).length]).toEqual(['E_NETWORK_UNREACHABLE', 1])
    await app.controller.renew()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      error: { code: 'E_RENEWAL_REFUSED', explanation: { kind: 'oauth', error: 'invalid_grant' } },
    })
    expect(refreshes(app)).toHaveLength(2)
    expect(app.lines.some((line) => line.startsWith('renewal failed'))).toBe(true)
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
  })

  it.each([
    ['refresh-503-retry-after', 'E_NETWORK_STATUS'],
    ['refresh-reset', 'E_NETWORK_UNREACHABLE'],
    ['token-http-429', 'E_NETWORK_STATUS'],
    ['token-http-502', 'E_NETWORK_STATUS'],
    ['token-redirect-307-other-host', 'E_NETWORK_REDIRECT'],
    ['token-truncated', 'E_NETWORK_BODY'],
    ['token-endless-chunked', 'E_NETWORK_BODY'],
  ] as const satisfies readonly (readonly [ScenarioName, string])[])(
    'is asked for once for one user action, and leaves the session: %s (F-57)',
    async (scenario, code) => {
      const app = await signedIn()
      simulator.play(scenario)
      await app.controller.renew()
      expect([app.controller.snapshot().status, refreshes(app).length]).toEqual(['signed-in', 1])
      expect(problemOf(app)).toBe(code)
      expect(app.addresses).toHaveLength(1)
      app.clock.advance(60_000)
      expect(refreshes(app)).toHaveLength(1)
    },
  )

  it('because the provider asks for a back-off is made again when that is over, and not before', async () => {
    const app = await signedIn()
    simulator.play('refresh-503-retry-after')
    await app.controller.renew()
    simulator.play(null)
    const wait = app.controller.snapshot().retryInMs ?? Number.NaN
    expect(wait).toBeGreaterThan(0)
    app.clock.advance(wait - 1)
    await app.controller.renew()
    expect([refreshes(app).length, problemOf(app)]).toEqual([1, 'E_NETWORK_STATUS'])
    app.clock.advance(1)
    await app.controller.renew()
    expect([refreshes(app).length, problemOf(app)]).toEqual([2, null])
  })

  it('in time is given up, and can be made later', async () => {
    const app = await signedIn()
    simulator.play('refresh-black-hole')
    const renewal = app.controller.renew()
    await app.clock.timer(10_000)
    app.clock.advance(10_000)
    await renewal
    expect(problemOf(app)).toBe('E_NETWORK_TIMEOUT')
    simulator.play(null)
    await app.controller.renew()
    expect(problemOf(app)).toBeNull()
  })

  it('and is cancelled leaves the session without a word, and can be made later', async () => {
    const app = await signedIn()
    simulator.play('refresh-black-hole')
    const renewal = app.controller.renew()
    await app.clock.timer(10_000)
    await app.controller.cancel()
    await renewal
    expect([app.controller.snapshot().renewing, problemOf(app)]).toEqual([null, null])
    simulator.play(null)
    await app.controller.renew()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      session: { accessTokenLeftMs: 120_000 },
    })
  })

  it('and is ended by a sign-out is not told of', async () => {
    const app = await signedIn()
    simulator.play('refresh-black-hole')
    const renewal = app.controller.renew()
    await app.clock.timer(10_000)
    app.controller.signOut()
    await renewal
    expect(app.lines.filter((line) => line.startsWith('renewal failed'))).toEqual([])
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
  })

  it.each([
    'token-oauth-error-temporarily-unavailable',
    'token-oauth-error-server-error',
  ] as const satisfies readonly ScenarioName[])(
    'because the provider cannot now leaves the session: %s (F-09)',
    async (scenario) => {
      const app = await signedIn()
      simulator.play(scenario)
      await app.controller.renew()
      expect(app.controller.snapshot().status).toBe('signed-in')
    },
  )
})

describe('a refresh token whose time is over', () => {
  it('is not sent: the renewal goes through the browser, because it was asked for (F-51)', async () => {
    const app = await signedIn()
    pass(app, 600_000)
    const renewal = app.controller.renew()
    const start = await app.opened.next()
    expect(app.controller.snapshot().renewing).toBe('browser')
    await arrive(await logInAt(start))
    await renewal
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      session: { problem: null },
    })
    expect(refreshes(app)).toEqual([])
    await app.controller.renew()
    expect(refreshes(app)).toHaveLength(1)
  })

  it('begins its time anew with each renewal', async () => {
    const app = await signedIn()
    for (let count = 0; count < 5; count += 1) {
      pass(app, 500_000)
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.renew()
    }
    expect([app.addresses.length, refreshes(app).length, new Set(sent(app)).size]).toEqual([
      1, 5, 5,
    ])
  })

  // What the snapshot says was true at the login: the window promises a silent renewal.
  it('is told to the window', async () => {
    const app = await signedIn()
    app.clock.advance(600_000)
    expect(app.controller.snapshot().session?.renewal).toBe('browser')
  })
})

describe('a renewal through the browser that comes to nothing', () => {
  /** Its refresh token is of no use any more, so that only the browser is left. */
  async function signedInLongAgo(): Promise<TestApp> {
    const app = await signedIn({ profile: profileOf(simulator, { loginTimeoutSeconds: 60 }) })
    pass(app, 600_000)
    return app
  }

  it('because nobody logs in leaves the session, and says so', async () => {
    const app = await signedInLongAgo()
    const renewal = app.controller.renew()
    await app.opened.next()
    app.clock.advance(60_000)
    await renewal
    expect([app.controller.snapshot().status, problemOf(app)]).toEqual([
      'signed-in',
      'E_LOGIN_TIMEOUT',
    ])
    expect([app.addresses.length, app.controller.snapshot().waiting]).toEqual([2, null])
  })

  it('because the system opens no browser leaves the session, and says so', async () => {
    const first = createMailbox<string>()
    let opened = 0
    const app = apps.create(simulator, {
      openBrowser: async (address) => {
        opened += 1
        if (opened > 1) throw new LoginError('E_BROWSER_OPEN', 'browser: refused')
        first.put(address)
      },
    })
    await app.ready()
    await app.controller.signIn()
    await arrive(await logInAt(await first.next()))
    await app.until(({ session }) => session !== null && session.userinfo !== null)
    pass(app, 600_000)
    await app.controller.renew()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-in', renewing: null })
    expect([problemOf(app), opened]).toEqual(['E_BROWSER_OPEN', 2])
  })
})

describe('a renewal that is cancelled late', () => {
  // The cancel is looked at before the reason: whatever went wrong, the session stays as it was.
  it('and has brought another person ends the session all the same', async () => {
    const memory = createMemoryVault()
    const keeping = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    let writes = 0
    const vault = {
      ...memory,
      write: async (stored: StoredSession) => {
        writes += 1
        memory.stored = stored
        if (writes === 1) return
        keeping.resolve()
        await release.promise
      },
      clear: async () => {
        memory.stored = null
      },
    }
    const app = await signedIn({ vault, profile: profileOf(simulator, { remember: true }) })
    await app.until(({ session }) => session?.remembered === 'kept')
    simulator.play('refresh-invalid-sub')
    const renewal = app.controller.renew()
    await keeping.promise
    await app.controller.cancel()
    release.resolve()
    await renewal
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      error: { code: 'E_RENEWAL_SUBJECT' },
    })
    expect(memory.stored).toBeNull()
  })
})

describe('two of the app (F-54)', () => {
  it('with one login: the second one to renew is refused, once, and logs in', async () => {
    const vault = createMemoryVault()
    const profile = profileOf(simulator, { remember: true })
    const first = await signedIn({ vault, profile })
    await first.until(({ session }) => session?.remembered === 'kept')
    const copy = createMemoryVault(vault.stored)
    await first.controller.renew()
    const second = apps.create(simulator, { vault: copy, profile })
    expect(await second.ready()).toMatchObject({ status: 'signed-out', error: null })
    expect(refreshes(second)).toHaveLength(1)
    expect(second.addresses).toEqual([])
  })

  it('actions at the same time are one renewal, also of a call and a button', async () => {
    const holding = createHoldingFetch(isRefresh)
    const profile = profileOf(simulator, {
      apis: [echoApi(simulator, 'a'), echoApi(simulator, 'b')],
    })
    const app = await signedIn({ fetch: holding.fetch, profile })
    app.clock.advance(120_000)
    const all = [
      app.controller.renew(),
      app.controller.callApi(0),
      app.controller.callApi(1),
      app.controller.renew(),
    ]
    const release = await holding.next()
    release()
    await Promise.all(all)
    expect(refreshes(app)).toHaveLength(1)
    const { apis } = app.controller.snapshot().session ?? {}
    expect(apis?.map(({ answer }) => answer?.httpStatus)).toEqual([200, 200])
  })
})
