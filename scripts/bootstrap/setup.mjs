/**
 * Everything between a bare clone and a command that runs: Node, system packages, the npm packages,
 * the Electron runtime, and an ordinary user when root started it.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { provideElectron } from './electron-runtime.mjs'
import { SetupError } from './failures.mjs'
import { npm } from './npm.mjs'
import { say, waitingProgress } from './progress.mjs'
import { checkSandbox, provideSystemPackages } from './system-packages.mjs'
import { runUnprivileged } from './unprivileged.mjs'

/** @typedef {import('./electron-runtime.mjs').Runtime} Runtime */
/** @typedef {import('./system-packages.mjs').Purpose} Purpose */

/** The folder of the clone. */
export const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** The Node of the installation, which is newer than the one that starts the set-up. */
export const installedNode = path.join(
  project,
  'node_modules/node/bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
)

/**
 * Makes the exit code of `work` that of the process. What the user can mend is printed as one message.
 *
 * @param {() => Promise<number>} work
 */
export async function exitWith(work) {
  try {
    process.exitCode = await work()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(error.message)
    process.exitCode = error.exitCode
  }
}

/**
 * Runs a command that needs the whole set-up.
 *
 * @param {string} script path of the started script inside the project
 * @param {Purpose} purpose
 * @param {(electron: Runtime) => Promise<number>} work
 */
export async function runWithSetup(script, purpose, work) {
  await exitWith(async () => {
    if (purpose !== 'window') checkUser()
    provideSystemPackages(purpose)
    if (process.getuid?.() === 0 && process.platform === 'linux') {
      return runUnprivileged(project, script, process.argv.slice(2))
    }
    checkSandbox()
    await provideNpmPackages()
    const electron = await provideElectron()
    say(`Electron ${electron.version}: ${electron.executable}`)
    return work(electron)
  })
}

/** A session bus refuses a user that the system does not know, and does not say so. */
function checkUser() {
  try {
    os.userInfo()
  } catch {
    throw new SetupError(
      `User ${process.getuid?.()} has no entry in /etc/passwd, and a session bus wants one. Add it, ` +
        'or start the command as another user (in a container as root: it then uses nobody).',
    )
  }
}

/**
 * Runs npm ci when it has not run for this package-lock.json and this kind of machine.
 *
 * @throws {SetupError} when npm fails, or leaves out the Node that the tools need
 */
export async function provideNpmPackages() {
  const stamp = path.join(project, 'node_modules/.idporten-desktop')
  const lock = createHash('sha256').update(readFileSync(path.join(project, 'package-lock.json')))
  const wanted = `${process.platform} ${process.arch} ${lock.digest('hex')}`
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    const args = ['ci', '--prefer-offline', '--no-progress', '--loglevel=error']
    await waitingProgress('Installing npm packages', () => npm(args, { cwd: project }))
    writeFileSync(stamp, wanted)
  }
  if (existsSync(installedNode)) return
  // The user's npm settings may forbid install scripts, and one of them brings this Node.
  const rebuild = ['rebuild', 'node', '--ignore-scripts=false']
  await waitingProgress('Installing Node', () => npm(rebuild, { cwd: project }))
  if (existsSync(installedNode)) return
  throw new SetupError(
    `npm did not install the Node that the tools need: there is no ${installedNode}. See what this ` +
      `says, and run the command again:\n  npm ${rebuild.join(' ')} --foreground-scripts`,
  )
}
