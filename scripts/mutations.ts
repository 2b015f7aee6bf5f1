/**
 * Lets Stryker break the login and the session on purpose, place by place, and shows what no test notices.
 * Usage: `npm run mutations` for the whole, `-- <file> …` for some files, `-- --since <commit>` for the
 * files that have changed since then; `--tests <patterns>` tries only some tests, which is faster and can
 * only find more survivors. Exit code 1 when a change survives; a change that may survive has its reason
 * beside the code, in a comment that begins with `Stryker disable`.
 */
import { Stryker } from '@stryker-mutator/core'
import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { since: { type: 'string' }, tests: { type: 'string' } },
  allowPositionals: true,
})
if (values.tests !== undefined) process.env['MUTATION_TESTS'] = values.tests

const known = git('ls-files', '--cached', '--others', '--exclude-standard')
const files = known.filter(
  (file) => /^main\/(login|session)\/.*\.ts$/.test(file) && !/\.test(-d)?\.ts$/.test(file),
)
const changed = values.since === undefined ? files : changedSince(values.since)
const chosen = files.filter(
  (file) => changed.includes(file) && (positionals.length === 0 || positionals.includes(file)),
)

if (chosen.length === 0) {
  process.stdout.write('No file to break: 0 mutations, 0 survived\n')
  process.exitCode = positionals.length === 0 ? 0 : 1
} else {
  const results = await new Stryker({ mutate: chosen }).runMutationTest()
  const survivors = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  process.stdout.write(`\n${results.length} mutations, ${survivors.length} survived\n`)
  process.exitCode = survivors.length === 0 ? 0 : 1
}

/** Every file that differs from a commit, with those that git does not know yet. */
function changedSince(commit: string): string[] {
  return [
    ...git('diff', '--name-only', commit, '--'),
    ...git('ls-files', '--others', '--exclude-standard'),
  ]
}

function git(...command: string[]): string[] {
  return execFileSync('git', command, { encoding: 'utf8' }).split('\n')
}
