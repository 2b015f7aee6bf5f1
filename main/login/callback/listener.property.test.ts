import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { openLoopbackListener } from './listener.ts'
import { createPeerCheck } from './peer.ts'
import { Secret } from '../base/secret.ts'
import {
  afterRedirectDelay,
  createTestClock,
  locationOf,
  logInAt,
  navigate,
  navigation,
  send,
  texts,
  waitForBrowser,
} from '../../../test/support/login.ts'
import { runs, seed } from '../../../test/support/thorough.ts'

const state = 'k-Zr9_x0Q.y~3'
const pathname = '/callback'

/** Asks a listener of its own; tells the code that it took, if any. The right callback then still works. */
async function taken(make: (host: string) => Buffer): Promise<string | null> {
  const clock = createTestClock()
  const {
    port,
    callback,
    expect: expecting,
    finish,
  } = await openLoopbackListener({
    redirectPath: pathname,
    texts,
    reference: 'REFREF',
    clock: afterRedirectDelay(clock),
    onArrival: () => {},
    onStartReused: () => {},
    onRejected: () => {},
    peer: createPeerCheck(),
  })
  expecting(new Secret(state))
  const codes: string[] = []
  const settled = callback.then((parameters) => codes.push(codeOf(parameters.reveal())))
  await send(port, make(`127.0.0.1:${port}`), true)
  const [first = null] = codes
  const right = await navigate(`http://127.0.0.1:${port}${pathname}?code=right&state=${state}`)
  expect(right.status).toBe(303)
  await settled
  // Settled once: by the first, or else by the right one.
  expect(codeOf((await callback).reveal())).toBe(first ?? 'right')
  const done = finish('cancelled')
  clock.advance(5000)
  await done
  return first
}

const codeOf = (parameters: URLSearchParams) => parameters.get('code') ?? ''

/**
 * Says by other means than the listener's whether a query is the right one: it walks the bytes, and
 * lets a strict decoder of the platform judge them. Tells the code, or null.
 */
function oracleOfQuery(query: string): string | null {
  const seen = new Map<string, string>()
  const bytes: { name: number[]; value: number[]; inValue: boolean } = {
    name: [],
    value: [],
    inValue: false,
  }
  const text = (of: number[]) =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(new Uint8Array(of))
  const keep = (): boolean => {
    if (bytes.name.length === 0 && !bytes.inValue) return true
    try {
      const name = text(bytes.name)
      if (seen.has(name)) return false
      seen.set(name, text(bytes.value))
    } catch {
      return false
    }
    bytes.name = []
    bytes.value = []
    bytes.inValue = false
    return true
  }
  for (let at = 0; at < query.length; at += 1) {
    const character = query.charAt(at)
    const target = bytes.inValue ? bytes.value : bytes.name
    if (character < '!' || character > '~' || character === '#') return null
    if (character === '&') {
      if (!keep()) return null
    } else if (character === '=' && !bytes.inValue) bytes.inValue = true
    else if (character === '+') target.push(0x20)
    else if (character === '%') {
      const digits = query.slice(at + 1, at + 3)
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null
      target.push(Number.parseInt(digits, 16))
      at += 2
    } else target.push(character.charCodeAt(0))
  }
  if (!keep() || seen.get('state') !== state) return null
  return seen.get('code') ?? ''
}

/**
 * Says whether bytes are the right request, to the letter of RFC 9112 and of the listener's limits.
 * Two freedoms that the RFC gives are Node's: empty lines before the request (§2.2), and more than one
 * space between the words of its first line (§3).
 */
function oracleOfRequest(bytes: string, host: string): string | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [line = '', ...fields] = bytes
    .slice(0, end)
    .replace(/^[\r\n]+/, '')
    .split('\r\n')
  const [, target = '', query = ''] = /^GET +(\/callback(?:\?(.*))?) +HTTP\/1\.1$/.exec(line) ?? []
  if (target === '' || target.length > 8192 || /[^!-~]/.test(target)) return null
  if (fields.length > 64) return null
  const values = new Map<string, string[]>()
  for (const field of fields) {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xFF]*?)[ \t]*$/.exec(field) ?? []
    if (name === undefined || value === undefined) return null
    const key = name.toLowerCase()
    values.set(key, [...(values.get(key) ?? []), value])
  }
  const only = (name: string, ...allowed: string[]) =>
    (values.get(name) ?? []).every((value, index) => index === 0 && allowed.includes(value))
  if (values.get('host')?.length !== 1 || !only('host', host)) return null
  if (!only('sec-fetch-mode', 'navigate') || !only('sec-fetch-dest', 'document')) return null
  if (!only('content-length', '0', '00')) return null
  const forbidden = ['origin', 'sec-purpose', 'purpose', 'x-moz', 'transfer-encoding', 'expect']
  if (forbidden.some((name) => values.has(name))) return null
  const upgrades = (values.get('connection') ?? []).some((value) =>
    /(?:^|,) *upgrade *(?:,|$)/i.test(value),
  )
  if (upgrades && values.has('upgrade')) return null
  return oracleOfQuery(query)
}

