import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { expect, test } from 'vitest'
import { cells, titleOf } from '../test/conformance/matrix.ts'
import { asExpected, outcomesOf, report, reportFile } from './conformance.ts'

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

test('a rule is not shown when a test elsewhere that it points at failed, or is not there', async () => {
  const results = (file: string, status: string) => ({
    testResults: [
      {
        name: `${process.cwd()}/${file}`,
        assertionResults: [
          {
            title: 'of another attempt',
            fullName: 'x of another attempt; each has its own',
            status,
          },
        ],
      },
    ],
  })
  const lineOf = async (file: string, status: string) => {
    const outcomeOf = outcomesOf(results(file, status))
    const text = await report((name, expected, of) =>
      of === 'main/login/login.test.ts' ? outcomeOf(name, expected, of) : expected,
    )
    return /^\| S-025 .*$/m.exec(text)?.[0]
  }
  expect(await lineOf('main/login/login.test.ts', 'passed')).toMatch(/ shown +\|$/)
  expect(await lineOf('main/login/login.test.ts', 'failed')).toMatch(/ FAILED: no outcome +\|$/)
  expect(await lineOf('main/login/other.test.ts', 'passed')).toMatch(/ FAILED: no test .* +\|$/)
})

test('a rule that needs Electron is not called shown', async () => {
  expect(await report(asExpected)).toMatch(/^\| F-18 .* left to `npm test` +\|$/m)
})
