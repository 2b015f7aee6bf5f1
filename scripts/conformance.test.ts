import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cells, titleOf } from '../test/conformance/matrix.ts'
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

test('a rule is not shown when a cell of the matrix that it points at failed', async () => {
  const outcomes = (failing: string) =>
    report((title, expected) => (title === failing ? 'FAILED: signs in' : expected))
  const line = /^\| F-10 .*$/m
  const [cell] = cells.filter(({ fault }) => fault === '400-empty')
  expect(line.exec(await outcomes('nothing'))?.[0]).toMatch(/ shown +\|$/)
  expect(line.exec(await outcomes(cell === undefined ? '' : titleOf(cell)))?.[0]).toMatch(
    / FAILED: signs in +\|$/,
  )
})

test('a rule that only tests elsewhere show is not called shown', async () => {
  expect(await report(asExpected)).toMatch(/^\| S-025 .* left to `npm test` +\|$/m)
})
