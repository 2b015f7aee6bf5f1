import { describe, expect, it } from 'vitest'
import { isSyntheticPid, lowLevelPerson, persons } from './persons.ts'

describe('test persons', () => {
  it('all have a synthetic number of their own', () => {
    expect(persons.map(({ pid }) => pid).filter((pid) => !isSyntheticPid(pid))).toEqual([])
    expect(new Set(persons.map(({ pid }) => pid)).size).toBe(persons.length)
  })

  it('include one of each kind', () => {
    const kinds = new Set(persons.map(({ kind }) => kind))
    expect(kinds).toEqual(new Set(['ordinary', 'low-level', 'without-names', 'without-pid']))
    expect(persons).toContain(lowLevelPerson)
  })

  it('accepts the synthetic number of a published sample', () => {
    expect(isSyntheticPid('21879498012')).toBe(true)
  })

  it('refuses numbers whose month is not raised by 80', () => {
    // Right control digits, and a thirteenth month so that it is nobody's number.
    expect(isSyntheticPid('01130150183')).toBe(false)
  })

  it('refuses a wrong control digit', () => {
    expect(isSyntheticPid('21879498013')).toBe(false)
    expect(isSyntheticPid('21879498022')).toBe(false)
  })

  it('refuses what is not eleven digits', () => {
    expect(isSyntheticPid('2187949801')).toBe(false)
    expect(isSyntheticPid('2187949801a')).toBe(false)
  })
})
