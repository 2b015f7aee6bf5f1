import os from 'node:os'
import path from 'node:path'
import process from 'node:process'

/** Where a text is not one for people: compared with what came, taken apart into names, or a default. */
const isUsedByCode = ({ parent }) =>
  parent.type === 'BinaryExpression' ||
  parent.type === 'MemberExpression' ||
  (parent.type === 'CallExpression' && parent.callee.property?.name === 'optional')

/**
 * Passes over texts for people: nobody's safety hangs on their wording, and a test that repeats them
 * would only be a second copy. A text is what shows two words of small letters side by side, which no
 * word of a protocol does, the message of an error, and all that a check says of its source and of what
 * it expected.
 */
const texts = {
  /** @param {any} at A path of Babel's. */
  shouldIgnore(at) {
    const { node, parent } = at
    if (parent?.type === 'ObjectProperty' && parent.value === node) {
      if (['source', 'expected'].includes(parent.key.name)) return 'a text of a check'
    }
    const text =
      node.type === 'StringLiteral'
        ? node.value
        : node.type === 'TemplateLiteral'
          ? node.quasis.map((part) => part.value.raw).join('0')
          : ''
    if (/[a-z],? [a-z]/.test(text) && !isUsedByCode(at)) return 'a text for people'
    const isOfError =
      (parent?.type === 'NewExpression' && String(parent.callee.name).endsWith('Error')) ||
      (parent?.type === 'CallExpression' && parent.callee.type === 'Super')
    if (text !== '' && isOfError && !text.startsWith('E_')) {
      return 'the message of an error'
    }
    return undefined
  },
}

/** Stryker loads its plugins from here too. */
export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: texts }]

/** @type {import('@stryker-mutator/core').PartialStrykerOptions} */
export default {
  mutate: ['main/{login,session}/**/*.ts', '!**/*.test.ts', '!**/*.test-d.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'scripts/mutations.vitest.ts', related: true },
  coverageAnalysis: 'perTest',
  plugins: ['@stryker-mutator/vitest-runner', './stryker.config.mjs'],
  ignorers: ['texts'],
  // Stryker would rewrite paths in it with the compiler's API, which TypeScript 7 has not; the tests need none.
  tsconfigFile: 'none',
  ignorePatterns: ['out', 'dist', 'artifacts', 'test-results'],
  // Outside of the repository: lint, formatter and test runner would find copies of everything inside.
  tempDirName: path.join(os.tmpdir(), `idporten-desktop-mutations-${process.pid}`),
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { logTests: false, reportTests: false },
  timeoutMS: 20_000,
  dryRunTimeoutMinutes: 20,
}
