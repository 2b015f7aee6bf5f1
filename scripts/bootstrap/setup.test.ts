import { expect, test } from 'vitest'
import { installMessage, packageNames } from './system-packages.mjs'

test('names the packages as the distribution does', () => {
  const newer = new Set(['libgtk-3-0t64', 'libasound2t64', 'libgbm1'])
  const { names, unknown } = packageNames(['libgtk-3-0', 'libasound2', 'libgbm1'], (name) =>
    newer.has(name),
  )
  expect(names).toEqual(['libgtk-3-0t64', 'libasound2t64', 'libgbm1'])
  expect(unknown).toEqual([])
})

test('keeps a package that the distribution lacks away from apt-get, and says what to do', () => {
  const { names, unknown } = packageNames(['xvfb', 'chromium'], (name) => name === 'xvfb')
  expect({ names, unknown }).toEqual({ names: ['xvfb'], unknown: ['chromium'] })
  expect(installMessage(names, unknown)).toMatch(/apt-get install -y xvfb\n.+: chromium\n.+Chrome/u)
})
