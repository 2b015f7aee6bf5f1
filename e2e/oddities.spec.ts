import { expect, logInAt, signIn, test } from './fixtures/desktop.ts'
import { expectRefused } from './fixtures/failure.ts'

/** Harmless oddities that let people in, and what is told when they do not come from something harmless. */

const loginPage = '[data-action="login"]'

for (const minutes of [-4, 4]) {
  test(`logs in on a computer whose clock is ${minutes} minutes off, with a fresh login and bound tokens (clock of main moved by the test) @thorough`, async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch({ profile: { prompt: 'login', dpop: true } })
    await desktop.app.evaluate((_, by) => {
      const { now } = Date
      Date.now = () => now() + by * 60_000
    }, minutes)
    await signIn(desktop, browserPage)
    await expect(desktop.check('auth_time')).toHaveAttribute('data-result', 'pass')
    await expect(desktop.window.locator('[data-check][data-result="fail"]')).toHaveCount(0)
  })
}

// A token of two minutes is over five minutes after its end: a fast clock is noticed at seven.
const tooFar = [
  { minutes: -6, explanation: 'clock:behind', time: '6 minutter' },
  { minutes: 8, explanation: 'clock:ahead', time: '8 minutter' },
]
for (const { minutes, explanation, time } of tooFar) {
  test(`refuses a login on a computer whose clock is ${minutes} minutes off, and lets it in when the clock is right (clock of main moved by the test) @thorough`, async ({
    launch,
    browserPage,
  }) => {
    const desktop = await launch({ profile: { prompt: 'login', dpop: true } })
    const moveClock = async (by: number): Promise<void> =>
      await desktop.app.evaluate((_, milliseconds) => {
        const { now } = Date
        Date.now = () => now() + milliseconds
      }, by * 60_000)
    await moveClock(minutes)
    await desktop.action('sign-in').click()
    await logInAt(await browserPage(loginPage))
    await expectRefused(desktop, { code: 'E_CLOCK_SKEW', explanation, time })
    await moveClock(-minutes)
    await signIn(desktop, browserPage)
  })
}

test('tells what the provider said of a client that it does not know, while the browser is away and when the time is over @thorough', async ({
  launch,
  simulator,
}) => {
  const desktop = await launch({ profile: { clientId: 'no-such-client', loginTimeoutSeconds: 8 } })
  await desktop.action('sign-in').click()
  await desktop.expectStatus('waiting-for-browser')
  const told = desktop.window.locator('[data-push-refused]')
  await expect(told).toContainText('invalid_client')
  await expect(told.locator('[data-explanation="oauth:invalid_client"]')).toBeVisible()
  await expectRefused(desktop, { code: 'E_LOGIN_TIMEOUT', explanation: 'oauth:invalid_client' })
  const forSupport = desktop.window.locator('.for-support')
  await expect(forSupport.getByText('pushed authorization request')).toBeHidden()
  await forSupport.locator('summary').click()
  await expect(forSupport.getByText('pushed authorization request')).toBeVisible()
  expect(simulator.journal.filter(({ path }) => path === '/par')).toHaveLength(1)
})
