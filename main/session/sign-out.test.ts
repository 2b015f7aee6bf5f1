import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { beginLogin, TestBrowser } from '../../test/support/browser.ts'
import type { Peer } from '../login/callback/peer.ts'
import { createMailbox, locationOf, navigate, navigation } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createHoldingFetch,
  createMemoryVault,
  echoApi,
  isRefresh,
  tryUntilFree,
  logInWith,
  openLogoutForm,
  postLogoutForm,
  profileOf,
  type TestApp,
  textsIn,
} from '../../test/support/app.ts'

const back = 'http://127.0.0.1:0/logged-out'
let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(async () => {
  simulator.play(null)
  await apps.closeAll()
})

interface SignedIn {
  readonly app: TestApp
  /** The person's browser, which holds the cookie of the provider's session. */
  readonly browser: TestBrowser
}

/** Somebody is signed in; the profile has a way back from the logout unless told otherwise. */
async function signedIn(
  changes: object = { postLogoutRedirectUri: back },
  options: Partial<ControllerOptions> = {},
): Promise<SignedIn> {
  const app = apps.create(simulator, { profile: profileOf(simulator, changes), ...options })
  const browser = new TestBrowser()
  await app.ready()
  await app.controller.signIn()
  await logInWith(browser, await app.opened.next())
  await app.until(({ session }) => session !== null && session.userinfo !== null)
  return { app, browser }
}

/** Tells whether the provider still knows the browser's person. */
async function isKnown(browser: TestBrowser): Promise<boolean> {
  return (await browser.open((await beginLogin(simulator)).url)).left !== undefined
}

const logoutOf = (app: TestApp) => app.controller.snapshot().providerLogout
const browserIs = (app: TestApp, state: string) =>
  app.until(({ providerLogout }) => providerLogout?.browser === state)
const revocationIs = (app: TestApp, state: string) =>
  app.until(({ providerLogout }) => providerLogout?.revocation === state)
const revocations = (app: TestApp) => app.requests('/token/revoke')
const withApi = () => ({ postLogoutRedirectUri: back, apis: [echoApi(simulator)] })

