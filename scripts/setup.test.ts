import { expect, test } from 'vitest'
import { isInstalled } from './setup.mjs'
import { packageNames } from './system-packages.mjs'

const locked = (version: string, optional?: true) => ({
  version,
  integrity: `sha512-${version}`,
  ...(optional ? { optional } : {}),
})
const root = { version: '0.1.0' }

test('takes an installation that fits the lock, without packages for other platforms', () => {
  const wanted = {
    packages: {
      '': root,
      'node_modules/a': locked('1.0.0'),
      'node_modules/b': locked('2.0.0', true),
    },
  }
  expect(isInstalled(wanted, { packages: { 'node_modules/a': locked('1.0.0') } })).toBe(true)
})

test.each([
  ['nothing is installed', undefined],
  ['a package is missing', { packages: {} }],
  ['a package has another version', { packages: { 'node_modules/a': locked('1.0.1') } }],
  [
    'a package has other content',
    { packages: { 'node_modules/a': { ...locked('1.0.0'), integrity: 'sha512-other' } } },
  ],
])('does not take an installation when %s', (_, installed) => {
  const wanted = { packages: { '': root, 'node_modules/a': locked('1.0.0') } }
  expect(isInstalled(wanted, installed)).toBe(false)
})

test('names the packages as the distribution does', () => {
  const newer = new Set(['libgtk-3-0t64', 'libasound2t64'])
  const names = packageNames(['libgtk-3-0', 'libasound2', 'libgbm1'], (name) => newer.has(name))
  expect(names).toEqual(['libgtk-3-0t64', 'libasound2t64', 'libgbm1'])
})
