import { expect, vi } from 'vitest'
import type { ErrorCode, Failure, Snapshot } from '../../preload/contract.ts'
import { comesAfter } from '../../simulator/faults/index.ts'
import type { Step } from '../../simulator/faults/steps.ts'
import { type ScenarioName, scenarios } from '../../simulator/scenarios/index.ts'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import type { JournalEntry, Simulator } from '../../simulator/simulator.ts'
import { TestBrowser } from '../support/browser.ts'
import { type Answer, arrive, tryPort, locationOf, navigate } from '../support/login.ts'
import {
  createMemoryVault,
  createTestApp,
  echoApi,
  logInWith,
  openLogoutForm,
  profileOf,
  type TestApp,
  textsIn,
} from '../support/app.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** How the play of a test ended, for docs/conformance.md. */
    outcome?: Outcome
  }
}

/** An error, and what it was about. */
type Named = ErrorCode | `${ErrorCode} (${string})`

/** How a play ended: a login, or what was done last in a session. */
export type Outcome =
  | 'signs in'
  | 'signs in without userinfo'
  | Named
  | 'renews'
  | `stays: ${string}`
  | `ends: ${string}`
  | `shows ${string}`
  | `signs out: revocation ${ProviderLogout['revocation']}, browser ${ProviderLogout['browser']}`
type ProviderLogout = NonNullable<Snapshot['providerLogout']>

/** What a person does with a session. */
export type UserAction = 'renew' | 'call' | 'sign out'

/** One login, or one session, while a scenario played, and what the provider saw of it. */
export interface Played {
  readonly outcome: Outcome
  readonly snapshot: Snapshot
  /** Every request of the app and of its browser. */
  readonly requests: readonly JournalEntry[]
  readonly paths: readonly string[]
  /** The last page that the browser got at the listener; null when it did not come there. */
  readonly page: Answer | null
  /** Every address that the browser was opened with so far. */
  readonly addresses: readonly string[]
}

export interface PlayOptions {
  /** Keys of the profile that differ from the simulator's. */
  readonly profile?: object
  /** The step whose answer never ends, and the milliseconds by which the clock is turned then. */
  readonly hangs?: Hanging | null
  /** Where the scenario has moved an endpoint to. */
  readonly movedTo?: string
  /** How often the person logs in while the scenario plays. */
  readonly logins?: number
  /** What the person does with the session, in this order; a login alone when absent. */
  readonly actions?: readonly UserAction[]
  /** Changes an answer on its way to the app. */
  readonly answer?: (response: Response, url: URL) => Response
  /** Looks at each login, or at the session, while the scenario plays. */
  readonly look?: (played: Played) => void
}

interface Hanging {
  readonly at: Step
  readonly for: number
}

/** The person's time, in milliseconds. */
const loginTime = 300_000
/** How long a logout waits: for the revocation, for the browser, for the browser sent once more. */
const revocationPatience = 3000
const secondWayAfter = 8000
const returnLimit = 60_000
const handedOverAfter = 1000
/** How a condition is waited for that nobody announces: the socket of a port that closes. */
const patience = { interval: 1, timeout: 10_000 }
/** Where a login and a session may go; anything else is a request that nobody wanted. */
const ownPaths =
  /^\/(\.well-known\/openid-configuration|jwks\.json|par|token(\/revoke)?|userinfo|api\/echo|(authorize|logout)(\/[\w-]+)?|login\/[\w-]+)$/
/** Where the access token may go. */
const tokenPaths = /^\/(userinfo|api\/echo)$/

/**
 * Logs in while a scenario plays, and with `actions` does those in the session; then, with the same app,
 * while nothing plays, does the last of it again. What must hold after each of them (rules.md, N1 to
 * N7) is checked here; which outcome is right is for the caller.
 *
 * @returns the last login under the scenario, or its session
 */
