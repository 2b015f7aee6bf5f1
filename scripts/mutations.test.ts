import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutations } from './mutation-list.ts'

test.each(mutations)(
  '$file: "$name" is about a place that is there exactly once',
  ({ file, from, to }) => {
    expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2)
    expect(to).not.toBe(from)
  },
)

test('no two mutations have one name', () => {
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
})
