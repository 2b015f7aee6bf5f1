import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { TestBrowser } from '../../test/support/browser.ts'
import { arrive, logInAt, navigate } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createHoldingFetch,
  createMemoryVault,
  echoApi,
  isRefresh,
  logInWith,
  profileOf,
  type TestApp,
} from '../../test/support/app.ts'

const [first, second] = persons
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
  await apps.closeAll()
})

async function signedIn(
  options: Partial<ControllerOptions> = {},
  of: Simulator = simulator,
): Promise<TestApp> {
  const app = await apps.signedIn(of, options, { pid: first?.pid ?? '' })
  await app.until(({ session }) => session?.userinfo !== null)
  return app
}

describe('switching to another person', () => {
  it('forgets this one at once and asks for a login that is fresh (S-117)', async () => {
    const vault = createMemoryVault()
    const app = await signedIn({ profile: profileOf(simulator, { remember: true }), vault })
    await app.until(({ session }) => session?.remembered === 'kept')
    app.controller.switchUser()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'preparing',
      attempt: 2,
      session: null,
      providerLogout: null,
      error: null,
    })
    expect([vault.stored, JSON.stringify(app.controller.snapshot())]).toEqual([
      null,
      expect.not.stringContaining(first?.givenName ?? ''),
    ])
    await arrive(await logInAt(await app.opened.next(), { pid: second?.pid ?? '' }))
    const { session } = await app.until((now) => now.session?.userinfo !== null)
    expect(session?.name).toBe(`${second?.givenName} ${second?.familyName}`)
    const prompts = app.requests('/par').map(({ form }) => form.get('prompt'))
    expect(prompts).toEqual([null, 'login'])
    expect(app.requests('/logout')).toEqual([])
  })

  it('is asked who they are though the browser knows the first one (S-117)', async () => {
    const app = apps.create(simulator)
    const browser = new TestBrowser()
    await app.ready()
    await app.controller.signIn()
    await logInWith(browser, await app.opened.next(), { pid: first?.pid ?? '' })
    await app.reach('signed-in')
    app.controller.switchUser()
    // In a session that counts the browser would be sent back without the page that is filled in here.
    await logInWith(browser, await app.opened.next(), { pid: second?.pid ?? '' })
    const { session } = await app.reach('signed-in')
    expect(session?.name).toBe(`${second?.givenName} ${second?.familyName}`)
  })

  it('takes the same person too, and no login that is old', async () => {
    const app = await signedIn()
    app.controller.switchUser()
    await arrive(await logInAt(await app.opened.next(), { pid: first?.pid ?? '' }))
    expect((await app.reach('signed-in')).session?.name).toContain(first?.givenName)
    simulator.play('auth-time-last-year')
    app.controller.switchUser()
    await arrive(await logInAt(await app.opened.next(), { pid: second?.pid ?? '' }))
    expect((await app.ready()).error).toMatchObject({
      code: 'E_ID_TOKEN_CLAIM',
      detail: { key: 'auth_time' },
    })
  })

  it('that is cancelled brings the first one not back', async () => {
    const app = await signedIn()
    app.controller.switchUser()
    await app.opened.next()
    await app.controller.cancel()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
    expect(app.requests('/par').map(({ form }) => form.get('prompt'))).toEqual([
      null,
      'login',
      'login',
    ])
  })

  it('twice is once', async () => {
    const app = await signedIn()
    app.controller.switchUser()
    app.controller.switchUser()
    app.controller.signOut()
    await app.opened.next()
    expect([app.addresses.length, app.controller.snapshot().attempt]).toEqual([2, 2])
  })

  it('does nothing while nobody is signed in', async () => {
    const app = apps.create(simulator)
    app.controller.switchUser()
    const before = await app.ready()
    app.controller.switchUser()
    expect(app.controller.snapshot()).toEqual(before)
    expect(app.addresses).toEqual([])
  })

  it('leaves the renewals that follow without a fresh login', async () => {
    const app = await signedIn({}, withoutRefresh)
    app.controller.switchUser()
    await arrive(await logInAt(await app.opened.next()))
    await app.reach('signed-in')
    const renewal = app.controller.renew()
    await arrive(await logInAt(await app.opened.next()))
    await renewal
    expect(app.requests('/par').map(({ form }) => form.get('prompt'))).toEqual([
      null,
      'login',
      null,
    ])
  })

  it('drops a renewal that comes late, and renews the new session all the same', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await signedIn({ fetch: holding.fetch })
    const renewal = app.controller.renew()
    const release = await holding.next()
    app.controller.switchUser()
    holding.stop()
    await arrive(await logInAt(await app.opened.next(), { pid: second?.pid ?? '' }))
    await app.reach('signed-in')
    release()
    await renewal
    expect(app.controller.snapshot().session?.name).toContain(second?.givenName)
    await app.controller.renew()
    expect(app.controller.snapshot().status).toBe('signed-in')
    expect(app.requests('/token')).toHaveLength(4)
  })

  // There is one renewal for all sessions: the user action gets the promise of the one that was abandoned.
  it('renews the new session also while the late renewal hangs', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await signedIn({ fetch: holding.fetch })
    const abandoned = app.controller.renew()
    const release = await holding.next()
    app.controller.switchUser()
    holding.stop()
    await arrive(await logInAt(await app.opened.next(), { pid: second?.pid ?? '' }))
    await app.reach('signed-in')
    const renewal = app.controller.renew()
    const { renewing } = app.controller.snapshot()
    release()
    await Promise.all([abandoned, renewal])
    expect(renewing).toBe('refresh-token')
  })

  it('ends a renewal through the browser, whose port is free', async () => {
    const app = await signedIn({}, withoutRefresh)
    const renewal = app.controller.renew()
    const former = await app.opened.next()
    app.controller.switchUser()
    const start = await app.opened.next()
    await renewal
    await expect(navigate(former)).rejects.toThrow('ECONNREFUSED')
    await arrive(await logInAt(start, { pid: second?.pid ?? '' }))
    expect((await app.reach('signed-in')).session?.name).toContain(second?.givenName)
  })

  it('that has ended a renewal through the browser can be cancelled itself', async () => {
    const app = await signedIn({}, withoutRefresh)
    const renewal = app.controller.renew()
    await app.opened.next()
    app.controller.switchUser()
    await Promise.all([renewal, app.opened.next()])
    await app.controller.cancel()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
  })

  // A renewal that was given up counts as an outcome: the window comes before the browser that just opened.
  it('does not bring the window to the front before the login has ended', async () => {
    const app = await signedIn({}, withoutRefresh)
    const renewal = app.controller.renew()
    await app.opened.next()
    const { outcomes } = app.counts
    app.controller.switchUser()
    await renewal
    await app.opened.next()
    expect(app.counts.outcomes).toBe(outcomes)
  })

  it('revokes the tokens that would outlive the logout (S-116)', async () => {
    const profile = profileOf(simulator, { apis: [echoApi(simulator)] })
    const app = await signedIn({ profile })
    app.controller.switchUser()
    await arrive(await logInAt(await app.opened.next(), { pid: second?.pid ?? '' }))
    await app.reach('signed-in')
    expect(app.requests('/token/revoke')).toHaveLength(1)
  })
})
