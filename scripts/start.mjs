/**
 * Sets up, builds, and runs the app against a simulator of its own. Without a display it does so on
 * a virtual one, and the whole login is driven and shown as text and pictures.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { exitCode } from './bootstrap/child.mjs'
import { hasDisplay, runHeadless } from './bootstrap/headless.mjs'
import { npm } from './bootstrap/npm.mjs'
import { waitingProgress } from './bootstrap/progress.mjs'
import { installedNode, project, runWithSetup } from './bootstrap/setup.mjs'

const demoTimeoutMs = 5 * 60_000

await runWithSetup('scripts/start.mjs', hasDisplay() ? 'window' : 'headless', async (electron) => {
  await waitingProgress('Building', () => npm(['run', '--silent', 'build'], { cwd: project }))
  const script = (/** @type {string} */ name) => path.join(project, 'scripts', name)
  if (hasDisplay()) {
    const args = [script('run-app.ts'), electron.executable]
    return exitCode(spawn(installedNode, args, { cwd: project, stdio: 'inherit' }))
  }
  const args = [script('demo-login.ts'), electron.executable]
  return runHeadless(installedNode, args, { cwd: project, timeoutMs: demoTimeoutMs })
})
