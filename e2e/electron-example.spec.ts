import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { _electron } from '@playwright/test'
import { installLogin } from '../test/support/installed-login.ts'
import { electronPath, expect, logInAt, test } from './fixtures/desktop.ts'

test('the Electron example signs in with the packed login, after a cancel and after a refusal', async ({
  folder,
  simulator,
  systemBrowser,
  browserPage,
}) => {
  const example = join(folder, 'example')
  await cp('examples/electron-login', example, { recursive: true })
  await installLogin(example)
  const app = await _electron.launch({
    executablePath: electronPath(),
    args: [example, `--user-data-dir=${join(folder, 'data')}`],
    chromiumSandbox: true,
    env: {
      ...process.env,
      ...systemBrowser.env,
      ISSUER: simulator.issuer,
      CLIENT_ID: simulator.profile.clientId,
    },
  })
  try {
    const window = await app.firstWindow()
    const status = window.getByRole('status')
    const signIn = window.getByRole('button', { name: 'Sign in' })

    await signIn.click()
    const abandoned = await browserPage('[data-action="login"]')
    await window.getByRole('button', { name: 'Cancel' }).click()
    await expect(status).toHaveText('Cancelled')

    await abandoned.goto('about:blank')
    await signIn.click()
    const declined = await browserPage('[data-action="cancel"]')
    await declined.locator('[data-action="cancel"]').click()
    await expect(status).toHaveText(/^Not signed in: E_LOGIN_DENIED/)

    await signIn.click()
    await logInAt(await browserPage('[data-action="login"]'))
    await expect(status).toHaveText(/^Signed in at idporten-loa-/)
  } finally {
    await app.close()
  }
})
