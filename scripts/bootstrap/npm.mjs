/**
 * npm, as the set-up uses it: whichever npm started this process, with its output kept for the
 * message in case it fails. Going through npm keeps the user's registry, proxy and CA settings.
 */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { exitCode } from './child.mjs'
import { SetupError } from './failures.mjs'

const networkFailure =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EIDLETIMEOUT|ERR_SOCKET_TIMEOUT|UND_ERR_CONNECT_TIMEOUT)\b/u

/** npm's own default waits for more than a minute before it says that there is no network. */
const impatience = [
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
]

/**
 * Runs npm and returns what it printed on stdout.
 *
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<string>}
 * @throws {SetupError} with one clear message when the registry cannot be reached
 */
export async function npm(args, options = {}) {
  const script = process.env['npm_execpath']
  const viaNode = script !== undefined && /npm-cli\.[cm]?js$/u.test(script)
  const child = viaNode
    ? spawn(process.execPath, [script, ...args, ...impatience], { cwd: options.cwd })
    : spawn('npm', [...args, ...impatience], {
        cwd: options.cwd,
        shell: process.platform === 'win32',
      })
  let stdout = ''
  let stderr = ''
  child.stdin.end()
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stderr += text))
  const code = await exitCode(child)
  if (code === 0) return stdout
  const command = args
    .slice(0, 3)
    .filter((arg) => !arg.startsWith('-'))
    .join(' ')
  const reason = networkFailure.exec(stdout + stderr)?.[1]
  throw new SetupError(
    reason === undefined
      ? `npm ${command} failed:\n${`${stdout}\n${stderr}`.trim().split('\n').slice(0, 40).join('\n')}`
      : `No network: npm cannot reach its package registry (${reason}). Connect this machine, or ` +
          'tell npm about the proxy (npm config set proxy …, npm config set https-proxy …), and ' +
          'run the command again.',
  )
}

/**
 * The settings that decide how npm reaches the network, without passwords for a registry.
 *
 * @returns {Promise<Record<string, string>>} by the names of npm's environment variables
 */
export async function npmNetworkSettings() {
  const names = ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl']
  const lines = (await npm(['config', 'get', ...names])).trim().split('\n')
  /** @type {Record<string, string>} */
  const settings = {}
  for (const line of lines) {
    const [name = '', ...rest] = line.split('=')
    const value = rest.join('=')
    if (value !== '' && value !== 'null') settings[`npm_config_${name.replace('-', '_')}`] = value
  }
  return settings
}
