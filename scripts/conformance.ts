/**
 * Runs the conformance modules, the rules and the matrix of faults through the whole app, and the tests
 * elsewhere that show a rule; prints what was expected and what came of it, and writes docs/conformance.md.
 * Exit code 1 when one failed. With `--report=<file>` it takes the report of a thorough run of Vitest
 * instead, and fails when the file in docs is another than this report makes.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { format } from 'oxfmt'
import { type Cell, cells, matrixSteps, titleOf } from '../test/conformance/matrix.ts'
import { type Module, plans } from '../test/conformance/modules.ts'
import { type Row, rows } from '../test/conformance/rows.ts'

/** The file that holds the report. */
export const reportFile = fileURLToPath(new URL('../docs/conformance.md', import.meta.url))

/**
 * What came of the test of that name, where this was expected. With a file, of all tests of that file
 * with this in their names.
 */
export type OutcomeOf = (name: string, expected: string, file?: string) => string

/** Everything went as it must. */
export const asExpected: OutcomeOf = (_title, expected) => expected

const shown = 'shown'
const elsewhere = 'left to `npm test`'
const titleOfRow = ({ id, rule }: Row): string => `${id}: ${rule}`

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...lines]
  const escaped = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')
  return all.map((cellsOfLine) => `| ${cellsOfLine.map(escaped).join(' | ')} |`).join('\n')
}

function expectationOf({ left, plays }: Module): string {
  const reason = left === undefined ? [] : [`not applicable: ${left}`]
  return [...reason, ...(plays === undefined ? [] : [plays.expected])].join(
    '; played all the same: ',
  )
}

function linesOf(modules: readonly Module[], outcomeOf: OutcomeOf): string[][] {
  return modules.map((module) => [
    module.id,
    module.name,
    module.provider,
    expectationOf(module),
    module.plays === undefined ? '–' : outcomeOf(module.name, module.plays.expected),
  ])
}

