/**
 * Writes docs/refused-requests.md from the list of requests that the listener's tests send.
 * Usage: npx node scripts/refused-table.ts
 */
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { format } from 'oxfmt'
import { type Refusal, refusals } from '../test/support/refused-requests.ts'

/** The page that is written. */
export const pageFile = fileURLToPath(new URL('../docs/refused-requests.md', import.meta.url))

/** Makes the text of the page. */
export async function refusedRequestsPage(): Promise<string> {
  const count = refusals.reduce((sum, { requests }) => sum + requests.length, 0)
  const text = `# What the listener refuses

Each of these ${count} requests gets a short constant answer or none, leaves the login waiting and asks for no token, even when it carries the pending \`state\`; the right callback then still signs in. \`scripts/refused-table.ts\` makes this page from [the list that the tests send](../test/support/refused-requests.ts).

| Request | Answer | Why |
| --- | --- | --- |
${refusals.map(row).join('\n')}
`
  const { code, errors } = await format('refused-requests.md', text, { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}

function row({ what, why, answer, requests }: Refusal): string {
  const all = requests.map((request) => request.what).join('; ')
  const cells = [`**${what}**: ${all}`, String(answer), why]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(pageFile, await refusedRequestsPage())
}
