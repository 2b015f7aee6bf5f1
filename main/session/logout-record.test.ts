import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { TestBrowser } from '../../test/support/browser.ts'
import { createMailbox, locationOf, navigate } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import { openLogoutRecord } from './logout-record.ts'
import {
  createApps,
  createMemoryVault,
  echoApi,
  logInWith,
  openLogoutForm,
  postLogoutForm,
  profileOf,
  type TestApp,
} from '../../test/support/app.ts'

/** What a session that has ended leaves for the next run of the app, with the file itself. */

const other = persons[1]?.pid ?? ''
const back = { postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out' }
let simulator: Simulator
let folder = ''
let errors: unknown[] = []
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idporten-desktop-logout-'))
  errors = []
})
afterEach(async () => {
  simulator.play(null)
  await apps.closeAll()
  await rm(folder, { recursive: true })
})

const file = () => join(folder, 'logout.json')
const openRecord = () => openLogoutRecord(folder, (error) => errors.push(error))

/** Starts the app once more with the same folder. */
async function start(
  changes: object = back,
  options: Partial<ControllerOptions> = {},
): Promise<TestApp> {
  const profile = profileOf(simulator, changes)
  const app = apps.create(simulator, { profile, logoutRecord: openRecord(), ...options })
  await app.until(({ status }) => status !== 'restoring')
  return app
}

async function logIn(app: TestApp, browser = new TestBrowser()): Promise<TestBrowser> {
  await app.controller.signIn()
  await logInWith(browser, await app.opened.next())
  await app.until(({ session }) => session !== null && session.userinfo !== null)
  return browser
}

/** Begins a login, tells with which prompt, and cancels it. */
async function promptOf(app: TestApp): Promise<string | null> {
  const before = app.requests('/par').length
  await app.controller.signIn()
  await app.opened.next()
  await app.controller.cancel()
  return app.requests('/par')[before]?.form.get('prompt') ?? null
}

const logoutOf = (app: TestApp) => app.controller.snapshot().providerLogout

describe('a fresh login is asked for', () => {
  it('after a sign-out, also by the next run of the app, until one has been completed', async () => {
    const first = await start()
    await logIn(first)
    first.controller.signOut()
    await first.close()

    const second = await start()
    expect(await promptOf(second)).toBe('login')
    // A login that was cancelled or refused changes nothing, in the next run neither.
    simulator.play('callback-error-server-error')
    await second.controller.signIn()
    await logInWith(new TestBrowser(), await second.opened.next())
    await second.until(({ error }) => error !== null)
    simulator.play(null)
    await second.close()

    const third = await start()
    expect(await promptOf(third)).toBe('login')
    await logIn(third)
    await third.close()
    expect(await promptOf(await start())).toBeNull()
    expect(errors).toEqual([])
  })

  it('after a sign-out whose process was killed at that moment', async () => {
    const first = await start()
    await logIn(first)
    first.controller.signOut()
    expect(await promptOf(await start())).toBe('login')
  })

  it('until the provider has confirmed the logout, and no longer', async () => {
    const app = await start()
    const browser = await logIn(app)
    app.controller.signOut()
    const form = await openLogoutForm(await app.opened.next())
    expect(openRecord().read(simulator.issuer).freshLogin).toBe(true)
    const { left } = await postLogoutForm(browser, form)
    await navigate(left ?? '')
    await app.until(({ providerLogout }) => providerLogout?.browser === 'done')
    expect(await promptOf(await start())).toBeNull()
  })

  it('after a session that ended by itself because nobody was there', async () => {
    const app = await start()
    await logIn(app)
    app.clock.sleep(30 * 60_000)
    expect(app.controller.snapshot().error?.code).toBe('E_SESSION_EXPIRED')
    expect(await promptOf(app)).toBe('login')
    const next = await start()
    expect(await promptOf(next)).toBe('login')
    await logIn(next)
    expect(await promptOf(await start())).toBeNull()
  })

  it('after another person was asked for, until that login is completed', async () => {
    const app = await start()
    await logIn(app)
    app.controller.switchUser()
    await app.opened.next()
    await app.controller.cancel()
    expect(await promptOf(await start())).toBe('login')
  })

  it('at the issuer that the person has left, and at no other', async () => {
    const app = await start()
    await logIn(app)
    app.controller.signOut()
    const record = openRecord()
    expect(
      [simulator.issuer, 'https://idporten.no'].map((at) => record.read(at).freshLogin),
    ).toEqual([true, false])
  })

  it('by a file that cannot be understood, and the first change makes it whole', async () => {
    const broken = ['', '{', '{"a":{}}', 'null']
    for (const text of broken) {
      // oxlint-disable-next-line no-await-in-loop
      await writeFile(file(), text)
      expect(openRecord().read('any').freshLogin).toBe(true)
    }
    expect(errors).toHaveLength(broken.length)
    const app = await start()
    await logIn(app)
    expect(app.requests('/par')[0]?.form.get('prompt')).toBe('login')
    expect(openRecord().read(simulator.issuer).freshLogin).toBe(false)
    expect(errors).toHaveLength(broken.length + 1)
  })

  it('in this run at least, where the disk refuses, and that is told', async () => {
    const app = await start()
    await logIn(app)
    // A file stands where the folder was.
    await rm(folder, { recursive: true })
    await writeFile(folder, '')
    app.controller.signOut()
    expect(errors).toHaveLength(1)
    await rm(folder)
    await app.opened.next()
    expect(await promptOf(app)).toBe('login')
    // The next change is written, although it changes nothing but the disk.
    expect(openRecord().read(simulator.issuer).freshLogin).toBe(true)
  })
})

