/**
 * Checks, and with `--write` writes into docs/hardening.md, each item of Electron's security checklist, the tests that show it, and what came of them.
 * A test, or a step of one, shows the items whose numbers its name begins with, as in `3, 20: offers …`.
 * Usage: node scripts/hardening-table.ts <JSON report of Playwright> [--write], then `npm run format`. Exit code 1 when an item has no test or a failed
 * one. `npm run test:all` checks.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import * as v from 'valibot'
import { project } from './bootstrap/setup.mjs'

/** What the items ask for, in our words and in the order of Electron's page "Security". */
const items = [
  'Load only what cannot be changed on the way',
  'No Node in pages',
  'Pages and the preload script have different worlds',
  'Each page is in a sandbox of the system',
  'Each request for a permission is decided',
  'The same-origin policy stays on',
  'A content security policy',
  'No content over plain http in a secure page',
  'No experimental features',
  'No features of Blink by name',
  'No pop-ups from webviews',
  'Webviews are decided before they are made',
  'Navigation is limited',
  'New windows are limited',
  'No address from a page is opened outside',
  'A current Electron',
  'The sender of each message is checked',
  'A protocol of its own instead of file:',
  'Each fuse is decided',
  'No API of Electron reaches a page',
]

const step = v.object({ title: v.string(), error: v.optional(v.unknown()) })
const spec = v.object({
  title: v.string(),
  file: v.string(),
  tests: v.array(
    v.object({
      status: v.string(),
      annotations: v.array(v.object({ type: v.string(), description: v.optional(v.string()) })),
      results: v.array(v.object({ steps: v.optional(v.array(step), []) })),
    }),
  ),
})
interface Suite {
  specs: v.InferOutput<typeof spec>[]
  suites: Suite[]
}
const suite: v.GenericSchema<unknown, Suite> = v.object({
  specs: v.array(spec),
  suites: v.optional(v.array(v.lazy(() => suite)), []),
})
const reportFile = v.object({ suites: v.array(suite) })

/** A test or a step that shows some items. */
interface Showing {
  readonly items: readonly number[]
  readonly what: string
  readonly file: string
  readonly app: string
  readonly result: 'passed' | 'failed' | 'skipped'
}

/** All that a report shows of the checklist. */
export function showings(report: unknown): Showing[] {
  const specsOf = ({ specs, suites }: Suite): Suite['specs'] => [
    ...specs,
    ...suites.flatMap((each) => specsOf(each)),
  ]
  return v
    .parse(reportFile, report)
    .suites.flatMap((each) => specsOf(each))
    .flatMap(({ title, file, tests }) =>
      tests.flatMap(({ status, annotations, results }) => {
        const app = annotations.find(({ type }) => type === 'app')?.description ?? 'built'
        const result =
          status === 'skipped' ? 'skipped' : status === 'expected' ? 'passed' : 'failed'
        const steps = results.at(-1)?.steps ?? []
        return [
          { title, result } as const,
          ...steps.map(
            (each) =>
              ({
                title: each.title,
                result: each.error === undefined ? 'passed' : 'failed',
              }) as const,
          ),
        ].flatMap((each) => {
          const [, numbers, what] = /^(\d+(?:, \d+)*): (.*)$/.exec(each.title) ?? []
          if (numbers === undefined || what === undefined) return []
          return [{ items: numbers.split(', ').map(Number), what, file, app, result: each.result }]
        })
      }),
    )
}

/** The page, of what a report shows. */
export function page(shown: readonly Showing[]): string {
  const rows = items.map((what, index) => {
    const number = index + 1
    const own = shown.filter((each) => each.items.includes(number))
    const tests = own.map((each) => `${each.what} ([${each.file}](../e2e/${each.file}))`)
    const apps = [...new Set(own.map(({ app }) => app))].join(', ')
    const results = [...new Set(own.map(({ result }) => result))].join(', ') || 'NO TEST'
    return `| ${number} | ${what} | ${tests.join('; ')} | ${apps} | ${results} |\n`
  })
  return `# Hardening

Electron's security checklist (its page "Security"), item by item. \`npm run hardening -- <report> --write\` made this page of what the end-to-end tests reported, on Linux as root; \`npm run test:all\` checks that each item is still shown. "Installed" is the app from the deb, started by an ordinary user, with the one fuse on that Playwright's Electron driver needs; "built" is the one in \`out/\` or \`dist/\`.

| Item | What it asks for | Shown by | App | Result |
| ---- | ---------------- | -------- | --- | ------ |
${rows.join('')}`
}

if (import.meta.main) {
  const report: unknown = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8'))
  const shown = showings(report)
  const unshown = items.filter(
    (_, index) =>
      !shown.some((each) => each.items.includes(index + 1) && each.result === 'passed') ||
      shown.some((each) => each.items.includes(index + 1) && each.result === 'failed'),
  )
  if (process.argv.includes('--write')) {
    await writeFile(path.join(project, 'docs/hardening.md'), page(shown))
  }
  for (const item of unshown) process.stderr.write(`not shown: ${item}\n`)
  process.exitCode = unshown.length === 0 ? 0 : 1
}
