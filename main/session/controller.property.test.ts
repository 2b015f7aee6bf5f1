import { setTimeout as delay } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Snapshot } from '../../preload/contract.ts'
import type { ScenarioName } from '../../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { TestBrowser } from '../../test/support/browser.ts'
import { callbackRedirectDelay } from '../login/callback/listener.ts'
import { arrive, logInAt, type TestClock } from '../../test/support/login.ts'
import {
  createApps,
  createMemoryVault,
  echoApi,
  formOf,
  logInWith,
  openLogoutForm,
  postLogoutForm,
  profileOf,
  type TestApp,
  textsIn,
} from '../../test/support/app.ts'
import { runs, seed } from '../../test/support/thorough.ts'

let withRefresh: Simulator
let withoutRefresh: Simulator
const apps = createApps()
beforeAll(async () => {
  const lifetimes = { refreshToken: 86_400, authorization: 86_400 }
  ;[withRefresh, withoutRefresh] = await Promise.all([
    startSimulator({ refreshTokens: true, lifetimes }),
    startSimulator({ lifetimes }),
  ])
})
afterAll(() => Promise.all([withRefresh.close(), withoutRefresh.close()]))
afterEach(async () => {
  vi.useRealTimers()
  await apps.closeAll()
})

const minute = 60_000
/** What the stories have come to, so that they do not all end at the first step. */
const reached = new Set<string>()

/** What the person, the browser, the computer and the provider may do, and how many browsers it may open. */
const actions = {
  signIn: 1,
  cancel: 0,
  reopenBrowser: 1,
  copyLink: 0,
  prolong: 0,
  // The second one is the ordinary visit after a logout that did not come back.
  signOut: 2,
  switchUser: 1,
  renew: 1,
  callApi: 1,
  reveal: 0,
  language: 0,
  logIn: 0,
  logOut: 0,
  wait: 0,
  settle: 0,
  seconds: 0,
  sleep: 0,
  longSleep: 0,
  lock: 0,
  unlock: 0,
  wholeLogin: 1,
  wholeLogout: 2,
} as const
type UserAction = keyof typeof actions
const isDeed = (name: string): name is UserAction => name in actions
const names = Object.keys(actions).filter(isDeed)

const scenarios = [
  null,
  'api-401-once',
  'api-401-always',
  'refresh-invalid-grant',
  'refresh-invalid-sub',
  'refresh-reset',
  'refresh-lost-answer',
  'refresh-without-id-token',
  'userinfo-reset',
  'revocation-black-hole',
  'logout-no-return',
  'token-http-503-retry-after',
] as const satisfies readonly (ScenarioName | null)[]

