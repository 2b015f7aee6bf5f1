import { get } from 'node:http'
import { createConnection } from 'node:net'
import { lowLevelPerson, personWithoutNames, personWithoutPid } from '../simulator/persons.ts'
import { startSimulator } from '../simulator/simulator.ts'
import { type Desktop, expect, logInAt, signOutEverywhere, test } from './fixtures/desktop.ts'

const loginPage = '[data-action="login"]'

/** The port of the redirect URI that the provider was given. */
function redirectPort(journal: readonly { path: string; form: URLSearchParams }[]): number {
  const entry = journal.findLast(({ path, form }) => path === '/par' && form.has('redirect_uri'))
  return Number(new URL(entry?.form.get('redirect_uri') ?? '').port)
}

async function expectRefused(port: number): Promise<void> {
  await expect
    .poll(
      async () =>
        await new Promise<string>((resolve) => {
          const socket = createConnection({ host: '127.0.0.1', port })
          socket.once('connect', () => {
            socket.destroy()
            resolve('open')
          })
          socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        }),
    )
    .toBe('ECONNREFUSED')
}

async function expectSignedIn({ expectStatus, claim, window }: Desktop): Promise<void> {
  await expectStatus('signed-in')
  await expect(claim('id', 'sub')).toHaveText(/\S/)
  await expect(window.locator('[data-check][data-result="fail"]')).toHaveCount(0)
}

test('logs in through the browser that the app opened itself, and shows claims and checks', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.expectStatus('signed-out')
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await desktop.expectStatus('waiting-for-browser')
  await logInAt(page)

  await expectSignedIn(desktop)
  await expect(desktop.claim('id', 'iss')).toHaveText(simulator.issuer)
  await expect(desktop.claim('id', 'acr')).toHaveText('idporten-loa-substantial')
  await expect(desktop.claim('id', 'aud')).toHaveText(simulator.profile.clientId)
  await expect(desktop.claim('id', 'given_name')).toHaveText('Syntetisk')
  await expect(desktop.claim('access', 'client_amr')).toHaveText('none')
  await expect(desktop.window.locator('[data-claim="nonce"]')).toHaveCount(0)
  for (const rule of [
    'state',
    'callback-iss',
    'signature',
    'iss',
    'aud',
    'azp',
    'exp',
    'iat',
    'nonce',
    'acr',
  ]) {
    await expect(desktop.check(rule)).toHaveAttribute('data-result', 'pass')
  }
  await expect(page.locator('h1')).toHaveText('Du er logget inn')
  const address = new URL(page.url())
  expect(address.search, 'the code is not in the address bar').toBe('')
  await expectRefused(redirectPort(simulator.journal))
})

test('sends the same redirect URI to the authorization and the token endpoint', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
  const pushed = simulator.journal.find(({ path }) => path === '/par')?.form.get('redirect_uri')
  const exchanged = simulator.journal.filter(({ path }) => path === '/token')
  expect(pushed).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  expect(exchanged.map(({ form }) => form.get('redirect_uri'))).toEqual([pushed])
})

test('shows the personal number only after it was asked for', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
  const pid = simulator.persons[0]?.pid ?? ''
  expect(await desktop.window.content()).not.toContain(pid)
  await expect(desktop.claim('id', 'pid')).toHaveText(`${pid.slice(0, 6)}•••••`)
  await desktop.action('reveal-pid').click()
  await expect(desktop.claim('id', 'pid')).toHaveText(pid)
  await expect(desktop.claim('access', 'pid')).toHaveText(pid)
  await desktop.action('reveal-pid').click()
  await expect(desktop.claim('id', 'pid')).not.toHaveText(pid)
  expect(await desktop.log()).not.toContain(pid)
})

test('forgets everything on sign-out, here and at the provider, and logs in a second time', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
  await signOutEverywhere(desktop, simulator)
  await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)

  // The provider's own session is gone: it asks who it is.
  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
  await expect(desktop.root).toHaveAttribute('data-attempt', '2')
})

test('ends a cancelled attempt without an error, and logs in after it', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  await desktop.action('cancel').click()
  await desktop.expectStatus('signed-out')
  await expectRefused(redirectPort(simulator.journal))

  await desktop.action('sign-in').click()
  await desktop.expectStatus('waiting-for-browser')
  await expect
    .poll(() => simulator.journal.filter(({ path }) => path === '/authorize').length)
    .toBe(2)
  await logInAt(await browserPage(loginPage))
  await expect(desktop.root).toHaveAttribute('data-attempt', '2')
})

