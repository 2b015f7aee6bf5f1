import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
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

for (const language of ['nb', 'nn', 'en', 'se']) {
  test(`has no barrier that axe finds, in any state, light and dark (${language})`, async ({
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
