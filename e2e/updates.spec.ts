import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { promisify } from 'node:util'
import { createPackage } from '@electron/asar'
import { appName, unpacked } from './fixtures/packaged.ts'
import { expect, test } from './fixtures/desktop.ts'
import { installer, startUpdateFeed, type UpdateFeed } from './fixtures/update-feed.ts'

/**
 * electron-updater's own NsisUpdater, built as for Windows, in the packaged Electron, at a feed on this
 * computer. It is Windows' in all but the system: PowerShell and `elevate.exe` are stand-ins.
 */

const publisher = 'Etaten for prøver'
const signed = (version: string) => ({
  status: 'Valid',
  subject: `CN=${publisher}, C=NO`,
  name: publisher,
  version,
})
type Answer = { readonly value?: string | null; readonly code?: string; readonly message?: string }

let home = ''
let app: ChildProcess
let lines: AsyncIterator<string>
let reader: Interface
let feed: UpdateFeed

const built = () => join(home, 'built')
const resources = () => join(home, 'app/resources')
const pending = () => join(home, 'cache/updates-test/pending')
const uninstaller = () => join(home, `app/Uninstall ${appName}`)
const fetched = async () => await readdir(pending()).catch(() => [])

test.beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'updates-'))
  await cp(unpacked, join(home, 'app'), { recursive: true })
  const source = join(home, 'source')
  await mkdir(source)
  const manifest = { name: appName, version: '1.0.0', type: 'module', main: 'main.js' }
  await writeFile(join(source, 'package.json'), JSON.stringify(manifest))
  await cp('e2e/fixtures/updater-process.mjs', join(source, 'main.js'))
  // What is built for Linux has no updater: this one is built as for Windows.
  await promisify(execFile)(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', '-c', 'vite.main.config.ts', '--outDir', built()],
    { env: { ...process.env, IDPORTEN_DESKTOP_BUILD_FOR: 'win32' } },
  )
  await cp(join(built(), 'updater.js'), join(source, 'updater.js'))
  await createPackage(source, join(resources(), 'app.asar'))
  const elevate = join(resources(), 'elevate.exe')
  await writeFile(
    elevate,
    `#!/bin/sh\necho "$@" > '${home}/elevated.part'\nmv '${home}/elevated.part' '${home}/elevated'\n`,
  )
  await chmod(elevate, 0o755)

  app = spawn(join(home, 'app', appName), [`--user-data-dir=${home}/data`], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, XDG_CACHE_HOME: join(home, 'cache') },
  })
  if (app.stdout === null) throw new Error('no output')
  reader = createInterface({ input: app.stdout })
  lines = reader[Symbol.asyncIterator]()
})
test.afterAll(async () => {
  const ended = once(app, 'exit')
  app.stdin?.end()
  await ended
  reader.close()
  await rm(home, { recursive: true })
})
test.beforeEach(async () => {
  feed = await startUpdateFeed({ version: '1.1.0' })
  await rm(join(home, 'cache'), { recursive: true, force: true })
  await rm(join(home, 'elevated'), { force: true })
  await writeFile(uninstaller(), '')
  await configure(`publisherName:\n  - ${publisher}\n`)
})
test.afterEach(async () => await feed.close())

/** Writes what electron-builder writes beside the app, with these lines. */
async function configure(more: string): Promise<void> {
  await writeFile(
    join(resources(), 'app-update.yml'),
    `provider: generic\nurl: https://feed.invalid/\nupdaterCacheDirName: updates-test\n${more}`,
  )
}

function send(step: string, values: object = {}): void {
  app.stdin?.write(`${JSON.stringify({ step, ...values })}\n`)
}

async function answer(): Promise<Answer> {
  const { value } = await lines.next()
  return JSON.parse(value ?? '{}')
}

async function take(step: string, values: object = {}): Promise<Answer> {
  send(step, values)
  return await answer()
}

/** Makes an updater for the feed, with the words of PowerShell; null where there is none. */
async function create(says: object | null = signed('1.1.0')): Promise<Answer> {
  return await take('create', { feed: feed.address, says })
}

async function lookAndDownload(): Promise<Answer> {
  expect(await take('look')).toEqual({ value: '1.1.0' })
  return await take('download')
}

test('a newer version is found, downloaded and installed by an administrator, and the feed is told nothing of the computer', async () => {
  expect(await create()).toEqual({ value: null })
  expect(await lookAndDownload()).toEqual({ value: null })
  expect(feed.asked).toEqual(['/latest-linux.yml', `/${installer('1.1.0')}`])
  for (const headers of feed.headers) expect(headers).not.toHaveProperty('x-user-staging-id')
  expect(await readdir(join(home, 'data'))).not.toContain('.updaterId')
  const file = join(pending(), installer('1.1.0'))
  expect(await readFile(file, 'utf8')).toBe('version 1.1.0')

  expect(await take('install')).toEqual({ value: null })
  await expect
    .poll(async () => await readFile(join(home, 'elevated'), 'utf8').catch(() => ''))
    .toBe(`${file} --updated /S --force-run\n`)
})

test('the version that is there already is not downloaded, and is no failure', async () => {
  feed.offer = { version: '1.0.0' }
  await create()
  expect(await take('look')).toEqual({ value: null })
  expect(feed.asked).toEqual(['/latest-linux.yml'])
})

for (const [version, code] of [
  ['0.9.9', 'E_UPDATE_OLDER'],
  ['1.1.0-beta.1', 'E_UPDATE_PRERELEASE'],
  ['next', 'E_UPDATE_FEED'],
] as const) {
  test(`version ${version} is refused with ${code}, and not downloaded`, async () => {
    feed.offer = { version }
    await create()
    expect(await take('look')).toMatchObject({ code })
    expect(feed.asked).toEqual(['/latest-linux.yml'])
  })
}