test('refuses a callback with a wrong state and keeps waiting for the right one', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  const origin = `http://127.0.0.1:${redirectPort(simulator.journal)}`
  const knock = async (query: string): Promise<number | undefined> =>
    await new Promise((resolve, reject) => {
      get(`${origin}/callback?${query}`, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).once('error', reject)
    })
  const iss = encodeURIComponent(simulator.issuer)
  expect(await knock(`code=stolen&state=wrong&iss=${iss}`)).toBe(400)
  expect(await knock(`error=access_denied&state=wrong&iss=${iss}`)).toBe(400)
  await desktop.expectStatus('waiting-for-browser')
  expect(simulator.journal.filter(({ path }) => path === '/token')).toEqual([])
  await logInAt(page)
  await expectSignedIn(desktop)
})

test('comes back to the front after the login', async ({ launch, browserPage }) => {
  const desktop = await launch()
  // Hidden and not minimized: without a window manager, as in CI, nothing minimizes.
  const visible = (): Promise<boolean | undefined> =>
    desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible())
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide())
  await expect.poll(visible).toBe(false)
  await logInAt(page)
  await expectSignedIn(desktop)
  await expect.poll(visible).toBe(true)
})

test('asks for attention where the desktop refuses the focus (isFocused replaced by a fake)', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.app.evaluate(({ BrowserWindow }) => {
    const window = BrowserWindow.getAllWindows()[0]
    if (window === undefined) return
    const asked: boolean[] = []
    Reflect.set(globalThis, 'asked', asked)
    window.isFocused = () => false
    window.flashFrame = (flag) => asked.push(flag)
  })
  const asked = (): Promise<unknown> => desktop.app.evaluate(() => Reflect.get(globalThis, 'asked'))
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  expect(await asked(), 'not while the person is in the browser').toEqual([])
  await logInAt(page)
  await expectSignedIn(desktop)
  await expect.poll(asked).toEqual(expect.arrayContaining([true]))
})

test('tells a declined login as such, in the window and in the browser, and logs in after it', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await page.locator('[data-action="cancel"]').click()
  await desktop.expectStatus('signed-out', 'E_LOGIN_DENIED')
  await expect(page.locator('h1')).toHaveText('Innloggingen ble avbrutt')

  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
})

test('ends a login that nobody finishes in time', async ({ launch, browserPage, simulator }) => {
  const desktop = await launch({ profile: { loginTimeoutSeconds: 4 } })
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  await desktop.expectStatus('signed-out', 'E_LOGIN_TIMEOUT')
  await expectRefused(redirectPort(simulator.journal))
  await expect(desktop.action('sign-in')).toBeEnabled()
})

test('refuses a level that is too low, shows the failed check, then logs in with enough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch({ profile: { acrValues: ['idporten-loa-high'], prompt: 'login' } })
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await logInAt(page, lowLevelPerson.pid)
  await desktop.expectStatus('signed-out', 'E_ID_TOKEN_CLAIM')
  await expect(desktop.check('acr')).toHaveAttribute('data-result', 'fail')
  await expect(desktop.window.locator('[data-claim]')).toHaveCount(0)
  // The page in the browser names the same reference as the window.
  await expect(page.locator('h1')).toHaveText('Innloggingen ble ikke fullført')
  const reference = /[A-Z2-9]{6}/.exec(await page.locator('main').innerText())?.[0] ?? 'none'
  await expect(desktop.window.locator('body')).toContainText(reference)

  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage), simulator.persons[0]?.pid)
  await expectSignedIn(desktop)
  await expect(desktop.claim('id', 'acr')).toHaveText('idporten-loa-high')
})

for (const { person, what } of [
  { person: personWithoutPid, what: 'a personal number' },
  { person: personWithoutNames, what: 'a name' },
]) {
  test(`logs in a person without ${what}`, async ({ launch, browserPage }) => {
    const desktop = await launch()
    await desktop.action('sign-in').click()
    await logInAt(await browserPage(loginPage), person.pid)
    await expectSignedIn(desktop)
  })
}

test('says that the provider is down without opening a browser, and logs in when it is back', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await simulator.close()
  await desktop.action('sign-in').click()
  await desktop.expectStatus('signed-out', 'E_NETWORK_UNREACHABLE')

  const again = await startSimulator({ port: Number(new URL(simulator.issuer).port) })
  try {
    await desktop.action('sign-in').click()
    await logInAt(await browserPage(loginPage))
    await expectSignedIn(desktop)
  } finally {
    await again.close()
  }
})