/** How often the oracle said yes and no: a property over one of them alone would show nothing. */
const tally = () => {
  const count = { yes: 0, no: 0 }
  return {
    count: (right: boolean) => {
      count[right ? 'yes' : 'no'] += 1
    },
    expectBoth: (least: number) => expect(Math.min(count.yes, count.no)).toBeGreaterThan(least),
  }
}

const encodedState = Array.from(state, (letter, index) =>
  index % 3 === 0 ? `%${letter.charCodeAt(0).toString(16)}` : letter,
).join('')
const anyText = fc.string({ unit: 'binary', maxLength: 8 })
const escaped = anyText.map((text) => {
  const bytes = Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`)
  return bytes.join('')
})
const garbage = fc.string({
  unit: fc.constantFrom(
    '%',
    '+',
    'a',
    'F',
    '0',
    '2',
    '=',
    '?',
    '/',
    ';',
    '%c0',
    '%ff',
    '%ED%A0%80',
    '%00',
  ),
  maxLength: 6,
})
const names = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('code', 'iss', 'error', 'error_description', 'x', '') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('State', 'state[]', 'st%61te', 'state+', '%73tate', 'c%6Fde'),
  },
  { weight: 1, arbitrary: fc.oneof(escaped, garbage) },
)
const values = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'a+b', '%C3%A6', '', state, 'a=b', 'a%26state%3Dx'),
  },
  { weight: 2, arbitrary: escaped },
  { weight: 1, arbitrary: garbage },
  { weight: 1, arbitrary: anyText.map((text) => Buffer.from(text).toString('latin1')) },
)
const states = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(state, encodedState) },
  { weight: 1, arbitrary: fc.constantFrom('', 'wrong', `${state}x`, `+${state}`, `${state}%00`) },
  { weight: 1, arbitrary: values },
)
const pairs = fc.oneof(
  fc.tuple(names, values).map(([name, value]) => `${name}=${value}`),
  names,
)
const queries = fc
  .tuple(
    fc.uniqueArray(pairs, { maxLength: 5, selector: (pair) => pair.split('=')[0] }),
    fc.array(pairs, { maxLength: 1 }),
    fc.array(fc.tuple(fc.constantFrom('state', 'state', '%73tate'), states), {
      minLength: 0,
      maxLength: 2,
    }),
    fc.constantFrom('&', '&', '&', '&&', ';'),
    fc.boolean(),
  )
  .chain(([some, more, stated, between, doubled]) => {
    const own = stated.slice(0, doubled ? 2 : 1).map(([name, value]) => `${name}=${value}`)
    const all = [...some, ...(doubled ? more : []), ...own]
    return fc
      .shuffledSubarray(all, { minLength: all.length })
      .map((shuffled) => shuffled.join(between))
  })

describe('the callback settles by the one right request only', () => {
  it('whatever its query', { timeout: 30_000 }, async () => {
    const { count, expectBoth } = tally()
    await fc.assert(
      fc.asyncProperty(queries, async (query) => {
        const right = oracleOfQuery(query)
        count(right !== null)
        const code = await taken((host) =>
          Buffer.from(`GET ${pathname}?${query} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1'),
        )
        expect(code).toBe(right)
      }),
      {
        numRuns: runs(200, 500),
        seed,
        examples: [[''], [`state=${state}`], [`state=${encodedState}&code=%41`]],
      },
    )
    expectBoth(runs(15, 50))
  })

  /** Something that is done to the lines or the bytes of the right request. */
  type Change = (lines: readonly string[]) => readonly string[]
  const ends = '\r\n'
  const headers = fc.oneof(
    fc.constantFrom(
      'Origin: null',
      'Sec-Purpose: prefetch',
      'Purpose: prefetch',
      'X-Moz: prefetch',
    ),
    fc.constantFrom('Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: iframe', 'Host: evil.example'),
    fc.constantFrom('Content-Length: 0', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    fc.constantFrom('Expect: 100-continue', 'Upgrade: websocket', 'Connection: upgrade'),
    fc.constantFrom(' folded', 'no colon', 'X : y', 'X: a\0b', ': x', 'X: a\rb'),
    fc.constantFrom('Connection: keep-alive', 'Connection: close', 'Accept: */*', 'X: \xE6', 'X:'),
    fc.constantFrom('Referer: https://issuer.test/', 'Cookie: a=b', 'Accept-Language: nb', 'X:\ty'),
  )
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const at = (where: number, length: number) => Math.floor(where * length)
  const lineChange: fc.Arbitrary<Change> = fc.oneof(
    fc.tuple(place, headers).map(
      ([where, header]): Change =>
        (lines) =>
          lines.toSpliced(1 + at(where, lines.length), 0, header + ends),
    ),
    place.map(
      (where): Change =>
        (lines) =>
          lines.toSpliced(1 + at(where, lines.length - 1), 1),
    ),
    place.map((where): Change => (lines) => {
      const [line = ''] = lines.slice(1 + at(where, lines.length - 1))
      return [...lines, line]
    }),
    fc.constant<Change>(([first = '', ...others]) => [first, ...others.toReversed()]),
    fc.tuple(place, fc.constantFrom('\n', '\r', '', '\n\r', '\r\n\r\n', ' \r\n', '\t\r\n')).map(
      ([where, ending]): Change =>
        (lines) =>
          lines.with(
            at(where, lines.length),
            (lines[at(where, lines.length)] ?? '').trimEnd() + ending,
          ),
    ),
    place.map((where): Change => (lines) => {
      const index = 1 + at(where, lines.length - 1)
      const [name = '', ...value] = (lines[index] ?? '').split(':')
      return lines.with(index, [name.toUpperCase(), ...value].join(':'))
    }),
    fc
      .constantFrom('POST', 'HEAD', 'get', 'PUT', 'OPTIONS', 'GETT', '', 'GET ')
      .map((method): Change => ([first = '', ...others]) => [
        first.replace('GET', method),
        ...others,
      ]),
    fc
      .constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'RTSP/1.0', '')
      .map((version): Change => ([first = '', ...others]) => [
        first.replace('HTTP/1.1', version),
        ...others,
      ]),
    fc
      .constantFrom(
        '//callback',
        '/callback/',
        '/Callback',
        '/x/../callback',
        'callback',
        '/%63allback',
      )
      .map((path): Change => ([first = '', ...others]) => [
        first.replace(pathname, path),
        ...others,
      ]),
  )
  const changes = fc.tuple(
    fc.array(lineChange, { maxLength: 2 }),
    fc.array(
      fc.tuple(
        fc.constantFrom('flip', 'remove', 'insert'),
        place,
        fc.integer({ min: 0, max: 255 }),
      ),
      { maxLength: 2 },
    ),
  )

  it('whatever its bytes', { timeout: 30_000 }, async () => {
    const { count, expectBoth } = tally()
    await fc.assert(
      fc.asyncProperty(changes, async ([lineChanges, byteChanges]) => {
        let right: string | null = null
        const code = await taken((host) => {
          const head = [`GET ${pathname}?code=a&state=${state} HTTP/1.1`, `Host: ${host}`]
          const browser = Object.entries(navigation).map(([name, value]) => `${name}: ${value}`)
          let lines: readonly string[] = [...head, ...browser].map((line) => line + ends)
          for (const change of lineChanges) lines = change(lines)
          let bytes = lines.join('') + ends
          for (const [kind, where, byte] of byteChanges) {
            const index = at(where, bytes.length)
            const old = bytes.charCodeAt(index)
            const put = kind === 'flip' ? old ^ (1 << (byte & 7)) : byte
            const added = kind === 'remove' ? '' : String.fromCharCode(put)
            bytes =
              bytes.slice(0, index) + added + bytes.slice(kind === 'insert' ? index : index + 1)
          }
          right = oracleOfRequest(bytes, host)
          count(right !== null)
          return Buffer.from(bytes, 'latin1')
        })
        expect(code).toBe(right)
      }),
      { numRuns: runs(250, 700), seed, examples: [[[[], []]]] },
    )
    expectBoth(runs(15, 50))
  })
})

