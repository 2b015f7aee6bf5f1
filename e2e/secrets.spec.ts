/**
 * The secrets of a login, searched for byte by byte in all that the app leaves or shows: a login, a renewal, a call of
 * an API, an error, a crash of the page and a logout, in the installed app where an administrator can install it.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plainScope } from '../simulator/scopes.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { administrator } from '../test/support/administrator.ts'
import { type Desktop, expect, signIn, test as base } from './fixtures/desktop.ts'
import { type Keyring, startKeyring } from './fixtures/keyring.ts'
import { installed, installTestFlavour } from './fixtures/packaged.ts'

const test = base.extend<{ keyring: Keyring; temporary: string }>({
  simulatorOptions: { refreshTokens: true },

  // Not below the folder of the test: the path of a socket in it would be too long for the browser.
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures from here.
  temporary: async ({}, use) => {
    const folder = await mkdtemp('/tmp/secrets-')
    await use(folder)
    await rm(folder, { recursive: true, force: true })
  },

  keyring: async ({ folder }, use) => {
    const keyring = await startKeyring(join(folder, 'keyring'))
    await use(keyring)
    await keyring.stop()
  },
})

test.beforeAll('install the flavour for tests', installTestFlavour)

test.afterAll('leave the computer as it was', async () => {
  if (installed) await administrator.leave()
})

/** A place where a secret could be, and what is there. */
interface Place {
  readonly name: string
  readonly content: string
}

/** Every secret that has gone to the provider or an API so far, with what it is. */
function secretsOf({ journal, persons }: Simulator): Map<string, string> {
  const names = [
    'state',
    'nonce',
    'code',
    'code_verifier',
    'refresh_token',
    'token',
    'id_token_hint',
  ]
  const secrets = new Map<string, string>()
  for (const { form, query, headers } of journal) {
    for (const name of names) {
      const value = form.get(name) ?? query.get(name)
      if (value !== null && value !== '') secrets.set(value, name)
    }
    const [, token] = /^(?:Bearer|DPoP) (.+)$/.exec(headers.authorization ?? '') ?? []
    if (token !== undefined) secrets.set(token, 'access token')
  }
  const [person] = persons
  if (person !== undefined) secrets.set(person.pid, 'personal number')
  return secrets
}

/** The bytes that a secret may have: as it is, in an address, in two bytes for each letter, in base64 at any place. */
function formsOf(secret: string): string[] {
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.from(`${' '.repeat(before)}${secret}`).toString('base64')
    // The first and last letters depend on what stands around it.
    return text.slice(before === 0 ? 0 : 4, -4)
  })
  const inTwoBytes = Buffer.from(secret, 'utf16le').toString('latin1')
  return [...new Set([secret, encodeURIComponent(secret), inTwoBytes, ...inBase64])]
}

/** What has a secret in it, as "<what> in <place>". */
function findSecrets(secrets: ReadonlyMap<string, string>, places: readonly Place[]): string[] {
  return places.flatMap(({ name, content }) =>
    [...secrets]
      .filter(([secret]) => formsOf(secret).some((form) => content.includes(form)))
      .map(([, what]) => `${what} in ${name}`),
  )
}

async function filesBelow(folder: string): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  return await Promise.all(
    files.map(async (file) => {
      const name = join(file.parentPath, file.name)
      return { name, content: await readFile(name, 'latin1').catch(() => '') }
    }),
  )
}

/** The command lines and environments of all processes of this user, the browser's among them. */
async function processes(): Promise<Place[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const parts = pids.flatMap((pid) => ['cmdline', 'environ'].map((part) => `/proc/${pid}/${part}`))
  return await Promise.all(
    parts.map(async (name) => ({ name, content: await readFile(name, 'latin1').catch(() => '') })),
  )
}

/** What the app shows and holds outside of its main process right now. */
async function shown({ app, window }: Desktop): Promise<Place[]> {
  const client = await app.context().newCDPSession(window)
  const chunks: string[] = []
  client.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk))
  await client.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await client.detach()
  const { clipboard, titles } = await app.evaluate(async ({ BrowserWindow, clipboard: board }) => ({
    clipboard: await board.readText(),
    titles: BrowserWindow.getAllWindows().map((each) => each.getTitle()),
  }))
  return [
    { name: 'heap snapshot of the page', content: chunks.join('') },
    { name: 'document', content: await window.content() },
    { name: 'clipboard', content: clipboard },
    { name: 'window titles', content: titles.join('\n') },
  ]
}

