import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { errorsFile, errorsPage } from './errors-page.ts'

/** Milliseconds for some sixty logins on a computer that has other work too. */
const patience = 60_000

test(
  'is committed as the command makes it',
  async () => {
    const committed = await readFile(errorsFile, 'utf8')
    expect(committed, 'run: npm run errors').toBe(await errorsPage())
  },
  patience,
)
