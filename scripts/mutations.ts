/**
 * Breaks the code on purpose, one place at a time, in a copy, and shows which test notices.
 * Usage: `npm run mutations`, or with parts of files and names to run only those. Exit code 1 when one survives.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { loginTests, type Mutation, mutations, testsOf } from './mutation-list.ts'

const parts = process.argv.slice(2)
const copy = mkdtempSync(path.join(tmpdir(), 'mutations-'))
let survivors = 0
try {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    encoding: 'utf8',
  })
  for (const file of files.split('\0').filter((name) => name !== '')) {
    cpSync(file, path.join(copy, file), { recursive: true })
  }
  symlinkSync(path.resolve('node_modules'), path.join(copy, 'node_modules'))
  const healthy = firstFailure([...new Set([...loginTests, ...Object.values(testsOf).flat()])])
  if (healthy !== null) throw new Error(`the tests fail without a mutation: ${healthy}`)
  const chosen = mutations.filter(
    ({ name, file }) =>
      parts.length === 0 || parts.some((part) => `${file} ${name}`.includes(part)),
  )
  for (const mutation of chosen) {
    const killer = withMutation(mutation, () => firstFailure(testsOf[mutation.file] ?? loginTests))
    if (killer === null) survivors += 1
    process.stdout.write(
      `${killer === null ? 'SURVIVED' : 'killed  '}  ${mutation.name}${killer === null ? '' : `: ${killer}`}\n`,
    )
  }
  process.stdout.write(`\n${chosen.length} mutations, ${survivors} survived\n`)
  process.exitCode = survivors === 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}

/** Runs with one place changed, and puts it back. */
function withMutation<T>({ name, file, from, to }: Mutation, run: () => T): T {
  const target = path.join(copy, file)
  const source = readFileSync(target, 'utf8')
  if (source.split(from).length !== 2)
    throw new Error(`${name}: the place is not there exactly once`)
  writeFileSync(
    target,
    source.replace(from, () => to),
  )
  try {
    return run()
  } finally {
    writeFileSync(target, source)
  }
}

/** The name of the first test that fails, or null when all pass. */
function firstFailure(tests: readonly string[]): string | null {
  const report = path.join(copy, 'report.json')
  rmSync(report, { force: true })
  const { status } = spawnSync(
    process.execPath,
    [
      path.join(copy, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--bail=1',
      '--reporter=json',
      `--outputFile=${report}`,
    ].concat(tests),
    { cwd: copy, stdio: 'ignore', timeout: 120_000 },
  )
  // Ended by its time limit, or by the system: no test has noticed.
  if (status === 0 || status === null) return null
  // Broken off before a test could say anything: none has noticed either.
  if (!existsSync(report)) return null
  const { testResults }: Report = JSON.parse(readFileSync(report, 'utf8'))
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find((result) => result.status === 'failed')
  return failed?.fullName ?? 'a test file that could not run'
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}
