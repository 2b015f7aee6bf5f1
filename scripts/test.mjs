/**
 * Sets up, builds and runs every check, and closes with one line: `N passed, N failed, N skipped`.
 * `npm test -- unit e2e` runs only the named steps: build format lint types unit e2e.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { exitCode } from './bootstrap/child.mjs'
import { SetupError } from './bootstrap/failures.mjs'
import { runHeadless } from './bootstrap/headless.mjs'
import { say } from './bootstrap/progress.mjs'
import { installedNode, project, runWithSetup } from './bootstrap/setup.mjs'
import { countPlaywright, countVitest, sum, withExitCode } from './test-report.mjs'

/** @typedef {import('./test-report.mjs').Count} Count */

const stepTimeoutMs = 20 * 60_000
const reports = await mkdtemp(path.join(os.tmpdir(), 'idporten-desktop-reports-'))
const env = {
  ...process.env,
  PATH: [path.dirname(installedNode), process.env['PATH']].join(path.delimiter),
}

/** @type {Record<string, () => Promise<Count>>} */
const steps = {
  build: () => script('build'),
  format: () => script('format:check'),
  lint: () => script('lint'),
  types: () => script('types'),
  unit,
  e2e,
}

const asked = process.argv.slice(2)
const chosen = Object.entries(steps).filter(([name]) => asked.length === 0 || asked.includes(name))

try {
  await runWithSetup('scripts/test.mjs', 'tests', async () => {
    const unknown = asked.filter((name) => !(name in steps))
    if (unknown.length > 0) {
      throw new SetupError(
        `Unknown step ${unknown.join(', ')}: choose of ${Object.keys(steps).join(' ')}`,
      )
    }
    /** @type {Count[]} */
    const counts = []
    for (const [name, step] of chosen) {
      say(`\n== ${name}`)
      const count = await step()
      if (count.failed > 0) say(`== ${name} FAILED`)
      counts.push(count)
    }
    const { passed, failed, skipped } = sum(counts)
    for (const name of skipped) say(`SKIPPED: ${name}`)
    process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`)
    return failed > 0 || passed === 0 ? 1 : 0
  })
} finally {
  await rm(reports, { recursive: true, force: true })
}

/**
 * Runs a script of package.json, which counts as one test.
 *
 * @param {string} name
 * @returns {Promise<Count>}
 */
async function script(name) {
  const shell = process.platform === 'win32'
  const npmScript = process.env['npm_execpath']
  const child =
    npmScript === undefined
      ? spawn('npm', ['run', '--silent', name], { cwd: project, env, shell, stdio: 'inherit' })
      : spawn(process.execPath, [npmScript, 'run', '--silent', name], {
          cwd: project,
          env,
          stdio: 'inherit',
        })
  const code = await exitCode(child, { timeoutMs: stepTimeoutMs })
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] }
}

/** @returns {Promise<Count>} */
async function unit() {
  const file = path.join(reports, 'vitest.json')
  const child = spawn(
    installedNode,
    [
      path.join(project, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { cwd: project, env, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const code = await exitCode(child, { timeoutMs: stepTimeoutMs })
  return withExitCode(await read(file, countVitest), code)
}

/** @returns {Promise<Count>} */
async function e2e() {
  const file = path.join(reports, 'playwright.json')
  const args = [
    path.join(project, 'node_modules/@playwright/test/cli.js'),
    'test',
    '--reporter=list,json',
  ]
  const options = {
    cwd: project,
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file, PLAYWRIGHT_JSON_OUTPUT_NAME: file },
    timeoutMs: stepTimeoutMs,
  }
  // Windows of tests would disturb the person at the screen, and a keyring of their own would not do.
  const code =
    process.platform === 'linux'
      ? await runHeadless(installedNode, args, options)
      : await exitCode(spawn(installedNode, args, { ...options, stdio: 'inherit' }), options)
  return withExitCode(await read(file, countPlaywright), code)
}

/**
 * @template T
 * @param {string} file
 * @param {(report: T) => Count} count
 * @returns {Promise<Count>}
 */
async function read(file, count) {
  try {
    return count(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    say('The step left no report.')
    return { passed: 0, failed: 1, skipped: [] }
  }
}
