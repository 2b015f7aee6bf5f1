import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { JournalEntry, Simulator } from '../../simulator/simulator.ts'
import { TestBrowser } from './browser.ts'
import { type LoginAttempt, startLogin } from '../../main/login/login.ts'
import type { LoginEvent, LoginOptions } from '../../main/login/options.ts'
import type { CallbackPage, CallbackTexts } from '../../main/login/callback/pages.ts'
import type { Clock } from '../../main/login/base/clock.ts'
import { createProviderCache } from '../../main/login/provider/cache.ts'
import { callbackRedirectDelay } from '../../main/login/callback/listener.ts'

/** What the listener answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Headers of a tab that goes where it was told; a redirect from the provider is `cross-site`. */
export const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  'upgrade-insecure-requests': '1',
} as const

/** Sends one request as a browser that navigates a tab; Node's fetch cannot, it always says `cors`. */
export function navigate(
  address: string | URL,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      address,
      { agent: false, method: options.method ?? 'GET', headers: options.headers ?? navigation },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const body = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
        })
      },
    )
    request.once('error', reject)
    request.end()
  })
}

/**
 * Sends bytes, one for each character of a text, and gives all that comes back until the other side
 * closes. With `end` it says at once that nothing more will come.
 */
export async function send(port: number, bytes: string | Buffer, end = false): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  let answer = ''
  socket.setEncoding('latin1')
  socket.on('data', (data: string) => {
    answer += data
  })
  const closed = new Promise((resolve) => {
    socket.once('close', resolve)
    socket.once('error', resolve)
  })
  const sent = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  if (end) socket.end(sent)
  else socket.write(sent)
  await closed
  return answer
}

/** The status of every answer that came back. */
export function statusesOf(answer: string): number[] {
  return Array.from(answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm), ([, status]) => Number(status))
}

/** Tells why a connection was refused, or that it was not. */
export function tryPort(port: number, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
  })
}

/** Where an answer sends the browser. */
export function locationOf(answer: Answer, base: string | URL): string {
  const { location } = answer.headers
  if (location === undefined) throw new Error(`no redirect but ${answer.status}`)
  return new URL(location, base).href
}

/** Goes to the callback and on to the clean address behind it, whose page waits for the outcome. */
export async function arrive(callback: string | URL): Promise<Answer> {
  const answer = await navigate(callback)
  if (answer.status !== 303) return answer
  return await navigate(locationOf(answer, callback))
}

/** What the person does at the provider. */
export interface UserAction {
  readonly action?: 'login' | 'cancel'
  readonly pid?: string
  readonly acr?: string
}

/** Goes from a start address through the provider's form; gives the address of the callback. */
export async function logInAt(startAddress: string, userAction: UserAction = {}): Promise<URL> {
  const { action = 'login', ...chosen } = userAction
  const start = await navigate(startAddress)
  const browser = new TestBrowser()
  const page = await browser.open(locationOf(start, startAddress))
  const { left } = await browser.press(page, action, chosen)
  if (left === undefined) throw new Error('the provider kept the browser')
  return left
}

/** The requests that the simulator got for a path, after the first `since` entries of its journal. */
export function requestsTo(simulator: Simulator, path: string, since = 0): JournalEntry[] {
  return simulator.journal.slice(since).filter((entry) => entry.path === path)
}

/** An attempt that waits for its browser, and what somebody else would have to know of it. */
export interface WaitingLogin extends LoginAttempt {
  readonly clock: TestClock
  /** The start address that the browser was opened with. */
  readonly start: string
  readonly redirectUri: URL
  readonly port: number
  readonly state: string
  readonly eventTypes: () => string[]
  /** Why each rejected request was rejected so far. */
  readonly rejections: () => string[]
  readonly tokenRequests: () => JournalEntry[]
}

