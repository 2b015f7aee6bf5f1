/**
 * Lets Stryker break the login and the session on purpose, place by place, and shows what no test notices.
 * Usage: `npm run mutations` for the whole, `-- <file> …` for some files; `--tests <pattern>` tries only some
 * tests, which is faster and can only find more survivors. Exit code 1 when a change survives; a change that
 * may survive has its reason beside the code, in a comment that begins with `Stryker disable`.
 */
import { Stryker } from '@stryker-mutator/core'
import { globSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { tests: { type: 'string' } },
  allowPositionals: true,
})
if (values.tests !== undefined) process.env['MUTATION_TESTS'] = values.tests
// Stress and long random tests judge no mutant, and there are thousands.
delete process.env['IDPORTEN_DESKTOP_THOROUGH']

const files = globSync('main/{login,session}/**/*.ts')
  .map((file) => file.replaceAll('\\', '/'))
  // The command is tested as a process of its own, into which Stryker does not see.
  .filter((file) => !/\.test(-d)?\.ts$|^main\/login\/command\//.test(file))
const unknown = positionals.filter((file) => !files.includes(file))
if (unknown.length > 0) throw new Error(`not of the login or the session: ${unknown.join(' ')}`)
const chosen = positionals.length === 0 ? files : positionals

const results = await new Stryker({ mutate: chosen }).runMutationTest()
const survivors = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
process.stdout.write(`\n${results.length} mutations, ${survivors.length} survived\n`)
process.exitCode = survivors.length === 0 ? 0 : 1
