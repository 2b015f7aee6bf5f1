/**
 * Another user of the same computer has read an address on the browser's command line. A process of such a
 * user is only there when the tests were started as root (scripts/bootstrap/unprivileged.mjs).
 */
import { navigateAsOtherUser, noOtherUser, whySkipped } from '../test/support/other-user.ts'
import { type Desktop, expect, logInAt, signIn, test } from './fixtures/desktop.ts'

test.skip(noOtherUser, whySkipped)

const loginPage = '[data-action="login"]'

/** Keeps the address that the app opens next from the browser, until the test lets it open. */
async function holdOpening({ app }: Desktop) {
  await app.evaluate(({ shell }) => {
    const real = shell.openExternal
    const held: { address: string; open?: () => Promise<void> } = { address: '' }
    Object.assign(globalThis, { held })
    shell.openExternal = async (address) => {
      shell.openExternal = real
      held.address = address
      held.open = () => real(address)
    }
  })
  const address = () =>
    app.evaluate(() => (globalThis as unknown as { held: { address: string } }).held.address)
  const whenHeld = async (): Promise<string> => {
    await expect.poll(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/)
    return await address()
  }
  return {
    address: whenHeld,
    open: async (): Promise<void> => {
      await whenHeld()
      await app.evaluate(() =>
        (globalThis as unknown as { held: { open: () => Promise<void> } }).held.open(),
      )
    },
  }
}

test(`refuses another user of the computer who comes to the start address first; it is told, nothing is spent, and the person logs in${whySkipped}`, async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  const opening = await holdOpening(desktop)
  await desktop.action('sign-in').click()
  const refused = await navigateAsOtherUser(await opening.address())
  expect([refused.status, refused.headers.location]).toEqual([403, undefined])
  await expect(desktop.window.locator('[data-request-rejected]')).toBeVisible()
  await expect(desktop.window.locator('[data-link-reused]')).toHaveCount(0)

  await opening.open()
  await logInAt(await browserPage(loginPage))
  await desktop.expectStatus('signed-in')
  expect(await desktop.log()).toContain('other user')
  expect(await desktop.log()).not.toContain('connections not checked')
})

test(`tells that a start address was opened again after the browser had used it, and the login goes on${whySkipped} @thorough`, async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  const opening = await holdOpening(desktop)
  await desktop.action('sign-in').click()
  await opening.open()
  const page = await browserPage(loginPage)
  await expect(desktop.window.locator('[data-link-reused]')).toHaveCount(0)
  expect((await navigateAsOtherUser(await opening.address())).status).toBe(410)
  await expect(desktop.window.locator('[data-link-reused]')).toBeVisible()
  await logInAt(page)
  await desktop.expectStatus('signed-in')
})

test(`refuses the right callback of another user of the computer, then takes that of the browser${whySkipped} @thorough`, async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.action('sign-in').click()
  const page = await browserPage(loginPage)
  const pushed = simulator.journal.findLast(({ path }) => path === '/par')?.form
  const callback = new URL(pushed?.get('redirect_uri') ?? '')
  callback.search = new URLSearchParams({
    code: 'of-somebody-else',
    state: pushed?.get('state') ?? '',
    iss: simulator.issuer,
  }).toString()
  expect((await navigateAsOtherUser(callback)).status).toBe(403)
  await desktop.expectStatus('waiting-for-browser')
  await expect(desktop.window.locator('[data-request-rejected]')).toBeVisible()

  await logInAt(page)
  await desktop.expectStatus('signed-in')
  expect(simulator.journal.filter(({ path }) => path === '/token')).toHaveLength(1)
})

test(`shows another user of the computer no logout page, tells it, and the browser logs out with the token${whySkipped} @thorough`, async ({
  launch,
  browserPage,
  simulator,
}) => {
  const profile = { postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out' }
  const desktop = await launch({ profile })
  await signIn(desktop, browserPage)
  const opening = await holdOpening(desktop)
  await desktop.action('sign-out').click()
  await desktop.expectStatus('signed-out')
  const refused = await navigateAsOtherUser(await opening.address())
  expect([refused.status, refused.body.includes('id_token_hint')]).toEqual([403, false])
  await expect(desktop.window.locator('[data-request-rejected]')).toBeVisible()

  await opening.open()
  await expect(desktop.window.locator('[data-logout-browser="done"]')).toBeVisible()
  const logout = simulator.journal.find(({ path }) => path === '/logout')
  expect(logout?.form.get('id_token_hint')).toMatch(/^eyJ/)
})
