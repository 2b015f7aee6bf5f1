/**
 * Plays the administrator of a computer for the tests of the installed app: installs and removes the package, and
 * keeps the machine's profile. Root starts it (scripts/bootstrap/companions.mjs) in a mount namespace in which
 * /usr, /etc and parts of /var are layers of their own, so what it installs does not reach the computer. It takes
 * orders on a Unix socket, one line of JSON each, and ends with its standard input. Whoever may connect can install a
 * package for root, so the folder of the socket is the tests' user's alone, and packages with scripts are refused.
 * Usage: node --input-type=module --eval <this text> <socket> <uid> <gid of the tests' user>
 */
import { execFile, spawn } from 'node:child_process'
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const name = 'idporten-desktop'
const profileFolder = `/etc/${name}`
const profile = `${profileFolder}/profile.json`
const [socket = '', uid, gid] = process.argv.slice(1)
const user = { uid: Number(uid), gid: Number(gid) }
if (!(user.uid > 0 && user.gid > 0))
  throw new Error('Usage: administrator.mjs <socket> <uid> <gid>')

/**
 * A script of a package would run as root.
 *
 * @param {string} file
 */
async function refuseScripts(file) {
  const list = 'dpkg-deb --ctrl-tarfile "$0" | tar --list'
  const { stdout } = await promisify(execFile)('sh', ['-c', list, file])
  const scripts = stdout.split('\n').filter((part) => /inst$|rm$|config$/u.test(part))
  if (scripts.length > 0) throw new Error(`a package with scripts: ${scripts.join(' ')}`)
}

/** @param {string[]} args */
const dpkg = async (...args) => {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
  const { stdout, stderr } = await promisify(execFile)('dpkg', args, { env })
  return `${stdout}${stderr}`
}

/**
 * Starts the installed app as an ordinary user who may not create user namespaces: in a namespace that has the users
 * of the computer, and a limit of none. The shell has to start anew to be root in it.
 *
 * @param {{ args: string[], env: Record<string, string> }} order
 * @returns {Promise<string>} the address of its debugging port, once it has one
 */
async function startWithoutNamespaces({ args, env: given }) {
  // What root's own programs would heed, such as PATH and LD_PRELOAD, is not passed on.
  const passed = [
    'DISPLAY',
    'XAUTHORITY',
    'HOME',
    'TMPDIR',
    'XDG_RUNTIME_DIR',
    'DBUS_SESSION_BUS_ADDRESS',
  ]
  const chosen = passed.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]]))
  const env = { ...Object.fromEntries(chosen), PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  const limit = 'echo 0 > /proc/sys/user/max_user_namespaces'
  const become = `exec setpriv --reuid=${user.uid} --regid=${user.gid} --clear-groups -- "$@"`
  const script = 'echo ready; read go; exec sh -c "$0" sh "$@"'
  const app = [`/usr/lib/${name}/${name}`, ...args]
  const child = spawn('unshare', ['--user', 'sh', '-c', script, `${limit} && ${become}`, ...app], {
    env,
    cwd: '/',
  })
  confined = child
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('error', reject)
    child.once('exit', () => reject(new Error('no user namespace for root')))
  })
  for (const map of ['uid_map', 'gid_map']) {
    await writeFile(`/proc/${child.pid}/${map}`, '0 0 65536')
  }
  child.stdin.write('go\n')
  return await addressOf(child)
}

/**
 * Starts the installed app as another user of the computer on the display of the tests' user, whose session bus is
 * closed to it.
 *
 * @param {{ args: string[], env: Record<string, string> }} order
 * @returns {Promise<string>} the address of its debugging port, once it has one
 */
async function startAsOther({ args, env: { DISPLAY = '', XAUTHORITY = '' } }) {
  const id = user.uid === 1 ? 2 : 1
  // Short: Chromium has a socket below it, whose path has a limit.
  const home = await mkdtemp('/var/tmp/other-')
  const cookie = `${home}/Xauthority`
  otherHome = home
  // The display of the tests has no cookie and lets every user of the computer in; a person's own wants one.
  if (XAUTHORITY === '') await writeFile(cookie, '')
  else await copyFile(XAUTHORITY, cookie)
  for (const place of [home, cookie]) await chown(place, id, id)
  const env = { DISPLAY, XAUTHORITY: cookie, HOME: home, TMPDIR: home, PATH: '/usr/bin:/bin' }
  const child = spawn(`/usr/lib/${name}/${name}`, args, { uid: id, gid: id, env, cwd: '/' })
  confined = child
  return await addressOf(child)
}

/**
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} child
 * @returns {Promise<string>} the address of the debugging port of an app, once it has one
 */
async function addressOf(child) {
  return await new Promise((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
      const found = /DevTools listening on (ws:\S+)/u.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`it ended: ${said}`)))
  })
}

/** The folder of the other user, once there is one. */
let otherHome = ''

/** @type {import('node:child_process').ChildProcess | null} */
let confined = null

/** What keeps the pages of the app in, as the kernel tells: the seccomp mode, and whether they see other processes. */
async function sandboxes() {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/u.test(entry))
  const own = await readlink('/proc/self/ns/pid')
  const found = []
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!line.startsWith(`/usr/lib/${name}/${name}`) || !line.includes('--type=renderer')) continue
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const seccomp = /^Seccomp:\s+(\d)$/mu.exec(status)?.[1]
    const seesOthers = (await readlink(`/proc/${pid}/ns/pid`)) === own
    found.push({ seccomp, seesOthers })
  }
  return JSON.stringify(found)
}

/** @type {Record<string, (order: any) => Promise<unknown>>} */
const orders = {
  install: async ({ file }) => {
    await refuseScripts(file)
    return await dpkg('--install', file)
  },
  purge: async () => await dpkg('--purge', name),
  // The flavour that Playwright's Electron driver can start: the same but for one fuse.
  replaceExecutable: async ({ file }) => {
    await copyFile(file, `/usr/lib/${name}/${name}`)
    await chmod(`/usr/lib/${name}/${name}`, 0o755)
  },
  profile: async ({ text, owner = 0, mode = 0o644 }) => {
    await mkdir(profileFolder, { recursive: true, mode: 0o755 })
    await writeFile(profile, text)
    await chown(profile, owner, owner)
    await chmod(profile, mode)
  },
  startWithoutNamespaces,
  startAsOther,
  sandboxes,
  endConfined: async () => {
    const child = confined
    if (child !== null && child.exitCode === null) {
      child.kill()
      await new Promise((resolve) => child.once('close', resolve))
    }
    if (otherHome !== '') await rm(otherHome, { recursive: true, force: true })
    otherHome = ''
  },
  forgetProfile: async () => await rm(profileFolder, { recursive: true, force: true }),
}

/** @param {string} line */
async function obey(line) {
  const { order, ...rest } = JSON.parse(line)
  const run = orders[order]
  if (run === undefined) throw new Error(`no such order: ${order}`)
  return { said: await run(rest) }
}

const server = createServer((connection) => {
  connection.on('error', () => {})
  createInterface({ input: connection }).on('line', (line) => {
    void obey(line)
      .catch((error) => ({ error: `${error}\n${error.stderr ?? ''}` }))
      .then((answer) => connection.write(`${JSON.stringify(answer)}\n`))
  })
})
// Who may connect is up to the folder.
process.umask(0)
server.listen(socket, () => {
  process.umask(0o022)
  process.stdout.write('ready\n')
})
process.stdin.resume().once('close', () => {
  confined?.kill()
  process.exit()
})
