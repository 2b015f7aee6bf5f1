import { expect, vi } from 'vitest'
import type { ErrorCode, Snapshot } from '../../preload/contract.ts'
import type { Step } from '../../simulator/faults.ts'
import { type Scenario, type ScenarioName, scenarios } from '../../simulator/scenarios.ts'
import type { JournalEntry, Simulator } from '../../simulator/simulator.ts'
import { TestBrowser } from '../../simulator/test-browser.ts'
import { type Answer, arrive, knock, locationOf, navigate } from '../login/test-browser.ts'
import { createTestApp, profileOf, type TestApp, textsIn } from '../session/test-app.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** How the login of a test ended, for docs/conformance.md. */
    outcome?: Outcome
  }
}

/** How a login ended: with a session, or with an error and what it was about. */
export type Outcome = 'signs in' | ErrorCode | `${ErrorCode} (${string})`

/** One login while a scenario played, and what the provider saw of it. */
export interface Played {
  readonly outcome: Outcome
  readonly snapshot: Snapshot
  /** Every request of the app and of its browser. */
  readonly requests: readonly JournalEntry[]
  readonly paths: readonly string[]
  /** The last page that the browser got at the listener; null when it did not come there. */
  readonly page: Answer | null
}

export interface PlayOptions {
  /** Keys of the profile that differ from the simulator's. */
  readonly profile?: object
  /** The step whose answer never ends, and the milliseconds by which the clock is turned then. */
  readonly hangs?: { readonly at: Step; readonly for: number } | null
  /** Where the scenario has moved an endpoint to. */
  readonly movedTo?: string
  /** How often the person logs in while the scenario plays. */
  readonly logins?: number
  /** Looks at each login while the scenario plays. */
  readonly look?: (played: Played) => void
}

/** The person's time, in milliseconds. */
const loginTime = 300_000
/** How a condition is waited for that nobody announces: the socket of a port that closes. */
const patience = { interval: 1, timeout: 10_000 }
/** Where a login may go; anything else is a request that nobody wanted. */
const ownPaths =
  /^\/(\.well-known\/openid-configuration|jwks\.json|par|token|authorize(\/[\w-]+)?|login\/[\w-]+)$/

/**
 * Logs in while a scenario plays, and then, with the same app, while nothing does. What must hold
 * after every login (rules.md, N1 to N7) is checked here; which outcome is right is for the caller.
 *
 * @returns the last login under the scenario
 */
export async function play(
  simulator: Simulator,
  what: ScenarioName | Scenario,
  options: PlayOptions = {},
): Promise<Played> {
  const scenario: Scenario = typeof what === 'string' ? scenarios[what] : what
  const signals: AbortSignal[] = []
  const app = createTestApp(simulator, {
    profile: profileOf(simulator, options.profile),
    fetch: async (url, init) => {
      if (init.signal) signals.push(init.signal)
      return await fetch(url, init)
    },
  })
  const secrets = new Set<string>()
  const arrived = Promise.withResolvers<void>()
  const watched = (watching: Scenario): Scenario => ({
    ...watching,
    request: async (step, tools) => {
      if (step === options.hangs?.at) arrived.resolve()
      await watching.request?.(step, tools)
    },
    tokenResponse: async (body, tools) => {
      const made = watching.tokenResponse ? await watching.tokenResponse(body, tools) : body
      for (const response of [body, made]) keepSecrets(secrets, response)
      return made
    },
  })
  const oneLogin = async (hangs: Hanging | null): Promise<Played> => {
    const former = app.journal().length
    const { page, callback } = await tryLogin(app, simulator, hangs)
    const snapshot = app.controller.snapshot()
    const requests = app.journal().slice(former)
    for (const [name, value] of callback?.searchParams ?? []) {
      if (!['iss', 'error', 'error_description', 'error_uri', 'more'].includes(name)) {
        secrets.add(value)
      }
    }
    for (const { form, query } of requests) {
      for (const name of ['state', 'nonce', 'code_challenge', 'code', 'code_verifier']) {
        secrets.add(form.get(name) ?? query.get(name) ?? '')
      }
    }
    await expectNothingLeft(app, requests, signals)
    expectNoSecret(app, simulator, secrets, page)
    expectOnlyWanted(simulator, snapshot, requests, options.movedTo)
    expect(app.journal().length, 'no request comes later').toBe(former + requests.length)
    const paths = requests.map(({ path }) => path)
    return { outcome: outcomeOf(snapshot), snapshot, requests, paths, page }
  }

  try {
    await app.ready()
    simulator.play(watched(scenario))
    let result: Played | null = null
    for (let login = 1; login <= (options.logins ?? 1); login += 1) {
      app.controller.signOut()
      // One login comes after the other.
      // oxlint-disable-next-line no-await-in-loop
      result = await oneLogin(options.hangs ? { ...options.hangs, arrived: arrived.promise } : null)
      options.look?.(result)
    }
    if (result === null) throw new Error('no login')

    simulator.play(watched(scenarios.normal))
    app.clock.advance(app.controller.snapshot().retryInMs ?? 0)
    app.controller.signOut()
    const good = await oneLogin(null)
    expect(good.outcome, 'a good login right after').toBe('signs in')
    await app.controller.close()
    expect(app.clock.timers()).toEqual([])
    return result
  } finally {
    simulator.play(null)
    await app.controller.close()
  }
}

/** Every token of a response. */
function keepSecrets(secrets: Set<string>, response: unknown): void {
  const { access_token, id_token, refresh_token } = Object(response)
  for (const token of textsIn([access_token, id_token, refresh_token])) secrets.add(token)
}

