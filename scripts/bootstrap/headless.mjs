/**
 * A session without a screen: a virtual display and a session bus of its own for one command, and
 * the certainty that nothing of it is left when the command ends.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { exitCode } from './child.mjs'
import { SetupError } from './failures.mjs'

const mark = 'IDPORTEN_DESKTOP_SESSION'

/** Tells whether windows can be shown. */
export const hasDisplay = () =>
  process.platform !== 'linux' ||
  Boolean(process.env['DISPLAY']) ||
  Boolean(process.env['WAYLAND_DISPLAY'])

/**
 * Runs a command in a session of its own and returns its exit code.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs: number }} options
 * @returns {Promise<number>}
 */
export async function runHeadless(command, args, options) {
  const id = randomUUID()
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, ...options.env, [mark]: id }
  const display = await startDisplay(env)
  delete env['WAYLAND_DISPLAY']
  try {
    const child = spawn('dbus-run-session', ['--', command, ...args], {
      cwd: options.cwd,
      env: { ...env, DISPLAY: display.name },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    return await exitCode(child, options)
  } finally {
    await endSession(id)
  }
}

/** @param {NodeJS.ProcessEnv} env */
async function startDisplay(env) {
  const child = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'],
    {
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  child.stderr?.on('data', (/** @type {Buffer} */ chunk) => (said += chunk.toString()))
  const number = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new SetupError(`Xvfb did not start: ${said.trim()}`)))
    child.stdio[3]?.once('data', (/** @type {Buffer} */ chunk) => resolve(chunk.toString().trim()))
  })
  return { name: `:${number}` }
}

/**
 * Ends what the session started: first the ones that can clean up, then the rest.
 *
 * @param {string} id
 */
async function endSession(id) {
  /** @type {readonly NodeJS.Signals[]} */
  const signals = ['SIGTERM', 'SIGKILL']
  for (const signal of signals) {
    for (let waited = 0; waited < 3_000; waited += 100) {
      const members = await processesOf(id)
      if (members.length === 0) return
      if (waited === 0) for (const pid of members) kill(pid, signal)
      await delay(100)
    }
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function kill(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself in the meantime.
  }
}

/**
 * Session members are known by their environment: they may have left the process group.
 *
 * @param {string} id
 */
async function processesOf(id) {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number)
  const members = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return text.split('\0').includes(`${mark}=${id}`)
    }),
  )
  return pids.filter((_, index) => members[index])
}
