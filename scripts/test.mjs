/**
 * Sets up, builds and runs every check, and closes with one line: `N passed, N failed, N skipped`.
 * `npm test -- unit e2e` runs only the named steps: package format lint types unit e2e.
 * `npm run test:all` (`--all`) runs also what a merge need not wait for, and the steps conformance,
 * hardening and mutations, the last for the files that `--since=<commit>` (the last but one, unless it is given)
 * finds changed. `--seed=123` repeats the properties of a run that printed this seed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { exitCode } from './bootstrap/child.mjs'
import { commitDate, git } from './bootstrap/clone.mjs'
import { SetupError } from './bootstrap/failures.mjs'
import { runHeadless } from './bootstrap/headless.mjs'
import { say } from './bootstrap/progress.mjs'
import { installedNode, project, runWithSetup } from './bootstrap/setup.mjs'
import { countPlaywright, countVitest, sum, withExitCode } from './test-report.mjs'

/** @typedef {import('./test-report.mjs').Count} Count */

const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const all = options.includes('--all')
const seed = valueOf('seed')
// Root works in a copy of the clone without git: what has changed is found before that, and handed on.
if (all && valueOf('changed') === undefined) {
  const changed = changedFiles()
  if (changed !== null) options.push(`--changed=${changed.join()}`)
}
process.argv.splice(2, process.argv.length, ...options, ...asked)
// Root works in a copy without git. Where git cannot tell at all, what is packed has the time of the run.
process.env['SOURCE_DATE_EPOCH'] ??= commitDate(project) ?? String(Math.floor(Date.now() / 1000))

const stepTimeoutMs = (all ? 120 : 20) * 60_000
const reports = await mkdtemp(path.join(os.tmpdir(), 'idporten-desktop-reports-'))
const unitReport = path.join(reports, 'vitest.json')
const e2eReport = path.join(reports, 'playwright.json')
const env = {
  ...process.env,
  ...(all && { IDPORTEN_DESKTOP_THOROUGH: '1' }),
  ...(seed !== undefined && { IDPORTEN_DESKTOP_SEED: seed }),
  PATH: [path.dirname(installedNode), process.env['PATH']].join(path.delimiter),
}

/** @type {Record<string, () => Promise<Count>>} */
const steps = {
  // What is built is what is packed: the end-to-end tests install it.
  package: () =>
    process.platform === 'linux'
      ? script('package', ...(all ? ['--verify'] : ['--only=deb', '--fast']))
      : script('build'),
  format: () => script('format:check'),
  lint: () => script('lint'),
  types: () => script('types'),
  unit,
  e2e,
  ...(all && {
    // Read from what the unit tests have said, where they were run.
    conformance: () =>
      script('conformance', ...(existsSync(unitReport) ? [`--report=${unitReport}`] : [])),
    mutations,
    hardening,
  }),
}

const chosen = Object.entries(steps).filter(([name]) => asked.length === 0 || asked.includes(name))

try {
  await runWithSetup('scripts/test.mjs', all ? 'allTests' : 'tests', async () => {
    const unknown = [
      ...asked.filter((name) => !(name in steps)),
      ...options.filter((option) => !/^--(?:all|seed=\d+|since=\S+|changed=\S*)$/u.test(option)),
    ]
    if (unknown.length > 0) {
      throw new SetupError(
        `Unknown: ${unknown.join(' ')}. Choose of ${Object.keys(steps).join(' ')} --all --seed=<number> --since=<commit>`,
      )
    }
    if (chosen.some(([name]) => name === 'mutations') && valueOf('changed') === undefined) {
      throw new SetupError(
        `git does not tell what has changed since ${valueOf('since') ?? 'HEAD~1'}.`,
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

/** @param {string} name */
function valueOf(name) {
  return options.find((option) => option.startsWith(`--${name}=`))?.slice(name.length + 3)
}

/** The files of the login and the session that differ from a commit; null where git cannot tell. */
function changedFiles() {
  const since = valueOf('since') ?? 'HEAD~1'
  const places = ['main/login/*.ts', 'main/session/*.ts']
  const changed = git(project, 'diff', '--name-only', '--diff-filter=d', since, '--', ...places)
  if (changed === null) return null
  return changed.split('\n').filter((file) => file !== '' && !/\.test(-d)?\.ts$/u.test(file))
}

/** @returns {Promise<Count>} */
async function mutations() {
  const changed = valueOf('changed')?.split(',').filter(Boolean) ?? []
  if (changed.length > 0) return await script('mutations', ...changed)
  say('No file of the login or the session has changed: nothing to break.')
  return { passed: 0, failed: 0, skipped: [] }
}

/** Checks Electron's checklist by what the end-to-end tests have said, where they were run. */
async function hardening() {
  if (!existsSync(e2eReport)) return { passed: 0, failed: 0, skipped: ['hardening: no step e2e'] }
  return await script('hardening', e2eReport)
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
  const args = [
    path.join(project, 'node_modules/@playwright/test/cli.js'),
    'test',
    '--reporter=list,json',
  ]
  const running = {
    cwd: project,
    env: {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_FILE: e2eReport,
      PLAYWRIGHT_JSON_OUTPUT_NAME: e2eReport,
    },
    timeoutMs: stepTimeoutMs,
  }
  // Windows of tests would disturb the person at the screen, and a keyring of their own would not do.
  const code =
    process.platform === 'linux'
      ? await runHeadless(installedNode, args, running)
      : await exitCode(spawn(installedNode, args, { ...running, stdio: 'inherit' }), running)
  return withExitCode(await read(e2eReport, countPlaywright), code)
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