/** An answer that never ends, and the moment from which it is waited for. */
interface Hanging {
  readonly at: Step
  readonly for: number
  readonly arrived: Promise<void>
}

function outcomeOf({ session, error }: Snapshot): Outcome {
  if (session !== null) return 'signs in'
  if (error === null) throw new Error('neither a session nor an error')
  return error.detail === null ? error.code : `${error.code} (${error.detail.key})`
}

/** One login of a person who does what there is to do, until there is a session or an error. */
async function tryLogin(
  app: TestApp,
  simulator: Simulator,
  hangs: Hanging | null,
): Promise<{ readonly page: Answer | null; readonly callback: URL | null }> {
  const { clock, controller, until } = app
  const over = ({ session, error }: Snapshot): boolean => session !== null || error !== null
  /** The wall clock stays with the simulator's, which is real. */
  const pass = (milliseconds: number): void => {
    clock.advance(milliseconds)
    clock.sleep(-milliseconds)
  }
  const waitOut = async (...steps: readonly Step[]): Promise<void> => {
    if (hangs === null || !steps.includes(hangs.at)) return
    await hangs.arrived
    pass(hangs.for)
    await until(over)
  }
  const opens = app.addresses.length
  await controller.signIn()
  await waitOut('discovery', 'keys', 'pushed-request')
  const { error } = await until(
    (snapshot) => snapshot.status === 'waiting-for-browser' || snapshot.error !== null,
  )
  if (error !== null) {
    expect(app.addresses.length, 'no browser is opened').toBe(opens)
    return { page: null, callback: null }
  }
  const start = await app.opened.next()
  const tab = new AbortController()
  const visit = browse(simulator, start, tab.signal)
  const callback =
    hangs?.at === 'authorization'
      ? await Promise.race([visit, hangs.arrived]).then(nowhere)
      : await visit
  if (callback === null) {
    pass(loginTime)
    await until(over)
    tab.abort()
    await visit
    return { page: null, callback }
  }
  const coming = arrive(callback)
  await waitOut('token')
  const page = await coming
  // A callback that was not the login's leaves it waiting, until its time is over.
  if (controller.snapshot().status === 'waiting-for-browser') pass(loginTime)
  await until(over)
  return { page, callback }
}

const nowhere = (): null => null

/** The person's browser: from the start address to the callback; null when the provider keeps it. */
async function browse(
  simulator: Simulator,
  start: string,
  signal: AbortSignal,
): Promise<URL | null> {
  const browser = new TestBrowser()
  const address = locationOf(await navigate(start), start)
  try {
    const page = await browser.open(address, { signal })
    const { left } = page.left === undefined ? await browser.press(page, 'login') : page
    return left === undefined || left.port === new URL(simulator.issuer).port ? null : left
  } catch {
    // What a person sees then is an error of the browser, and the tab stays where it is.
    return null
  }
}

/** N5 and N7: the port is closed, and no timer and no request is left. */
async function expectNothingLeft(
  app: TestApp,
  requests: readonly JournalEntry[],
  signals: readonly AbortSignal[],
): Promise<void> {
  for (const { form, query } of requests) {
    const uri = form.get('redirect_uri') ?? query.get('redirect_uri')
    if (uri === null) continue
    // The port is closed by events of its sockets, which nobody outside can see.
    // oxlint-disable-next-line no-await-in-loop
    await vi.waitFor(
      async () => expect(await knock(Number(new URL(uri).port))).toBe('ECONNREFUSED'),
      patience,
    )
  }
  const { session, retryInMs } = app.controller.snapshot()
  const kept = (session === null ? 0 : 1) + (retryInMs === null ? 0 : 1)
  await vi.waitFor(() => expect(app.clock.timers()).toHaveLength(kept), patience)
  expect(signals.every(({ aborted }) => aborted)).toBe(true)
}

/** N4: no secret and no personal number in a snapshot, the log or the page. */
function expectNoSecret(
  app: TestApp,
  simulator: Simulator,
  secrets: ReadonlySet<string>,
  page: Answer | null,
): void {
  const seen = [...textsIn(app.snapshots), ...app.lines, page?.body ?? ''].join('\n')
  const hidden = [...secrets].filter((secret) => secret.length >= 16)
  const numbers = simulator.persons.map(({ pid }) => pid)
  expect([...hidden, ...numbers].filter((value) => seen.includes(value))).toEqual([])
}

/** N1 and N2: what was rejected is the end, and nothing is asked twice or elsewhere. */
function expectOnlyWanted(
  simulator: Simulator,
  { error }: Snapshot,
  requests: readonly JournalEntry[],
  movedTo = '',
): void {
  const count = (path: string): number => requests.filter((entry) => entry.path === path).length
  const { host } = new URL(simulator.issuer)
  const foreign = requests.filter(
    ({ path, headers }) => !(ownPaths.test(path) || path === movedTo) || headers.host !== host,
  )
  expect(foreign.map(({ path, headers }) => `${headers.host}${path}`)).toEqual([])
  expect(count('/.well-known/openid-configuration')).toBeLessThanOrEqual(1)
  // Once for the opening, and once more for a browser that comes when the first has grown old.
  expect(count('/par')).toBeLessThanOrEqual(2)
  expect(count('/jwks.json')).toBeLessThanOrEqual(2)
  const early = /^E_(CALLBACK|LOGIN|PROVIDER_METADATA|PAR)/.test(error?.code ?? '')
  if (early) expect(count('/token')).toBe(0)
  else expect(count('/token')).toBeLessThanOrEqual(1)
}
