/**
 * Renders every state of the window, in every language and scheme and at three widths, and every page of the
 * browser, into an overview page: `artifacts/pictures/index.html`.
 */
import path from 'node:path'
import { runHeadless } from './bootstrap/headless.mjs'
import { npm } from './bootstrap/npm.mjs'
import { waitingProgress } from './bootstrap/progress.mjs'
import { installedNode, project, runWithSetup } from './bootstrap/setup.mjs'

const timeoutMs = 20 * 60_000

await runWithSetup('scripts/pictures.mjs', 'headless', async (electron) => {
  await waitingProgress('Building', () => npm(['run', '--silent', 'build'], { cwd: project }))
  const args = [path.join(project, 'scripts/take-pictures.ts'), electron.executable]
  return runHeadless(installedNode, [...args, ...process.argv.slice(2)], {
    cwd: project,
    timeoutMs,
  })
})