export async function play(
  simulator: Simulator,
  what: ScenarioName | Scenario,
  options: PlayOptions = {},
): Promise<Played> {
  const scenario: Scenario = typeof what === 'string' ? scenarios[what] : what
  const profile = options.actions && { ...sessionProfile(simulator), ...options.profile }
  const scene = createScene(simulator, profile === undefined ? options : { ...options, profile })
  try {
    await scene.app.ready()
    scene.play(scenario)
    let result: Played | null = null
    for (let login = 1; login <= (options.logins ?? 1); login += 1) {
      // One login comes after the other.
      // oxlint-disable-next-line no-await-in-loop
      await scene.leave()
      // oxlint-disable-next-line no-await-in-loop
      result = await scene.logIn(options.actions === undefined ? (options.hangs ?? null) : null)
      if (options.actions === undefined) options.look?.(result)
    }
    if (result === null) throw new Error('no login')
    if (options.actions !== undefined) {
      expect(result.outcome, 'the login before').toBe('signs in')
      result = await scene.live(options.actions, options.hangs ?? null)
      options.look?.(result)
    }

    scene.play(scenarios.normal)
    // The wall clock stays: the provider's does too.
    scene.pass(scene.app.controller.snapshot().retryInMs ?? 0)
    if (options.actions !== undefined) await scene.recover(options.actions.at(-1), scenario)
    await scene.leave()
    const good = await scene.logIn(null)
    expect(good.outcome, 'a good login right after').toBe('signs in')
    await scene.app.close()
    expect(scene.app.clock.timers()).toEqual([])
    return result
  } finally {
    simulator.play(null)
    await scene.app.close()
  }
}

/** What a session can do: be remembered, call an API, and come back from its logout. */
const sessionProfile = (simulator: Simulator) => ({
  remember: true,
  postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out',
  apis: [echoApi(simulator)],
})

