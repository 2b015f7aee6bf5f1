import { createConnection } from 'node:net'
import { expect, expectPortClosed, lastPort, logInAt, test } from './fixtures/desktop.ts'

/** Nobody is stuck: whatever is lost on the way ends in a named state with a way on. */

const loginPage = '[data-action="login"]'

test('ends the login, its port and the app when the window is closed, and the next start logs in', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
  expect(await desktop.exited).toBe(0)
  await expectPortClosed(lastPort(simulator))
  await logInAt(page)
  await expect.poll(() => page.title()).not.toMatch(/logget inn/)
  expect(simulator.journal.filter(({ path }) => path === '/token')).toEqual([])

  const next = await launch({ userData: desktop.userData })
  await next.expectStatus('signed-out')
  await next.action('sign-in').click()
  await next.expectStatus('signed-in')
})

test('closing the tab leaves a way on: the same login opens again', async ({
  launch,
  browserPage,
  systemBrowser,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  // The browser stays, or there would be nothing to connect to.
  const browser = await systemBrowser.connect()
  await browser.contexts()[0]?.newPage()
  await page.close()
  await desktop.expectStatus('waiting-for-browser')
  await desktop.action('reopen-browser').click()
  await logInAt(await browserPage(loginPage))
  await desktop.expectStatus('signed-in')
  await expect(desktop.root).toHaveAttribute('data-attempt', '1')
})

test('a copied link logs in from another browser; when it is used again it says so', async ({
  launch,
  browserPage,
  systemBrowser,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  const used = await desktop.app.evaluate(async ({ clipboard }) => await clipboard.readText())
  expect(used, 'nothing is copied unasked').toBe('')
  await desktop.action('copy-link').click()
  const read = (): Promise<string> =>
    desktop.app.evaluate(async ({ clipboard }) => await clipboard.readText())
  await expect.poll(read).toMatch(/^http/)
  const other = await (await systemBrowser.connect()).newContext()
  const second = await other.newPage()
  await second.goto(await read())
  await expect(second.locator(loginPage)).toBeVisible()
  const third = await page.context().newPage()
  const answer = await third.goto(await read())
  expect(answer?.status()).toBe(410)
  await expect(third.locator('h1')).toHaveText('Lenken virker ikke lenger')
  await logInAt(second)
  await desktop.expectStatus('signed-in')
  await other.close()
})

test('opens the same login again when the spare connections of the browser have been closed meanwhile @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await browserPage(loginPage)
  const pushed = simulator.journal.find(({ path }) => path === '/par')
  const port = Number(new URL(pushed?.form.get('redirect_uri') ?? '').port)
  // One more that is silent: when it is closed, so are those that the browser opened before it.
  await new Promise<void>((resolve) => {
    const spare = createConnection({ host: '127.0.0.1', port })
    spare.on('error', () => {})
    spare.once('close', () => resolve())
    spare.resume()
  })
  await desktop.action('reopen-browser').click()
  await expect
    .poll(() => simulator.journal.filter(({ path }) => path === '/authorize').length)
    .toBe(2)
  await logInAt(await browserPage(loginPage))
  await desktop.expectStatus('signed-in')
})

test('takes a sleep off the time that is left, and gives more when it is asked for (events and clocks of the sleep are made by the test) @thorough', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  const timer = desktop.window.getByRole('timer')
  await expect(timer).toHaveText(/^4:5\d$/)
  await desktop.app.evaluate(({ powerMonitor }) => {
    const os = process.getBuiltinModule('node:os')
    const { uptime } = os
    const { now } = Date
    powerMonitor.emit('suspend')
    os.uptime = () => uptime() + 100
    Date.now = () => now() + 100_000
    powerMonitor.emit('resume')
    Date.now = now
  })
  await expect(timer).toHaveText(/^3:1\d$/)
  await desktop.action('prolong').click()
  await expect(timer).toHaveText(/^(5:00|4:5\d)$/)
  await logInAt(page)
  await desktop.expectStatus('signed-in')
})
