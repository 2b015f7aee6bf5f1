/** The integrators' half of the window: what each tab shows after what has happened, and what can be taken along. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Desktop, expect, logInAt, signIn, test } from './fixtures/desktop.ts'

test.use({ simulatorOptions: { refreshTokens: true } })

const tabs = ['steps', 'id', 'access', 'userinfo', 'checks', 'provider', 'profile'] as const

/** The steps that are shown, each with its outcome. */
const stepsOf = async ({ window }: Desktop): Promise<string[]> =>
  await window
    .locator('[data-step]')
    .evaluateAll((rows) =>
      rows.map((row) =>
        [row.getAttribute('data-step'), row.getAttribute('data-outcome')].join(' '),
      ),
    )

async function open(desktop: Desktop, tab: string): Promise<void> {
  await desktop.window.locator(`[data-tab="${tab}"]`).click()
  await expect(desktop.window.locator(`[data-panel="${tab}"]`)).toBeVisible()
}

test('shows a login and its renewal in every tab, and hands out an attempt and a request', async ({
  launch,
  browserPage,
  simulator,
  folder,
}) => {
  const desktop = await launch()
  const { window, action } = desktop
  // Its style sheet comes with it.
  const chunk = window.locator('link[href*="inspector"]')
  await desktop.expectStatus('signed-out')
  await expect(chunk).toHaveCount(0)
  await action('sign-in').click()
  await desktop.expectStatus('waiting-for-browser')
  await expect(chunk).not.toHaveCount(0)
  await logInAt(await browserPage('[data-action="login"]'))
  await desktop.expectStatus('signed-in')
  await action('renew').click()
  await expect(desktop.root).toHaveAttribute('data-attempt', '2')
  await expect(desktop.root).toHaveAttribute('data-renewing', '')
  await expect(desktop.claim('id', 'iss')).toBeHidden()
  await action('show-details').click()

  for (const tab of tabs) {
    // oxlint-disable-next-line no-await-in-loop
    await open(desktop, tab)
    // oxlint-disable-next-line no-await-in-loop
    await expect(window.locator('[data-panel]:visible')).toHaveCount(1)
  }
  await expect(window.locator('[data-panel="profile"] [data-value-of="issuer"]')).toContainText(
    simulator.issuer,
  )
  await open(desktop, 'provider')
  await expect(
    window.locator('[data-panel="provider"] [data-value-of="token_endpoint"]'),
  ).toContainText(`${simulator.issuer}/token`)
  await open(desktop, 'id')
  await expect(desktop.claim('id', 'iss')).toBeVisible()
  await expect(window.locator('[data-token="id"][data-claim="jti"] [data-changed]')).toHaveCount(1)
  await expect(
    window.locator('[data-token="access"][data-claim="jti"] [data-changed]'),
  ).toHaveCount(1)
  await expect(window.locator('[data-claim="sub"] [data-changed]')).toHaveCount(0)
  await window.locator('[data-filter]').fill('locale')
  await expect(desktop.claim('id', 'iss')).toBeHidden()
  await expect(desktop.claim('id', 'locale')).toBeVisible()
  await window.locator('[data-filter]').fill('')

  await open(desktop, 'steps')
  expect((await stepsOf(desktop))[0]).toBe('refresh done')
  await window.locator('[data-attempts]').selectOption('1')
  expect(await stepsOf(desktop)).toEqual(
    expect.arrayContaining(['metadata done', 'callback done', 'verification done']),
  )
  await window.locator('[data-step="token-request"] summary').click()
  await window.locator('[data-step="token-request"] [data-action="copy-request"]').click()
  const clipboard = () => desktop.app.evaluate(({ clipboard: board }) => board.readText())
  await expect.poll(clipboard).toContain(`'${simulator.issuer}/token'`)
  expect(await clipboard()).toContain('"$IDPORTEN_CODE_VERIFIER"')
  await action('copy-attempt').click()
  await expect.poll(clipboard).toMatch(/^# Login 1\n\n- App: `idporten-desktop \d/)

  const file = join(folder, 'attempt.json')
  await desktop.app.evaluate(({ dialog }, filePath) => {
    // What stands in for the person: nobody is there to press a button of the system's dialog.
    dialog.showSaveDialog = async () => ({ canceled: false, filePath })
  }, file)
  await action('save-json').click()
  await expect.poll(async () => await readFile(file, 'utf8').catch(() => '')).not.toBe('')
  const saved = await readFile(file, 'utf8')
  expect(JSON.parse(saved)).toMatchObject({ issuer: simulator.issuer, attempt: 1 })
  for (const { form } of simulator.journal) {
    for (const name of ['code', 'code_verifier', 'state', 'nonce', 'refresh_token']) {
      for (const secret of form.getAll(name)) expect(saved).not.toContain(secret)
    }
  }
})

test('@thorough is worked by the keyboard alone', async ({ launch, browserPage }) => {
  const desktop = await launch()
  await signIn(desktop, browserPage)
  await desktop.action('show-details').press('Enter')
  await desktop.window.locator('[data-tab="steps"]').focus()
  for (const tab of tabs.slice(1)) {
    // oxlint-disable-next-line no-await-in-loop
    await desktop.window.keyboard.press('ArrowRight')
    // oxlint-disable-next-line no-await-in-loop
    await expect(desktop.window.locator(`[data-tab="${tab}"]`)).toBeFocused()
  }
  await desktop.window.keyboard.press('Enter')
  await expect(desktop.window.locator('[data-panel="profile"]')).toBeVisible()
})

for (const [scenario, code, last] of [
  ['token-oauth-error-invalid-grant', 'E_TOKEN_REFUSED', 'token-request refused'],
  ['invalid-nonce', 'E_ID_TOKEN_CLAIM', 'verification failed'],
  ['callback-error-invalid-scope', 'E_LOGIN_REFUSED', 'callback refused'],
] as const) {
  test(`@thorough shows how far a login came: ${scenario}`, async ({
    launch,
    browserPage,
    simulator,
  }) => {
    simulator.play(scenario)
    const desktop = await launch()
    await desktop.action('sign-in').click()
    await logInAt(await browserPage('[data-action="login"]'))
    await desktop.expectStatus('signed-out', code)
    await desktop.action('show-details').click()
    await expect(desktop.window.locator('[data-step]').last()).toBeVisible()
    expect((await stepsOf(desktop)).at(-1)).toBe(last)
    await expect(desktop.window.locator('[data-tab="id"]')).toHaveCount(0)
    await expect(desktop.window.locator('[data-tab="checks"]')).toHaveCount(
      code === 'E_ID_TOKEN_CLAIM' ? 1 : 0,
    )
  })
}

test('@thorough shows a login that got no metadata, and one that was cancelled', async ({
  launch,
  browserPage,
  simulator,
}) => {
  simulator.play('discovery-http-404')
  const desktop = await launch()
  await desktop.action('sign-in').click()
  await desktop.expectStatus('signed-out', 'E_PROVIDER_METADATA')
  await desktop.action('show-details').click()
  await expect(desktop.window.locator('[data-step="metadata"]')).toBeVisible()
  expect(await stepsOf(desktop)).toEqual(['metadata refused'])

  simulator.play(null)
  await desktop.action('sign-in').click()
  await browserPage('[data-action="login"]')
  await desktop.action('cancel').click()
  await desktop.expectStatus('signed-out')
  await signIn(desktop, browserPage)
  await desktop.action('show-details').click()
  await desktop.window.locator('[data-attempts]').selectOption('2')
  expect((await stepsOf(desktop)).at(-1)).toBe('callback cancelled')
})

test('@thorough shows the call of an API and the revocation of a session that has ended', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const api = { name: 'echo', url: simulator.apis.echo, method: 'GET', scope: 'altinn:lookup' }
  const desktop = await launch({ profile: { apis: [api] } })
  await signIn(desktop, browserPage)
  await desktop.action('call-api').click()
  await expect(desktop.window.locator('[data-api-result="echo"]')).toBeVisible()
  await desktop.action('show-details').click()
  await expect(desktop.window.locator('[data-step="api-call"]')).toBeVisible()
  await desktop.action('sign-out').click()
  await expect(desktop.window.locator('[data-logout-revocation="done"]')).toBeVisible()
  await desktop.action('show-details').click()
  await expect(desktop.window.locator('[data-step="revocation"]')).toBeVisible()
})