test('a file that is not the one of the list is refused, and not kept', async () => {
  feed.offer = { version: '1.1.0', sent: 'changed', listed: 'version' }
  await create()
  expect(await lookAndDownload()).toMatchObject({ code: 'E_UPDATE_HASH' })
  expect(await fetched()).toEqual([])
  expect(await take('install')).toMatchObject({ code: 'E_UPDATE_HASH' })
})

for (const [what, more] of [
  ['names no publisher', ''],
  ['names an empty publisher', `publisherName: ['']\n`],
] as const) {
  test(`an app whose app-update.yml ${what} is not updated, and asks for nothing`, async () => {
    await configure(more)
    expect(await create()).toMatchObject({ code: 'E_UPDATE_UNSIGNED' })
    expect(feed.asked).toEqual([])
  })
}

test('an app without app-update.yml is not updated, and asks for nothing', async () => {
  await rm(join(resources(), 'app-update.yml'))
  expect(await create()).toMatchObject({ code: 'E_UPDATE_UNSIGNED' })
  expect(feed.asked).toEqual([])
})

test('an app that an MSI has installed is not updated, and asks for nothing', async () => {
  await rm(uninstaller())
  expect(await create()).toMatchObject({ code: 'E_UPDATE_INSTALLATION' })
  expect(feed.asked).toEqual([])
})

for (const [what, says, message] of [
  ['that nothing can verify, because there is no PowerShell,', null, /cannot be read/],
  [
    'that is not signed',
    { ...signed('1.1.0'), status: 'NotSigned', subject: '', name: '' },
    /NotSigned/,
  ],
  [
    'with a signature that was broken',
    { ...signed('1.1.0'), status: 'HashMismatch' },
    /HashMismatch/,
  ],
  [
    'of another publisher',
    { ...signed('1.1.0'), subject: 'CN=Other', name: 'Other' },
    /signed by Other/,
  ],
  [
    'that is an older version, genuinely signed,',
    signed('0.9.0'),
    /version 0\.9\.0 and not 1\.1\.0/,
  ],
] as const) {
  test(`a file ${what} is refused, and not kept`, async () => {
    await create(says)
    const refused = await lookAndDownload()
    expect(refused).toMatchObject({ code: 'E_UPDATE_SIGNATURE' })
    expect(refused.message).toMatch(message)
    expect(await fetched()).toEqual([])
  })
}

test('a file that an earlier run has left is verified as well', async () => {
  await create()
  await lookAndDownload()
  await create({ ...signed('1.1.0'), status: 'NotTrusted' })
  expect(await lookAndDownload()).toMatchObject({ code: 'E_UPDATE_SIGNATURE' })
  expect(feed.asked.filter((path) => path.endsWith('.exe'))).toHaveLength(1)
})

test('a file that was changed after its download is not installed', async () => {
  await create()
  await lookAndDownload()
  await writeFile(join(pending(), installer('1.1.0')), 'something else')
  expect(await take('install')).toMatchObject({ code: 'E_UPDATE_HASH' })
  await rm(pending(), { recursive: true })
  expect(await take('install')).toMatchObject({ code: 'E_UPDATE_HASH' })
  await expect(readFile(join(home, 'elevated'))).rejects.toThrow('ENOENT')
})

test('a file at another place than the feed is not fetched, whether the list or a redirect names it', async () => {
  const other = await startUpdateFeed({ version: '1.1.0' })
  const url = `${other.address}${installer('1.1.0')}`
  feed.offer = { version: '1.1.0', url }
  await create()
  expect(await lookAndDownload()).toMatchObject({ code: 'E_UPDATE_ELSEWHERE' })

  feed.offer = { version: '1.1.0' }
  feed.answer = (response) => response.writeHead(302, { location: url }).end()
  await create()
  expect(await lookAndDownload()).toMatchObject({ code: 'E_UPDATE_ELSEWHERE' })
  expect(other.asked).toEqual([])
  await other.close()
})

test('a feed that wants a password, or has no list, is refused', async () => {
  await create()
  feed.answer = (response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="feed"' }).end()
  expect(await lookAndDownload()).toMatchObject({ code: 'E_UPDATE_FEED' })
  await feed.close()
  expect(await take('look')).toMatchObject({ code: 'E_UPDATE_FEED' })
  feed = await startUpdateFeed({ version: '1.1.0' })
})

test('a feed that does not answer is broken off, and asked anew', async () => {
  feed.isSilent = true
  await create()
  send('look')
  await expect.poll(() => feed.asked).toEqual(['/latest-linux.yml'])
  send('break-off')
  expect(await answer()).toMatchObject({ message: 'broken off' })
  feed.isSilent = false
  expect(await lookAndDownload()).toEqual({ value: null })
})

test('a download that is broken off is over at once, and begins anew when it is asked for', async () => {
  const closed = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  feed.answer = (response) => {
    response.on('close', () => closed.resolve())
    response.write('version')
    begun.resolve()
  }
  await create()
  expect(await take('look')).toEqual({ value: '1.1.0' })
  send('download')
  await begun.promise
  send('break-off')
  expect(await answer()).toMatchObject({ message: 'cancelled' })
  await closed.promise
  expect(await fetched()).not.toContain(installer('1.1.0'))

  feed.answer = null
  expect(await lookAndDownload()).toEqual({ value: null })
})
