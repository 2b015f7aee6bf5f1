/**
 * Plays the administrator of a computer for the tests of the installed app: installs and removes the package, and
 * keeps the machine's profile. Root starts it (scripts/bootstrap/installation.mjs) in a mount namespace in which
 * /usr, /etc and parts of /var are layers of their own, so nothing of it reaches the computer. It takes orders on a
 * Unix socket, one line of JSON each, and ends with its standard input.
 * Usage: node --input-type=module --eval <this text> <socket>
 */
import { execFile } from 'node:child_process'
import { chmod, chown, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const name = 'idporten-desktop'
const profileFolder = `/etc/${name}`
const profile = `${profileFolder}/profile.json`
const [socket] = process.argv.slice(1)
if (socket === undefined) throw new Error('Usage: administrator.mjs <socket>')

/** @param {string[]} args */
const dpkg = async (...args) => {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
  const { stdout, stderr } = await promisify(execFile)('dpkg', args, { env })
  return `${stdout}${stderr}`
}

/** @type {Record<string, (order: any) => Promise<unknown>>} */
const orders = {
  install: async ({ file }) => await dpkg('--install', file),
  remove: async () => await dpkg('--remove', name),
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
process.stdin.resume().once('close', () => process.exit())
