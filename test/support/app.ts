import * as v from 'valibot'
import { type Snapshot, snapshotSchema } from '../../preload/contract.ts'
import { plainScope } from '../../simulator/scopes.ts'
import type { JournalEntry, Simulator } from '../../simulator/simulator.ts'
import { TestBrowser, type Visit } from './browser.ts'
import type { Fetch } from '../../main/login/base/http.ts'
import type { PeerCheck } from '../../main/login/callback/peer.ts'
import {
  type Answer,
  arrive,
  createMailbox,
  createTestClock,
  type UserAction,
  tryPort,
  locationOf,
  logInAt,
  navigate,
  texts,
} from './login.ts'
import { redact, redactText } from '../../main/redact.ts'
import { type ControllerOptions, createController } from '../../main/session/controller.ts'
import { closingPatience } from '../../main/session/logout.ts'
import type { LogoutRecord, OpenLogout } from '../../main/session/logout-record.ts'
import { parseProfile, type Profile } from '../../main/session/profile.ts'
import type { StoredSession } from '../../main/session/vault/stored-session.ts'
import type { Vault } from '../../main/session/vault/vault.ts'

/** The profile of a simulator, with other values where a test wants them. */
export function profileOf(simulator: Simulator, changes: object = {}): Profile {
  return parseProfile(JSON.stringify({ ...simulator.profile, ...changes }), 'command-line')
}

/** Stands in for the encrypted file: keeps a login in memory, and counts how often. */
export function createMemoryVault(stored: StoredSession | null = null) {
  const vault: Vault & { stored: StoredSession | null; writes: number } = {
    stored,
    writes: 0,
    read: async () => vault.stored,
    write: async (next) => {
      vault.stored = next
      vault.writes += 1
    },
    clear: async () => {
      vault.stored = null
    },
  }
  return vault
}

/** Stands in for the file that tells the next run what a sign-out has left open. */
export function createMemoryLogoutRecord(): LogoutRecord {
  const entries = new Map<string, OpenLogout>()
  const read = (issuer: string): OpenLogout =>
    entries.get(issuer) ?? { freshLogin: false, browser: false, revocation: false }
  return {
    read,
    change: (issuer, change) => {
      entries.set(issuer, { ...read(issuer), ...change })
    },
  }
}

export type TestApp = ReturnType<typeof createTestApp>

export interface TestAppOptions extends Omit<Partial<ControllerOptions>, 'peer'> {
  /**
   * Who is at the other end of a connection; the person when absent, because the table of connections is
   * long while tests run and reading it takes longer than a login. `system` asks the system, as the app does.
   */
  readonly peer?: PeerCheck | 'system'
}

