import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { createTestClock, logInAt, navigate, type TestClock } from '../../test/support/login.ts'
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

const minute = 60_000
const limit = 30 * minute

let simulator: Simulator
let withoutRefresh: Simulator
const apps = createApps()
beforeAll(async () => {
  ;[simulator, withoutRefresh] = await Promise.all([
    startSimulator({
      refreshTokens: true,
      lifetimes: { accessToken: 86_400, refreshToken: 86_400, authorization: 86_400 },
    }),
    startSimulator(),
  ])
})
afterAll(() => Promise.all([simulator.close(), withoutRefresh.close()]))
afterEach(async () => {
  simulator.play(null)
  vi.useRealTimers()
  await apps.closeAll()
})

/** Somebody is signed in, and nothing of the login is under way any more. */
async function signedIn(
  options: Partial<ControllerOptions> = {},
  of: Simulator = simulator,
): Promise<TestApp> {
  const app = await apps.signedIn(of, options)
  await app.until(({ session }) => session?.userinfo !== null)
  return app
}
/** Lets time pass for the provider too. */
function pass(app: TestApp, milliseconds: number): void {
  app.clock.advance(milliseconds)
  vi.useFakeTimers({ toFake: ['Date'], now: app.clock.now() })
}
const statusOf = (app: TestApp) => app.controller.snapshot().status
const endsIn = (app: TestApp) => app.controller.snapshot().session?.endsInMs
const expired = { status: 'signed-out', session: null, error: { code: 'E_SESSION_EXPIRED' } }

/** A clock whose timers stand still in a gap, as in a process that is stopped, while its time goes on. */
function createGapClock(): TestClock & { readonly gap: (milliseconds: number) => void } {
  const clock = createTestClock()
  let missed = 0
  return {
    ...clock,
    now: () => clock.now() + missed,
    monotonic: () => clock.monotonic() + missed,
    gap: (milliseconds) => {
      missed += milliseconds
    },
  }
}

