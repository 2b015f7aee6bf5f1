/**
 * What root does instead of running the app and the tests itself: Electron's and Chromium's sandboxes
 * want an ordinary user, and install scripts should not run as root. The work is done by that user
 * in a copy of the clone (a clone below /root cannot be read by anyone else), with a home, caches and
 * a temporary folder of its own. Downloads are shared with root's cache, artifacts come back.
 *
 * Root itself only reads, but for the companions of the tests (companions.mjs). Whatever is written is written by a process of the folder's owner, so that
 * nothing in it can lead root astray, and nothing of root's is left where its owner cannot remove it.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { lchown, lstat, mkdir, readdir, readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { exitCode } from './child.mjs'
import { cacheFolder } from './electron-runtime.mjs'
import { Interrupted, SetupError } from './failures.mjs'
import { npmNetworkSettings } from './npm.mjs'
import { say } from './progress.mjs'
import { runAs, writeAs } from './as-user.mjs'
import { filesOfClone } from './clone.mjs'
import { startCompanions } from './companions.mjs'

/** @typedef {import('./as-user.mjs').User} User */

const root = { uid: 0, gid: 0 }
const testScript = 'scripts/test.mjs'
const results = ['artifacts', 'test-results']

/**
 * Runs a script of this clone as an ordinary user and returns its exit code.
 *
 * @param {string} project
 * @param {string} script path inside the project
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function runUnprivileged(project, script, args) {
  const user = chooseUser()
  const area = await claimFolder(path.join('/var/tmp', `idporten-desktop-${user.uid}`), user)
  const inArea = (/** @type {string} */ name) => path.join(area, name)
  const source = await realpath(project)
  const id = createHash('sha256').update(source).digest('hex').slice(0, 12)
  const copy = inArea(`clones/${id}`)
  const downloads = inArea('cache/idporten-desktop/downloads')
  const folders = [copy, downloads, ...['home', 'tmp', 'run', 'tools'].map(inArea)]
  runAs(user, 'mkdir', ['-p', '-m', '700', ...folders])

  await forgetRemovedClones(user, inArea('clones'))
  writeAs(user, `${copy}.source`, source)
  await updateCopy(user, source, copy)
  // sudo may leave HOME as it is: then these downloads are not root's.
  const ownDownloads = path.join(cacheFolder(), 'downloads')
  const self = ownerOf(ownDownloads)
  runAs(self, 'mkdir', ['-p', ownDownloads])
  await shareDownloads(ownDownloads, self, downloads, user)

  const node = await readableNode(user, inArea('tools'))
  const env = {
    ...(await environment(user, inArea('home'))),
    ...node.env,
    HOME: inArea('home'),
    TMPDIR: inArea('tmp'),
    XDG_CACHE_HOME: inArea('cache'),
    XDG_CONFIG_HOME: inArea('home/.config'),
    XDG_DATA_HOME: inArea('home/.local/share'),
    XDG_RUNTIME_DIR: inArea('run'),
    npm_config_cache: inArea('cache/npm'),
  }
  say(`Started as root: working as user ${user.uid} in ${copy}`)
  const companions = script === testScript ? await startCompanions(source, user) : null
  let code
  try {
    Object.assign(env, companions?.env)
    /** @type {[string, string[], import('node:child_process').SpawnOptions & { cwd: string }]} */
    const command = [
      node.path,
      [path.join(copy, script), ...args],
      { cwd: copy, env, stdio: 'inherit' },
    ]
    const child =
      companions?.start(...command) ?? spawn(command[0], command[1], { ...command[2], ...user })
    code = await exitCode(child)
  } finally {
    await companions?.close()
  }

  await shareDownloads(downloads, user, ownDownloads, self)
  await returnResults(copy, user, source)
  return code
}

/**
 * @param {string} copy
 * @param {User} user
 * @param {string} source
 */
async function returnResults(copy, user, source) {
  const returned = results.filter((name) => existsSync(path.join(copy, name)))
  if (returned.length === 0) return
  const owner = { ...ownerOf(source), cwd: source }
  try {
    runAs(owner, 'rm', ['-rf', ...returned])
    await copyFiles(copy, user, '.', owner, returned)
  } catch (error) {
    if (error instanceof Interrupted) throw error
    say(
      `${returned.join(' and ')} could not be put into ${source} as its owner (user ${owner.uid}). ` +
        `They are in ${copy}.`,
    )
  }
}

/**
 * @param {string} folder
 * @returns {User} the owner of the folder, or of the one that it would be made in
 */
function ownerOf(folder) {
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  return stats === undefined ? ownerOf(path.dirname(folder)) : { uid: stats.uid, gid: stats.gid }
}

/** @returns {User} whoever called sudo, else nobody */
function chooseUser() {
  const { SUDO_UID, SUDO_GID } = process.env
  if (SUDO_UID !== undefined && SUDO_UID !== '0') {
    return { uid: Number(SUDO_UID), gid: Number(SUDO_GID ?? SUDO_UID) }
  }
  const number = (/** @type {string} */ flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: number('-u'), gid: number('-g') }
}

/**
 * Makes a folder that only the user can enter, and refuses one that somebody else prepared.
 *
 * @param {string} folder
 * @param {User} user
 */
async function claimFolder(folder, user) {
  if (!existsSync(folder)) {
    await mkdir(folder, { mode: 0o700 })
    await lchown(folder, user.uid, user.gid)
  }
  const stats = await lstat(folder)
  if (!stats.isDirectory() || stats.uid !== user.uid || (stats.mode & 0o077) !== 0) {
    throw new SetupError(`${folder} belongs to somebody else: remove it and run the command again.`)
  }
  return folder
}

