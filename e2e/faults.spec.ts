import {
  cp,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { translator } from '../assets/locales/index.ts'
import { plainScope } from '../simulator/scopes.ts'
import type { Scenario } from '../simulator/scenarios/scenario.ts'
import {
  type Desktop,
  electronPath,
  expect,
  expectPortClosed,
  lastPort,
  logInAt,
  signIn,
  startAgain,
  test,
} from './fixtures/desktop.ts'

/** What the system does to the app: processes that die, files that are damaged, a second start. */

const t = translator('nb')
const loginPage = '[data-action="login"]'

const apiOf = (url: string) => ({ apis: [{ name: 'Ekko', url, scope: plainScope }] })

/** What the page itself says, for when Playwright has lost the page that crashed. */
async function askPage({ app }: Desktop, script: string): Promise<unknown> {
  return await app.evaluate(async ({ BrowserWindow }, asked) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents
    const answer: unknown = await contents?.executeJavaScript(asked)
    return answer
  }, script)
}

/** Lets the page crash, and waits until it is shown again. */
async function crashPage({ app }: Desktop): Promise<void> {
  await app.evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents
    const shownAgain = new Promise<void>((resolve) => {
      contents?.once('did-finish-load', () => resolve())
    })
    contents?.forcefullyCrashRenderer()
    await shownAgain
  })
}

/** Processes that run the executable of the app in its process group, or with its folder. */
async function processesOf({ app, userData }: Desktop): Promise<() => Promise<number>> {
  const group = String(app.process().pid)
  const executable = await app.evaluate(() => process.execPath)
  const isIts = async (pid: string): Promise<boolean> => {
    const read = async (name: string): Promise<string> =>
      await readFile(join('/proc', pid, name), 'utf8').catch(() => '')
    const [line, stat] = [await read('cmdline'), await read('stat')]
    // After the name, which may hold anything: state, parent, group.
    const itsGroup = stat.slice(stat.lastIndexOf(')')).split(' ')[3] === group
    return line.includes(`--user-data-dir=${userData}`) || (itsGroup && line.includes(executable))
  }
  return async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    return (await Promise.all(pids.map(isIts))).filter(Boolean).length
  }
}

test('a page that crashes in the middle of a login comes back with it, and the login finishes', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await crashPage(desktop)
  const status = () => askPage(desktop, 'document.documentElement.dataset.status')
  await expect.poll(status).toBe('waiting-for-browser')
  await logInAt(page)
  await expect.poll(status).toBe('signed-in')
})

test('a page that crashes while somebody is signed in comes back with the session, which goes on @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch({ profile: apiOf(simulator.apis.echo) })
  await signIn(desktop, browserPage)
  const former = await desktop.claim('access', 'jti').textContent()
  await crashPage(desktop)
  const ask = (script: string) => () => askPage(desktop, script)
  await expect.poll(ask('document.documentElement.dataset.status')).toBe('signed-in')
  const jti = `document.querySelector('[data-token="access"][data-claim="jti"] [data-value]').textContent`
  expect(await askPage(desktop, jti)).toBe(former)
  await askPage(desktop, `document.querySelector('[data-action="call-api"]').click()`)
  const status = `document.querySelector('[data-api-result="Ekko"]')?.dataset.httpStatus`
  await expect.poll(ask(status)).toBe('200')
})

test('a page that crashes again and again comes back three times; then the app says so and ends, with its login (error box replaced by a fake) @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  await desktop.app.evaluate(({ dialog }) => {
    // Playwright hears the console of main.
    // oxlint-disable-next-line no-console
    dialog.showErrorBox = (title, content) => console.log(`${title}: ${content}`)
  })
  for (const _ of [1, 2, 3]) await crashPage(desktop)
  const told = `${t('window.crashed.title')}: ${t('window.crashed.text')}`
  const said = desktop.app.waitForEvent('console', (message) => message.text() === told)
  await desktop.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
  )
  await said
  expect(await desktop.exited).toBe(0)
  await expectPortClosed(lastPort(simulator))
  expect((await desktop.log()).match(/renderer gone/g)).toHaveLength(4)

  const next = await launch({ userData: desktop.userData })
  await signIn(next, browserPage)
})

test('a GPU process that is killed in the middle of a login is replaced, and the login finishes @thorough', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  const gpu = (): Promise<number | null> =>
    desktop.app.evaluate(
      ({ app }) => app.getAppMetrics().find(({ type }) => type === 'GPU')?.pid ?? null,
    )
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await expect.poll(gpu, 'a GPU process').not.toBeNull()
  const killed = (await gpu()) ?? 0
  process.kill(killed, 'SIGKILL')
  await expect.poll(gpu).not.toBe(killed)
  await expect.poll(gpu, 'another GPU process').not.toBeNull()
  await desktop.expectStatus('waiting-for-browser')
  await logInAt(page)
  await desktop.expectStatus('signed-in')
  expect((await desktop.window.screenshot()).length).toBeGreaterThan(0)
})

