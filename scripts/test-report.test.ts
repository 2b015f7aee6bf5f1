import { expect, test } from 'vitest'
import { countPlaywright, countVitest, sum, withExitCode } from './test-report.mjs'

test('counts the tests of Vitest and names the skipped ones', () => {
  const results = ['passed', 'failed', 'skipped', 'todo'].map((status) => ({
    status,
    fullName: `is ${status}`,
  }))
  expect(countVitest({ testResults: [{ assertionResults: results }] })).toEqual({
    passed: 1,
    failed: 1,
    skipped: ['is skipped', 'is todo'],
  })
})

test('counts the tests of Playwright in nested suites', () => {
  const specs = (...statuses: string[]) =>
    statuses.map((status) => ({ title: `is ${status}`, tests: [{ status }] }))
  const inner = { title: 'inner', specs: specs('unexpected', 'skipped') }
  const report = { suites: [{ title: 'file', specs: specs('expected'), suites: [inner] }] }
  expect(countPlaywright(report)).toEqual({ passed: 1, failed: 1, skipped: ['inner > is skipped'] })
})

test('counts a step that failed without a failed test as one failure', () => {
  const green = { passed: 2, failed: 0, skipped: [] }
  expect(withExitCode(green, 1).failed).toBe(1)
  expect(withExitCode(green, 0).failed).toBe(0)
  expect(withExitCode({ ...green, failed: 3 }, 1).failed).toBe(3)
})

test('sums the steps', () => {
  const one = { passed: 2, failed: 0, skipped: ['a'] }
  expect(sum([one, { passed: 1, failed: 1, skipped: ['b'] }])).toEqual({
    passed: 3,
    failed: 1,
    skipped: ['a', 'b'],
  })
})
