/**
 * Everything between a bare clone and a command that runs: Node, system packages, the npm packages,
 * the Electron runtime, and an ordinary user when root started it.
 */
import { existsSync, readFileSync } from 'node:fs'
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
export const project = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/**
 * Runs a command that needs the set-up: the exit code of `work` becomes that of the process. What the
 * user can mend is printed as one message.
 *
 * @param {string} script path of the started script inside the project
 * @param {Purpose} purpose
 * @param {(electron: Runtime) => Promise<number>} work
 */
export async function runWithSetup(script, purpose, work) {
  try {
    provideSystemPackages(purpose)
    if (process.getuid?.() === 0 && process.platform === 'linux') {
      process.exitCode = await runUnprivileged(project, script, process.argv.slice(2))
      return
    }
    checkSandbox()
    await provideNpmPackages()
    const electron = await provideElectron()
    say(`Electron ${electron.version}: ${electron.executable}`)
    process.exitCode = await work(electron)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(error.message)
    process.exitCode = error.exitCode
  }
}

async function provideNpmPackages() {
  const installed = readJson('node_modules/.package-lock.json')
  const node = process.platform === 'win32' ? 'node.exe' : 'node'
  if (
    existsSync(path.join(project, 'node_modules/node/bin', node)) &&
    isInstalled(readJson('package-lock.json'), installed)
  ) {
    return
  }
  const args = ['ci', '--prefer-offline', '--no-progress', '--loglevel=error']
  await waitingProgress('Installing npm packages', () => npm(args, { cwd: project }))
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(path.join(project, file), 'utf8'))
  } catch {
    return undefined
  }
}

/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */

/**
 * Tells whether the lock that npm leaves in node_modules fits package-lock.json. Optional packages
 * may be missing: they are for other platforms.
 *
 * @param {{ packages: Record<string, LockedPackage> }} wanted
 * @param {{ packages: Record<string, LockedPackage> } | undefined} installed
 * @returns {boolean}
 */
export function isInstalled(wanted, installed) {
  if (installed === undefined) return false
  return Object.entries(wanted.packages).every(([folder, locked]) => {
    if (folder === '') return true
    const found = installed.packages[folder]
    if (found === undefined) return locked.optional === true
    return found.version === locked.version && found.integrity === locked.integrity
  })
}

/** The Node of the installation, which is newer than the one that starts the set-up. */
export const installedNode = path.join(
  project,
  'node_modules/node/bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
)