test('a data folder whose every file is garbage is no hindrance to a start and a login @thorough', async ({
  launch,
  browserPage,
}) => {
  const before = await launch()
  await signIn(before, browserPage)
  await before.close()
  const { userData } = before
  const entries = await readdir(userData, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const names = files.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['Preferences', 'settings.json', 'CURRENT']))
  const garbage = Buffer.alloc(5000, '\0{"garbage')
  for (const { parentPath, name } of files) {
    if (name !== 'main.log') await writeFile(join(parentPath, name), garbage)
  }
  // What this version of Chromium did not make; files where it wants folders among them.
  for (const name of ['Local State', 'Cookies', 'GPUCache', 'Network', 'Session Storage']) {
    if (!entries.some((entry) => entry.name === name)) {
      await writeFile(join(userData, name), garbage)
    }
  }
  const after = await launch({ userData })
  await after.expectStatus('signed-out')
  await after.action('sign-in').click()
  await after.expectStatus('signed-in')
})

test('a second start while a login waits for the browser changes nothing, and the login finishes @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await startAgain(desktop)
  await desktop.expectStatus('waiting-for-browser')
  await logInAt(page)
  await desktop.expectStatus('signed-in')
  await expect(desktop.root).toHaveAttribute('data-attempt', '1')
  expect(simulator.journal.filter(({ path }) => path === '/par')).toHaveLength(1)
})

test('a second start while the code is exchanged changes nothing, and the login finishes @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const gate = Promise.withResolvers<void>()
  const held: Scenario = {
    summary: 'The token endpoint answers when the test says so.',
    request: async (step) => {
      if (step === 'token') await gate.promise
    },
  }
  simulator.play(held)
  const desktop = await launch()
  await desktop.action('sign-in').click()
  // The page waits for the outcome, and with it the click that led there.
  const clicked = logInAt(await browserPage(loginPage))
  await desktop.expectStatus('exchanging')
  await startAgain(desktop)
  await desktop.expectStatus('exchanging')
  gate.resolve()
  await clicked
  await desktop.expectStatus('signed-in')
  await expect(desktop.root).toHaveAttribute('data-attempt', '1')
  expect(simulator.journal.filter(({ path }) => path === '/token')).toHaveLength(1)
})

test('an app that is killed in the middle of a login leaves no process and no port, and its lock stops no new start', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const killed = await launch()
  await killed.action('sign-in').click()
  const page = await browserPage(loginPage)
  const processes = await processesOf(killed)
  expect(await processes()).toBeGreaterThan(3)
  const child = killed.app.process()
  child.kill('SIGKILL')
  await killed.exited
  await expect.poll(processes).toBe(0)
  await expectPortClosed(lastPort(simulator))
  const { userData } = killed
  const lock = await readlink(join(userData, 'SingletonLock'))
  expect(lock).toBe(`${hostname()}-${child.pid}`)

  // Its browser comes back to nobody; the provider knows the person from then on.
  await logInAt(page)
  const next = await launch({ userData })
  await next.expectStatus('signed-out')
  await next.action('sign-in').click()
  await next.expectStatus('signed-in')
})

test('an app that is quit in the middle of a login leaves no process @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  const processes = await processesOf(desktop)
  expect(await processes()).toBeGreaterThan(3)
  await desktop.app.evaluate(({ app }) => app.quit()).catch(() => {})
  expect(await desktop.exited).toBe(0)
  await expect.poll(processes).toBe(0)
  await expectPortClosed(lastPort(simulator))
})

test('an app whose folder is moved in the middle of a login finishes it (an unpackaged copy: a packaged app takes no test provider) @thorough', async ({
  launch,
  browserPage,
  folder,
}) => {
  const place = join(folder, 'installed')
  const copy = { runtime: join(place, 'runtime'), app: join(place, 'app') }
  await cp(dirname(electronPath()), copy.runtime, { recursive: true })
  for (const name of ['out', 'package.json']) {
    await cp(name, join(copy.app, name), { recursive: true })
  }
  const desktop = await launch({ copy })
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await rename(place, join(folder, 'moved'))
  const running = await readlink(`/proc/${desktop.app.process().pid}/exe`)
  expect(running).toContain(join(folder, 'moved'))
  await logInAt(page)
  await desktop.expectStatus('signed-in')
  await expect.poll(() => page.title()).toMatch(/logget inn/)
})

test('a lock that another computer left in the folder stops no start @thorough', async ({
  launch,
  browserPage,
  folder,
}) => {
  const userData = join(folder, 'user-data')
  await mkdir(userData)
  await symlink('another-computer.example-4711', join(userData, 'SingletonLock'))
  const desktop = await launch({ userData })
  await signIn(desktop, browserPage)
})
