/** Authorization requests that lead to no login: they are pushed, or brought by a browser without a session, and given up. */
import {
  isLoginError,
  type LoginError,
  type LoginOptions,
  startLogin,
  type TraceStep,
  unexpected,
} from '../../main/login/index.ts'
import { TestBrowser } from '../../test/support/browser.ts'
import { locationOf, navigate } from '../../test/support/login.ts'

/** What came of one request. */
export interface Probe {
  readonly steps: readonly TraceStep[]
  /** Why it did not get as far as a browser; null when it did. */
  readonly error: LoginError | null
  /** Where a browser without a session ends; null where none was sent. */
  readonly landing: Landing | null
}

interface Landing {
  readonly status: number
  /** The parameters with which the browser was sent back; null when it stayed at the provider. */
  readonly sentBack: URLSearchParams | null
}

/** Redirects of a provider that are followed at most. */
const mostHops = 10

/** Pushes a request as a login does, and gives the login up before a browser is opened. */
export async function push(options: Omit<LoginOptions, 'openBrowser'>): Promise<Probe> {
  return await begin({ ...options, par: 'always' }, async () => null)
}

/** Brings a request to the provider in a browser without a session, and gives the login up. */
export async function visit(options: Omit<LoginOptions, 'openBrowser'>): Promise<Probe> {
  return await begin({ ...options, par: 'never' }, (start) => land(start, options.issuer))
}

async function begin(
  options: Omit<LoginOptions, 'openBrowser'>,
  goOn: (start: string) => Promise<Landing | null>,
): Promise<Probe> {
  const steps: TraceStep[] = []
  const opened = Promise.withResolvers<string>()
  const attempt = startLogin({
    ...options,
    openBrowser: opened.resolve,
    onTrace: (step) => steps.push(step),
  })
  const ended = attempt.result.then(() => '')
  try {
    const landing = await goOn(await Promise.race([opened.promise, ended]))
    return { steps, error: null, landing }
  } catch (error) {
    return { steps, error: isLoginError(error) ? error : unexpected(error), landing: null }
  } finally {
    attempt.cancel()
  }
}

/** Goes from a start address through the redirects of the provider, as far as they go without a person. */
async function land(start: string, issuer: string): Promise<Landing> {
  const own = new URL(start).origin
  const browser = new TestBrowser()
  let page = await browser.open(locationOf(await navigate(start), start))
  for (let hops = 0; page.left !== undefined && hops < mostHops; hops += 1) {
    if (page.left.origin === own) return { status: page.status, sentBack: page.left.searchParams }
    // ID-porten has its pages on a host below that of the issuer; elsewhere nothing is asked.
    if (!`.${page.left.hostname}`.endsWith(`.${new URL(issuer).hostname}`)) break
    // oxlint-disable-next-line no-await-in-loop
    page = await browser.open(page.left)
  }
  return { status: page.status, sentBack: null }
}
