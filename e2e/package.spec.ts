import { execFile, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extractFile, listPackage } from '@electron/asar'
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { expect, test } from './fixtures/desktop.ts'
import { attach } from './fixtures/system-browser.ts'

const unpacked = 'dist/linux-unpacked'
const executable = join(unpacked, 'idporten-desktop')
const archive = join(unpacked, 'resources/app.asar')

test.beforeAll('package the app', async () => {
  test.setTimeout(180_000)
  await promisify(execFile)(process.execPath, ['scripts/package.ts'])
})

/** The packaged app cannot be attached to by Playwright's Electron driver: its fuses see to that. */
async function startPackaged(
  userData: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ html: () => Promise<string>; end: () => void }> {
  const app = spawn(
    executable,
    [`--user-data-dir=${userData}`, '--lang=nb', '--remote-debugging-port=0'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    },
  )
  const address = await new Promise<string>((resolve, reject) => {
    let said = ''
    app.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    app.once('exit', () => reject(new Error(`it ended: ${said}`)))
  })
  const browser = await attach(address)
  const html = async (): Promise<string> => {
    const page = browser.contexts()[0]?.pages()[0]
    const root = page?.locator('html')
    return `${await root?.getAttribute('data-status')} ${await root?.getAttribute('data-error')}`
  }
  return { html, end: () => app.kill() }
}

test('holds the app and nothing else: no simulator, no node_modules, no source map, no source', async () => {
  const files = listPackage(archive, { isPack: false }).map((file) => file.replaceAll('\\', '/'))
  expect(files).toContain('/out/main/index.js')
  expect(files).toContain('/out/preload/index.cjs')
  expect(files).toContain('/out/renderer/index.html')
  const strangers = files.filter(
    (file) => !/^\/(out(\/(main|preload|renderer)(\/.*)?)?|package\.json|LICENSE)$/.test(file),
  )
  expect(strangers).toEqual([])
  expect(files.filter((file) => /node_modules|simulator|\.map$|\.ts$/.test(file))).toEqual([])
  const licences = extractFile(archive, 'out/main/licenses.txt').toString()
  for (const name of ['jose', 'oauth4webapi', 'valibot', 'i18next']) {
    expect(licences, `the licence of ${name}`).toContain(name)
  }
  const content = await readFile(archive, 'latin1')
  for (const trace of ['oidc-provider', 'sourceMappingURL', 'simulator/', 'BEGIN PRIVATE KEY']) {
    expect(content, trace).not.toContain(trace)
  }
})

test('has every fuse of its runtime decided', async () => {
  const wire = await getCurrentFuseWire(executable)
  const off = FuseState.DISABLE
  const on = FuseState.ENABLE
  expect(wire).toMatchObject({
    [FuseV1Options.RunAsNode]: off,
    [FuseV1Options.EnableCookieEncryption]: on,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
    [FuseV1Options.EnableNodeCliInspectArguments]: off,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
    [FuseV1Options.OnlyLoadAppFromAsar]: on,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: off,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
  })
})

test('runs as itself and not as Node, whatever the environment says', async ({ folder }) => {
  const mark = join(folder, 'mark')
  const script = join(folder, 'script.cjs')
  await writeFile(script, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
  const app = await startPackaged(join(folder, 'user-data'), {
    ELECTRON_RUN_AS_NODE: '1',
    NODE_OPTIONS: `--require=${script}`,
  })
  await expect.poll(app.html).toBe('signed-out E_PROFILE_INVALID')
  app.end()
  expect(await readFile(mark).catch(() => 'not run')).toBe('not run')
})

test('takes a profile for a known issuer, and refuses one for a loopback issuer', async ({
  folder,
}) => {
  const start = async (name: string, issuer: string): Promise<ReturnType<typeof startPackaged>> => {
    const userData = join(folder, name)
    await mkdir(userData)
    await writeFile(
      join(userData, 'profile.json'),
      JSON.stringify({ name: 'Test', issuer, clientId: 'client' }),
    )
    return await startPackaged(userData)
  }
  const refused = await start('loopback', 'http://127.0.0.1:1')
  await expect.poll(refused.html).toBe('signed-out E_PROFILE_INVALID')
  refused.end()
  const accepted = await start('known', 'https://test.idporten.no')
  await expect.poll(accepted.html).toBe('signed-out ')
  accepted.end()
})
