/**
 * The processes of others that some end-to-end tests need, and only root can start: another user of the computer, and
 * an administrator who installs the app. Each has its program on its command line, because it may read no folder of
 * the tests' user, and ends with its standard input, so also when this process is killed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { runAs } from './as-user.mjs'
import { SetupError } from './failures.mjs'
import { say } from './progress.mjs'

/** @typedef {import('./as-user.mjs').User} User */
/** @typedef {{ socket: string, pid: number | undefined, close: () => Promise<void> }} Companion */

/**
 * Starts the other user and the administrator, as far as this computer allows.
 *
 * @param {string} source the clone
 * @param {User} user whoever runs the tests
 */
export async function startCompanions(source, user) {
  const program = (/** @type {string} */ name) =>
    readFileSync(path.join(source, 'scripts/bootstrap', name), 'utf8')
  const other = await startOtherUser(program('other-user.mjs'), user)
  const administrator = await startAdministrator(program('administrator.mjs'), user).catch(
    async (error) => {
      await other?.close()
      throw error
    },
  )
  return {
    env: {
      ...(other !== null && { IDPORTEN_DESKTOP_OTHER_USER: other.socket }),
      ...(administrator !== null && { IDPORTEN_DESKTOP_ADMINISTRATOR: administrator.socket }),
    },
    /**
     * Starts a program of the tests' user, where it sees what the administrator installs.
     *
     * @param {string} command
     * @param {string[]} args
     * @param {import('node:child_process').SpawnOptions & { cwd: string }} options
     */
    start: (command, args, options) => {
      if (administrator === null) return spawn(command, args, { ...options, ...user })
      const enter = ['--mount', `--target=${administrator.pid}`, '--']
      const become = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--']
      const inFolder = ['sh', '-c', 'cd "$0" && exec "$@"', options.cwd]
      return spawn('nsenter', [...enter, 'setpriv', ...become, ...inFolder, command, ...args], {
        ...options,
        cwd: '/',
      })
    },
    close: async () => {
      await other?.close()
      await administrator?.close()
    },
  }
}

/**
 * @param {string} program
 * @param {User} user
 * @returns {Promise<Companion | null>} null when that user cannot run Node
 */
async function startOtherUser(program, user) {
  const id = user.uid === 1 ? 2 : 1
  const otherUser = { uid: id, gid: id, cwd: '/' }
  if (spawnSync('test', ['-x', process.execPath], otherUser).status !== 0) {
    say(`User ${id} cannot run ${process.execPath}: tests that need a second user are skipped.`)
    return null
  }
  const outer = `/var/tmp/idporten-desktop-other-${randomUUID()}`
  const inner = path.join(outer, 'in')
  const socket = path.join(inner, 'socket')
  // The other user has to get in to make its socket; after that nobody but the tests' user can.
  runAs(user, 'mkdir', ['-m', '711', outer])
  runAs(user, 'mkdir', ['-m', '733', inner])
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, socket], {
    ...otherUser,
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const companion = describe(child, socket, () => runAs(user, 'rm', ['-rf', outer]))
  if (await isReady(child)) {
    runAs(user, 'chmod', ['700', outer])
    return companion
  }
  await companion.close()
  throw new SetupError(`The process of user ${id} for the tests did not start.`)
}

/**
 * Lays a layer of memory over the folders that a package manager writes to, in a mount namespace of its own: what is
 * installed there is seen by whoever is in the namespace, and is gone with the last of them. Where the network
 * finds its names, a container may have put files of its own, which a layer would hide.
 */
const layers = `
set -e
command -v dpkg >/dev/null || { echo 'there is no dpkg' >&2; exit 1; }
mount -t tmpfs -o mode=755 layers "$0"
for place in /usr /etc /var/lib /var/cache /var/log; do
  layer="$0$place"
  mkdir -p "$layer/upper" "$layer/work"
  if [ "$place" = /etc ]; then
    for file in resolv.conf hosts hostname; do
      if [ -e "/etc/$file" ]; then cp -L "/etc/$file" "$layer/upper/"; fi
    done
  fi
  mount -t overlay layers -o "lowerdir=$place,upperdir=$layer/upper,workdir=$layer/work" "$place"
done
exec "$@"`

/**
 * @param {string} program
 * @param {User} user
 * @returns {Promise<Companion | null>} null when this computer has no such namespaces or no dpkg
 */
async function startAdministrator(program, user) {
  const folder = `/var/tmp/idporten-desktop-administrator-${randomUUID()}`
  const layersFolder = `${folder}-layers`
  const socket = path.join(folder, 'socket')
  runAs(user, 'mkdir', ['-m', '700', folder])
  mkdirSync(layersFolder, { mode: 0o700 })
  const ids = [String(user.uid), String(user.gid)]
  const node = [process.execPath, '--input-type=module', '--eval', program, socket, ...ids]
  const child = spawn(
    'unshare',
    ['--mount', '--propagation=private', '--', 'sh', '-c', layers, layersFolder, ...node],
    { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, stdio: ['pipe', 'pipe', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (/** @type {Buffer} */ chunk) => (said += chunk.toString()))
  const companion = describe(child, socket, () => {
    runAs(user, 'rm', ['-rf', folder])
    rmSync(layersFolder, { recursive: true })
  })
  if (await isReady(child)) return companion
  await companion.close()
  say(`Nothing can be installed beside the computer, so these tests are skipped: ${said.trim()}`)
  return null
}

/** @param {import('node:child_process').ChildProcess} child */
async function isReady(child) {
  return await new Promise((resolve) => {
    child.stdout?.once('data', () => resolve(true))
    child.once('close', () => resolve(false))
    child.once('error', () => resolve(false))
  })
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} socket
 * @param {() => void} tidy
 * @returns {Companion}
 */
function describe(child, socket, tidy) {
  const ended = new Promise((resolve) => child.once('close', resolve))
  return {
    socket,
    pid: child.pid,
    close: async () => {
      child.stdin?.end()
      if (child.exitCode === null) await ended
      tidy()
    },
  }
}
