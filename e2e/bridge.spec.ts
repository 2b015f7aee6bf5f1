import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, logInAt, test } from './fixtures/desktop.ts'

test('17: refuses a window that is not ours, then answers the one that is', async ({ launch }) => {
  const desktop = await launch()
  await desktop.expectStatus('signed-out')
  const preload = join(process.cwd(), 'out/preload/index.cjs')
  const opening = desktop.app.waitForEvent('window')
  await desktop.app.evaluate(async ({ BrowserWindow }, file) => {
    const stranger = new BrowserWindow({
      show: false,
      webPreferences: { preload: file, partition: 'window', sandbox: true },
    })
    await stranger.loadURL('app://bundle/index.html')
  }, preload)
  const stranger = await opening
  const ask = async (): Promise<unknown> => {
    const bridge: unknown = Reflect.get(globalThis, 'idporten')
    const getSnapshot: unknown = Reflect.get(bridge as object, 'getSnapshot')
    return typeof getSnapshot === 'function' ? await getSnapshot() : null
  }
  expect(await stranger.evaluate(ask)).toEqual({ ok: false, code: 'E_IPC_UNTRUSTED_SENDER' })
  expect(await desktop.window.evaluate(ask)).toMatchObject({ ok: true })
})

test('refuses wrong arguments with a result, never an exception', async ({ launch }) => {
  const desktop = await launch()
  const replies = await desktop.window.evaluate(async () => {
    const bridge: unknown = Reflect.get(globalThis, 'idporten')
    const call = async (name: string, ...args: readonly unknown[]): Promise<unknown> => {
      const intent: unknown = Reflect.get(bridge as object, name)
      return typeof intent === 'function' ? await intent(...args) : 'no such intent'
    }
    return await Promise.all([
      call('setLanguage', 'klingon'),
      call('setLanguage'),
      call('revealPid', 'yes'),
      call('revealPid', { toString: 'x' }),
      call('signIn', 'x'.repeat(1_000_000)),
      call('cancel', null),
      // What cannot be cloned never gets to main.
      call('revealPid', () => true),
      call('setLanguage', Symbol('nb')),
    ])
  })
  expect(replies).toEqual(replies.map(() => ({ ok: false, code: 'E_IPC_INVALID_ARGUMENTS' })))
  await desktop.expectStatus('signed-out')
})

test('lets no secret of a whole login into a snapshot, the log or the data folder', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await desktop.expectStatus('signed-out')
  await desktop.window.evaluate(() => {
    const seen: unknown[] = []
    Reflect.set(globalThis, 'seen', seen)
    const bridge: unknown = Reflect.get(globalThis, 'idporten')
    const onSnapshot: unknown = Reflect.get(bridge as object, 'onSnapshot')
    if (typeof onSnapshot === 'function') onSnapshot((snapshot: unknown) => seen.push(snapshot))
  })
  await desktop.action('sign-in').click()
  const page = await browserPage('[data-action="login"]')
  await logInAt(page)
  await desktop.expectStatus('signed-in')
  await desktop.action('sign-out').click()
  await desktop.expectStatus('signed-out')

  const pushed = simulator.journal.find(({ path }) => path === '/par')?.form
  const exchanged = simulator.journal.find(({ path }) => path === '/token')?.form
  const secrets = [
    pushed?.get('state'),
    pushed?.get('nonce'),
    pushed?.get('code_challenge'),
    exchanged?.get('code'),
    exchanged?.get('code_verifier'),
    simulator.persons[0]?.pid,
  ].map((value) => value ?? 'missing')
  expect(secrets).not.toContain('missing')

  const snapshots = await desktop.window.evaluate(() =>
    JSON.stringify(Reflect.get(globalThis, 'seen')),
  )
  expect(snapshots).toContain('"status":"signed-in"')
  const log = await desktop.log()
  expect(log).toContain('signed-in')
  await desktop.close()
  const files = await readdir(desktop.userData, { recursive: true, withFileTypes: true })
  const places = [
    { name: 'snapshots', text: snapshots },
    ...(await Promise.all(
      files
        .filter((file) => file.isFile())
        .map(async (file) => ({
          name: file.name,
          text: await readFile(join(file.parentPath, file.name), 'latin1'),
        })),
    )),
  ]
  expect(places.map(({ name }) => name)).toContain('main.log')
  const found = places.flatMap(({ name, text }) => [
    ...secrets.filter((secret) => text.includes(secret)).map(() => `a secret in ${name}`),
    ...(/eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/.test(text) ? [`a token in ${name}`] : []),
  ])
  expect(found).toEqual([])
})
