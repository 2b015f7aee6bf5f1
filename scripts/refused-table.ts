/**
 * Writes README's table of what the listener refuses, from the list that its tests run.
 * Usage: npx node scripts/refused-table.ts
 */
import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { format } from 'oxfmt'
import { type Refusal, refusals } from '../test/support/refused-requests.ts'

/** The file that holds the table. */
export const readmeFile = fileURLToPath(new URL('../README.md', import.meta.url))

const start = '<!-- refused:start -->'
const end = '<!-- refused:end -->'

/** The section: heading, words and table. */
async function section(): Promise<string> {
  const count = refusals.reduce((sum, { requests }) => sum + requests.length, 0)
  const text = `## What the listener refuses

Each of these ${count} requests gets a short constant answer or none, leaves the login waiting and asks for no token, even when it carries the pending \`state\`; the right callback then still signs in. The table is made from [the list that the tests send](test/support/refused-requests.ts), by \`scripts/refused-table.ts\`.

| Request | Answer | Why |
| --- | --- | --- |
${refusals.map(row).join('\n')}
`
  const { code, errors } = await format('README.md', text, { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}

function row({ what, why, answer, requests }: Refusal): string {
  const all = requests.map((request) => request.what).join('; ')
  const cells = [`**${what}**: ${all}`, String(answer), why]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/**
 * Puts the table in its place between the two comments.
 *
 * @returns the text of the file as it should be
 */
export async function withRefusedTable(readme: string): Promise<string> {
  const [before, rest, ...more] = readme.split(start)
  const [, after, ...others] = rest?.split(end) ?? []
  if (before === undefined || after === undefined || more.length + others.length > 0) {
    throw new Error(`README.md must hold ${start} and ${end} once`)
  }
  return `${before}${start}\n\n${await section()}\n${end}${after}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(readmeFile, await withRefusedTable(await readFile(readmeFile, 'utf8')))
}
