import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readmeFile, withRefusedTable } from './refused-table.ts'

test('is in README as the script makes it', async () => {
  const readme = await readFile(readmeFile, 'utf8')
  expect(readme, 'run: npx node scripts/refused-table.ts').toBe(await withRefusedTable(readme))
})

test.each([
  ['no place', 'text'],
  ['no end', '<!-- refused:start -->'],
  ['two places', '<!-- refused:start --><!-- refused:end -->'.repeat(2)],
])('is not made for a README with %s', async (_, readme) => {
  await expect(withRefusedTable(readme)).rejects.toThrow('once')
})