/** An outcome without what the head of its column says already. */
function shortOf({ step }: Cell, outcome: string): string {
  const own =
    step === 'revocation'
      ? /^signs out: revocation (\w+), browser done$/
      : step === 'end-session'
        ? /^signs out: revocation none, browser (\w+)$/
        : /^(?:shows )?(?:signs in (?=without ))?([^(]+)/
  return (own.exec(outcome)?.[1] ?? outcome).trim().replace(/(?<!FAILED.*)\bE_/, '')
}

function gridOf(outcomeOf: OutcomeOf): string[][] {
  const faults = new Set(cells.map(({ fault }) => fault))
  const short = (cell: Cell): string => shortOf(cell, outcomeOf(titleOf(cell), cell.expected))
  return Array.from(faults, (fault) => [
    fault,
    ...matrixSteps.map((step) => {
      const cell = cells.find((other) => other.fault === fault && other.step === step)
      return cell === undefined ? '–' : short(cell)
    }),
  ])
}

function waysOf(row: Row): string {
  const { plays, withProofs, renews, calls, signsOut } = row
  const lists = [plays, withProofs, renews, calls, signsOut].flatMap((list) => list ?? [])
  const played = lists.flatMap((list) => Object.keys(list)).length + (row.own?.length ?? 0)
  const ways = [
    played > 0 ? `${played} ${played === 1 ? 'scenario' : 'scenarios'}` : '',
    row.tested === true ? 'a test of its own' : '',
    row.matrix === undefined
      ? ''
      : `the matrix${row.at === undefined ? '' : ` at ${row.at}`}: ${row.matrix.join(', ')}`,
    ...new Set(filesOf(row).map((file) => `[${path.basename(file)}](../${file})`)),
    ...(row.see ?? []),
  ]
  return ways.filter((way) => way !== '').join('; ')
}

/** The files of the tests elsewhere that show a row. */
const filesOf = ({ shownBy = [], endToEnd }: Row): string[] => [
  ...(endToEnd === undefined ? [] : [endToEnd]),
  ...shownBy.map(([file]) => file),
]

/** Whether this command plays something of the row; what needs Electron is not run by it. */
function isPlayed(row: Row): boolean {
  const { plays, withProofs, renews, calls, signsOut, own, matrix, tested, shownBy } = row
  const here =
    plays ?? withProofs ?? renews ?? calls ?? signsOut ?? own ?? matrix ?? tested ?? shownBy
  return (
    here !== undefined ||
    rows.some((other) => row.see?.includes(other.id) === true && isPlayed(other))
  )
}

/** What came of a row and of all that it points at. */
function outcomeOfRow(row: Row, outcomeOf: OutcomeOf): string {
  const { matrix = [], at, see = [], shownBy = [] } = row
  const outcomes = [
    outcomeOf(titleOfRow(row), shown),
    ...shownBy.map(([file, name]) => outcomeOf(name, shown, file)),
    ...cells
      .filter(({ fault, step }) => matrix.includes(fault) && (at === undefined || at === step))
      .map((cell) => outcomeOf(titleOf(cell), cell.expected)),
    ...rows.filter(({ id }) => see.includes(id)).map((other) => outcomeOfRow(other, outcomeOf)),
  ]
  const failed = outcomes.find((outcome) => outcome.startsWith('FAILED'))
  return failed ?? (isPlayed(row) ? shown : elsewhere)
}

function rowLines(outcomeOf: OutcomeOf): string[][] {
  return rows.map((row) => [row.id, row.rule, waysOf(row), outcomeOfRow(row, outcomeOf)])
}

/** Makes the text of docs/conformance.md: the same for the same outcomes, on every computer. */
export async function report(outcomeOf: OutcomeOf): Promise<string> {
  const modules = plans.flatMap((plan) => plan.modules)
  const applying = modules.filter(({ left }) => left === undefined).length
  const text = `# Conformance

What this app does when a provider does something wrong, or something rare but right. This file is written by \`npm run conformance\`, which plays all of it: the simulator is the provider, a browser without scripts is the person's, and between them is the whole app but its window, from the press of the button to the snapshot and the last page.

After each login, renewal, call and sign-out it is checked that nothing more was asked for than must be, that no port, timer or request is left, that no token, code, verifier, state, nonce or personal number is in a snapshot, the log or a page, that the tokens went nowhere else, that nothing is kept once a session has ended, and that the same app then logs in at the same provider when it behaves.

An outcome is the name of an error with what it was about, or one of these.

- \`signs in\`, and \`signs in without userinfo\` where it was asked for and is not used.
- \`renews\`; \`stays\` and \`ends\` say what became of the session when it did not.
- \`shows\` what the person sees of an API: its status, or why there is none.
- \`signs out\`, which is done here at once, and what came of the rest: of the tokens that would outlive it, and of the browser, which is \`done\` when it came back and \`opened\` when it was sent and did not.

## Modules of the OpenID Foundation

The client modules of the [conformance suite](https://gitlab.com/openid/conformance-suite), under their own names: ${applying} apply, ${modules.length - applying} do not apply to a public client with the code flow. A module that does not apply is played all the same where its subject can come up. The suite itself was not run: it gives its certificate only to clients with a secret.

${plans
  .map(
    ({ title, modules: own }) => `### ${title}

${table(['Id', 'Module', 'The provider', 'Expectation', 'Outcome'], linesOf(own, outcomeOf))}`,
  )
  .join('\n\n')}

## Every step of a login and of a session with every fault

${cells.length} cells. A fault before the browser is opened opens none; the token endpoint is asked once; what the person sees in the browser alone (\`authorization\`) ends when the login's time does. \`E_\` is left out. A client that may not push its request (\`par: auto\`) sends it the ordinary way, so that two of the faults are no faults there.

\`userinfo\` follows a login that stands without it. \`refresh\` is the token endpoint at a renewal: what brought nothing leaves the session, a refusal or something false ends it. \`api\` is what the person sees; a 401 costs one renewal. \`revocation\` and \`end-session\` are what becomes of a sign-out elsewhere, which is done here whatever happens.

${table(['Fault', ...matrixSteps], gridOf(outcomeOf))}

## Rules of the specifications, and faults

${rows.length} rules, of which ${rows.filter(isPlayed).length} are shown by what this command runs. The others need Electron: \`npm test\` runs them.

${table(['Id', 'Rule', 'Shown by', 'Outcome'], rowLines(outcomeOf))}
`
  const { code, errors } = await format('conformance.md', text, { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}

/** What Vitest's JSON reporter says, as far as it is read here. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly Result[]
  }[]
}

interface Result {
  readonly title: string
  readonly fullName: string
  readonly status: string
  readonly meta?: { readonly outcome?: string }
}

const project = fileURLToPath(new URL('..', import.meta.url))
const folder = 'test/conformance'

function runTests(): VitestReport {
  const temporary = mkdtempSync(path.join(tmpdir(), 'idporten-desktop-conformance-'))
  const file = path.join(temporary, 'report.json')
  try {
    const vitest = path.join(project, 'node_modules/vitest/vitest.mjs')
    const others = new Set(rows.flatMap(({ shownBy = [] }) => shownBy.map(([name]) => name)))
    const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${file}`]
    spawnSync(process.execPath, [vitest, 'run', folder, ...others, ...reporters], {
      cwd: project,
      env: { ...process.env, IDPORTEN_DESKTOP_THOROUGH: '1' },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    return JSON.parse(readFileSync(file, 'utf8'))
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** The outcomes that a report of Vitest tells. */
export function outcomesOf({ testResults }: VitestReport): OutcomeOf {
  const files = new Map(
    testResults.map(({ name, assertionResults }) => [
      path.relative(project, name).replaceAll('\\', '/'),
      assertionResults,
    ]),
  )
  const here = new Map(
    Array.from(files)
      .filter(([file]) => file.startsWith(folder))
      .flatMap(([, results]) => results.map((result) => [result.title, result] as const)),
  )
  return (name, _expected, file) => {
    const results =
      file === undefined
        ? [here.get(name)].filter((result) => result !== undefined)
        : (files.get(file) ?? []).filter(({ fullName }) => fullName.includes(name))
    if (results.length === 0) return `FAILED: no test ${name}`
    const failed = results.find(({ status }) => status !== 'passed')
    return failed === undefined
      ? (results[0]?.meta?.outcome ?? shown)
      : `FAILED: ${failed.meta?.outcome ?? 'no outcome'}`
  }
}

function print(head: readonly string[], lines: readonly (readonly string[])[]): void {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  )
  for (const line of [head, ...lines]) {
    const text = line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
    process.stdout.write(`${text.trimEnd()}\n`)
  }
  process.stdout.write('\n')
}

function printAll(outcomeOf: OutcomeOf): void {
  for (const { title, modules } of plans) {
    process.stdout.write(`\n${title}\n\n`)
    const lines = linesOf(modules, outcomeOf).map((line) => [line[1], line[3], line[4]])
    print(
      ['Module', 'Expectation', 'Outcome'],
      lines.map((line) => line.map(String)),
    )
  }
  print(['Fault', ...matrixSteps], gridOf(outcomeOf))
  print(
    ['Id', 'Rule', 'Outcome'],
    rowLines(outcomeOf).map(([id = '', rule = '', , outcome = '']) => [id, rule, outcome]),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.find((argument) => argument.startsWith('--report='))
  const file = given?.slice('--report='.length)
  const outcomeOf = outcomesOf(
    file === undefined ? runTests() : JSON.parse(readFileSync(file, 'utf8')),
  )
  const made = await report(outcomeOf)
  if (file === undefined) {
    printAll(outcomeOf)
    writeFileSync(reportFile, made)
    process.exitCode = made.includes('FAILED') ? 1 : 0
  } else if (made !== readFileSync(reportFile, 'utf8')) {
    const failed = made.split('\n').filter((line) => line.includes('FAILED'))
    process.stderr.write(
      `docs/conformance.md is not what the tests say.\n${failed.join('\n')}\nRun: npm run conformance\n`,
    )
    process.exitCode = 1
  }
}
