import { writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { startSimulator } from '../simulator/simulator.ts'
import { type Desktop, expect, logInAt, signIn, test } from './fixtures/desktop.ts'

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

test('logs in through the browser that the app opened itself, and shows claims and checks, the personal number only when asked', async ({
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
  const pid = simulator.persons[0]?.pid ?? ''
  expect(await desktop.window.content()).not.toContain(pid)
  await expect(desktop.claim('id', 'pid')).toHaveText(`${pid.slice(0, 6)}•••••`)
  await desktop.action('reveal-pid').click()
  await expect(desktop.claim('id', 'pid')).toHaveText(pid)
  await expect(desktop.claim('access', 'pid')).toHaveText(pid)
  await desktop.action('reveal-pid').click()
  await expect(desktop.claim('id', 'pid')).not.toHaveText(pid)
  expect(await desktop.log()).not.toContain(pid)
  await expect(page.locator('h1')).toHaveText('Du er logget inn')
  const address = new URL(page.url())
  expect(address.search, 'the code is not in the address bar').toBe('')
  await expectRefused(redirectPort(simulator.journal))
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

test('asks for attention where the desktop refuses the focus (isFocused replaced by a fake) @thorough', async ({
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

test('says that the provider is down without opening a browser, and logs in when it is back @thorough', async ({
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

test('starts, names the key and cannot sign in when the profile is wrong', async ({ launch }) => {
  const desktop = await launch({ profile: { colour: 'blue' } })
  await desktop.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await expect(desktop.action('sign-in')).toBeDisabled()
  await expect(desktop.window.locator('body')).toContainText('colour')
  // Somebody else has said which one it is.
  await expect(desktop.action('choose-profile')).toHaveCount(0)
})

test('starts and cannot sign in when the profile is missing', async ({ launch }) => {
  const desktop = await launch({ args: ['--config=/nowhere/profile.json'] })
  await desktop.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await expect(desktop.action('sign-in')).toBeDisabled()
})

test('uses a profile that the person chooses once it was shown, and refuses a file that is none', async ({
  launch,
  browserPage,
  folder,
  simulator,
}) => {
  const userData = join(folder, 'user-data')
  const good = join(folder, 'chosen.json')
  const wrong = join(folder, 'wrong.json')
  await writeFile(good, JSON.stringify(simulator.profile))
  await writeFile(wrong, JSON.stringify({ ...simulator.profile, colour: 'blue' }))
  const first = await launch({ own: true, userData })
  await first.expectStatus('signed-out', 'E_PROFILE_INVALID')
  // What stands in for the person, who answers the system's dialogs, and for the system, which starts the app again.
  await first.app.evaluate(
    ({ app, dialog }, files) => {
      const told: string[] = []
      Object.assign(globalThis, { told })
      const answers = [0, 1]
      Object.assign(dialog, {
        showOpenDialog: async () => ({ canceled: false, filePaths: [files.shift()] }),
        showErrorBox: (...[, text]: [string, string]) => told.push(text),
        showMessageBox: async (_window: unknown, { detail }: { detail: string }) => {
          told.push(detail)
          return { response: answers.pop() }
        },
      })
      app.relaunch = () => {}
    },
    [wrong, good, good],
  )
  const told = () =>
    first.app.evaluate(() => (globalThis as unknown as { told: readonly string[] }).told)
  await first.action('choose-profile').click()
  await expect.poll(told).toEqual([expect.stringMatching(/^colour: /)])
  await first.action('choose-profile').click()
  await expect.poll(async () => (await told())[1]).toContain(simulator.issuer)
  await first.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await first.action('choose-profile').click()
  expect(await first.exited).toBe(0)

  const second = await launch({ own: true, userData })
  await signIn(second, browserPage)
  await expect(second.claim('id', 'iss')).toHaveText(simulator.issuer)
})
