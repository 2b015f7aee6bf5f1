/**
 * The app as people get it: installed by the administrator from the packed files, set up by the machine's profile,
 * started by an ordinary user, removed again. Only root can start the administrator.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { administrator, noAdministrator, whyNotInstalled } from '../test/support/administrator.ts'
import { expect, signIn, test } from './fixtures/desktop.ts'
import { appName, packedFile, startPackaged, windowAt } from './fixtures/packaged.ts'

test.skip(noAdministrator, whyNotInstalled)

const run = promisify(execFile)
const machineProfile = `/etc/${appName}/profile.json`

// Seconds of it are those of dpkg.
test.describe.configure({ timeout: 120_000 })

test.beforeAll('install the deb', async () => {
  if (!noAdministrator) await administrator.install(packedFile('deb'))
})

test.afterAll('leave the computer as it was', async () => {
  if (!noAdministrator) await administrator.leave()
})

/** Runs the installed command to its end. */
async function command(...args: string[]) {
  return await run(appName, args).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    ({ code, stdout, stderr }) => ({
      code: Number(code),
      stdout: String(stdout),
      stderr: String(stderr),
    }),
  )
}

/** The command that the installed desktop entry starts. */
async function entryCommand(): Promise<string> {
  const entry = await readFile(`/usr/share/applications/${appName}.desktop`, 'utf8')
  return /^Exec=(.*)$/m.exec(entry)?.[1] ?? ''
}

/** All that the system has of the app, by name. */
async function leftovers(): Promise<string[]> {
  const places = ['/usr', '/etc', '/var/lib', '/var/cache']
  const { stdout } = await run('sh', [
    '-c',
    `find ${places.join(' ')} -name '*${appName}*' -prune -print 2>/dev/null || true`,
  ])
  return stdout.trim().split('\n')
}

