import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { listPackage } from '@electron/asar'
import {
  flipFuses,
  FuseState,
  FuseV1Options,
  FuseVersion,
  getCurrentFuseWire,
} from '@electron/fuses'
import { sumOf } from '../scripts/package/sums.ts'
import { expect, test } from './fixtures/desktop.ts'
import { appName, packedFile, startPackaged, testFlavour, unpacked } from './fixtures/packaged.ts'

const run = promisify(execFile)

const executable = join(unpacked, appName)
const archive = join(unpacked, 'resources/app.asar')
const notices = [
  'LICENSE.electron.txt',
  'LICENSE.idporten-desktop.txt',
  'LICENSES.bundled.txt',
  'LICENSES.chromium.html',
  'idporten-desktop.cdx.json',
] as const

test('holds the app and nothing else: no simulator, no node_modules, no source map, no source', async () => {
  const files = listPackage(archive, { isPack: false }).map((file) => file.replaceAll('\\', '/'))
  expect(files).toContain('/out/main/index.js')
  expect(files).toContain('/out/preload/index.cjs')
  expect(files).toContain('/out/renderer/index.html')
  const strangers = files.filter(
    (file) => !/^\/(out(\/(main|preload|renderer)(\/.*)?)?|package\.json)$/.test(file),
  )
  expect(strangers).toEqual([])
  const built = /^\/(package\.json|out\/.*\.(js|cjs|html|css|svg|woff2))$/
  expect(files.filter((file) => file.includes('.') && !built.test(file))).toEqual([])
  const content = await readFile(archive, 'latin1')
  for (const trace of ['oidc-provider', 'sourceMappingURL', 'simulator/', 'BEGIN PRIVATE KEY']) {
    expect(content, trace).not.toContain(trace)
  }
})

test('is at most one megabyte, besides Electron', async () => {
  expect((await stat(archive)).size).toBeLessThanOrEqual(1_000_000)
})

test('19: has every fuse of its runtime decided', async () => {
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

test('the flavour for tests is the release but for the inspect fuse, file by file and fuse by fuse', async ({
  folder,
}) => {
  const [release, forTests] = await Promise.all([sumsOf(unpacked), sumsOf(testFlavour)])
  expect(Object.keys(forTests)).toEqual(Object.keys(release))
  const different = Object.keys(release).filter((name) => release[name] !== forTests[name])
  expect(different).toEqual([appName])

  const wires = await Promise.all(
    [unpacked, testFlavour].map((flavour) => getCurrentFuseWire(join(flavour, appName))),
  )
  expect(wires[1]).toEqual({
    ...wires[0],
    [FuseV1Options.EnableNodeCliInspectArguments]: FuseState.ENABLE,
  })
  const back = join(folder, appName)
  await copyFile(join(testFlavour, appName), back)
  await flipFuses(back, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: false,
  })
  expect(await sumOf(back)).toBe(release[appName])
})

/** The SHA-256 of every file below a folder, by name. */
async function sumsOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  const sums: Record<string, string> = {}
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- a quarter of a gigabyte
    sums[relative(folder, file)] = await sumOf(file)
  }
  return sums
}

test('@thorough the tools of the distributions have nothing to say against the packed files', async ({
  folder,
}) => {
  test.setTimeout(300_000)
  await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: 'dist' })
  await run('desktop-file-validate', [`assets/linux/${appName}.desktop`])
  const tree = join(folder, 'deb')
  await run('dpkg-deb', ['--extract', packedFile('deb'), tree])
  const metainfo = join(tree, `usr/share/metainfo/no.example.${appName}.metainfo.xml`)
  await run('appstreamcli', ['validate', '--no-net', metainfo])
  await run('man', ['--warnings', '--local-file', join(tree, `usr/share/man/man1/${appName}.1.gz`)])
  await run('lintian', ['--fail-on=warning,error', packedFile('deb')])
  const rpmlint = await run('rpmlint', ['-c', 'assets/linux/rpmlint.toml', packedFile('rpm')])
  expect(rpmlint.stdout).toContain('0 errors, 0 warnings')
})