/** One app at one provider, with one person and a browser that stays the same for a session. */
function createScene(simulator: Simulator, options: PlayOptions) {
  const signals: AbortSignal[] = []
  const vault = createMemoryVault()
  const app = createTestApp(simulator, {
    profile: profileOf(simulator, options.profile),
    vault,
    fetch: async (url, init) => {
      if (init.signal) signals.push(init.signal)
      const response = await fetch(url, init)
      return options.answer?.(response, new URL(url)) ?? response
    },
  })
  const secrets = new Set<string>()
  const { controller, clock } = app
  let arrived = Promise.withResolvers<void>()
  let browser = new TestBrowser()
  let page: Answer | null = null
  /** The refresh token that came last. */
  let newest: unknown = null

  const watched = (watching: Scenario): Scenario => {
    // Not a copy: what a scenario asks for may change while it plays.
    const watcher: Scenario = Object.create(watching, {
      request: {
        value: async (...[step, tools]: Parameters<NonNullable<Scenario['request']>>) => {
          if (step === options.hangs?.at) arrived.resolve()
          await watching.request?.(step, tools)
        },
      },
      tokenResponse: {
        value: async (
          ...[body, tools, grant]: Parameters<NonNullable<Scenario['tokenResponse']>>
        ) => {
          const made = watching.tokenResponse
            ? await watching.tokenResponse(body, tools, grant)
            : body
          for (const response of [body, made]) keepSecrets(secrets, response)
          newest = Object(made).refresh_token ?? newest
          return made
        },
      },
    })
    return watcher
  }

  /** The wall clock stays with the simulator's, which is real. */
  const pass = (milliseconds: number): void => {
    clock.advance(milliseconds)
    clock.set(-milliseconds)
  }
  const waitOut = async (hangs: Hanging | null, ...steps: readonly Step[]): Promise<void> => {
    if (hangs === null || !steps.includes(hangs.at)) return
    await arrived.promise
    pass(hangs.for)
  }

  /** What must hold whenever something has ended, whichever way. */
  const look = async (former: number): Promise<Omit<Played, 'outcome'>> => {
    const snapshot = controller.snapshot()
    const requests = app.journal().slice(former)
    for (const { form, query } of requests) {
      for (const name of ['state', 'nonce', 'code_challenge', 'code', 'code_verifier']) {
        secrets.add(form.get(name) ?? query.get(name) ?? '')
      }
    }
    await expectNothingLeft(app, requests, signals)
    expectNoSecret(app, simulator, secrets, page)
    expectTokensGoNowhereElse(simulator, requests, options.movedTo)
    const remembers = snapshot.session?.remembered === 'kept'
    expect(vault.stored !== null, 'what is kept is of this session').toBe(remembers)
    expect(app.journal().length, 'no request comes later').toBe(former + requests.length)
    const paths = requests.map(({ path }) => path)
    return { snapshot, requests, paths, page, addresses: [...app.addresses] }
  }

  const logIn = async (hangs: Hanging | null): Promise<Played> => {
    arrived = Promise.withResolvers()
    browser = new TestBrowser()
    const former = app.journal().length
    const { length } = app.lines
    const answered = await tryLogin(app, simulator, browser, { hangs, pass, arrived })
    ;({ page } = answered)
    for (const [name, value] of answered.callback?.searchParams ?? []) {
      if (!['iss', 'error', 'error_description', 'error_uri', 'more'].includes(name)) {
        secrets.add(value)
      }
    }
    const asks = asksUserinfo(controller.snapshot())
    if (asks) await waitOut(hangs, 'userinfo')
    await vi.waitFor(() => expect(isComplete(app, length)).toBe(true), patience)
    const seen = await look(former)
    expectOnlyWanted(seen.snapshot, seen.requests, asks)
    return { ...seen, outcome: outcomeOf(seen.snapshot, asks) }
  }

  const renew = async (hangs: Hanging | null): Promise<Outcome> => {
    const { session } = controller.snapshot()
    const renewed = controller.renew()
    if (session?.renewal === 'browser') page = await logInWith(browser, await app.opened.next())
    await waitOut(hangs, 'token')
    await renewed
    const { session: left, error, providerLogout } = controller.snapshot()
    if (left === null) {
      expect(providerLogout, 'nobody signed out').toBeNull()
      return `ends: ${nameOf(error)}`
    }
    if (left.problem === null) {
      const kept = vault.stored?.refreshToken.reveal() ?? null
      expect(kept === newest, 'the newest refresh token is kept').toBe(true)
      return 'renews'
    }
    const shown = [left.idToken, left.accessToken, left.refusedScopes]
    expect(shown, 'nothing of the answer is used').toEqual([
      session?.idToken,
      session?.accessToken,
      session?.refusedScopes,
    ])
    return `stays: ${nameOf(left.problem)}`
  }

  const call = async (hangs: Hanging | null): Promise<Outcome> => {
    const called = controller.callApi(0)
    await waitOut(hangs, 'api')
    await called
    const { session, error } = controller.snapshot()
    const { answer = null, failure = null, running } = session?.apis[0] ?? {}
    expect(running, 'the call is over').not.toBe(true)
    if (session === null) return `ends: ${nameOf(error)}`
    return answer === null ? `shows ${nameOf(failure)}` : `shows HTTP ${answer.httpStatus}`
  }

  /** Whether the browser came back to the listener with what the app waits for. */
  const isBack = async (left: URL | undefined): Promise<boolean> => {
    if (left === undefined) return false
    page = await arrive(left)
    return page.status === 200
  }

  const signOut = async (hangs: Hanging | null): Promise<Outcome> => {
    const returns = profileOf(simulator, options.profile).postLogoutRedirectUri !== undefined
    controller.signOut()
    const { status, session, error, providerLogout } = controller.snapshot()
    expect([status, session, error, vault.stored], 'signed out at once').toEqual([
      'signed-out',
      null,
      null,
      null,
    ])
    if (hangs?.at === 'revocation') {
      await arrived.promise
      pass(revocationPatience)
    }
    if (providerLogout?.browser === 'running') {
      const form = await openLogoutForm(await app.opened.next())
      expect(form.page.headers['cache-control']).toBe('no-store')
      for (const name of ['state', 'id_token_hint']) secrets.add(form.fields[name] ?? '')
      const tab = new AbortController()
      const visit = async (address: string, init: RequestInit = {}): Promise<boolean> => {
        arrived = Promise.withResolvers()
        const visited = browser.open(address, { ...init, signal: tab.signal }).then(
          ({ left }) => left,
          () => undefined,
        )
        const hung = hangs?.at === 'end-session' ? arrived.promise.then(nowhere) : visited
        return await isBack((await Promise.race([visited, hung])) ?? undefined)
      }
      const back = await visit(form.action, {
        method: 'POST',
        body: new URLSearchParams(form.fields),
        headers: { origin: 'null', 'sec-fetch-site': 'same-site' },
      })
      if (!returns) {
        await clock.timer(handedOverAfter)
        pass(handedOverAfter)
      } else if (!back) {
        await clock.timer(secondWayAfter)
        pass(secondWayAfter)
        const start = await app.opened.next()
        const again = await visit(locationOf(await navigate(start), start))
        if (!again) {
          await clock.timer(returnLimit)
          pass(returnLimit)
        }
      }
      tab.abort()
    }
    if (hangs?.at === 'revocation') pass(hangs.for)
    // The browser that was sent and does not come back is not announced again: its port closes.
    await expectPortsClosed(app, [])
    const ended = await app.until(
      (snapshot) =>
        snapshot.providerLogout?.revocation !== 'running' && isSettled(snapshot.providerLogout),
    )
    const { revocation = 'none', browser: last = 'none' } = ended.providerLogout ?? {}
    if (revocation !== 'none' && newest !== null) {
      const revoked = app.requests('/token/revoke').map(({ form }) => form.get('token'))
      expect(revoked.at(-1) === newest, 'the newest refresh token is revoked').toBe(true)
    }
    return `signs out: revocation ${revocation}, browser ${last}`
  }

  const actions = { renew, call, 'sign out': signOut }

  return {
    pass,
    app,
    play: (next: Scenario): void => simulator.play(watched(next)),
    logIn,
    /** Does something with the session. */
    live: async (list: readonly UserAction[], hangs: Hanging | null): Promise<Played> => {
      const former = app.journal().length
      let outcome: Outcome = 'signs in'
      for (const action of list) {
        arrived = Promise.withResolvers()
        // One thing after the other, as a person does it.
        // oxlint-disable-next-line no-await-in-loop
        outcome = await actions[action](hangs)
      }
      const seen = await look(former)
      expectNoLoop(seen.requests, list)
      return { ...seen, outcome }
    },
    /** Does it once more at a provider that behaves; a refresh token that is spent ends the session. */
    recover: async (action: UserAction | undefined, { fault }: Scenario): Promise<void> => {
      const { session } = controller.snapshot()
      if (session === null || action === undefined) return
      const lost = fault !== undefined && (fault.when === 'after' || comesAfter(fault.kind))
      const spent = lost && session.problem !== null
      const fine: Outcome = action === 'call' ? 'shows HTTP 200' : 'renews'
      const expected = spent ? 'ends: E_RENEWAL_REFUSED (token request)' : fine
      expect(await actions[action](null), 'the same once more').toBe(expected)
      await look(app.journal().length)
    },
    /** Ends the session here; what goes on elsewhere is ended by the next login. */
    leave: async (): Promise<void> => {
      controller.signOut()
      const { session, providerLogout } = controller.snapshot()
      expect(session).toBeNull()
      if (providerLogout?.browser === 'running') await app.opened.next()
    },
  }
}

