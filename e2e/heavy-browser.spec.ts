/** The person's browser carries cookies of other local servers, which know no port, or is slow. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { translator } from '../assets/locales/index.ts'
import { expect, expectPortClosed, lastPort, logInAt, signIn, test } from './fixtures/desktop.ts'

const t = translator('nb')
const loginPage = '[data-action="login"]'
const cookieSize = 4000

/** Lets another server on 127.0.0.1 put cookies of that size, in bytes, into the browser. */
async function fillWithCookies(page: Page, size: number, path = '/'): Promise<void> {
  const count = Math.ceil(size / cookieSize)
  const value = 'x'.repeat(Math.floor(size / count) - 6)
  let set = 0
  const server = createServer({ maxHeaderSize: 2_000_000 }, (_request, response) => {
    // Less at a time than what a browser takes of headers.
    const some = Array.from({ length: Math.min(50, count - set) }, (_, index) => set + index)
    set += some.length
    const cookies = some.map((index) => `c${index}=${value}; Path=${path}`)
    response.writeHead(200, { 'Content-Type': 'text/html', 'Set-Cookie': cookies }).end('<p>set')
  })
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  const tab = await page.context().newPage()
  try {
    for (let visits = 0; visits < count; visits += 50) await tab.goto(`http://127.0.0.1:${port}/`)
    const url = `http://127.0.0.1:${port}${path}`
    await expect
      .poll(async () => (await page.context().cookies(url)).length)
      .toBeGreaterThanOrEqual(count)
  } finally {
    await tab.close()
    server.closeAllConnections()
    server.close()
  }
}

test('logs in with a browser that sends more than 12 kB of cookies everywhere and 55 kB to the callback', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  // The simulated provider is on 127.0.0.1 too, and takes 16 kB.
  await fillWithCookies(page, 12_800)
  await fillWithCookies(page, 42_000, '/callback')
  await desktop.action('cancel').click()
  await desktop.expectStatus('signed-out')
  await page.goto('about:blank')
  await signIn(desktop, browserPage)
  await expect(desktop.window.locator('[data-check][data-result="fail"]')).toHaveCount(0)
})

for (const size of [70_000, 200_000, 600_000]) {
  const when = size === 70_000 ? '' : ' @thorough'
  test(`shows a browser with ${size / 1000} kB of cookies what to do, and it logs in without them${when}`, async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch()
    await desktop.action('sign-in').click()
    const page = await browserPage(loginPage)
    await fillWithCookies(page, size)
    await desktop.action('reopen-browser').click()
    const refused = await browserPage('main.too-large')
    await expect(refused.locator('h1')).toHaveText(t('callback.too-large.title'))
    await expect(refused.locator('main')).toContainText(t('callback.too-large.text'))
    await desktop.expectStatus('waiting-for-browser')
    await expect(desktop.window.locator('[data-request-rejected]')).toHaveCount(0)

    await page.context().clearCookies()
    await page.close()
    // Nothing was spent: the very same address.
    await refused.reload()
    await logInAt(refused)
    await desktop.expectStatus('signed-in')
  })
}

test('shows the last page to a browser that takes two seconds to go there, and frees the port then @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  const port = lastPort(simulator)
  const client = await page.context().newCDPSession(page)
  await client.send('Fetch.enable')
  const sentOn = Promise.withResolvers<string>()
  const go = Promise.withResolvers<void>()
  client.on('Fetch.requestPaused', ({ requestId, request }) => {
    const url = new URL(request.url)
    const isLast = Number(url.port) === port && url.pathname !== '/callback'
    if (isLast) sentOn.resolve(request.url)
    void (isLast ? go.promise : Promise.resolve()).then(() =>
      client.send('Fetch.continueRequest', { requestId }),
    )
  })
  // Playwright waits for the page behind a click, which is what is held up here.
  const clicked = logInAt(page)
  await sentOn.promise
  await desktop.expectStatus('signed-in')
  // The slow computer itself, and no wait for something to happen.
  await delay(2000)
  go.resolve()
  await clicked
  await expect(page.locator('h1')).toHaveText(t('callback.signed-in.title'))
  await expectPortClosed(port)
})