it('a fresh login everywhere is not forgotten by a change at one issuer, and a folder in the place of the file gives way', async () => {
  await mkdir(file())
  const record = openRecord()
  record.change('https://a.test', { freshLogin: false })
  const next = openRecord()
  expect(['https://a.test', 'https://b.test'].map((at) => next.read(at).freshLogin)).toEqual([
    false,
    true,
  ])
  expect(errors).toHaveLength(1)
})

it('is asked for after a renewal that brought another person, whose browser it is now', async () => {
  const withoutRefresh = await startSimulator()
  const profile = profileOf(withoutRefresh)
  const app = apps.create(withoutRefresh, { profile, logoutRecord: openRecord() })
  await app.ready()
  await logIn(app)
  void app.controller.renew()
  await logInWith(new TestBrowser(), await app.opened.next(), { pid: other })
  await app.until(({ error }) => error?.code === 'E_RENEWAL_SUBJECT')
  expect(openRecord().read(withoutRefresh.issuer).freshLogin).toBe(true)
  await app.close()
  await withoutRefresh.close()
})

describe('a stored session', () => {
  it('is not taken up after a sign-out whose process was killed before it was forgotten', async () => {
    const vault = createMemoryVault()
    const profile = { ...back, remember: true }
    const app = await start(profile, { vault })
    await logIn(app)
    await app.until(({ session }) => session?.remembered === 'kept')
    const { stored } = vault
    app.controller.signOut()
    vault.stored = stored
    const next = await start(profile, { vault })
    expect(next.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    expect([vault.stored, next.requests('/token')]).toEqual([null, []])

    await logIn(next)
    await next.until(({ session }) => session?.remembered === 'kept')
    await next.close()
    expect((await start(profile, { vault })).controller.snapshot().status).toBe('signed-in')
  })
})

describe('quitting right after a sign-out', () => {
  const withApi = () => ({ ...back, apis: [echoApi(simulator)] })

  it('hands the logout to the browser and sends the revocation, and the next start has nothing to tell', async () => {
    const app = await start(withApi())
    const browser = await logIn(app)
    app.controller.signOut()
    const closed = app.controller.close()
    const form = await openLogoutForm(await app.opened.next())
    const { left } = await postLogoutForm(browser, form)
    const page = await navigate(left ?? '')
    const last = await navigate(locationOf(page, left ?? ''))
    await closed
    expect(last.body).toContain('logged-out title')
    expect(app.requests('/token/revoke')).toHaveLength(1)
    expect(logoutOf(await start(withApi()))).toBeNull()
    await expect(navigate(left ?? '')).rejects.toThrow('ECONNREFUSED')
  })

  it('does not wait for the way back longer than the browser needs to send the form', async () => {
    const app = await start()
    await logIn(app)
    app.controller.signOut()
    const closed = app.controller.close()
    await openLogoutForm(await app.opened.next())
    await app.clock.timer(1000)
    app.clock.advance(1000)
    await closed
    const next = await start()
    expect([logoutOf(next), await promptOf(next)]).toEqual([null, 'login'])
  })

  it('without a browser that comes is told at the next start, until the next login begins', async () => {
    const app = await start(withApi())
    await logIn(app)
    simulator.play('revocation-black-hole')
    app.controller.signOut()
    await app.close()
    expect(app.clock.timers()).toEqual([])
    const told = { browser: 'interrupted', revocation: 'interrupted' }
    expect(logoutOf(await start(withApi()))).toMatchObject(told)
    const next = await start(withApi())
    expect(logoutOf(next)).toMatchObject(told)
    expect(await promptOf(next)).toBe('login')
    expect(logoutOf(await start(withApi()))).toBeNull()
  })

  it('opens the browser at once, without waiting for the answer to the revocation', async () => {
    const app = await start(withApi())
    await logIn(app)
    simulator.play('revocation-black-hole')
    app.controller.signOut()
    await app.clock.timer(3000)
    expect(app.addresses).toHaveLength(1)
    const closed = app.controller.close()
    await openLogoutForm(await app.opened.next())
    app.clock.advance(2500)
    await closed
    expect(logoutOf(await start(withApi()))).toMatchObject({
      browser: 'none',
      revocation: 'interrupted',
    })
  })

  it('is told when the process was killed before anything was done', async () => {
    const app = await start(withApi())
    await logIn(app)
    app.controller.signOut()
    expect(logoutOf(await start(withApi()))).toMatchObject({
      browser: 'interrupted',
      revocation: 'interrupted',
    })
  })

  it('does not wait for a browser that the system does not open', async () => {
    const opened = createMailbox<string>()
    const refuse = { next: false }
    const app = await start(back, {
      openBrowser: async (address) => {
        if (refuse.next) throw new Error('no browser')
        opened.put(address)
      },
    })
    await app.controller.signIn()
    await logInWith(new TestBrowser(), await opened.next())
    await app.reach('signed-in')
    refuse.next = true
    app.controller.signOut()
    await app.controller.close()
    expect(logoutOf(await start())).toMatchObject({ browser: 'interrupted', revocation: 'none' })
  })
})

it('the file holds issuers and what is open there, is readable for its owner only, and is empty when nothing is', async () => {
  const app = await start()
  await logIn(app)
  expect(await readdir(folder)).toEqual([])
  app.controller.signOut()
  expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({
    [simulator.issuer]: { freshLogin: true, browser: true, revocation: false },
  })
  await app.close()
  await logIn(await start())
  expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({})
  expect(await readdir(folder)).toEqual(['logout.json'])
})