describe('inactivity', () => {
  it.each([1, 7, 30])('of %i minutes ends the session, not a moment before', async (minutes) => {
    const app = await signedIn({ profile: profileOf(simulator, { inactivityMinutes: minutes }) })
    for (let passed = 0; passed < minutes * minute - 1; passed += 14_999) {
      app.clock.advance(Math.min(14_999, minutes * minute - 1 - passed))
    }
    expect([statusOf(app), endsIn(app)]).toEqual(['signed-in', 1])
    app.clock.advance(1)
    expect(app.controller.snapshot()).toMatchObject(expired)
    expect(app.snapshots.at(-1)).toMatchObject(expired)
    expect(app.clock.timers()).toEqual([])
  })

  it('begins anew with each input in the window', async () => {
    const app = await signedIn()
    for (let seconds = 0; seconds < 3600; seconds += 15) {
      app.clock.advance(15_000)
      app.controller.input()
    }
    expect(statusOf(app)).toBe('signed-in')
    app.clock.advance(limit - 1)
    expect(statusOf(app)).toBe('signed-in')
    app.clock.advance(1)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('is told to the window by the next look, and not for every movement of a mouse', async () => {
    const app = await signedIn()
    app.clock.advance(11_000)
    const { length } = app.snapshots
    for (let count = 0; count < 1000; count += 1) app.controller.input()
    expect(app.snapshots).toHaveLength(length)
    app.clock.advance(4000)
    expect(app.snapshots.slice(length).map(({ session }) => session?.endsInMs)).toEqual([
      limit - 4000,
    ])
  })

  it('goes on without input in the window, whatever is typed elsewhere', async () => {
    const app = await signedIn()
    for (let seconds = 0; seconds < 1800; seconds += 15) app.clock.advance(15_000)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('is not undone by input that comes too late, and a moment earlier it is', async () => {
    const app = await signedIn()
    app.clock.sleep(limit - 1)
    app.controller.input()
    app.clock.sleep(limit)
    app.controller.input()
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('does not count input from before the login', async () => {
    const app = apps.create(simulator)
    await app.ready()
    app.controller.input()
    await app.logIn()
    app.clock.advance(limit - 1)
    expect(statusOf(app)).toBe('signed-in')
    app.clock.advance(1)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('begins anew with every user action: to renew, to call, to see', async () => {
    const app = await signedIn({ profile: profileOf(simulator, { apis: [echoApi(simulator)] }) })
    const actions = [
      () => app.controller.renew(),
      () => app.controller.callApi(0),
      async () => app.controller.revealPid(true),
      async () => app.controller.revealPid(false),
    ]
    for (const action of actions) {
      pass(app, limit - 1)
      // oxlint-disable-next-line no-await-in-loop
      await action()
      expect(endsIn(app)).toBe(limit)
    }
  })

  it('does not begin anew with a snapshot, a language or a cancel', async () => {
    const app = await signedIn()
    app.clock.advance(limit - 1)
    app.controller.snapshot()
    await app.controller.cancel()
    await app.controller.reopenBrowser()
    app.controller.prolong()
    expect(endsIn(app)).toBe(1)
  })

  it('ends a renewal through the browser too, and its port is free', async () => {
    const app = await signedIn({}, withoutRefresh)
    const renewal = app.controller.renew()
    const start = await app.opened.next()
    app.controller.suspended()
    app.clock.sleep(limit)
    app.controller.resumed()
    await renewal
    expect(app.controller.snapshot()).toMatchObject({ ...expired, renewing: null, waiting: null })
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    expect(app.clock.timers()).toEqual([])
  })

  it('forgets what was remembered, and leaves a login possible', async () => {
    const vault = createMemoryVault()
    const app = await signedIn({ profile: profileOf(simulator, { remember: true }), vault })
    await app.until(({ session }) => session?.remembered === 'kept')
    expect(vault.stored).not.toBeNull()
    pass(app, limit)
    expect(vault.stored).toBeNull()
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
  })
})

describe('sleep', () => {
  const sleepFor = (app: TestApp, milliseconds: number): void => {
    app.controller.suspended()
    app.clock.sleep(milliseconds)
    app.controller.resumed()
  }

  it('that is too long has ended the session when the computer wakes (F-57)', async () => {
    const app = await signedIn()
    const before = app.journal().length
    sleepFor(app, limit)
    expect(app.snapshots.at(-1)).toMatchObject(expired)
    expect(app.clock.timers()).toEqual([])
    expect(app.journal()).toHaveLength(before)
  })

  it('that is shorter is counted, in the first snapshot too, and nothing is asked for (F-57)', async () => {
    const app = await signedIn()
    const before = app.journal().length
    const { length } = app.snapshots
    sleepFor(app, 29 * minute)
    expect(app.snapshots.length).toBeGreaterThan(length)
    expect(app.snapshots.at(-1)?.session).toMatchObject({
      endsInMs: minute,
      accessTokenLeftMs: 24 * 60 * minute - 29 * minute,
    })
    expect(app.journal()).toHaveLength(before)
    expect(app.addresses).toHaveLength(1)
    app.clock.advance(minute - 1)
    expect(statusOf(app)).toBe('signed-in')
    app.clock.advance(1)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('is added up over several times', async () => {
    const app = await signedIn()
    for (let count = 0; count < 29; count += 1) sleepFor(app, minute)
    expect(endsIn(app)).toBe(minute)
    sleepFor(app, minute)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('is not undone by a user action that comes before the system has told of waking', async () => {
    const app = await signedIn()
    app.controller.suspended()
    app.clock.sleep(limit)
    app.controller.input()
    app.controller.revealPid(true)
    app.controller.resumed()
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('is not undone by a renewal whose answer comes first', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await signedIn({ fetch: holding.fetch })
    const renewal = app.controller.renew()
    const release = await holding.next()
    app.controller.suspended()
    app.clock.sleep(limit)
    release()
    await renewal
    app.controller.resumed()
    // Its ID token has expired meanwhile, which may be what ends the session first.
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', session: null })
  })

  it('is found out by a renewal whose answer says nothing of the time', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await signedIn({ fetch: holding.fetch })
    simulator.play('refresh-without-id-token')
    const renewal = app.controller.renew()
    const release = await holding.next()
    app.clock.sleep(limit)
    release()
    await renewal
    // Nobody has asked for a snapshot, which would find it out as well.
    expect(app.snapshots.at(-1)).toMatchObject(expired)
  })

  it('in the middle of a renewal drops what comes after waking', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await signedIn({ fetch: holding.fetch })
    const renewal = app.controller.renew()
    const release = await holding.next()
    sleepFor(app, limit)
    release()
    await renewal
    expect(app.controller.snapshot()).toMatchObject({ ...expired, renewing: null })
    expect(app.clock.timers()).toEqual([])
  })

  it('takes its part of the time for a login, and ends one that is too late', async () => {
    const app = apps.create(simulator)
    await app.ready()
    await app.controller.signIn()
    await app.opened.next()
    sleepFor(app, 200_000)
    expect(app.controller.snapshot().waiting?.remainingMs).toBe(100_000)
    sleepFor(app, 100_000)
    expect((await app.ready()).error?.code).toBe('E_LOGIN_TIMEOUT')
  })

  it('that nobody tells of is counted too, in the first snapshot that is asked for', async () => {
    const app = await signedIn()
    app.clock.sleep(29 * minute)
    expect(endsIn(app)).toBe(minute)
    app.clock.sleep(minute)
    app.clock.advance(15_000)
    expect(app.snapshots.at(-1)).toMatchObject(expired)
  })

  it('that nobody tells of is not undone by what was typed before it, but by what is typed after', async () => {
    const app = await signedIn()
    app.clock.advance(minute)
    app.controller.input()
    app.clock.advance(15_000)
    app.clock.sleep(20 * minute)
    app.clock.advance(15_000)
    expect(endsIn(app)).toBe(9.5 * minute)
    app.controller.input()
    app.clock.advance(15_000)
    expect(endsIn(app)).toBe(limit - 15_000)
  })

  it('before a login takes nothing from its session, which is kept', async () => {
    const vault = createMemoryVault()
    const app = apps.create(simulator, { profile: profileOf(simulator, { remember: true }), vault })
    await app.ready()
    app.clock.sleep(2 * limit)
    app.clock.set(-2 * limit)
    const { snapshot } = await app.logIn()
    expect(snapshot).toMatchObject({
      status: 'signed-in',
      session: { endsInMs: limit, accessTokenLeftMs: 24 * 60 * minute },
    })
    await app.until(({ session }) => session?.remembered === 'kept')
    expect(vault.stored).not.toBeNull()
  })

  it('that nobody tells of is taken off the time for a login, and ends one that is too late', async () => {
    const app = apps.create(simulator)
    await app.ready()
    await app.controller.signIn()
    await app.opened.next()
    app.clock.sleep(200_000)
    expect(app.controller.snapshot().waiting?.remainingMs).toBe(100_000)
    app.clock.sleep(100_000)
    app.controller.snapshot()
    expect((await app.ready()).error?.code).toBe('E_LOGIN_TIMEOUT')
  })

  it('of which the system tells the end only is counted then, and told to the window', async () => {
    const app = await signedIn()
    const { length } = app.snapshots
    app.clock.sleep(29 * minute)
    app.controller.resumed()
    expect(app.snapshots.slice(length).at(-1)?.session?.endsInMs).toBe(minute)
  })

  it('that never was takes nothing when the system tells of its end', async () => {
    const app = await signedIn()
    app.controller.resumed()
    expect(endsIn(app)).toBe(limit)
  })
})

describe('a locked screen', () => {
  it('lets the inactivity go on', async () => {
    const app = await signedIn()
    app.controller.suspended()
    for (let seconds = 0; seconds < 1785; seconds += 15) app.clock.advance(15_000)
    expect(endsIn(app)).toBe(15_000)
    app.clock.advance(15_000)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })

  it('that is opened in time leaves the session, and the next input counts again', async () => {
    const app = await signedIn()
    app.controller.suspended()
    app.clock.advance(29 * minute)
    app.controller.resumed()
    expect(endsIn(app)).toBe(minute)
    app.controller.input()
    app.clock.advance(15_000)
    expect(endsIn(app)).toBe(limit - 15_000)
  })

  it('whose end nobody tells of keeps out no input: whoever uses the window is there', async () => {
    const app = await signedIn()
    app.controller.suspended()
    for (let seconds = 0; seconds < 3600; seconds += 15) {
      app.clock.advance(15_000)
      app.controller.input()
    }
    expect(statusOf(app)).toBe('signed-in')
  })

  it('under which the computer slept counts both', async () => {
    const app = await signedIn()
    app.controller.suspended()
    app.clock.advance(10 * minute)
    app.controller.suspended()
    app.clock.sleep(10 * minute)
    app.controller.resumed()
    app.controller.resumed()
    expect(endsIn(app)).toBe(10 * minute)
  })

  it('that is still locked after a sleep does not count as activity', async () => {
    const app = await signedIn()
    app.controller.suspended()
    app.clock.advance(minute)
    app.controller.suspended()
    app.clock.sleep(minute)
    app.controller.resumed()
    for (let seconds = 0; seconds < 1800; seconds += 15) app.clock.advance(15_000)
    expect(app.controller.snapshot()).toMatchObject(expired)
  })
})

describe('the wall clock', () => {
  it.each([86_400_000, -86_400_000, 3_600_000, -3_600_000])(
    'that is set by %i ms does not change the time that is left (F-35)',
    async (by) => {
      const app = await signedIn()
      app.clock.advance(10 * minute)
      app.clock.set(by)
      app.clock.advance(15_000)
      expect(endsIn(app)).toBe(20 * minute - 15_000)
      expect(app.controller.snapshot().session?.accessTokenLeftMs).toBe(
        24 * 60 * minute - 10 * minute - 15_000,
      )
    },
  )

  it('that is set back in a sleep gives no time (F-35)', async () => {
    const app = await signedIn()
    app.controller.suspended()
    app.clock.sleep(minute)
    app.clock.set(-2 * minute)
    app.controller.resumed()
    expect(endsIn(app)).toBe(29 * minute)
  })
})

describe('a process that was stopped', () => {
  it('ends the session when its timers run again', async () => {
    const clock = createGapClock()
    const app = await signedIn({ clock })
    clock.gap(limit)
    clock.advance(15_000)
    expect(app.snapshots.at(-1)).toMatchObject(expired)
    expect(clock.timers()).toEqual([])
  })

  it.each(['renew', 'callApi', 'revealPid'] as const)(
    'takes no user action to %s for activity, and asks nobody for anything',
    async (action) => {
      const clock = createGapClock()
      const profile = profileOf(simulator, { apis: [echoApi(simulator)] })
      const app = await signedIn({ clock, profile })
      const before = app.journal().length
      clock.gap(limit)
      if (action === 'revealPid') app.controller.revealPid(true)
      else if (action === 'callApi') await app.controller.callApi(0)
      else await app.controller.renew()
      expect(app.controller.snapshot()).toMatchObject(expired)
      expect(app.journal()).toHaveLength(before)
    },
  )

  // `snapshot()` shows the state as it was: a window that asks before the timer runs still gets the person.
  it('shows nothing of the person to a window that asks first', async () => {
    const clock = createGapClock()
    const app = await signedIn({ clock })
    clock.gap(limit)
    expect(app.controller.snapshot().session).toBeNull()
  })
})

describe('the end of a session', () => {
  it('comes once, and leaves no late word of it', async () => {
    const app = await signedIn()
    app.clock.advance(limit)
    const ended = app.controller.snapshot()
    app.clock.advance(limit)
    app.controller.suspended()
    app.controller.signOut()
    app.controller.switchUser()
    await app.controller.renew()
    await app.controller.callApi(0)
    app.controller.revealPid(true)
    expect(app.controller.snapshot()).toEqual(ended)
    expect(app.addresses).toHaveLength(1)
  })

  it('by closing in the middle of a renewal leaves no port, no timer and no session', async () => {
    const app = await signedIn({}, withoutRefresh)
    const renewal = app.controller.renew()
    const start = await app.opened.next()
    await app.close()
    await renewal
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', session: null })
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    expect(app.clock.timers()).toEqual([])
  })

  it('is not told again when a login follows', async () => {
    const app = await signedIn()
    app.clock.advance(limit)
    await app.controller.signIn()
    expect(app.controller.snapshot().error).toBeNull()
    await logInAt(await app.opened.next())
  })
})