/** Saves an attempt in both forms into the folder, and copies each of its requests and what the tokens say. */
async function takeAlong({ app, window, action }: Desktop, folder: string): Promise<void> {
  await app.evaluate(({ dialog }, place) => {
    // What stands in for the person: nobody is there to press a button of the system's dialog.
    const showSaveDialog = async (_window: unknown, { defaultPath }: { defaultPath: string }) => ({
      canceled: false,
      filePath: `${place}/${defaultPath.split('/').at(-1)}`,
    })
    Object.assign(dialog, { showSaveDialog })
  }, folder)
  await window.locator('[data-attempts]').selectOption({ index: 1 })
  for (const name of ['save-markdown', 'save-json']) {
    // oxlint-disable-next-line no-await-in-loop
    await action(name).click()
  }
  await expect
    .poll(async () =>
      (await readdir(folder)).filter((name) => name.startsWith('login-')).toSorted(),
    )
    .toEqual([expect.stringMatching(/json$/), expect.stringMatching(/md$/)])
  for (const tab of ['id', 'access', 'userinfo']) {
    const panel = window.locator(`[data-panel="${tab}"]`)
    // oxlint-disable-next-line no-await-in-loop
    await window.locator(`[data-tab="${tab}"]`).click()
    // oxlint-disable-next-line no-await-in-loop
    await panel.locator('.raw summary').click()
    // oxlint-disable-next-line no-await-in-loop
    await panel.locator('[data-action="copy"]').click()
  }
  await window.locator('[data-tab="steps"]').click()
  await window.locator('[data-step="token-request"] summary').click()
  await action('copy-request').locator('visible=true').click()
}

test('@thorough lets no secret into the page, the clipboard, a window title, a process list or a file', async ({
  launch,
  browserPage,
  simulator,
  temporary,
  keyring,
}) => {
  test.setTimeout(180_000)
  const desktop = await launch({
    installed,
    profile: {
      remember: true,
      apis: [{ name: 'Ekko', url: `${simulator.apis.echo}?of=Ekko`, scope: plainScope }],
    },
    args: keyring.args,
    env: { ...keyring.env, TMPDIR: temporary },
    expectedErrors: [/./],
  })
  const found: string[] = []
  const look = async (after: string): Promise<void> => {
    const places = [
      ...(await shown(desktop)),
      ...(await processes()),
      ...(await filesBelow(desktop.userData)),
      ...(await filesBelow(temporary)),
    ]
    const heap = places.find(({ name }) => name === 'heap snapshot of the page')
    expect(heap?.content).toContain('idporten')
    expect(places.map(({ name }) => name)).toContain(join(desktop.userData, 'logs/main.log'))
    found.push(...findSecrets(secretsOf(simulator), places).map((each) => `${each}, ${after}`))
  }

  await desktop.action('sign-in').click()
  await desktop.expectStatus('waiting-for-browser')
  await desktop.action('copy-link').click()
  await browserPage('[data-action="login"]')
  await look('while the browser is asked')
  await desktop.action('cancel').click()
  await signIn(desktop, browserPage)
  await look('after the login')

  await desktop.action('show-details').click()
  await desktop.window.locator('[data-action="call-api"][data-api="Ekko"]').click()
  await expect(desktop.window.locator('[data-api-result="Ekko"]')).toBeVisible()
  await desktop.action('renew').click()
  await expect
    .poll(() => simulator.journal.filter(({ form }) => form.has('refresh_token')).length)
    .toBeGreaterThan(0)
  await look('after an API and a renewal')

  await takeAlong(desktop, temporary)
  await look('after an attempt was taken along')

  simulator.play('refresh-invalid-iss')
  await desktop.action('renew').click()
  await expect(desktop.root).not.toHaveAttribute('data-error', '')
  simulator.play(null)
  await look('after an error')

  const reloaded = desktop.window.waitForEvent('load')
  await desktop.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
  )
  await reloaded.catch(() => {})
  expect(await desktop.log()).toContain('renderer gone')

  const kinds = new Set(secretsOf(simulator).values())
  for (const kind of ['state', 'nonce', 'code', 'code_verifier', 'refresh_token', 'access token']) {
    expect(kinds, 'secrets that were searched for').toContain(kind)
  }
  await desktop.close()
  const left = async () => [
    ...(await filesBelow(desktop.userData)),
    ...(await filesBelow(temporary)),
  ]
  found.push(...findSecrets(secretsOf(simulator), await left()).map((each) => `${each}, at last`))
  expect(found).toEqual([])

  // The search itself: a secret that is planted is found, in each of its forms.
  const [secret = '', what = ''] = [...secretsOf(simulator)][0] ?? []
  const planted = join(desktop.userData, 'planted')
  const around = Buffer.from(`before ${secret} after`)
  for (const content of [
    around,
    Buffer.from(encodeURIComponent(around.toString())),
    Buffer.from(around.toString(), 'utf16le'),
    ...[0, 1, 2].map((cut) => Buffer.from(around.subarray(cut).toString('base64'))),
  ]) {
    // oxlint-disable-next-line no-await-in-loop
    await writeFile(planted, content)
    // oxlint-disable-next-line no-await-in-loop
    expect(findSecrets(secretsOf(simulator), await left())).toEqual([`${what} in ${planted}`])
  }
})