/** Every token of a response. */
function keepSecrets(secrets: Set<string>, response: unknown): void {
  const { access_token, id_token, refresh_token } = Object(response)
  for (const token of textsIn([access_token, id_token, refresh_token])) secrets.add(token)
}

function nameOf(failure: Failure | null): Named {
  if (failure === null) throw new Error('no failure')
  return failure.detail === null ? failure.code : `${failure.code} (${failure.detail.key})`
}

/** Whether userinfo is asked for after a login: the person and the provider let the app. */
function asksUserinfo({ session, profile }: Snapshot): boolean {
  const asked = profile?.scope.split(' ').includes('profile') === true
  return session !== null && asked && !session.refusedScopes.includes('profile')
}

function outcomeOf({ session, error }: Snapshot, asks: boolean): Outcome {
  if (session === null) return nameOf(error)
  return asks && session.userinfo === null ? 'signs in without userinfo' : 'signs in'
}

/** Whether userinfo, which follows a login by itself, has come or failed; the latter is in the log alone. */
function isComplete({ controller, lines }: TestApp, since: number): boolean {
  const snapshot = controller.snapshot()
  const { session } = snapshot
  if (session === null || !asksUserinfo(snapshot)) return true
  return (
    session.userinfo !== null ||
    lines.slice(since).some((line) => line.startsWith('userinfo failed'))
  )
}

function isSettled(providerLogout: ProviderLogout | null): boolean {
  return providerLogout?.browser !== 'running'
}