test('shows the true state after a reload of the window in the middle of a login', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await desktop.app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.webContents.reload()
  })
  await desktop.expectStatus('waiting-for-browser')
  await expect(desktop.root).toHaveAttribute('data-attempt', '1')
  await logInAt(page)
  await expectSignedIn(desktop)
})

test('opens the same login again, by another start address', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  await desktop.action('reopen-browser').click()
  await expect
    .poll(() => simulator.journal.filter(({ path }) => path === '/authorize').length)
    .toBe(2)
  const states = simulator.journal
    .filter(({ path }) => path === '/par')
    .map(({ form }) => form.get('state'))
  expect(states).toHaveLength(2)
  expect(new Set(states).size, 'one state for both openings').toBe(1)
  await expect(desktop.root).toHaveAttribute('data-attempt', '1')
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
})

test('copies a link that logs in from another browser', async ({
  launch,
  browserPage,
  systemBrowser,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  await desktop.action('copy-link').click()
  const readClipboard = (): Promise<string> =>
    desktop.app.evaluate(async ({ clipboard }) => await clipboard.readText())
  await expect.poll(readClipboard).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/)
  const other = await (await systemBrowser.connect()).newContext()
  const page = await other.newPage()
  await page.goto(await readClipboard())
  await logInAt(page)
  await expectSignedIn(desktop)
  await other.close()
})

test('gives more time when it is asked for', async ({ launch, browserPage }) => {
  const desktop = await launch({ profile: { loginTimeoutSeconds: 8 } })
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await desktop.action('prolong').click()
  await logInAt(page)
  await expectSignedIn(desktop)
})

test('remembers the language and the place of the window', async ({ launch, folder }) => {
  const userData = `${folder}/remembered`
  const first = await launch({ userData, args: [] })
  await first.expectStatus('signed-out')
  await first.window.getByRole('combobox').selectOption('nn')
  await expect(first.root).toHaveAttribute('lang', 'nn')
  await first.app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: 40, y: 60, width: 640, height: 700 })
  })
  await first.close()

  // Without --lang the remembered language counts.
  const second = await launch({ userData, args: ['--lang='] })
  await second.expectStatus('signed-out')
  await expect(second.root).toHaveAttribute('lang', 'nn')
  const bounds = await second.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.getBounds(),
  )
  expect(bounds).toMatchObject({ width: 640, height: 700 })
})

const wrongProfiles: readonly (readonly [string, string | Record<string, unknown>, string])[] = [
  ['is not JSON', '{', 'file'],
  ['has an unknown key', { colour: 'blue' }, 'colour'],
  ['has a wrong type', { loginTimeoutSeconds: 'long' }, 'loginTimeoutSeconds'],
  ['names an http issuer that is not loopback', { issuer: 'http://idporten.example' }, 'issuer'],
  ['has a redirect path without a slash', { redirectPath: 'callback' }, 'redirectPath'],
]
for (const [what, profile, key] of wrongProfiles) {
  test(`starts, names the key and cannot sign in when the profile ${what}`, async ({ launch }) => {
    const desktop = await launch({ profile })
    await desktop.expectStatus('signed-out', 'E_PROFILE_INVALID')
    await expect(desktop.action('sign-in')).toBeDisabled()
    await expect(desktop.window.locator('body')).toContainText(key)
  })
}

test('starts and cannot sign in when the profile is missing', async ({ launch }) => {
  const desktop = await launch({ args: ['--config=/nowhere/profile.json'] })
  await desktop.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await expect(desktop.action('sign-in')).toBeDisabled()
})

test('ends with a name when the system says that no browser can be opened (openExternal replaced by a fake)', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.app.evaluate(({ shell }) => {
    const real = shell.openExternal
    shell.openExternal = async () => {
      shell.openExternal = real
      throw new Error('no browser')
    }
  })
  await desktop.action('sign-in').click()
  await desktop.expectStatus('signed-out', 'E_BROWSER_OPEN')

  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
})

test('ends with a name when no port can be bound (listen replaced by a fake)', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.app.evaluate(() => {
    const { Server } = process.getBuiltinModule('node:net')
    const real = Server.prototype.listen
    Server.prototype.listen = function refuse(this: InstanceType<typeof Server>) {
      Server.prototype.listen = real
      queueMicrotask(() => this.emit('error', Object.assign(new Error(), { code: 'EADDRINUSE' })))
      return this
    }
  })
  await desktop.action('sign-in').click()
  await desktop.expectStatus('signed-out', 'E_LISTENER_BIND')

  await desktop.action('sign-in').click()
  await logInAt(await browserPage(loginPage))
  await expectSignedIn(desktop)
})
