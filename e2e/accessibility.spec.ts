import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { consentScope, plainScope } from '../simulator/scopes.ts'
import { type Desktop, expect, logInAt, test } from './fixtures/desktop.ts'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Electron opens no second page for axe: hence the legacy mode. */
async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page })
    .setLegacyMode(true)
    .withTags(tags)
    .analyze()
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

async function expectAccessible({ window }: Desktop): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.emulateMedia({ colorScheme })
    expect(await violations(window), colorScheme).toEqual([])
  }
}

/** The languages differ in their words alone. */
const when = (language: string) => (language === 'nb' ? '' : ' @thorough')

for (const language of ['nb', 'nn', 'en', 'se']) {
  test(`has no barrier that axe finds, in any state, light and dark (${language})${when(language)}`, async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch({ args: [`--lang=${language}`] })
    await desktop.expectStatus('signed-out')
    await expectAccessible(desktop)

    await desktop.action('sign-in').click()
    const page = await browserPage('[data-action="login"]')
    await desktop.expectStatus('waiting-for-browser')
    await expectAccessible(desktop)
    await page.locator('[data-action="cancel"]').click()
    await desktop.expectStatus('signed-out', 'E_LOGIN_DENIED')
    await expectAccessible(desktop)
    await page.waitForURL(/127\.0\.0\.1:\d+\/[\w-]{32}$/)
    expect(await violations(page), 'the page of a declined login').toEqual([])

    await desktop.action('sign-in').click()
    const again = await browserPage('[data-action="login"]')
    await logInAt(again)
    await desktop.expectStatus('signed-in')
    await desktop.action('show-details').click()
    await expectAccessible(desktop)
    await again.waitForURL(/127\.0\.0\.1:\d+\/[\w-]{32}$/)
    expect(await violations(again), 'the page of a login').toEqual([])
  })
}

for (const language of ['nb', 'se']) {
  test(`has no barrier that axe finds in what follows a login, light and dark (${language}; openExternal replaced by a fake at the end) @thorough`, async ({
    launch,
    browserPage,
    simulator,
    systemBrowser,
  }) => {
    test.slow()
    const desktop = await launch({
      args: [`--lang=${language}`],
      profile: {
        prompt: 'login',
        postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out',
        apis: [
          { name: 'Kontaktregisteret', url: simulator.apis.person, scope: consentScope },
          { name: 'Ekko', url: simulator.apis.echo, scope: plainScope },
        ],
      },
    })
    const { window, action } = desktop
    const call = window.locator('[data-action="call-api"][data-api="Ekko"]')
    const signIn = async (): Promise<Page> => {
      await action('sign-in').click()
      const page = await browserPage('[data-action="login"]')
      await logInAt(page)
      await page.locator('[data-action="refuse"]').click()
      await desktop.expectStatus('signed-in')
      return page
    }
    await signIn()
    await call.click()
    await expect(window.locator('[data-api-result="Ekko"]')).toBeVisible()
    await expect(window.locator('[data-refused-scopes]')).toBeVisible()
    await expectAccessible(desktop)
    simulator.play('api-redirect')
    await call.click()
    await expect(window.locator('[data-api-failure="Ekko"]')).toBeVisible()
    await action('renew').click()
    const renewal = await browserPage('[data-action="login"]')
    await expect(desktop.root).toHaveAttribute('data-renewing', 'browser')
    await expectAccessible(desktop)
    await renewal.locator('[data-action="cancel"]').click()
    await expect(window.locator('[data-problem="E_LOGIN_DENIED"]')).toBeVisible()
    await expectAccessible(desktop)

    simulator.play(null)
    await action('sign-out').click()
    await desktop.expectStatus('signed-out')
    await expect(window.locator('[data-logout-browser="done"]')).toBeVisible()
    await expect(window.locator('[data-logout-revocation="done"]')).toBeVisible()
    await expectAccessible(desktop)
    expect(await violations(await browserPage('main.logged-out')), 'the page of a logout').toEqual(
      [],
    )

    await signIn()
    simulator.play({
      summary: 'Nothing is revoked.',
      fault: { step: 'revocation', kind: 'reset' },
    })
    // An answer without content keeps the browser on the page that is on the way.
    const opened = await desktop.app.evaluateHandle(({ shell }) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      shell.openExternal = async (address) => resolve(address)
      return { promise }
    })
    await action('sign-out').click()
    const address = await opened.evaluate(({ promise }) => promise)
    const browser = await systemBrowser.connect()
    const leaving = await (await browser.newContext()).newPage()
    await leaving.route('**/logout', async (route) => await route.fulfill({ status: 204 }))
    await leaving.goto(address, { waitUntil: 'commit' })
    await expect(leaving.locator('main.logging-out')).toBeVisible()
    await expect(window.locator('[data-logout-revocation="failed"]')).toBeVisible()
    await expect(window.locator('[data-logout-browser="opened"]')).toBeVisible()
    await expectAccessible(desktop)
    expect(await violations(leaving), 'the page on the way to a logout').toEqual([])
  })
}