/** One login of a person who does what there is to do, until there is a session or an error. */
async function tryLogin(
  app: TestApp,
  simulator: Simulator,
  browser: TestBrowser,
  {
    hangs,
    pass,
    arrived,
  }: {
    readonly hangs: Hanging | null
    readonly pass: (milliseconds: number) => void
    readonly arrived: PromiseWithResolvers<void>
  },
): Promise<{ readonly page: Answer | null; readonly callback: URL | null }> {
  const { controller, until } = app
  const over = ({ session, error }: Snapshot): boolean => session !== null || error !== null
  const waitOut = async (...steps: readonly Step[]): Promise<void> => {
    if (hangs === null || !steps.includes(hangs.at)) return
    await arrived.promise
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
  const visit = browse(simulator, browser, start, tab.signal)
  const callback =
    hangs?.at === 'authorization'
      ? await Promise.race([visit, arrived.promise.then(nowhere)])
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
  browser: TestBrowser,
  start: string,
  signal: AbortSignal,
): Promise<URL | null> {
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

/** N5: every port that a browser could come to is closed. */
async function expectPortsClosed(app: TestApp, requests: readonly JournalEntry[]): Promise<void> {
  const uris = requests.map(
    ({ form, query }) => form.get('redirect_uri') ?? query.get('redirect_uri'),
  )
  const ports = [...uris, ...app.addresses].flatMap((uri) =>
    uri === null ? [] : new URL(uri).port,
  )
  for (const port of new Set(ports)) {
    // The port is closed by events of its sockets, which nobody outside can see.
    // oxlint-disable-next-line no-await-in-loop
    await vi.waitFor(async () => expect(await tryPort(Number(port))).toBe('ECONNREFUSED'), patience)
  }
}

/** N5 and N7: the ports are closed, and no timer and no request is left. */
async function expectNothingLeft(
  app: TestApp,
  requests: readonly JournalEntry[],
  signals: readonly AbortSignal[],
): Promise<void> {
  await expectPortsClosed(app, requests)
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

/** The provider is asked at its own addresses alone, and a token is where it belongs. */
function expectTokensGoNowhereElse(
  simulator: Simulator,
  requests: readonly JournalEntry[],
  movedTo = '',
): void {
  const { host } = new URL(simulator.issuer)
  const foreign = requests.filter(
    ({ path, headers }) => !(ownPaths.test(path) || path === movedTo) || headers.host !== host,
  )
  expect(foreign.map(({ path, headers }) => `${headers.host}${path}`)).toEqual([])
  const wrong = requests.filter(
    ({ path, headers, query, form }) =>
      (headers.authorization !== undefined && !tokenPaths.test(path)) ||
      [...query.keys()].some((name) => /token/.test(name)) ||
      (form.has('token') && path !== '/token/revoke') ||
      (form.has('refresh_token') && path !== '/token') ||
      (form.has('id_token_hint') && path !== '/logout'),
  )
  expect(wrong.map(({ path }) => path)).toEqual([])
}

/** N1 and N2: what was rejected is the end, and nothing is asked twice. */
function expectOnlyWanted(
  { error }: Snapshot,
  requests: readonly JournalEntry[],
  asks: boolean,
): void {
  const count = (path: string): number => requests.filter((entry) => entry.path === path).length
  expect(count('/.well-known/openid-configuration')).toBeLessThanOrEqual(1)
  // Once for the opening, and once more for a browser that comes when the first has grown old.
  expect(count('/par')).toBeLessThanOrEqual(2)
  expect(count('/jwks.json')).toBeLessThanOrEqual(2)
  const early = /^E_(CALLBACK|LOGIN|PROVIDER_METADATA|PAR)/.test(error?.code ?? '')
  if (early) expect(count('/token')).toBe(0)
  else expect(count('/token')).toBeLessThanOrEqual(1 + noncesDemanded(requests))
  expect(count('/userinfo'), 'userinfo').toBe(asks ? 1 : 0)
  const others = requests.filter(({ path }) => /^\/(token\/revoke|logout|api)/.test(path))
  expect(others.map(({ path }) => path)).toEqual([])
}

/** 1 when a proof without a nonce was refused, which costs one request more. */
function noncesDemanded(requests: readonly JournalEntry[]): number {
  const [first, second] = requests.filter(({ path }) => path === '/token')
  return first?.headers['dpop'] !== undefined && first.status === 400 && second !== undefined
    ? 1
    : 0
}

/** Nothing is asked for more often than a person asked for it, but for what an API's 401 costs. */
function expectNoLoop(requests: readonly JournalEntry[], list: readonly UserAction[]): void {
  const count = (path: string): number => requests.filter((entry) => entry.path === path).length
  const times = (action: UserAction): number => list.filter((one) => one === action).length
  const [renews, calls, signsOut] = [times('renew'), times('call'), times('sign out')]
  const refused = requests.filter(({ path, status }) => path === '/api/echo' && status === 401)
  expect(count('/token')).toBeLessThanOrEqual(renews + Math.min(calls, refused.length))
  expect(count('/api/echo')).toBeLessThanOrEqual(calls + Math.min(calls, refused.length))
  expect(count('/token/revoke')).toBeLessThanOrEqual(signsOut)
  expect(count('/logout')).toBeLessThanOrEqual(2 * signsOut)
  expect([count('/userinfo'), count('/par')].map((times_) => times_ > renews)).toEqual([
    false,
    false,
  ])
}