describe('signing out', () => {
  it('is done here at once, before any request and any browser (S-110)', async () => {
    const vault = createMemoryVault()
    const { app } = await signedIn({ ...withApi(), remember: true }, { vault })
    await app.until(({ session }) => session?.remembered === 'kept')
    const before = app.journal().length
    app.controller.signOut()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      session: null,
      error: null,
      providerLogout: { revocation: 'running', browser: 'running' },
    })
    expect([vault.stored, app.journal().length, app.addresses.length]).toEqual([null, before, 1])
    await app.opened.next()
  })

  it('ends the login at the provider too, and the browser says so (CL-01)', async () => {
    const { app, browser } = await signedIn()
    expect(await isKnown(browser)).toBe(true)
    app.controller.signOut()
    const form = await openLogoutForm(await app.opened.next())
    expect(logoutOf(app)).toEqual({
      revocation: 'none',
      browser: 'opened',
      requestRejected: false,
      linkReused: false,
    })
    const { left } = await postLogoutForm(browser, form)
    const page = await navigate(left ?? '')
    const last = await navigate(locationOf(page, left ?? ''))
    expect([page.status, last.status]).toEqual([303, 200])
    expect(last.body).toContain('logged-out title')
    expect(last.body).toContain('lang="nn"')
    await browserIs(app, 'done')
    expect(await isKnown(browser)).toBe(false)
    await expect(navigate(left ?? '')).rejects.toThrow('ECONNREFUSED')
    expect([app.addresses.length, app.clock.timers()]).toEqual([2, []])
  })

  it('sends the token in a form alone, by a page that is served once (S-112)', async () => {
    const { app, browser } = await signedIn()
    app.controller.signOut()
    const start = await app.opened.next()
    const { page, action, fields } = await openLogoutForm(start)
    expect(action).toBe(`${simulator.issuer}/logout`)
    expect(fields).toEqual({
      client_id: simulator.profile.clientId,
      post_logout_redirect_uri: `http://127.0.0.1:${new URL(start).port}/logged-out`,
      state: expect.stringMatching(/^[\w-]{43}$/),
      id_token_hint: expect.stringMatching(/^ey[\w-]+\.ey[\w-]+\.[\w-]+$/),
    })
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*script-src 'sha256-/),
    })
    expect((await navigate(start)).status).toBe(410)
    const seen = [...app.addresses, ...app.lines, ...textsIn(app.snapshots)].join('\n')
    for (const secret of [fields['id_token_hint'] ?? '', fields['state'] ?? '']) {
      expect([secret.length > 40, seen.includes(secret)]).toEqual([true, false])
    }
    await navigate((await postLogoutForm(browser, { page, action, fields })).left ?? '')
    const asked = app.requests('/logout')
    expect(asked.map(({ method, query }) => [method, query.size])).toEqual([['POST', 0]])
  })

  it('shows another user of the computer no token, tells the window once, and then goes on', async () => {
    let who: Peer = 'ours'
    const { app, browser } = await signedIn(undefined, { peer: async () => who })
    app.controller.signOut()
    const start = await app.opened.next()
    who = 'other'
    const before = app.snapshots.length
    const refused = await Promise.all([navigate(start), navigate(start), navigate(start)])
    for (const { status, body } of refused) {
      expect([status, body.includes('id_token_hint'), body.includes('unknown title')]).toEqual([
        403,
        false,
        true,
      ])
    }
    expect(app.snapshots.slice(before).map(({ providerLogout }) => providerLogout)).toEqual([
      { revocation: 'none', browser: 'running', requestRejected: true, linkReused: false },
    ])
    who = 'ours'
    const { left } = await postLogoutForm(browser, await openLogoutForm(start))
    await navigate(left ?? '')
    await browserIs(app, 'done')
    expect(logoutOf(app)).toMatchObject({ requestRejected: true, linkReused: false })
  })

  it('tells the window once when the page with the token is asked for again', async () => {
    const { app } = await signedIn()
    app.controller.signOut()
    const start = await app.opened.next()
    await openLogoutForm(start)
    const before = app.snapshots.length
    for (const { status } of await Promise.all([navigate(start), navigate(start)])) {
      expect(status).toBe(410)
    }
    expect(app.snapshots.slice(before).map(({ providerLogout }) => providerLogout)).toEqual([
      { revocation: 'none', browser: 'opened', requestRejected: false, linkReused: true },
    ])
  })

  it('says nothing of a browser that asks for an icon or fetches ahead', async () => {
    const { app } = await signedIn()
    app.controller.signOut()
    const start = await app.opened.next()
    await navigate(new URL('/favicon.ico', start))
    await navigate(start, { headers: { ...navigation, 'sec-purpose': 'prefetch' } })
    expect(logoutOf(app)).toMatchObject({ requestRejected: false, linkReused: false })
    await openLogoutForm(start)
  })

  it('names the newest ID token after a renewal', async () => {
    const { app } = await signedIn()
    const jti = () =>
      app.controller.snapshot().session?.idToken.find(({ name }) => name === 'jti')?.value
    const first = jti()
    await app.controller.renew()
    const second = jti()
    app.controller.signOut()
    const { fields } = await openLogoutForm(await app.opened.next())
    const [, payload = ''] = (fields['id_token_hint'] ?? '').split('.')
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    expect([first === second, claims]).toEqual([false, expect.objectContaining({ jti: second })])
  })

  it('does nothing while nobody is signed in', async () => {
    const app = apps.create(simulator)
    const before = await app.ready()
    app.controller.signOut()
    expect(app.controller.snapshot()).toEqual(before)
    await app.logIn()
    expect(app.requests('/par').map(({ form }) => form.get('prompt'))).toEqual([null])
  })

  it('twice is once', async () => {
    const { app } = await signedIn(withApi())
    app.controller.signOut()
    app.controller.signOut()
    app.controller.switchUser()
    await app.opened.next()
    expect([app.addresses.length, revocations(app).length]).toEqual([2, 1])
  })

  it('drops a renewal that comes late, and what it brought is not kept (S-115)', async () => {
    const vault = createMemoryVault()
    const holding = createHoldingFetch(isRefresh)
    const { app } = await signedIn({ remember: true }, { vault, fetch: holding.fetch })
    await app.until(({ session }) => session?.remembered === 'kept')
    const renewal = app.controller.renew()
    const release = await holding.next()
    app.controller.signOut()
    release()
    await renewal
    expect([app.controller.snapshot().status, vault.stored, vault.writes]).toEqual([
      'signed-out',
      null,
      1,
    ])
  })
})

