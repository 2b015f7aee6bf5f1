import { describe, expect, it } from 'vitest'
import { createMemoryLogoutRecord, openLogoutForm } from '../../test/support/app.ts'
import { createMailbox, createTestClock, texts } from '../../test/support/login.ts'
import { plainLogin } from '../../test/support/plain-login.ts'
import { plainStore } from '../../test/support/plain-session.ts'
import { issuer, provider as plain } from '../../test/support/provider.ts'
import type { Login } from '../login/index.ts'
import { createTraces } from './traces.ts'
import { createProviderLogouts } from './logout.ts'
import { parseProfile } from './profile.ts'
import type { ProviderLogout } from './state.ts'

const profile = parseProfile(
  JSON.stringify({ name: 'Test', issuer, clientId: 'client' }),
  'command-line',
)
const provider = { ...plain, revocation_endpoint: `${issuer}/revoke` }
/** A login whose tokens end with the one at the provider. */
const login: Login = {
  ...plainLogin,
  provider: { ...provider, end_session_endpoint: `${issuer}/logout` },
}
const withApi: Login = { ...login, scope: ['openid', 'api:read'] }

/** The logouts without an app: the test is the window, the browser, the record and the provider's revocation. */
function create(openBrowser?: () => Promise<void>) {
  const clock = createTestClock()
  const opened = createMailbox<string>()
  const asked = createMailbox<(answer: Response) => void>()
  const window = createMailbox<Partial<ProviderLogout>>()
  const told: Partial<ProviderLogout>[] = []
  const logged = createMailbox<string>()
  const lines: unknown[] = []
  const logoutRecord = createMemoryLogoutRecord()
  const store = plainStore(clock)
  const logouts = createProviderLogouts({
    clock,
    logoutRecord,
    texts,
    peer: async () => 'ours',
    traces: createTraces(clock),
    calls: (signal) => ({
      clock,
      signal,
      fetch: () => new Promise((resolve) => asked.put(resolve)),
    }),
    openBrowser: openBrowser ?? (async (address) => opened.put(address)),
    log: (event, details) => {
      lines.push([event, details])
      logged.put(event)
    },
    store: {
      ...store,
      dispatch: (event) => {
        if (event.type !== 'provider-logout-changed') return false
        told.push(event.change)
        window.put(event.change)
        return true
      },
    },
  })
  /** What the next start would find. */
  const left = () => logoutRecord.read(issuer)
  return { clock, opened, asked, window, told, logged, lines, logoutRecord, logouts, left }
}

describe('a revocation', () => {
  it('without a page for the browser is all there is to do, and the app ends with it at once', async () => {
    const { asked, told, logouts, left, clock } = create()
    const plan = logouts.begin({ ...withApi, provider }, profile, true)
    expect(plan).toMatchObject({ revocation: 'running', browser: 'none' })
    expect(left()).toEqual({ freshLogin: true, browser: false, revocation: true })
    const answer = await asked.next()
    answer(new Response(''))
    await logouts.close()
    expect([told, clock.timers()]).toEqual([[{ revocation: 'done' }], []])
    expect(left()).toEqual({ freshLogin: true, browser: false, revocation: false })
  })

  it('that fails is told to the window and the log, and not once more by the next start', async () => {
    const { asked, window, lines, logouts, left } = create()
    logouts.begin(withApi, profile, false)
    const answer = await asked.next()
    answer(new Response('', { status: 500 }))
    expect(await window.next()).toEqual({ revocation: 'failed' })
    expect(lines).toEqual([
      ['revocation failed', { error: expect.objectContaining({ code: 'E_TOKEN_RESPONSE' }) }],
    ])
    expect(left().revocation).toBe(false)
  })

  it('stays in the record until the last one has ended, whatever sign-out or login comes after it', async () => {
    const { asked, logged, logouts, left } = create()
    logouts.begin(login, profile, false)
    expect(left().revocation).toBe(false)
    logouts.begin(withApi, profile, false)
    const first = await asked.next()
    logouts.overtaken(issuer)
    expect(left().revocation).toBe(true)
    logouts.begin(login, profile, false)
    expect(left().revocation).toBe(true)
    logouts.begin(withApi, profile, false)
    const second = await asked.next()
    first(new Response('', { status: 500 }))
    await logged.next()
    expect(left().revocation).toBe(true)
    second(new Response(''))
    await logouts.close()
    expect(left().revocation).toBe(false)
    logouts.overtaken(issuer)
    expect(left().revocation).toBe(false)
  })

  it('of a sign-out that another one has followed tells the window nothing, and opens no browser', async () => {
    const { asked, told, lines, logouts } = create(async () => {
      lines.push('opened')
    })
    logouts.begin(withApi, profile, true)
    const answer = await asked.next()
    logouts.begin(login, profile, false)
    answer(new Response(''))
    await logouts.close()
    expect([told, lines]).toEqual([[], []])
  })
})

describe('a logout in the browser', () => {
  it('that another sign-out has followed fails without a word, and takes nothing from the record', async () => {
    const { opened, told, lines, logouts, left } = create()
    logouts.begin(login, profile, true)
    await opened.next()
    logouts.begin(login, profile, true)
    const start = await opened.next()
    expect([left().browser, told, lines]).toEqual([true, [], []])
    await openLogoutForm(start)
    expect([left().browser, told]).toEqual([false, [{ browser: 'opened' }]])
  })

  it('that fails is told to the window and the log, and not once more by the next start', async () => {
    const { window, lines, logouts, left } = create(async () => {
      throw new Error('no browser')
    })
    logouts.begin(login, profile, true)
    expect(left().browser).toBe(true)
    expect(await window.next()).toEqual({ browser: 'failed' })
    expect(lines).toEqual([
      [
        'logout in the browser failed',
        { error: expect.objectContaining({ code: 'E_BROWSER_OPEN' }) },
      ],
    ])
    expect(left().browser).toBe(false)
  })
})

describe('what an earlier run has left', () => {
  it.each([
    ['the browser', { browser: true, revocation: false }, 'interrupted', 'none'],
    ['the revocation', { browser: false, revocation: true }, 'none', 'interrupted'],
    ['both', { browser: true, revocation: true }, 'interrupted', 'interrupted'],
  ])('is told: %s', (_, change, browser, revocation) => {
    const { logoutRecord, logouts } = create()
    expect(logouts.interrupted(issuer)).toBeNull()
    logoutRecord.change(issuer, change)
    expect(logouts.interrupted(issuer)).toEqual({
      browser,
      revocation,
      requestRejected: false,
      linkReused: false,
    })
  })
})