/**
 * Copies files with tar: one user reads, the other writes.
 *
 * @param {string} from
 * @param {User} reader
 * @param {string} to
 * @param {User} writer
 * @param {readonly string[]} names
 */
async function copyFiles(from, reader, to, writer, names) {
  const pack = spawn('tar', ['-C', from, '--null', '-T', '-', '-cf', '-'], {
    cwd: '/',
    ...reader,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const unpack = spawn('tar', ['-C', to, '--no-same-owner', '-xf', '-'], {
    cwd: '/',
    ...writer,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  pack.stdin.end(names.join('\0'))
  const ends = Promise.all([exitCode(pack), exitCode(unpack)])
  await pipeline(pack.stdout, unpack.stdin)
  if ((await ends).some((code) => code !== 0))
    throw new SetupError(`Copying ${from} to ${to} failed.`)
}

/**
 * @param {User} user
 * @param {string} clones
 */
async function forgetRemovedClones(user, clones) {
  const notes = (await readdir(clones)).filter((name) => name.endsWith('.source'))
  for (const note of notes) {
    const file = path.join(clones, note)
    if (existsSync(await readFile(file, 'utf8'))) continue
    runAs(user, 'rm', ['-rf', file, file.slice(0, -'.source'.length)])
  }
}

/**
 * Brings the clone's files into the copy, and leaves there what earlier runs installed and built.
 *
 * @param {User} user
 * @param {string} source
 * @param {string} copy
 */
async function updateCopy(user, source, copy) {
  const kept = ['node_modules', 'out', 'dist'].flatMap((name) => ['!', '-name', name])
  runAs(user, 'find', [
    copy,
    '-mindepth',
    '1',
    '-maxdepth',
    '1',
    ...kept,
    '-exec',
    'rm',
    '-rf',
    '{}',
    '+',
  ])
  await copyFiles(source, root, copy, user, filesOfClone(source))
}

/**
 * Gives one folder the downloads of the other that it lacks or has in another state. Whoever uses
 * them checks their checksums, so neither has to trust the other.
 *
 * @param {string} from
 * @param {User} reader
 * @param {string} to
 * @param {User} writer
 */
async function shareDownloads(from, reader, to, writer) {
  const names = (await readdir(from, { recursive: true })).filter((name) => {
    const mine = stamp(path.join(from, name))
    return mine !== '' && mine !== stamp(path.join(to, name)) && !name.includes('.part-')
  })
  if (names.length > 0) await copyFiles(from, reader, to, writer, names)
}

/**
 * @param {string} file
 * @returns {string} size and time of a file, nothing for anything else
 */
function stamp(file) {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  return stats?.isFile() ? `${stats.size} ${Math.floor(stats.mtimeMs / 1000)}` : ''
}

/**
 * Node and npm below /root (as nvm puts them) cannot be read by the user: then copies are used.
 *
 * @param {User} user
 * @param {string} tools
 * @returns {Promise<{ path: string, env: NodeJS.ProcessEnv }>}
 */
async function readableNode(user, tools) {
  const script = process.env['npm_execpath'] ?? process.execPath
  const readable = [process.execPath, script].every(
    (file) => spawnSync('test', ['-r', file], { ...user, cwd: '/' }).status === 0,
  )
  if (readable) return { path: process.execPath, env: {} }

  const node = path.join(tools, path.basename(process.execPath))
  await copyFiles(path.dirname(process.execPath), root, tools, user, [path.basename(node)])
  const PATH = `${tools}${path.delimiter}${process.env['PATH'] ?? ''}`
  if (script === process.execPath) return { path: node, env: { PATH } }

  const npmFolder = path.dirname(path.dirname(await realpath(script)))
  await copyFiles(path.dirname(npmFolder), root, tools, user, [path.basename(npmFolder)])
  const cli = path.join(tools, path.basename(npmFolder), 'bin/npm-cli.js')
  // Beside the copied folder, which is called npm too.
  const commands = path.join(tools, 'bin')
  runAs(user, 'mkdir', ['-p', commands])
  const wrapper = path.join(commands, 'npm')
  writeAs(user, wrapper, `#!/bin/sh\nexec '${node}' '${cli}' "$@"\n`)
  runAs(user, 'chmod', ['700', wrapper])
  return { path: node, env: { PATH: `${commands}${path.delimiter}${PATH}`, npm_execpath: cli } }
}

/**
 * Root's environment without what points into root's home, plus root's way to the network.
 *
 * @param {User} user
 * @param {string} home
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function environment(user, home) {
  const belongsToRoot =
    /^(?:npm_(?!execpath$)|XDG_|SUDO_|HOME$|TMPDIR$|USER$|LOGNAME$|MAIL$|DBUS_SESSION_BUS_ADDRESS$)/u
  /** @type {NodeJS.ProcessEnv} */
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !belongsToRoot.test(name)),
    ),
    ...(await npmNetworkSettings()),
  }
  for (const name of ['npm_config_cafile', 'NODE_EXTRA_CA_CERTS', 'XAUTHORITY']) {
    const file = env[name]
    if (file === undefined || !existsSync(file)) continue
    env[name] = path.join(home, `.${name.toLowerCase()}`)
    writeAs(user, env[name], readFileSync(file))
  }
  return env
}
