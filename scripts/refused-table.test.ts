import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { pageFile, refusedRequestsPage } from './refused-table.ts'

test('the page of refused requests is as the script makes it', async () => {
  const page = await readFile(pageFile, 'utf8')
  expect(page, 'run: npx node scripts/refused-table.ts').toBe(await refusedRequestsPage())
})
