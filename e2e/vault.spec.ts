import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { translator } from '../assets/locales/index.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { test as base, type Desktop, expect, signIn } from './fixtures/desktop.ts'
import { type Keyring, startKeyring } from './fixtures/keyring.ts'

/** A login that outlives the app, in a real keyring. */

const t = translator('nb')
const remembering = { remember: true }

const test = base.extend<{ keyring: Keyring }>({
  simulatorOptions: { refreshTokens: true },

  keyring: async ({ folder }, use) => {
    const keyring = await startKeyring(join(folder, 'keyring'))
    await use(keyring)
    await keyring.stop()
  },
})
/** Logs in where no login was taken up. */
async function signInAnew(
  desktop: Desktop,
  browserPage: (selector: string) => Promise<Page>,
): Promise<void> {
  await desktop.expectStatus('signed-out')
  await signIn(desktop, browserPage)
}

async function expectRemembered({ window }: Desktop, value: 'kept' | 'unavailable'): Promise<void> {
  await expect(window.locator('[data-remembered]')).toHaveAttribute('data-remembered', value)
}

const vaultOf = ({ userData }: Desktop): string => join(userData, 'vault')

/** Requests since the journal had that length: the paths, and the grants at the token endpoint. */
function asked({ journal }: Simulator, since: number): string[] {
  return journal
    .slice(since)
    .map(({ path, form }) =>
      [path, form.get('grant_type')].filter((text) => text !== null).join(' '),
    )
}

for (const { dpop, how } of [
  { dpop: false, how: 'an ordinary login' },
  { dpop: true, how: 'a login with bound tokens (DPoP)' },
]) {
  test(`${how} is taken up after a restart without a browser, and forgotten on sign-out${dpop ? ' @thorough' : ''}`, async ({
    launch,
    browserPage,
    simulator,
    keyring,
  }) => {
    const profile = { ...remembering, dpop }
    const before = await launch({ profile, ...keyring })
    await signInAnew(before, browserPage)
    await expectRemembered(before, 'kept')
    await expect(before.window.locator('[data-remembered]')).toHaveText(t('signed-in.remembered'))
    const subject = (await before.claim('id', 'sub').textContent()) ?? ''
    await before.close()
    const bytes = await readFile(vaultOf(before), 'latin1')
    const pid = simulator.persons[0]?.pid ?? ''
    expect([subject, pid, 'eyJ'].filter((text) => bytes.includes(text))).toEqual([])

    const { userData } = before
    const since = simulator.journal.length
    const after = await launch({ profile, userData, ...keyring })
    await after.expectStatus('signed-in')
    await expectRemembered(after, 'kept')
    await expect(after.claim('id', 'sub')).toHaveText(subject)
    await expect(after.claim('userinfo', 'sub')).toHaveText(subject)
    await expect(after.root).toHaveAttribute('data-attempt', '0')
    await expect(after.window.locator('[data-check][data-result="fail"]')).toHaveCount(0)
    expect(await after.window.content()).not.toContain(pid)
    const requests = asked(simulator, since)
    expect(requests).toContain('/token refresh_token')
    expect(requests.filter((name) => name === '/authorize' || name === '/par')).toEqual([])

    // Once more by hand: the refresh token that was kept last is the newest.
    const jti = (await after.claim('access', 'jti').textContent()) ?? ''
    await after.action('renew').click()
    await expect(after.claim('access', 'jti')).not.toHaveText(jti)
    await after.action('sign-out').click()
    await after.expectStatus('signed-out')
    await expect.poll(() => existsSync(vaultOf(after))).toBe(false)
    await after.close()

    const last = await launch({ profile, userData, ...keyring })
    await last.expectStatus('signed-out')
  })
}

test('a login is taken up after 29 minutes without activity, and forgotten after 31 or by a clock that went back (wall clock of the first run moved by the test) @thorough', async ({
  launch,
  browserPage,
  simulator,
  keyring,
}) => {
  const profile = remembering
  simulator.play({
    summary: 'gives refresh tokens for a day',
    tokenResponse: (body) => ({ ...body, refresh_token_expires_in: 86_400 }),
  })
  let desktop = await launch({ profile, ...keyring })
  const { userData } = desktop
  await signInAnew(desktop, browserPage)
  for (const [minutesAgo, takenUp] of [
    [29, true],
    [31, false],
    [-1, false],
  ] as const) {
    await expectRemembered(desktop, 'kept')
    await desktop.app.evaluate((_, minutes) => {
      const { now } = Date
      Date.now = () => now() - minutes * 60_000
    }, minutesAgo)
    // What the person did last is written when the app ends.
    await desktop.action('reveal-pid').click()
    await desktop.close()

    const since = simulator.journal.length
    desktop = await launch({ profile, userData, ...keyring })
    await desktop.expectStatus(takenUp ? 'signed-in' : 'signed-out')
    if (takenUp) continue
    expect(asked(simulator, since)).toEqual([])
    expect(existsSync(vaultOf(desktop))).toBe(false)
    // The provider still knows the person, and is asked to ask.
    await signInAnew(desktop, browserPage)
  }
})

test('a login outlives the end of the app in the middle of a renewal @thorough', async ({
  launch,
  browserPage,
  simulator,
  keyring,
}) => {
  const before = await launch({ profile: remembering, ...keyring })
  await signInAnew(before, browserPage)
  await expectRemembered(before, 'kept')
  simulator.play('refresh-black-hole')
  await before.action('renew').click()
  await expect(before.root).toHaveAttribute('data-renewing', 'refresh-token')
  await before.close()
  simulator.play(null)
  const after = await launch({ profile: remembering, userData: before.userData, ...keyring })
  await after.expectStatus('signed-in')
})

test.describe('where nothing can be kept safely', () => {
  const withoutKeyring = {
    'the desktop has no keyring': async () => await Promise.resolve(null),
    'no keyring answers @thorough': async (folder: string) =>
      await startKeyring(folder, { daemon: false }),
  }
  for (const [what, start] of Object.entries(withoutKeyring)) {
    test(`a login works, says that it is not remembered, and leaves no file when ${what}`, async ({
      launch,
      browserPage,
      folder,
    }) => {
      const keyring = await start(join(folder, 'keyring'))
      try {
        const before = await launch({ profile: remembering, ...keyring })
        await signInAnew(before, browserPage)
        await expectRemembered(before, 'unavailable')
        const told = before.window.locator('[data-problem="E_VAULT_UNAVAILABLE"]')
        await expect(told).toHaveText(t('error.E_VAULT_UNAVAILABLE.text'))
        await expect(before.window.getByRole('alert')).toHaveCount(0)
        expect(await before.log()).toContain('E_VAULT_UNAVAILABLE')
        await before.action('renew').click()
        await expect(before.action('renew')).toBeEnabled()
        await expectRemembered(before, 'unavailable')
        await before.close()
        const names = await readdir(before.userData)
        expect(names.filter((name) => name.startsWith('vault'))).toEqual([])
        const { userData } = before
        const after = await launch({ profile: remembering, userData, ...keyring })
        await after.expectStatus('signed-out')
      } finally {
        await keyring?.stop()
      }
    })
  }
})
