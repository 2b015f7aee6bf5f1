/**
 * Drives a whole login on a machine without a screen: the app, the system browser that the app
 * opens, the simulator. Prints each status and the claims, and saves pictures in `artifacts/`.
 * Usage: demo-login.ts <executable of Electron>, inside a display and a session bus.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { _electron } from 'playwright'
import type { Browser, ElectronApplication, Page } from 'playwright'
import { createSystemBrowser } from '../e2e/fixtures/system-browser.ts'
import { withSimulator } from './simulated-profile.ts'

const artifacts = 'artifacts'
const loginTimeout = 60_000

const [executablePath] = process.argv.slice(2)
if (executablePath === undefined) throw new TypeError('the executable of Electron is needed')

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Whatever the window shows, no personal number leaves this process whole. */
const maskPid = (text: string) => text.replaceAll(/\b(\d{6})\d{5}\b/gu, '$1•••••')

const picture = (name: string) => ({ path: path.join(artifacts, `${name}.png`) })

function variables(added: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return { ...Object.fromEntries(inherited), ...added }
}

/** Runs in the window: polling from here would miss states that last for milliseconds. */
const observeStatus = `{
  const root = document.documentElement
  const report = () => reportStatus(root.dataset.status ?? '', root.dataset.error ?? '')
  new MutationObserver(report).observe(root, { attributeFilter: ['data-status', 'data-error'] })
  report()
}`

async function reportStatus(window: Page): Promise<void> {
  let last = ''
  await window.exposeFunction('reportStatus', (status: string, error: string) => {
    const line = `status: ${status}${error === '' ? '' : ` (${error})`}`
    if (line !== last) print(line)
    last = line
  })
  await window.evaluate(observeStatus)
}

async function pageWith(browser: Browser, selector: string): Promise<Page> {
  const deadline = Date.now() + loginTimeout
  while (Date.now() < deadline) {
    for (const page of browser.contexts().flatMap((context) => context.pages())) {
      if (
        (await page
          .locator(selector)
          .count()
          .catch(() => 0)) > 0
      )
        return page
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  throw new Error(`No page in the browser shows ${selector}`)
}

async function printClaims(window: Page): Promise<void> {
  for (const [token, title] of [
    ['id', 'Claims of the ID token'],
    ['access', 'Claims of the access token'],
  ] as const) {
    const claims = await window.locator(`[data-token="${token}"][data-claim]`).evaluateAll((rows) =>
      rows.map((row) => ({
        name: row.getAttribute('data-claim') ?? '',
        value: row.querySelector('[data-value]')?.textContent ?? '',
      })),
    )
    if (claims.length > 0) print(`\n${title}`)
    for (const { name, value } of claims) print(`  ${name}: ${maskPid(value)}`)
  }
}

async function logIn(app: ElectronApplication, connect: () => Promise<Browser>): Promise<void> {
  const window = await app.firstWindow()
  await reportStatus(window)
  await window.locator('html[data-status="signed-out"]').waitFor({ timeout: loginTimeout })
  await window.screenshot(picture('window-signed-out'))
  await window.locator('[data-action="sign-in"]').click()

  const browser = await connect()
  const loginPage = await pageWith(browser, '[data-action="login"]')
  print(`browser: ${new URL(loginPage.url()).origin}`)
  await window.screenshot(picture('window-waiting'))
  await loginPage.screenshot(picture('login'))
  await loginPage.locator('[data-action="login"]').click()

  await window.locator('html[data-status="signed-in"]').waitFor({ timeout: loginTimeout })
  await loginPage.waitForLoadState()
  print(`browser: ${new URL(loginPage.url()).origin}, "${await loginPage.title()}"`)
  await loginPage.screenshot(picture('callback'))
  await window.screenshot(picture('window-signed-in'))
  await printClaims(window)
}

await mkdir(artifacts, { recursive: true })
await withSimulator(async ({ simulator, folder, args }) => {
  print(`simulator: ${simulator.issuer}`)
  const systemBrowser = await createSystemBrowser(path.join(folder, 'browser'))
  try {
    const app = await _electron.launch({
      executablePath,
      args: ['.', ...args],
      chromiumSandbox: true,
      env: variables(systemBrowser.env),
    })
    try {
      await logIn(app, systemBrowser.connect)
    } finally {
      await app.close()
    }
  } finally {
    await systemBrowser.close()
  }
})
print(`\nPictures are in ${artifacts}/.`)
