import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { asExpected, report, reportFile } from './conformance.ts'

test('the report is in docs as the command makes it when all goes well', async () => {
  const text = await readFile(reportFile, 'utf8')
  expect(text, 'run: npm run conformance').toBe(await report(asExpected))
})

test('the report says what failed', async () => {
  const text = await report((title, expected) =>
    title === 'oidcc-client-test-invalid-iss' ? 'FAILED: signs in' : expected,
  )
  expect(text).toMatch(/oidcc-client-test-invalid-iss .*E_ID_TOKEN_CLAIM \(iss\).*FAILED: signs in/)
})