describe('an attempt', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  it(
    'makes exactly one token request, whatever else comes and when',
    { timeout: 30_000 },
    async () => {
      const knocks = fc.array(
        fc.constantFrom(
          'right',
          'right',
          'wrong',
          'denied',
          'doubled',
          'posted',
          'prefetched',
          'else',
        ),
        { maxLength: 12 },
      )
      await fc.assert(
        fc.asyncProperty(knocks, fc.boolean(), async (kinds, atOnce) => {
          const login = await waitForBrowser(simulator)
          const callback = await logInAt(login.start)
          const { href, origin, search } = callback
          const ask = async (kind: string) => {
            if (kind === 'right') return await navigate(href)
            if (kind === 'wrong') return await navigate(href.replace(login.state, 'wrong'))
            if (kind === 'denied')
              return await navigate(`${login.redirectUri.href}?error=access_denied`)
            if (kind === 'doubled') return await navigate(`${href}&code=other`)
            if (kind === 'posted') return await navigate(href, { method: 'POST' })
            if (kind === 'else') return await navigate(`${origin}/else${search}`)
            return await navigate(href, { headers: { ...navigation, 'sec-purpose': 'prefetch' } })
          }
          const statuses: number[] = []
          if (atOnce)
            statuses.push(...(await Promise.all(kinds.map(ask))).map(({ status }) => status))
          else {
            for (const kind of kinds) {
              // oxlint-disable-next-line no-await-in-loop
              statuses.push((await ask(kind)).status)
            }
          }
          expect(statuses.map((status) => status === 303)).toEqual(
            kinds.map((kind) => kind === 'right'),
          )
          const page = navigate(locationOf(await navigate(href), href))
          await expect(login.result).resolves.toBeTruthy()
          expect((await page).body).toContain('signed-in title')
          expect(login.tokenRequests()).toHaveLength(1)
        }),
        { numRuns: runs(8, 25), seed },
      )
    },
  )
})
