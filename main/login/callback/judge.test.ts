import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { digest, type Expected, isForeign, judge, maxHeaders, type RequestHead } from './judge.ts'

const state = 'right'.padEnd(43, '-')

const expected: Expected = {
  port: 4711,
  redirectPath: '/callback',
  resultPath: '/last-page',
  starts: {
    stateOf: (path) => (path === '/fresh' ? 'fresh' : path === '/spent' ? 'spent' : null),
  },
  stateDigest: digest(state),
}

/** The callback as a browser brings it, with more headers, and with other parts where they are given. */
function request(
  parts: { method?: string; httpVersion?: string; url?: string; host?: string[] } = {},
  ...more: (readonly [string, string])[]
): RequestHead {
  const { method = 'GET', httpVersion = '1.1', url = `/callback?code=x&state=${state}` } = parts
  const hosts = (parts.host ?? ['127.0.0.1:4711']).map((host) => ['Host', host] as const)
  const all = [...hosts, ...more]
  // Node writes names small, and keeps the first of two values of the headers in question.
  const small = all.map(([name, value]) => [name.toLowerCase(), value] as const).toReversed()
  return { method, httpVersion, url, rawHeaders: all.flat(), headers: Object.fromEntries(small) }
}
const headers = (count: number) =>
  Array.from({ length: count }, (_, index) => [`X-${index}`, '1'] as const)
const targetOf = (length: number) => `/callback?code=x&state=${state}&x=`.padEnd(length, 'x')
const browser = [
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'document'],
] as const

describe('a request is rejected, and its twin is taken for the callback', () => {
  it.each([
    ['headers', 431, request({}, ...headers(maxHeaders)), request({}, ...headers(maxHeaders - 1))],
    ['host', 421, request({ host: [] }), request()],
    ['host', 421, request({ host: ['localhost:4711'] }), request({ host: ['127.0.0.1:4711'] })],
    ['host', 421, request({ host: ['127.0.0.1:4712'] }), request({ host: ['127.0.0.1:4711'] })],
    ['host', 421, request({}, ['hOST', 'evil.example']), request({}, ['X-Host', 'evil.example'])],
    [
      'host',
      421,
      request({}, ['Host', '127.0.0.1:4711']),
      request({}, ['X-Wanted', 'host'], ['X-More', '1']),
    ],
    ['version', 505, request({ httpVersion: '1.0' }), request({ httpVersion: '1.1' })],
    ['method', 405, request({ method: 'HEAD' }), request({ method: 'GET' })],
    ['body', 400, request({}, ['Content-Length', '1']), request({}, ['Content-Length', '0'])],
    ['body', 400, request({}, ['Transfer-Encoding', 'chunked']), request({}, ['TE', 'chunked'])],
    ['target', 414, request({ url: targetOf(8193) }), request({ url: targetOf(8192) })],
    ['target', 400, request({ url: `/callback?code=x&state=${state}#x` }), request()],
    ['target', 400, request({ url: `http://127.0.0.1:4711/callback?state=${state}` }), request()],
    ['path', 404, request({ url: `/callback/?state=${state}` }), request()],
    ['not a navigation', 403, request({}, ['Sec-Fetch-Mode', 'cors']), request({}, ...browser)],
    ['not a navigation', 403, request({}, ['Sec-Fetch-Dest', 'iframe']), request({}, ...browser)],
    ['not a navigation', 403, request({}, ['Origin', 'null']), request({}, ['Referer', 'null'])],
    ['not a navigation', 403, request({}, ['Purpose', 'prefetch']), request({}, ['X-Purpose', ''])],
    ['not a navigation', 403, request({}, ['Sec-Purpose', 'prefetch']), request({}, ...browser)],
    ['not a navigation', 403, request({}, ['X-Moz', 'prefetch']), request({}, ['X-Mozilla', ''])],
    [
      'malformed or doubled parameters',
      400,
      request({ url: `/callback?state=${state}&code=x&state=${state}` }),
      request({ url: `/callback?state=${state}&code=x&State=${state}` }),
    ],
    [
      'malformed or doubled parameters',
      400,
      request({ url: `/callback?state=${state}&code=%` }),
      request({ url: `/callback?state=${state}&code=%25` }),
    ],
    ['state', 400, request({ url: `/callback?code=x&state=${state.toUpperCase()}` }), request()],
    ['state', 400, request({ url: `/callback?code=x&state=${state}-` }), request()],
    ['state', 400, request({ url: '/callback?error=access_denied' }), request()],
    [
      'state',
      400,
      request({ url: `/callback?state=%20${state}` }),
      request({ url: `/callback?state=%72${state.slice(1)}` }),
    ],
  ] as const)('%s: %i', (reason, status, wrong, right) => {
    expect(judge(wrong, expected)).toMatchObject({ type: 'rejected', status, reason })
    expect(judge(right, expected)).toMatchObject({ type: 'callback' })
  })

  it('and a rejected method is told which one is allowed', () => {
    expect(judge(request({ method: 'POST' }), expected)).toHaveProperty('headers.Allow', 'GET')
    expect(judge(request({ url: '/' }), expected)).toHaveProperty('headers', {})
  })
})

describe('what a request is', () => {
  it.each([
    ['a start address', '/fresh', { type: 'start', path: '/fresh' }],
    ['a start address with a query', '/fresh?x=%', { type: 'start', path: '/fresh' }],
    ['a start address that has led a browser on', '/spent', { type: 'spent-start' }],
    ['the last page', '/last-page', { type: 'result' }],
  ])('%s', (_, url, verdict) => {
    expect(judge(request({ url }), expected)).toEqual(verdict)
    const embedded = judge(request({ url }, ['Sec-Fetch-Dest', 'image']), expected)
    expect(embedded).toMatchObject({ type: 'rejected', reason: 'not a navigation' })
  })

  it('the callback, with its parameters decoded', () => {
    const verdict = judge(request({ url: `/callback?&code=a+b%2Bc&state=${state}&iss` }), expected)
    expect(verdict).toHaveProperty('type', 'callback')
    const parameters = verdict.type === 'callback' ? [...verdict.parameters.reveal()] : []
    expect(parameters).toEqual([
      ['code', 'a b+c'],
      ['state', state],
      ['iss', ''],
    ])
  })

  it('no callback at all while no state is pending', () => {
    const nonePending = { ...expected, stateDigest: randomBytes(32) }
    const urls = ['/callback', '/callback?state=', `/callback?state=${state}`]
    for (const url of urls) {
      expect(judge(request({ url }), nonePending)).toHaveProperty('reason', 'state')
    }
  })
})

it('a rejection is foreign when no browser of the person makes such a request by itself', () => {
  const foreign = (['host', 'state', 'other user'] as const).map(isForeign)
  const own = (['not HTTP', 'path', 'not a navigation', 'too large', 'gone'] as const).map(
    isForeign,
  )
  expect([new Set(foreign), new Set(own)]).toEqual([new Set([true]), new Set([false])])
})