describe('the tokens of a sign-out', () => {
  it('that would outlive the logout are revoked first (S-116)', async () => {
    const { app } = await signedIn(withApi())
    app.controller.signOut()
    await app.opened.next()
    await revocationIs(app, 'done')
    const [request] = revocations(app)
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      client_id: simulator.profile.clientId,
      token: expect.stringMatching(/^.{20,}$/),
      token_type_hint: 'refresh_token',
    })
    expect(request?.headers.authorization).toBeUndefined()
  })

  it('are revoked by the access token where there is no refresh token (S-116, F-50)', async () => {
    const withoutRefresh = await startSimulator()
    const app = await apps.signedIn(withoutRefresh, {
      profile: profileOf(withoutRefresh, { apis: [echoApi(withoutRefresh)] }),
    })
    await app.until(({ session }) => session?.userinfo !== null)
    app.controller.signOut()
    await revocationIs(app, 'done')
    const forms = app.requests('/token/revoke').map(({ form }) => Object.fromEntries(form))
    expect(forms).toEqual([
      expect.objectContaining({
        token: expect.stringMatching(/^ey/),
        token_type_hint: 'access_token',
      }),
    ])
    await app.close()
    await withoutRefresh.close()
  })

  it('of a login alone are left to the logout', async () => {
    const { app } = await signedIn()
    app.controller.signOut()
    await app.opened.next()
    expect(logoutOf(app)?.revocation).toBe('none')
    expect(revocations(app)).toEqual([])
  })

  it.each([
    'revocation-reset',
    'revocation-http-500-html',
    'revocation-400-empty',
    'revocation-oauth-error-unsupported-token-type',
    'revocation-redirect-307-other-host',
    'revocation-html-200',
  ] as const)('whose revocation fails are no reason to stay: %s (F-26)', async (scenario) => {
    const { app, browser } = await signedIn(withApi())
    simulator.play(scenario)
    app.controller.signOut()
    const form = await openLogoutForm(await app.opened.next())
    expect(['failed', 'done']).toContain(logoutOf(app)?.revocation)
    await navigate((await postLogoutForm(browser, form)).left ?? '')
    await browserIs(app, 'done')
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    expect(app.journal().filter(({ path }) => path.startsWith('/redirected'))).toEqual([])
  })

  it('whose revocation gets no answer hold the browser for three seconds (F-26)', async () => {
    const { app } = await signedIn(withApi())
    simulator.play('revocation-black-hole')
    app.controller.signOut()
    await app.clock.timer(3000)
    app.clock.advance(2999)
    expect(app.addresses).toHaveLength(1)
    app.clock.advance(1)
    await app.opened.next()
    expect(logoutOf(app)?.revocation).toBe('running')
    app.clock.advance(7000)
    await revocationIs(app, 'failed')
  })

  it('are revoked also when the next login begins at once (S-116)', async () => {
    const { app } = await signedIn(withApi())
    app.controller.signOut()
    await app.controller.signIn()
    await logInWith(new TestBrowser(), await app.opened.next())
    await app.reach('signed-in')
    expect(revocations(app)).toHaveLength(1)
  })
})

