/**
 * Sets up, builds, and runs a TypeScript file with the built app in a display and a session bus of its own.
 * Usage: run-headless.mjs <file> [arguments]; the file gets the executable of Electron before the arguments.
 */
import path from 'node:path'
import process from 'node:process'
import { runHeadless } from './bootstrap/headless.mjs'
import { npm } from './bootstrap/npm.mjs'
import { waitingProgress } from './bootstrap/progress.mjs'
import { installedNode, project, runWithSetup } from './bootstrap/setup.mjs'

const timeoutMs = 20 * 60_000

await runWithSetup('scripts/run-headless.mjs', 'headless', async (electron) => {
  const [file = '', ...args] = process.argv.slice(2)
  await waitingProgress('Building', () => npm(['run', '--silent', 'build'], { cwd: project }))
  return runHeadless(installedNode, [path.join(project, file), electron.executable, ...args], {
    cwd: project,
    timeoutMs,
  })
})