/** Starts an attempt against the simulator and waits until it would open a browser. */
export async function waitForBrowser(
  simulator: Simulator,
  options: Partial<LoginOptions> = {},
): Promise<WaitingLogin> {
  const clock = createTestClock()
  const opened = createMailbox<string>()
  const events: LoginEvent[] = []
  const since = simulator.journal.length
  const attempt = startLogin({
    ...simulator.profile,
    uiLocales: 'nb',
    par: 'always',
    texts,
    loginTimeout: 300_000,
    providerCache: createProviderCache(clock),
    fetch,
    clock,
    openBrowser: async (address) => opened.put(address),
    // Thousands of requests leave thousands of connections, and the kernel's table would take long to read.
    peer: async () => 'ours',
    onEvent: (event) => events.push(event),
    ...options,
  })
  const start = await Promise.race([
    opened.next(),
    attempt.result.then(() => Promise.reject(new Error('ended before its browser was opened'))),
  ])
  attempt.result.catch(() => {})
  const pushed = requestsTo(simulator, '/par', since).at(-1)?.form
  const redirectUri = new URL(pushed?.get('redirect_uri') ?? '')
  return {
    ...attempt,
    clock,
    start,
    redirectUri,
    port: Number(redirectUri.port),
    state: pushed?.get('state') ?? '',
    eventTypes: () => events.map(({ type }) => type),
    rejections: () =>
      events.flatMap((event) => (event.type === 'rejected-request' ? event.reason : [])),
    tokenRequests: () => requestsTo(simulator, '/token', since),
  }
}

/** A clock that a test turns; its wall clock starts at the present because the simulator's is real. */
export interface TestClock extends Clock {
  /** Lets time pass and calls back what is due. */
  readonly advance: (milliseconds: number) => void
  /** Lets time pass while every timer stands still, as in a sleep. */
  readonly sleep: (milliseconds: number) => void
  /** Puts the wall clock forward, or back. */
  readonly set: (by: number) => void
  /** Resolves when somebody has set a timer of that length that still runs. */
  readonly timer: (milliseconds: number) => Promise<void>
  /** Lengths of the timers that still run. */
  readonly timers: () => number[]
}

export function createTestClock(start = Date.now()): TestClock {
  let passed = 0
  let slept = 0
  let set = 0
  const running = new Set<{ length: number; due: number; callback: () => void }>()
  let waiters: { length: number; resolve: () => void }[] = []
  const timers = () => Array.from(running, ({ length }) => length)
  return {
    now: () => start + passed + slept + set,
    monotonic: () => passed + slept,
    after: (length, callback) => {
      const timer = { length, due: passed + length, callback }
      running.add(timer)
      for (const waiter of waiters) if (waiter.length === length) waiter.resolve()
      waiters = waiters.filter((waiter) => waiter.length !== length)
      return () => {
        running.delete(timer)
      }
    },
    advance: (milliseconds) => {
      passed += milliseconds
      for (const timer of running) {
        if (timer.due > passed) continue
        running.delete(timer)
        timer.callback()
      }
    },
    sleep: (milliseconds) => {
      slept += milliseconds
    },
    set: (by) => {
      set += by
    },
    timer: async (length) => {
      if (timers().includes(length)) return
      await new Promise<void>((resolve) => waiters.push({ length, resolve }))
    },
    timers,
  }
}

/** A clock for which the tokens have gone first already when a browser brings the callback. */
export function afterRedirectDelay(clock: TestClock): Clock {
  return {
    ...clock,
    after: (length, callback) => {
      if (length !== callbackRedirectDelay) return clock.after(length, callback)
      const turn = setImmediate(callback)
      return () => clearImmediate(turn)
    },
  }
}

/** Words that tell a page and its reference apart. */
export const texts: CallbackTexts = {
  lang: 'en',
  appName: 'Test app',
  note: 'Note',
  text: (page, part, { reference }) => `${page} ${part} ${reference}`,
}

/** Every page that a browser may see. */
export const callbackPages = [
  'signed-in',
  'denied',
  'failed',
  'working',
  'cancelled',
  'unknown',
  'start-used',
  'too-large',
  'logging-out',
  'logged-out',
] as const satisfies readonly CallbackPage[]

/** A value that is handed out as soon as it is there: what was given first, or what comes next. */
export function createMailbox<T>(): { readonly put: (value: T) => void; next(): Promise<T> } {
  const kept: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    put: (value) => {
      const waiter = waiting.shift()
      if (waiter) waiter(value)
      else kept.push(value)
    },
    next: async () => {
      const [first] = kept.splice(0, 1)
      return first ?? (await new Promise<T>((resolve) => waiting.push(resolve)))
    },
  }
}

/** The failure that a promise rejects with; a promise that resolves is a failure of the test. */
export async function failureOf<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const error: unknown = await promise.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason,
  )
  if (error instanceof kind) return error
  throw error
}