test('@thorough deb, rpm and tar.gz hold the same app, and no script of a maintainer', async ({
  folder,
}) => {
  test.setTimeout(300_000)
  const [deb, rpm, tarball] = ['deb', 'rpm', 'tar'].map((name) => join(folder, name))
  const unpack = async (to = '', program: string, file: string) => {
    await mkdir(to)
    await run('sh', ['-c', program, file], { cwd: to })
  }
  await unpack(deb, 'dpkg-deb --extract "$0" .', packedFile('deb'))
  await unpack(rpm, 'rpm2cpio "$0" | cpio -id --quiet', packedFile('rpm'))
  await unpack(tarball, 'tar -xzf "$0" --strip-components=1', packedFile('tar.gz'))
  const inFolder = join('usr/lib', appName)
  const release = await sumsOf(unpacked)
  const installed = await sumsOf(join(deb ?? '', inFolder))
  expect(await sumsOf(join(rpm ?? '', inFolder))).toEqual(installed)
  expect(release).toMatchObject(installed)
  expect(await sumsOf(tarball ?? '')).toMatchObject(release)
  // What tells about the content is where the system has such documents.
  const moved = Object.keys(release).filter((name) => installed[name] === undefined)
  expect(moved.toSorted()).toEqual([...notices])
  const documents = await sumsOf(join(deb ?? '', 'usr/share/doc', appName))
  expect(documents).toMatchObject(Object.fromEntries(moved.map((name) => [name, release[name]])))
  expect(await sumsOf(join(rpm ?? '', 'usr/share/doc', appName))).toEqual(
    Object.fromEntries(moved.map((name) => [name, release[name]])),
  )

  const { stdout: parts } = await run('sh', [
    '-c',
    'dpkg-deb --ctrl-tarfile "$0" | tar -t',
    packedFile('deb'),
  ])
  expect(parts.trim().split('\n').toSorted()).toEqual(['./', './control', './md5sums'])
  const { stdout: scripts } = await run('rpm', [
    '-qp',
    '--scripts',
    '--triggers',
    packedFile('rpm'),
  ])
  expect(scripts).toBe('')
})

test('runs as itself and not as Node, whatever the environment says', async ({ folder }) => {
  const mark = join(folder, 'mark')
  const script = join(folder, 'script.cjs')
  await writeFile(script, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
  const app = await startPackaged(executable, {
    userData: join(folder, 'user-data'),
    env: { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: `--require=${script}` },
  })
  await app.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await app.close()
  expect(await readFile(mark).catch(() => 'not run')).toBe('not run')
})

test('runs its archive and nothing that was planted beside it, and opens no inspector', async ({
  folder,
}) => {
  const copy = join(folder, 'copy')
  const mark = join(folder, 'mark')
  await cp(unpacked, copy, { recursive: true })
  const planted = join(copy, 'resources/app')
  await mkdir(planted)
  await writeFile(join(planted, 'package.json'), JSON.stringify({ main: 'index.cjs' }))
  await writeFile(
    join(planted, 'index.cjs'),
    `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`,
  )
  const app = await startPackaged(join(copy, appName), {
    userData: join(folder, 'user-data'),
    args: ['--inspect=0', '--inspect-brk=0'],
  })
  await app.expectStatus('signed-out', 'E_PROFILE_INVALID')
  expect(app.said()).not.toMatch(/Debugger listening/)
  await app.close()
  expect(await readFile(mark).catch(() => 'not run')).toBe('not run')
})

test('says why it cannot start, and starts where it can: no display, a data folder that cannot be written', async ({
  folder,
}) => {
  const withoutDisplay = await run(executable, [`--user-data-dir=${folder}`], {
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '' },
  }).catch((error: unknown) => error)
  expect(withoutDisplay).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('There is no display to open a window on'),
  })

  // Its message waits for the person; the first line of the output says the same.
  const file = join(folder, 'file')
  await writeFile(file, '')
  const app = spawn(executable, [`--user-data-dir=${file}/data`])
  let said = ''
  app.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await expect.poll(() => said).toContain(`The data folder cannot be written: ${file}/data`)
  const ended = once(app, 'exit')
  app.kill('SIGKILL')
  await ended

  const started = await startPackaged(executable, { userData: join(folder, 'data') })
  await started.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await started.close()
})

test('takes a profile for a known issuer, and refuses one for a loopback issuer', async ({
  folder,
}) => {
  const start = async (name: string, issuer: string) => {
    const userData = join(folder, name)
    await mkdir(userData)
    await writeFile(
      join(userData, 'profile.json'),
      JSON.stringify({ name: 'Test', issuer, clientId: 'client' }),
    )
    return await startPackaged(executable, { userData })
  }
  const refused = await start('loopback', 'http://127.0.0.1:1')
  await refused.expectStatus('signed-out', 'E_PROFILE_INVALID')
  await refused.close()
  const accepted = await start('known', 'https://test.idporten.no')
  await accepted.expectStatus('signed-out')
  await accepted.close()
})
