import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseStrictJson } from './strict-json.ts'
import { runs, seed } from '../../../test/support/thorough.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'))
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

it.each<readonly [string, Uint8Array, string, Uint8Array]>([
  ['a name twice', bytes('{"a":1,"a":1}'), 'JSON with a name twice', bytes('{"a":1,"b":1}')],
  [
    'a name twice, once escaped',
    bytes('{"a":1,"\\u0061":2}'),
    'JSON with a name twice',
    bytes('{"a":1,"A":2}'),
  ],
  [
    'a name twice further in',
    bytes('[{"x":{"a":1,"a":2}}]'),
    'JSON with a name twice',
    bytes('[{"a":{"a":1}},{"a":2}]'),
  ],
  [
    'a name twice with an object between',
    bytes('{"iss":"a","x":{},"iss":"b"}'),
    'JSON with a name twice',
    bytes('{"a":{"b":1},"b":2}'),
  ],
  [
    '__proto__',
    bytes('{"__proto__":{"sub":"x"}}'),
    'JSON with a forbidden name',
    bytes('{"proto":{"sub":"x"}}'),
  ],
  [
    'a name twice behind colons, quotes and backslashes in texts',
    bytes(String.raw`{"a:\\":":\":{\"a\":1","b":{"c":1,"c":2}}`),
    'JSON with a name twice',
    bytes(String.raw`{"a:\\":":\":{\"a\":1","b":{"c":1,"d":2}}`),
  ],
  [
    'a name twice behind a text of 200 kB',
    bytes(`{"x":"${String.raw`\"`.repeat(100_000)}","a":1,"a":2}`),
    'JSON with a name twice',
    bytes(`{"x":"${String.raw`\"`.repeat(100_000)}","a":1,"b":2}`),
  ],
  ['33 levels', bytes(nested(33)), 'JSON that is too deep', bytes(nested(32))],
  ['100 000 levels', bytes(nested(100_000)), 'JSON that is too deep', bytes(nested(1))],
  ['a byte order mark', bytes('\uFEFF{}'), 'JSON with a byte order mark', bytes('{}')],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'not UTF-8', bytes('"ÿ"')],
  ['UTF-16', utf16('{"a":1}'), 'not JSON', bytes('{"a":1}')],
  ['a comment', bytes('{/* */}'), 'not JSON', bytes('{ }')],
  ['a comma too many', bytes('[1,]'), 'not JSON', bytes('[1]')],
  ['NaN', bytes('{"exp":NaN}'), 'not JSON', bytes('{"exp":0}')],
  ['nothing', bytes(''), 'not JSON', bytes('null')],
  ['an end too early', bytes('{"a":1'), 'not JSON', bytes('{"a":1}')],
])('%s is refused, and what is right beside it is taken', (_, bad, reason, good) => {
  expect(() => parseStrictJson(bad)).toThrow(new SyntaxError(reason))
  expect(parseStrictJson(good)).toEqual(JSON.parse(new TextDecoder().decode(good)))
})

it('gives what JSON.parse gives for everything that can be written in one way', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 10 }), (text) => {
      fc.pre(!text.includes('__proto__'))
      expect(parseStrictJson(bytes(text))).toEqual(JSON.parse(text))
    }),
    { numRuns: runs(100, 2000), seed },
  )
})