/** The whole app without Electron: its window, log, clipboard, browser and clock are the test. */
export function createTestApp(
  simulator: Simulator,
  { peer = async () => 'ours', ...options }: TestAppOptions = {},
) {
  const clock = createTestClock()
  const opened = createMailbox<string>()
  const snapshots: Snapshot[] = []
  const lines: string[] = []
  const copied: string[] = []
  const saved = new Map<string, string>()
  const addresses: string[] = []
  const chosen: string[] = []
  const counts = { outcomes: 0, restarts: 0 }
  // By the entry and not by its place: the journal forgets its oldest entries.
  const before = simulator.journal.at(-1)
  const isBefore = (entry: JournalEntry): boolean => entry === before
  const readers: { wanted: string; resolve: () => void }[] = []
  let waiters: { wanted: (snapshot: Snapshot) => boolean; resolve: () => void }[] = []
  const controller = createController({
    profile: profileOf(simulator),
    language: 'nn',
    clock,
    fetch,
    vault: createMemoryVault(),
    restartToUpdate: () => {
      counts.restarts += 1
    },
    save: async (name, text) => void saved.set(name, text),
    app: 'test app 0.0.0',
    logoutRecord: createMemoryLogoutRecord(),
    texts: (language) => ({ ...texts, lang: language }),
    openBrowser: async (address) => {
      addresses.push(address)
      opened.put(address)
    },
    copy: async (text) => {
      copied.push(text)
    },
    onOutcome: () => {
      counts.outcomes += 1
    },
    onSnapshot: (snapshot) => {
      snapshots.push(v.parse(snapshotSchema, snapshot))
      for (const { wanted, resolve } of waiters) if (wanted(snapshot)) resolve()
      waiters = waiters.filter(({ wanted }) => !wanted(snapshot))
    },
    onLanguage: (language) => chosen.push(language),
    // As the log of the app does: redacted before it becomes a line.
    log: (event, details) => {
      lines.push(`${redactText(event)} ${JSON.stringify(redact(details ?? {}))}`)
      for (const { wanted, resolve } of readers) if (event === wanted) resolve()
    },
    ...(peer !== 'system' && { peer }),
    ...options,
  })
  const until = async (wanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> => {
    if (!wanted(controller.snapshot())) {
      await new Promise<void>((resolve) => waiters.push({ wanted, resolve }))
    }
    return controller.snapshot()
  }
  /** Resolves when the log has told of that event. */
  const logged = async (event: string): Promise<void> => {
    if (lines.some((line) => line.startsWith(`${event} {`))) return
    await new Promise<void>((resolve) => readers.push({ wanted: event, resolve }))
  }
  const reach = (status: Snapshot['status']) => until((snapshot) => snapshot.status === status)
  const logIn = async (action?: UserAction) => {
    await controller.signIn()
    const page = await arrive(await logInAt(await opened.next(), action))
    return { page, snapshot: await until(({ session, error }) => Boolean(session ?? error)) }
  }
  /** Every request that the simulator got since this app began. */
  const journal = (): JournalEntry[] =>
    simulator.journal.slice(simulator.journal.findLastIndex(isBefore) + 1)
  return {
    controller,
    clock,
    opened,
    snapshots,
    lines,
    copied,
    saved,
    addresses,
    chosen,
    counts,
    until,
    logged,
    reach,
    logIn,
    journal,
    requests: (path: string) => journal().filter((entry) => entry.path === path),
    ready: () => reach('signed-out'),
    /** Ends the app; a logout that nothing comes of is waited for until its time is over. */
    close: async () => {
      const closed = controller.close()
      clock.advance(closingPatience)
      await closed
    },
    statuses: () =>
      snapshots
        .map(({ status }) => status)
        .filter((status, index, all) => status !== all[index - 1]),
  }
}

/** An API of the simulator that needs no consent of the person. */
export function echoApi(simulator: Simulator, name = 'echo') {
  return { name, url: `${simulator.apis.echo}?of=${name}`, scope: plainScope }
}

/** The apps of a test file, all closed after each test. */
export function createApps() {
  let apps: TestApp[] = []
  const create = (simulator: Simulator, options: TestAppOptions = {}): TestApp => {
    const app = createTestApp(simulator, options)
    apps.push(app)
    return app
  }
  return {
    create,
    /** An app with somebody signed in, and all that belongs to a login done. */
    signedIn: async (
      simulator: Simulator,
      options: TestAppOptions = {},
      action?: UserAction,
    ): Promise<TestApp> => {
      const app = create(simulator, options)
      await app.ready()
      const { snapshot } = await app.logIn(action)
      if (snapshot.session === null) throw new Error(`no session but ${snapshot.error?.code}`)
      return app
    },
    closeAll: async (): Promise<void> => {
      await Promise.all(apps.map(({ close }) => close()))
      apps = []
    },
  }
}

/**
 * A fetch that lets the provider answer and then holds the answer until the test lets it go, whatever
 * is aborted meanwhile. `next` resolves with the way to let go when the provider has answered.
 */
export function createHoldingFetch(isHeld: (url: string, init: RequestInit) => boolean) {
  const held = createMailbox<() => void>()
  let holding = true
  const holdingFetch: Fetch = async (url, init) => {
    if (!holding || !isHeld(url, init)) return await fetch(url, init)
    const response = await fetch(url, { ...init, signal: null })
    await new Promise<void>((resolve) => held.put(resolve))
    return response
  }
  return {
    fetch: holdingFetch,
    next: () => held.next(),
    /** From now on everything goes through. */
    stop: () => {
      holding = false
    },
  }
}

/** What a request sends as a form. */
export function formOf({ body }: RequestInit): URLSearchParams {
  return new URLSearchParams(typeof body === 'string' ? body : '')
}

/** Tells whether a request is one to the token endpoint with a refresh token. */
export function isRefresh(url: string, init: RequestInit): boolean {
  return url.endsWith('/token') && formOf(init).get('grant_type') === 'refresh_token'
}

/** Logs in from a start address in a browser that may know the person already; gives the callback's page. */
export async function logInWith(
  browser: TestBrowser,
  start: string,
  action: Omit<UserAction, 'action'> = {},
): Promise<Answer> {
  const page = await browser.open(locationOf(await navigate(start), start))
  const { left } = page.left === undefined ? await browser.press(page, 'login', action) : page
  if (left === undefined) throw new Error('the provider kept the browser')
  return await arrive(left)
}

/** The page that posts itself to the provider, read as a browser would. */
export interface LogoutForm {
  readonly page: Answer
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

export async function openLogoutForm(start: string): Promise<LogoutForm> {
  const page = await navigate(start)
  const [, action] = /<form method="post" action="([^"]*)"/.exec(page.body) ?? []
  if (action === undefined) throw new Error(`no form but ${page.status}`)
  const inputs = page.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)
  const fields = Array.from(inputs, ([, name = '', value = '']) => [
    unescape(name),
    unescape(value),
  ])
  return { page, action: unescape(action), fields: Object.fromEntries(fields) }
}

function unescape(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
}

/** Tries a port until nobody opens any more, and tells what the last try met; gives up after a hundred. */
export async function tryUntilFree(address: string, times = 100): Promise<string> {
  const met = await tryPort(Number(new URL(address).port))
  return met === 'ECONNREFUSED' || times === 0 ? met : await tryUntilFree(address, times - 1)
}

/** Posts the form as a page that sends no referrer does. */
export async function postLogoutForm(browser: TestBrowser, form: LogoutForm): Promise<Visit> {
  return await browser.open(form.action, {
    method: 'POST',
    body: new URLSearchParams(form.fields),
    headers: { origin: 'null', 'sec-fetch-site': 'same-site' },
  })
}

/** Every text in a value, keys included. */
export function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)])
}
