import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret, secretRemover } from './secret.ts'

const value = 'RW2LfqxA7-kTz9_mQe4YpB1cVn0'
/** As RFC 6749 lets a token be. */
const odd = String.raw`\"a\\b\"/c\\d\"e\"f\\g`
const clean = secretRemover([new Secret(value), new Secret(odd), new Secret('short')])
/** As a provider may make a code: JSON writes half of a pair in another way than the whole. */
const beyond = 'ab\u{1F600}\u{1F600}\u00E9\u{1F600}abcdefghijk'
const cleanBeyond = secretRemover([new Secret(value), new Secret(beyond)])

describe('a secret is taken out', () => {
  it.each<readonly [string, unknown, unknown]>([
    ['as a whole text', value, '[secret]'],
    ['inside a text, each time', `a ${value} b ${value}`, 'a [secret] b [secret]'],
    ['as a name and as a value', { [value]: [value] }, { '[secret]': ['[secret]'] }],
    ['when the text was cut off in it', `xxx ${value.slice(0, 12)}…`, 'xxx [secret]'],
    ['when it was cut off without a sign', `xxx ${value.slice(0, 8)}`, 'xxx [secret]'],
    ['with a quote and a backslash in it', [odd, `x ${odd} y`], ['[secret]', 'x [secret] y']],
    ['beside what is no text', [value, null, 1, true], ['[secret]', null, 1, true]],
    ['twice, the second time cut off', `${value} ${value.slice(0, 20)}…`, '[secret] [secret]'],
  ])('%s', (_, told, shown) => {
    expect(clean(told)).toEqual(shown)
  })
})

it('a secret beyond ASCII is taken out, whole and cut off in the middle of a character', () => {
  expect(cleanBeyond(beyond)).toBe('[secret]')
  expect(cleanBeyond(beyond.slice(0, 8))).toBe('[secret]')
  expect(cleanBeyond('a text')).toBe('a text')
})

it('only the secret itself is taken out, and not its first letter at the end of a text', () => {
  expect(clean([value, 'R', `${value} R`])).toEqual(['[secret]', 'R', '[secret] R'])
})

it('a secret of 16 characters is taken out, and a shorter value is not', () => {
  const [sixteen, fifteen] = [value.slice(0, 16), value.slice(-15)]
  const remove = secretRemover([new Secret(sixteen), new Secret(fifteen)])
  expect(remove([sixteen, fifteen])).toEqual(['[secret]', fifteen])
})

it('what holds no secret is handed back as it is, without a copy', () => {
  const told = { a: ['text'] }
  expect(clean(told)).toBe(told)
  expect(clean(undefined)).toBe(undefined)
})

it('a secret prints as [secret] wherever it lands', () => {
  const secret = new Secret(value)
  expect(String(secret)).toBe('[secret]')
  expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}')
  expect(inspect({ secret })).toBe('{ secret: [secret] }')
  expect(secret.reveal()).toBe(value)
})

describe('a text is left alone', () => {
  it.each<readonly [string, unknown]>([
    ['with less of it at its end than could be of use', `xxx ${value.slice(0, 7)}…`],
    ['with its beginning in the middle', `${value.slice(0, 12)} and more`],
    ['with an ellipsis inside its beginning', `${value.slice(0, 10)}…${value.slice(10, 14)}`],
    ['with a value too short to keep a secret', 'short'],
    ['that is no text', [1, null, true, { a: 2 }]],
  ])('%s', (_, told) => {
    expect(clean(told)).toEqual(told)
  })
})