const likely: readonly UserAction[] = [
  'wholeLogin',
  'wholeLogin',
  'settle',
  'renew',
  'callApi',
  'wholeLogout',
]
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...likely) },
  { weight: 6, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.constantFrom(...scenarios).map((play) => ({ play })) },
)
const story = fc.record({
  refresh: fc.boolean(),
  remember: fc.boolean(),
  dpop: fc.boolean(),
  first: fc.boolean(),
  steps: fc.array(step, { minLength: 3, maxLength: 20 }),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

/** Lets time pass, and looks over the known failure that has a test of its own below. */
function advance(clock: TestClock, milliseconds: number): void {
  try {
    clock.advance(milliseconds)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_HTTP_HEADERS_SENT')) {
      throw error
    }
    advance(clock, 0)
  }
}

async function turns(count: number): Promise<void> {
  await new Promise(setImmediate)
  if (count > 1) await turns(count - 1)
}

/** Everything in the answers and requests of a run that must be seen nowhere. */
function secretsOf(app: TestApp, answers: readonly unknown[]): string[] {
  const asked = app
    .journal()
    .flatMap(({ form, query, headers }) => [
      ...['code', 'code_verifier', 'state', 'nonce', 'refresh_token', 'id_token_hint'].flatMap(
        (name) => [form.get(name), query.get(name)],
      ),
      headers['dpop'],
      headers.authorization?.split(' ')[1],
    ])
  const got = answers.flatMap((answer) => {
    const { access_token, id_token, refresh_token } = Object(answer)
    return [access_token, id_token, refresh_token]
  })
  return [...asked, ...got].filter((text) => typeof text === 'string' && text.length >= 20)
}

function checkSnapshots(snapshots: readonly Snapshot[]): void {
  for (const [index, snapshot] of snapshots.entries()) {
    const { status, session, waiting, renewing, providerLogout, error, revision } = snapshot
    expect(revision).toBeGreaterThan(snapshots[index - 1]?.revision ?? -1)
    expect(session !== null).toBe(status === 'signed-in')
    expect(waiting === null || renewing === 'browser' || status === 'waiting-for-browser').toBe(
      true,
    )
    expect(renewing === null || status === 'signed-in').toBe(true)
    expect(providerLogout === null || status === 'signed-out').toBe(true)
    expect(error === null || status === 'signed-out').toBe(true)
    expect(session?.endsInMs ?? 0).toBeLessThanOrEqual(30 * minute)
  }
}

async function live({ refresh, remember, dpop, first, steps }: Story): Promise<void> {
  const simulator = refresh ? withRefresh : withoutRefresh
  simulator.play(null)
  const vault = createMemoryVault()
  const answers: unknown[] = []
  const sentCodes: string[] = []
  const spent = new Set<string>()
  const sentSpent: string[] = []
  const app = apps.create(simulator, {
    vault,
    profile: profileOf(simulator, {
      remember,
      dpop,
      apis: [echoApi(simulator)],
      postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out',
    }),
    fetch: async (url, init) => {
      if (!url.endsWith('/token')) return await fetch(url, init)
      const form = formOf(init)
      const code = form.get('code')
      if (code !== null) sentCodes.push(code)
      const token = form.get('refresh_token')
      if (token !== null && spent.has(token)) sentSpent.push(token)
      const response = await fetch(url, init)
      answers.push(
        await response
          .clone()
          .json()
          .catch(() => null),
      )
      if (token !== null && response.ok) spent.add(token)
      return response
    },
  })
  const { controller, clock } = app
  const browser = new TestBrowser()
  const running = new Set<Promise<unknown>>()
  const visits = new Set<Promise<unknown>>()
  /** Goes on beside the rest; what a browser meets at a port that has closed is no failure. */
  const begin = (work: Promise<unknown>, among = running): void => {
    const quiet = work.catch(() => {})
    among.add(quiet)
    void quiet.then(() => among.delete(quiet))
  }
  const pass = (milliseconds: number, asleep = false): void => {
    if (asleep) clock.sleep(milliseconds)
    else advance(clock, milliseconds)
    vi.setSystemTime(clock.now())
  }
  const visit = async (): Promise<void> => {
    const start = app.addresses.at(-1)
    if (start !== undefined) await logInWith(browser, start)
  }
  const bye = async (): Promise<void> => {
    const start = app.addresses.at(-1)
    if (start === undefined) return
    const { left } = await postLogoutForm(browser, await openLogoutForm(start))
    if (left !== undefined) await arrive(left)
  }
  /** Waits for what ends without anybody's doing; what hangs is left to itself. */
  const settle = async (): Promise<void> => {
    const done = app.until(
      ({ status, renewing, session }) =>
        status !== 'preparing' &&
        renewing !== 'refresh-token' &&
        (renewing !== null || session?.apis[0]?.running !== true),
    )
    await Promise.race([Promise.all([done, ...visits]), delay(250)])
  }
  const acts: Record<UserAction, () => unknown> = {
    signIn: () => begin(controller.signIn()),
    cancel: () => begin(controller.cancel()),
    reopenBrowser: () => begin(controller.reopenBrowser()),
    copyLink: () => begin(controller.copyLink()),
    prolong: () => controller.prolong(),
    signOut: () => controller.signOut(),
    switchUser: () => controller.switchUser(),
    renew: () => begin(controller.renew()),
    callApi: () => begin(controller.callApi(0)),
    reveal: () => controller.revealPid(true),
    language: () => controller.setLanguage('en'),
    logIn: () => begin(visit(), visits),
    logOut: () => begin(bye(), visits),
    wait: () => turns(3),
    settle,
    seconds: () => pass(15_000),
    sleep: () => {
      controller.suspended()
      pass(5 * minute, true)
      controller.resumed()
    },
    longSleep: () => {
      controller.suspended()
      pass(31 * minute, true)
      controller.resumed()
    },
    lock: () => controller.suspended(),
    unlock: () => controller.resumed(),
    wholeLogin: async () => {
      await settle()
      begin(controller.signIn())
      await settle()
      begin(visit(), visits)
      await settle()
    },
    wholeLogout: async () => {
      controller.signOut()
      await turns(20)
      begin(bye(), visits)
      await settle()
    },
  }

  vi.useFakeTimers({ toFake: ['Date'], now: clock.now() })
  await app.ready()
  let allowed = 0
  for (const next of first ? ['wholeLogin' as const, ...steps] : steps) {
    if (typeof next === 'object') {
      simulator.play(next.play)
      continue
    }
    allowed += actions[next]
    // The story goes on only when the action has been done.
    // oxlint-disable-next-line no-await-in-loop
    await acts[next]()
    expect(app.addresses.length, 'no browser without a wish').toBeLessThanOrEqual(allowed)
    const isOut = controller.snapshot().status === 'signed-out'
    expect(isOut && vault.stored !== null, 'something is kept while signed out').toBe(false)
  }

  // Whatever was under way, a sign-out and the end leave nothing.
  controller.signOut()
  expect(vault.stored).toBeNull()
  await app.close()
  const last = controller.snapshot()
  expect(last).toMatchObject({ session: null, waiting: null, renewing: null })
  simulator.play(null)
  advance(clock, 1000)
  await Promise.race([Promise.all([...running, ...visits]), delay(1000)])
  advance(clock, 20_000)
  await turns(40)
  expect(controller.snapshot().status).toBe(last.status)
  expect(clock.timers(), 'no timer is left').toEqual([])
  expect(vault.stored, 'nothing is kept at the end').toBeNull()
  expect(new Set(sentCodes).size, 'each code is sent once').toBe(
    sentCodes.length - repeats(answers),
  )
  // A renewal that was given up may have spent the token without anybody hearing of it.
  const twice = steps.includes('cancel') ? [] : sentSpent
  expect(twice, 'refresh tokens that were sent twice').toEqual([])
  checkSnapshots(app.snapshots)
  for (const { status, renewing, providerLogout, session } of app.snapshots) {
    reached.add(status)
    if (renewing !== null) reached.add(`renewing by ${renewing}`)
    if (providerLogout?.browser === 'done') reached.add('logged out in the browser')
    if (session?.apis[0]?.answer?.httpStatus === 200) reached.add('an answer')
    if (session?.remembered === 'kept') reached.add('kept')
  }
  const seen = [...textsIn(app.snapshots), ...app.lines].join('\n')
  expect(secretsOf(app, answers).filter((secret) => seen.includes(secret))).toEqual([])
}

/** Answers that ask for a nonce, after which a code may be sent once more. */
function repeats(answers: readonly unknown[]): number {
  return answers.filter((answer) => Object(answer).error === 'use_dpop_nonce').length
}

describe('whatever is wished in whatever order', () => {
  it('opens no browser unasked, shows no secret, and leaves nothing behind', async () => {
    await fc.assert(fc.asyncProperty(story, live), {
      numRuns: runs(15, 60),
      seed,
    })
    const states = [
      'an answer',
      'exchanging',
      'kept',
      'logged out in the browser',
      'preparing',
      'renewing by browser',
      'renewing by refresh-token',
      'signed-in',
      'signed-out',
      'waiting-for-browser',
    ]
    expect(states).toEqual(expect.arrayContaining([...reached]))
    // The few stories of a merge need not come everywhere.
    expect(reached.size).toBeGreaterThanOrEqual(runs(6, states.length))
  }, 120_000)
})

describe('what such stories have found', () => {
  // The limit for holding the page runs until the browser has closed: it writes into an answer that is out.
  it('a browser that was answered is not answered again by its time limit', async () => {
    withRefresh.play('token-black-hole')
    const app = apps.create(withRefresh)
    await app.ready()
    await app.controller.signIn()
    const page = arrive(await logInAt(await app.opened.next()))
    await app.reach('exchanging')
    await app.clock.timer(callbackRedirectDelay)
    app.clock.advance(callbackRedirectDelay)
    await expect.poll(() => app.clock.timers().filter((length) => length === 10_000).length).toBe(2)
    await app.controller.cancel()
    try {
      expect(() => app.clock.advance(10_000)).not.toThrow()
    } finally {
      withRefresh.play(null)
      expect((await page).body).toContain('cancelled title')
    }
  })
})