describe('the way back from a logout', () => {
  it('that does not come is asked for once more, without the token, by an ordinary visit', async () => {
    const { app, browser } = await signedIn()
    simulator.play('logout-cookie-lax')
    app.controller.signOut()
    const visit = await postLogoutForm(browser, await openLogoutForm(await app.opened.next()))
    expect([visit.status, visit.left, await isKnown(browser)]).toEqual([400, undefined, true])
    await app.clock.timer(8000)
    app.clock.advance(8000)
    const second = await app.opened.next()
    const address = new URL(locationOf(await navigate(second), second))
    expect([...address.searchParams.keys()]).toEqual([
      'client_id',
      'post_logout_redirect_uri',
      'state',
    ])
    const { left } = await browser.open(address)
    await navigate(left ?? '')
    await browserIs(app, 'done')
    expect([await isKnown(browser), app.addresses.length]).toEqual([false, 3])
  })

  it.each(['logout-no-return', 'logout-saml-breaks-chain', 'logout-session-gone'] as const)(
    'that never comes is waited for a while, and nobody is kept: %s',
    async (scenario) => {
      const { app, browser } = await signedIn()
      simulator.play(scenario)
      app.controller.signOut()
      const start = await app.opened.next()
      const { left } = await postLogoutForm(browser, await openLogoutForm(start))
      expect(left).toBeUndefined()
      await app.clock.timer(8000)
      app.clock.advance(8000)
      await app.opened.next()
      await app.clock.timer(60_000)
      expect(logoutOf(app)?.browser).toBe('opened')
      app.clock.advance(60_000)
      expect(await tryUntilFree(start)).toBe('ECONNREFUSED')
      expect([logoutOf(app)?.browser, app.clock.timers()]).toEqual(['opened', []])
      expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    },
  )

  it.each(['logout-other-state', 'logout-without-state'] as const)(
    'with another state is no way back: %s (CL-02, CL-03)',
    async (scenario) => {
      const { app, browser } = await signedIn()
      simulator.play(scenario)
      app.controller.signOut()
      const { left } = await postLogoutForm(browser, await openLogoutForm(await app.opened.next()))
      const page = await navigate(left ?? '')
      expect([page.status, logoutOf(app)?.browser]).toEqual([400, 'opened'])
      expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    },
  )

  it('that somebody else tries is refused, and the right one is taken after it (S-114)', async () => {
    const { app, browser } = await signedIn()
    app.controller.signOut()
    const start = await app.opened.next()
    const forged = await Promise.all([
      navigate(new URL('/logged-out', start)),
      navigate(new URL('/logged-out?state=', start)),
      navigate(new URL(`/logged-out?state=${'a'.repeat(43)}`, start)),
      navigate(new URL('/', start)),
    ])
    expect(forged.map(({ status }) => status)).toEqual([400, 400, 400, 404])
    const { left } = await postLogoutForm(browser, await openLogoutForm(start))
    await navigate(left ?? '')
    await browserIs(app, 'done')
  })

  it('is not waited for where the profile has none; the browser is left to the provider', async () => {
    const { app, browser } = await signedIn({})
    app.controller.signOut()
    const start = await app.opened.next()
    const form = await openLogoutForm(start)
    expect(Object.keys(form.fields)).toEqual(['client_id', 'id_token_hint'])
    const visit = await postLogoutForm(browser, form)
    expect([visit.status, visit.left, await isKnown(browser)]).toEqual([200, undefined, false])
    await app.clock.timer(1000)
    app.clock.advance(1000)
    expect(await tryUntilFree(start)).toBe('ECONNREFUSED')
    expect([logoutOf(app)?.browser, app.addresses.length]).toEqual(['opened', 2])
  })

  it('to a page on the web is sent along and not waited for', async () => {
    const { app } = await signedIn({ postLogoutRedirectUri: 'https://example.no/goodbye' })
    app.controller.signOut()
    const { fields } = await openLogoutForm(await app.opened.next())
    expect(fields['post_logout_redirect_uri']).toBe('https://example.no/goodbye')
    await app.clock.timer(1000)
  })
})

describe('a logout without a browser', () => {
  it('where the provider has no such page is done here, and says so (S-111)', async () => {
    simulator.play({
      summary: 'has no logout and no revocation',
      metadata: (document) => ({
        ...document,
        end_session_endpoint: undefined,
        revocation_endpoint: undefined,
      }),
    })
    const { app } = await signedIn(withApi())
    app.controller.signOut()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      providerLogout: { revocation: 'none', browser: 'none' },
    })
    expect([revocations(app), app.addresses.length]).toEqual([[], 1])
    expect(app.clock.timers()).toEqual([])
  })

  it('because the system opens none is told, and the port is free', async () => {
    const refuse = { next: false }
    const opened = createMailbox<string>()
    const app = apps.create(simulator, {
      profile: profileOf(simulator, { postLogoutRedirectUri: back }),
      openBrowser: async (address) => {
        if (refuse.next) throw new Error('no browser')
        opened.put(address)
      },
    })
    await app.ready()
    await app.controller.signIn()
    await logInWith(new TestBrowser(), await opened.next())
    await app.reach('signed-in')
    refuse.next = true
    app.controller.signOut()
    await browserIs(app, 'failed')
    expect(app.clock.timers()).toEqual([])
  })

  it('because none comes is told after a minute, and the port is free', async () => {
    const { app } = await signedIn()
    app.controller.signOut()
    const start = await app.opened.next()
    await app.clock.timer(60_000)
    app.clock.advance(60_000)
    await browserIs(app, 'failed')
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    expect(app.clock.timers()).toEqual([])
  })
})

