import { describe, expect, it } from 'vitest'
import { acrIsEnough } from './acr.ts'

const [low, substantial, high] = ['low', 'substantial', 'high'].map((l) => `idporten-loa-${l}`)
const or = (...levels: (string | undefined)[]) => levels.join(' ')

describe('a level is refused', () => {
  it.each([
    ['one rank too low', low, substantial, substantial],
    ['two ranks too low', low, high, high],
    ['the middle one for the highest', substantial, high, high],
    ['in capital letters', 'IDPORTEN-LOA-HIGH', high, high],
    ['with more behind it', 'idporten-loa-high2', high, high],
    ['with a space behind it', 'idporten-loa-high ', high, high],
    ['on a second line', 'x\nidporten-loa-high', high, high],
    ['with the name of before 2023', 'Level4', high, high],
    ['empty', '', low, low],
    ['eIDAS and too low', 'eidas-loa-low', substantial, 'eidas-loa-substantial'],
    ["Ansattporten's bare word for ID-porten's", 'high', low, low],
    ["ID-porten's for Ansattporten's bare word", high, 'low', 'low'],
    ['too low for both of two', low, or(high, substantial), substantial],
    [
      'ranked, where a name without rank is asked',
      high,
      'selfregistered-email',
      'selfregistered-email',
    ],
    ['without rank, where a rank is asked', 'selfregistered-email', low, low],
    ['a member of every object', 'constructor', low, low],
  ])('%s; the right one is enough', (_, got, asked, enough) => {
    expect(acrIsEnough(got ?? '', asked?.split(' ') ?? [])).toBe(false)
    expect(acrIsEnough(enough ?? '', asked?.split(' ') ?? [])).toBe(true)
  })

  it('when nothing at all was asked for: a caller must not ask then', () => {
    expect(acrIsEnough('idporten-loa-high', [])).toBe(false)
  })
})

it.each([
  ['a higher one', high, low],
  ["eIDAS's name of the same level", 'eidas-loa-high', high],
  ["eIDAS asked, ID-porten's name got", substantial, 'eidas-loa-substantial'],
  ['one of several', substantial, or(high, substantial)],
  ["Ansattporten's own words", 'high', 'substantial'],
])('a level is enough: %s', (_, got, asked) => {
  expect(acrIsEnough(got ?? '', asked?.split(' ') ?? [])).toBe(true)
})
