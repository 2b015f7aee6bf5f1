/**
 * Sets up, builds and runs every check, and closes with one line: `N passed, N failed, N skipped`.
 * `npm test -- unit e2e` runs only the named steps: build format lint types unit e2e.
 * `npm run test:all` (`--all`) runs also what a merge need not wait for, and the steps conformance
 * and mutations. `--seed=123` repeats the properties of a run that printed this seed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
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

const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const all = options.includes('--all')
const seed = options.find((option) => /^--seed=\d+$/u.test(option))?.slice('--seed='.length)

const stepTimeoutMs = (all ? 120 : 20) * 60_000
const reports = await mkdtemp(path.join(os.tmpdir(), 'idporten-desktop-reports-'))
const unitReport = path.join(reports, 'vitest.json')
const env = {
  ...process.env,
  ...(all && { IDPORTEN_DESKTOP_THOROUGH: '1' }),
  ...(seed !== undefined && { IDPORTEN_DESKTOP_SEED: seed }),
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
  ...(all && {
    // Read from what the unit tests have said, where they were run.
    conformance: () =>
      script('conformance', ...(existsSync(unitReport) ? [`--report=${unitReport}`] : [])),
    mutations: () => script('mutations', '--changed'),
  }),
}

const chosen = Object.entries(steps).filter(([name]) => asked.length === 0 || asked.includes(name))

try {
  await runWithSetup('scripts/test.mjs', 'tests', async () => {
    const unknown = [
      ...asked.filter((name) => !(name in steps)),
      ...options.filter((option) => !/^--(?:all|seed=\d+)$/u.test(option)),
    ]
    if (unknown.length > 0) {
      throw new SetupError(
        `Unknown: ${unknown.join(' ')}. Choose of ${Object.keys(steps).join(' ')} --all --seed=<number>`,
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
    if (!all) say('This is what a merge needs; npm run test:all runs more.')
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
 * @param {...string} args
 * @returns {Promise<Count>}
 */
async function script(name, ...args) {
  const shell = process.platform === 'win32'
  const npmScript = process.env['npm_execpath']
  const run = ['run', '--silent', name, '--', ...args]
  const child =
    npmScript === undefined
      ? spawn('npm', run, { cwd: project, env, shell, stdio: 'inherit' })
      : spawn(process.execPath, [npmScript, ...run], { cwd: project, env, stdio: 'inherit' })
  const code = await exitCode(child, { timeoutMs: stepTimeoutMs })
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] }
}

/** @returns {Promise<Count>} */
async function unit() {
  const child = spawn(
    installedNode,
    [
      path.join(project, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${unitReport}`,
    ],
    { cwd: project, env, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const code = await exitCode(child, { timeoutMs: stepTimeoutMs })
  return withExitCode(await read(unitReport, countVitest), code)
}

/** @returns {Promise<Count>} */
async function e2e() {
  const file = path.join(reports, 'playwright.json')
  const args = [
    path.join(project, 'node_modules/@playwright/test/cli.js'),
    'test',
    '--reporter=list,json',
  ]
  const running = {
    cwd: project,
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file, PLAYWRIGHT_JSON_OUTPUT_NAME: file },
    timeoutMs: stepTimeoutMs,
  }
  // Windows of tests would disturb the person at the screen, and a keyring of their own would not do.
  const code =
    process.platform === 'linux'
      ? await runHeadless(installedNode, args, running)
      : await exitCode(spawn(installedNode, args, { ...running, stdio: 'inherit' }), running)
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