describe('what goes on after a sign-out', () => {
  it('ends with the next login, and nothing of it is told any more', async () => {
    const { app, browser } = await signedIn()
    app.controller.signOut()
    const start = await app.opened.next()
    await app.controller.signIn()
    expect(logoutOf(app)).toBeNull()
    const next = await app.opened.next()
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    await logInWith(browser, next)
    expect((await app.reach('signed-in')).providerLogout).toBeNull()
  })

  it('ends with the app, which leaves no port and no timer', async () => {
    const { app } = await signedIn(withApi())
    app.controller.signOut()
    const start = await app.opened.next()
    await app.close()
    expect(await tryUntilFree(start)).toBe('ECONNREFUSED')
    expect(app.clock.timers()).toEqual([])
  })

  // Until the system has said that it opened the browser, nobody listens for the end, and `close` hangs.
  it('ends with the app also while the system is still opening the browser', async () => {
    const opening = createMailbox<string>()
    const opened = Promise.withResolvers<void>()
    const hang = { on: false }
    const app = apps.create(simulator, {
      profile: profileOf(simulator, { postLogoutRedirectUri: back }),
      openBrowser: async (address) => {
        opening.put(address)
        if (hang.on) await opened.promise
      },
    })
    await app.ready()
    await app.controller.signIn()
    await logInWith(new TestBrowser(), await opening.next())
    await app.reach('signed-in')
    hang.on = true
    app.controller.signOut()
    const start = await opening.next()
    const closed = app.close()
    const met = await tryUntilFree(start)
    opened.resolve()
    await closed
    expect(met).toBe('ECONNREFUSED')
  })

  // The limit for the way back is set after the end has cleared all timers, and runs for a minute.
  it('leaves no timer when the way back comes while the browser is opened again', async () => {
    const opening = createMailbox<{ address: string; done: () => void }>()
    const app = apps.create(simulator, {
      profile: profileOf(simulator, { postLogoutRedirectUri: back }),
      openBrowser: (address) => new Promise((done) => opening.put({ address, done })),
    })
    const browser = new TestBrowser()
    await app.ready()
    await app.controller.signIn()
    const login = await opening.next()
    login.done()
    await logInWith(browser, login.address)
    await app.until(({ session }) => session !== null && session.userinfo !== null)
    app.controller.signOut()
    const first = await opening.next()
    first.done()
    const form = await openLogoutForm(first.address)
    await app.clock.timer(8000)
    app.clock.advance(8000)
    const second = await opening.next()
    const { left } = await postLogoutForm(browser, form)
    await navigate(left ?? '')
    await browserIs(app, 'done')
    second.done()
    // The answer to the last page is on its way: its own short limit is gone once it is out.
    await new Promise(setImmediate)
    expect(app.clock.timers().filter((length) => length === 60_000)).toEqual([])
  })

  // `close` does not wait for the vault: an app that quits right after a sign-out may still remember.
  it('is waited for where it forgets the login', async () => {
    const clearing = Promise.withResolvers<void>()
    const memory = createMemoryVault()
    const vault = {
      ...memory,
      clear: async () => {
        await clearing.promise
        await memory.clear()
      },
    }
    const { app } = await signedIn({ remember: true }, { vault })
    await app.until(({ session }) => session?.remembered === 'kept')
    app.controller.signOut()
    const closed = app.close().then(() => 'closed')
    const first = await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))])
    clearing.resolve()
    await closed
    expect(first).toBeUndefined()
  })
})