test(`refuses a machine profile that others than root own or may write, and takes it when root alone can${whyNotInstalled}`, async ({
  simulator,
}) => {
  for (const rights of [{ owner: process.getuid?.() ?? 0 }, { mode: 0o666 }]) {
    // oxlint-disable-next-line no-await-in-loop
    await administrator.setProfile(simulator.profile, rights)
    // oxlint-disable-next-line no-await-in-loop
    expect(await command(`--check-profile=${machineProfile}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('can be changed by others than administrators'),
    })
  }
  await administrator.setProfile(simulator.profile)
  expect(await command(`--check-profile=${machineProfile}`)).toMatchObject({
    code: 0,
    stdout: `${machineProfile}: a profile for this machine\n`,
  })
})

test(`installed from the deb, it logs a person in as its machine profile says, and leaves what is the person’s own${whyNotInstalled}`, async ({
  folder,
  simulator,
  systemBrowser,
  browserPage,
}) => {
  const userData = join(folder, 'user-data')
  await administrator.install(packedFile('deb'))
  // One profile for all computers can name a feed, which means nothing to Linux.
  const profile = { ...simulator.profile, updates: { feed: 'https://updates.invalid/' } }
  await administrator.setProfile(profile)
  const app = await startPackaged(await entryCommand(), { userData, env: systemBrowser.env })
  await app.expectStatus('signed-out')
  await signIn(app, browserPage)
  await expect(app.claim('id', 'iss')).toHaveText(simulator.issuer)
  expect(app.said()).toContain('no updates {"reason":"the package manager does"}')
  await app.close()

  expect(await command('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^idporten-desktop \d+\.\d+\.\d+ \(Electron [\d.]+\)\n$/),
  })
  expect(await command('--help')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('--check-profile=<file>'),
  })

  await administrator.purge()
  expect(await leftovers()).toEqual([`/etc/${appName}`])
  expect(await readFile(machineProfile, 'utf8')).toBe(JSON.stringify(profile))
  expect(await readFile(join(userData, 'settings.json'), 'utf8')).toContain('window')
})

test(`@thorough keeps its page in a sandbox also where users may not create namespaces${whyNotInstalled}`, async ({
  folder,
  simulator,
}) => {
  await administrator.install(packedFile('deb'))
  await administrator.setProfile(simulator.profile)
  const args = [`--user-data-dir=${join(folder, 'user-data')}`, '--remote-debugging-port=0']
  const window = await windowAt(await administrator.startWithoutNamespaces(args))
  await expect(window.locator('html')).toHaveAttribute('data-status', 'signed-out')
  expect(await administrator.sandboxes()).toEqual([{ seccomp: '2', seesOthers: false }])
  await administrator.endConfined()
})

test(`@thorough starts for another user on the same display, beside the first, and without a D-Bus of theirs${whyNotInstalled}`, async ({
  folder,
  simulator,
  systemBrowser,
}) => {
  await administrator.install(packedFile('deb'))
  await administrator.setProfile(simulator.profile)
  const userData = join(folder, 'user-data')
  const first = await startPackaged(appName, { userData, env: systemBrowser.env })
  await first.expectStatus('signed-out')
  const window = await windowAt(await administrator.startAsOther(['--remote-debugging-port=0']))
  await expect(window.locator('html')).toHaveAttribute('data-status', 'signed-out')
  await expect(window.locator('[data-action="sign-in"]')).toBeEnabled()
  await administrator.endConfined()
  await first.expectStatus('signed-out')
  await first.close()
})

test(`@thorough logs a person in where there is no D-Bus${whyNotInstalled}`, async ({
  folder,
  simulator,
  systemBrowser,
  browserPage,
}) => {
  await administrator.install(packedFile('deb'))
  await administrator.setProfile(simulator.profile)
  const app = await startPackaged(appName, {
    userData: join(folder, 'user-data'),
    env: {
      ...systemBrowser.env,
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere',
      DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere',
    },
  })
  await signIn(app, browserPage)
  await app.close()
})

test(`@thorough an upgrade from an older version keeps the machine profile and the person’s settings${whyNotInstalled}`, async ({
  folder,
  simulator,
  systemBrowser,
}) => {
  const userData = join(folder, 'user-data')
  await administrator.purge()
  await administrator.install(await asOlderVersion(folder))
  await administrator.setProfile(simulator.profile)
  const before = await startPackaged(appName, { userData, env: systemBrowser.env })
  await before.expectStatus('signed-out')
  await before.close()
  const settings = await readFile(join(userData, 'settings.json'), 'utf8')

  const said = await administrator.install(packedFile('deb'))
  expect(said).toContain('over (0.0.1)')
  expect(await readFile(machineProfile, 'utf8')).toBe(JSON.stringify(simulator.profile))
  expect(await readFile(join(userData, 'settings.json'), 'utf8')).toBe(settings)
  const after = await startPackaged(appName, { userData, env: systemBrowser.env })
  await after.expectStatus('signed-out')
  await after.close()
})

/** The deb again, as a version that never was. */
async function asOlderVersion(folder: string): Promise<string> {
  const tree = join(folder, 'older')
  const file = join(folder, 'older.deb')
  await run('dpkg-deb', ['--raw-extract', packedFile('deb'), tree])
  const control = join(tree, 'DEBIAN/control')
  await run('sed', ['-i', 's/^Version: .*/Version: 0.0.1/', control])
  await run('chmod', ['4755', join(tree, `usr/lib/${appName}/chrome-sandbox`)])
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, file])
  return file
}

for (const [format, unpack] of [
  ['tar.gz', 'tar -xzf "$0" --strip-components=1'],
  ['rpm', 'rpm2cpio "$0" | cpio -id --quiet'],
] as const) {
  test(`@thorough the ${format}, unpacked in a home folder, logs a person in as the machine profile says${whyNotInstalled}`, async ({
    folder,
    simulator,
    systemBrowser,
    browserPage,
  }) => {
    const home = join(folder, 'home')
    await mkdir(home)
    await run('sh', ['-c', unpack, packedFile(format)], { cwd: home })
    const executable = join(home, format === 'rpm' ? `usr/lib/${appName}` : '.', appName)
    await administrator.setProfile(simulator.profile)
    const app = await startPackaged(executable, {
      userData: join(folder, 'user-data'),
      env: systemBrowser.env,
    })
    await signIn(app, browserPage)
    await expect(app.claim('id', 'iss')).toHaveText(simulator.issuer)
    await app.close()
  })
}
