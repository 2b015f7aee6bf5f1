/**
 * Sums the JSON reports of Vitest and Playwright. A step that failed without a failed test (it
 * crashed, wrote no report, had an error outside of a test) counts as one failure.
 *
 * @typedef {{ passed: number, failed: number, skipped: readonly string[] }} Count
 */

/**
 * @param {{ testResults: readonly { assertionResults: readonly { status: string, fullName: string }[] }[] }} report
 * @returns {Count}
 */
export function countVitest(report) {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: tests.filter(({ status }) => status === 'failed').length,
    skipped: tests
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => fullName),
  }
}

/**
 * @typedef {object} Suite
 * @property {string} title
 * @property {readonly { title: string, tests: readonly { status: string }[] }[]} specs
 * @property {readonly Suite[]} [suites]
 */

/**
 * @param {{ suites: readonly Suite[] }} report
 * @returns {Count}
 */
export function countPlaywright(report) {
  const tests = report.suites.flatMap((suite) => testsOf(suite))
  return {
    passed: tests.filter(({ status }) => status === 'expected' || status === 'flaky').length,
    failed: tests.filter(({ status }) => status === 'unexpected').length,
    skipped: tests.filter(({ status }) => status === 'skipped').map(({ name }) => name),
  }
}

/**
 * @param {Suite} suite
 * @returns {{ name: string, status: string }[]}
 */
function testsOf(suite) {
  return [
    ...suite.specs.flatMap(({ title, tests }) =>
      tests.map(({ status }) => ({ name: `${suite.title} > ${title}`, status })),
    ),
    ...(suite.suites ?? []).flatMap((inner) => testsOf(inner)),
  ]
}

/**
 * Makes the count agree with the exit code of its step.
 *
 * @param {Count} count
 * @param {number} exitCode
 * @returns {Count}
 */
export function withExitCode(count, exitCode) {
  return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count
}

/**
 * @param {readonly Count[]} counts
 * @returns {Count}
 */
export function sum(counts) {
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
    skipped: counts.flatMap(({ skipped }) => skipped),
  }
}
