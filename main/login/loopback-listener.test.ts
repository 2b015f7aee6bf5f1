import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { pageHeaders } from './callback-pages.ts'
import { type ListenerOptions, openLoopbackListener } from './loopback-listener.ts'
import { Secret } from './secret.ts'
import {
  arrive,
  createTestClock,
  locationOf,
  navigate,
  navigation,
  texts,
  type TestClock,
} from './test-browser.ts'

const state = 'the-state-of-this-attempt'
const reference = 'REFREF'
let closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.map((close) => close()))
  closers = []
})

interface Opened {
  readonly listener: Awaited<ReturnType<typeof openLoopbackListener>>
  readonly clock: TestClock
  readonly strays: string[]
  readonly arrivals: number[]
  readonly callback: (query?: string) => string
  /** The right callback is taken and the login has its parameters, whatever came before. */
  readonly stillWorks: () => Promise<void>
}

async function open(
  options: Partial<ListenerOptions> & { readonly expecting?: boolean } = {},
): Promise<Opened> {
  const clock = createTestClock()
  const strays: string[] = []
  const arrivals: number[] = []
  const listener = await openLoopbackListener({
    redirectPath: '/callback',
    texts,
    reference,
    clock,
    onArrival: () => arrivals.push(1),
    onStray: (reason) => strays.push(reason),
    ...options,
  })
  if (options.expecting !== false) listener.expect(new Secret(state))
  closers.push(async () => {
    const done = listener.finish('cancelled')
    clock.advance(700)
    await done
  })
  const callback = (query = `code=right&state=${state}`) => `${listener.redirectUri}?${query}`
  return {
    listener,
    clock,
    strays,
    arrivals,
    callback,
    stillWorks: async () => {
      expect((await navigate(callback())).status).toBe(303)
      const parameters = await listener.callback
      expect(parameters.get('code')).toBe('right')
    },
  }
}

/** Sends bytes and gives all that comes back until the other side closes. */
async function send(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  let answer = ''
  socket.setEncoding('latin1')
  socket.on('data', (data: string) => {
    answer += data
  })
  const closed = new Promise((resolve) => {
    socket.once('close', resolve)
    socket.once('error', resolve)
  })
  socket.write(bytes)
  await closed
  return answer
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
const lines = (...parts: string[]) => `${parts.join('\r\n')}\r\n\r\n`
const right = `/callback?code=x&state=${state}`

/** Tells why a connection was refused, or that it was not. */
function knock(port: number, host: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
  })
}

describe('the port', () => {
  it('is refused on every address but 127.0.0.1', async () => {
    const { listener, stillWorks } = await open()
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ address }) => address !== '127.0.0.1' && !address.startsWith('fe80'))
      .map(({ address }) => address)
    for (const host of [...addresses, '127.0.0.2', '::1']) {
      // oxlint-disable-next-line no-await-in-loop
      expect([host, await knock(listener.port, host)]).not.toContain('connected')
    }
    await expect(knock(listener.port, '127.0.0.1')).resolves.toBe('connected')
    await stillWorks()
  })

  it('is in the redirect URI, with the address and the registered path', async () => {
    const { listener } = await open({ redirectPath: '/some/where' })
    expect(listener.redirectUri).toBe(`http://127.0.0.1:${listener.port}/some/where`)
  })
})

describe('a Host is refused', () => {
  it.each<readonly [string, (port: number) => string[]]>([
    ['of DNS rebinding', (port) => [`Host: evil.example:${port}`]],
    ['by name', (port) => [`Host: localhost:${port}`]],
    ['without port', () => ['Host: 127.0.0.1']],
    ['with another port', (port) => [`Host: 127.0.0.1:${port + 1}`]],
    ['in short', (port) => [`Host: 127.1:${port}`]],
    ['as a number', (port) => [`Host: 2130706433:${port}`]],
    ['as IPv6', (port) => [`Host: [::ffff:127.0.0.1]:${port}`]],
    ['of all addresses', (port) => [`Host: 0.0.0.0:${port}`]],
    ['with a dot behind it', (port) => [`Host: 127.0.0.1.:${port}`]],
    ['with credentials', (port) => [`Host: a@127.0.0.1:${port}`]],
    ['with zeros before the port', (port) => [`Host: 127.0.0.1:0${port}`]],
    ['that is empty', () => ['Host:']],
    ['twice', (port) => [`Host: 127.0.0.1:${port}`, `Host: evil.example:${port}`]],
    ['twice the same', (port) => [`Host: 127.0.0.1:${port}`, `host: 127.0.0.1:${port}`]],
  ])('%s; the right one is taken', async (_, hosts) => {
    const { listener, strays, stillWorks } = await open()
    const answer = await send(
      listener.port,
      lines(`GET ${right} HTTP/1.1`, ...hosts(listener.port)),
    )
    expect([statusOf(answer), strays]).toEqual([421, ['host']])
    await stillWorks()
  })
})

describe('bytes that are no request of a browser are refused', () => {
  it.each<[string, string | Buffer, number, string?]>([
    ['HTTP/1.1 without Host', `GET ${right} HTTP/1.1\r\n\r\n`, 400],
    ['HTTP/1.0 without Host', `GET ${right} HTTP/1.0\r\n\r\n`, 421, 'host'],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex'), 400, 'not HTTP'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'not HTTP'],
    ['garbage', Buffer.from(Array.from({ length: 256 }, (_, i) => 255 - i)), 400, 'not HTTP'],
    ['an unknown method', lines(`BREW ${right} HTTP/1.1`, 'Host: HOST'), 400, 'not HTTP'],
    ['a NUL in the target', lines(`GET ${right}\0 HTTP/1.1`, 'Host: HOST'), 400, 'not HTTP'],
    ['lines without CR', `GET ${right} HTTP/1.1\nHost: HOST\n\n`, 400, 'not HTTP'],
    [
      'two ways to say its length',
      lines(
        `GET ${right} HTTP/1.1`,
        'Host: HOST',
        'Content-Length: 3',
        'Transfer-Encoding: chunked',
      ),
      400,
      'not HTTP',
    ],
    [
      'a body',
      lines(`GET ${right} HTTP/1.1`, 'Host: HOST', 'Content-Length: 3', '', 'x=1'),
      400,
      'body',
    ],
    [
      'a body in chunks',
      lines(`GET ${right} HTTP/1.1`, 'Host: HOST', 'Transfer-Encoding: chunked', '', '0', ''),
      400,
      'body',
    ],
    [
      '65 headers',
      lines(
        `GET ${right} HTTP/1.1`,
        'Host: HOST',
        ...Array.from({ length: 64 }, (_, i) => `X-${i}: 1`),
      ),
      431,
      'headers',
    ],
    [
      '2,000 headers',
      lines(`GET ${right} HTTP/1.1`, 'Host: HOST', ...Array.from({ length: 1999 }, () => `X: 1`)),
      431,
      'not HTTP',
    ],
    ['an absolute target', lines(`GET http://HOST${right} HTTP/1.1`, 'Host: HOST'), 414, 'target'],
    ['a fragment', lines(`GET ${right}#x HTTP/1.1`, 'Host: HOST'), 414, 'target'],
    [
      'a target of 9 kB',
      lines(`GET ${right}&x=${'x'.repeat(9000)} HTTP/1.1`, 'Host: HOST'),
      414,
      'target',
    ],
    [
      'a target of 64 kB',
      lines(`GET ${right}&x=${'x'.repeat(65_536)} HTTP/1.1`, 'Host: HOST'),
      431,
      'not HTTP',
    ],
    [
      'a header of 17 kB',
      lines(`GET ${right} HTTP/1.1`, 'Host: HOST', `X: ${'x'.repeat(17_000)}`),
      431,
      'not HTTP',
    ],
    [
      'the wish to send a body first',
      lines(`POST ${right} HTTP/1.1`, 'Host: HOST', 'Content-Length: 9', 'Expect: 100-continue'),
      417,
      'expect',
    ],
  ])('%s; the right callback is taken', async (_, bytes, status, reason) => {
    const { listener, strays, stillWorks } = await open()
    const host = `127.0.0.1:${listener.port}`
    const sent = typeof bytes === 'string' ? bytes.replaceAll('HOST', host) : bytes
    expect(statusOf(await send(listener.port, sent))).toBe(status)
    expect(strays).toEqual(reason === undefined ? [] : [reason])
    await stillWorks()
  })

  it.each([
    ['a tunnel', (host: string) => lines(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`)],
    [
      'a web socket',
      (host: string) =>
        lines(
          `GET ${right} HTTP/1.1`,
          `Host: ${host}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ),
    ],
  ])('%s is closed without a word', async (_, make) => {
    const { listener, stillWorks } = await open()
    await expect(send(listener.port, make(`127.0.0.1:${listener.port}`))).resolves.toBe('')
    await stillWorks()
  })
})

describe('a request is refused', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'HEAD'])(
    'as %s, and says what is allowed',
    async (method) => {
      const { callback, strays, stillWorks } = await open()
      const headers = { ...navigation, 'access-control-request-private-network': 'true' }
      const answer = await navigate(callback(), { method, headers })
      expect([answer.status, answer.headers.allow, strays]).toEqual([405, 'GET', ['method']])
      await stillWorks()
    },
  )

  it.each([
    '/',
    '/favicon.ico',
    '/robots.txt',
    '/.well-known/appspecific/com.chrome.devtools.json',
    '/callback/',
    '/Callback',
    '/callback%2f',
    '/%63allback',
    '//callback',
    '/x/../callback',
    '/..%2f..%2fetc/passwd',
    '/callback;a=b',
  ])('for %s', async (path) => {
    const { listener, strays, stillWorks } = await open()
    const host = `127.0.0.1:${listener.port}`
    const target = `${path}?code=x&state=${state}`
    const answer = await send(listener.port, lines(`GET ${target} HTTP/1.1`, `Host: ${host}`))
    expect([statusOf(answer), strays]).toEqual([404, ['path']])
    await stillWorks()
  })

  const embedded = { 'sec-fetch-site': 'cross-site' }
  it.each<readonly [string, Record<string, string>]>([
    ['of an image', { ...embedded, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['of a script', { ...embedded, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }],
    ['of a frame', { ...embedded, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ['of a fetch', { ...embedded, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['with an empty mode', { 'sec-fetch-mode': '' }],
    ['that prefetches', { ...navigation, 'sec-purpose': 'prefetch' }],
    ['that prerenders', { ...navigation, 'sec-purpose': 'prefetch;prerender' }],
    ['that prefetches, as before', { ...navigation, purpose: 'prefetch' }],
    ['that prefetches, as Firefox', { ...navigation, 'x-moz': 'prefetch' }],
    ['with an origin', { ...navigation, origin: 'https://evil.example' }],
    ['with no origin to speak of', { ...navigation, origin: 'null' }],
  ])('%s, and spends nothing', async (_, headers) => {
    const { listener, arrivals, callback, strays, stillWorks } = await open()
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    for (const address of [callback(), start]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await navigate(address, { headers })).status).toBe(403)
    }
    expect([strays, arrivals]).toEqual([Array(2).fill('not a navigation'), []])
    expect((await navigate(start)).status).toBe(303)
    await stillWorks()
  })

  it("of Node's own fetch, which says that it is no navigation", async () => {
    const { callback, strays, stillWorks } = await open()
    expect((await fetch(callback())).status).toBe(403)
    expect(strays).toEqual(['not a navigation'])
    await stillWorks()
  })

  it('of no browser that names its fetches only by its callback: an old one is taken', async () => {
    const { callback } = await open()
    const referrer = { referer: 'https://issuer.test/' }
    expect((await navigate(callback(), { headers: referrer })).status).toBe(303)
  })
})

describe('a callback is refused', () => {
  const s = `state=${state}`
  const malformed = 'malformed or doubled parameters'
  it.each([
    ['without anything', '', 'state'],
    ['without state', 'code=x', 'state'],
    ['with an empty state', 'code=x&state=', 'state'],
    ['with a wrong state', 'code=x&state=wrong', 'state'],
    ['with the state cut', `code=x&${s.slice(0, -1)}`, 'state'],
    ['with more than the state', `code=x&${s}x`, 'state'],
    ['with a space before the state', `code=x&state=+${state}`, 'state'],
    ['with the state in capitals', `code=x&state=${state.toUpperCase()}`, 'state'],
    ['with a State', `code=x&State=${state}`, 'state'],
    ['with a state in a list', `code=x&state[]=${state}`, 'state'],
    ['with an error and no state', 'error=access_denied', 'state'],
    ['with an error and a wrong state', 'error=access_denied&state=wrong', 'state'],
    ['with the state twice', `${s}&code=x&${s}`, malformed],
    ['with the wrong state first', `state=wrong&${s}&code=x`, malformed],
    ['with the wrong state last', `${s}&state=wrong&code=x`, malformed],
    ['with two codes', `code=x&code=y&${s}`, malformed],
    ['with two codes around the state', `code=x&${s}&code=y`, malformed],
    ['with two codes, one of them escaped', `code=x&${s}&%63ode=y`, malformed],
    ['with two issuers', `${s}&code=x&iss=a&iss=b`, malformed],
    ['with two errors', `${s}&error=a&error=b`, malformed],
    ['with something else twice', `${s}&code=x&foo=1&foo`, malformed],
    ['with half an escape', `${s}&code=%4`, malformed],
    ['with an escape of no digits', `${s}&code=%zz`, malformed],
    ['with bytes that are no text', `${s}&code=%ff`, malformed],
    ['with an overlong slash', `${s}&code=%c0%af`, malformed],
    ['with a broken name', `${s}&%=x`, malformed],
  ])('%s; the right one is taken', async (_, query, reason) => {
    const { callback, strays, stillWorks } = await open()
    const answer = await navigate(callback(query))
    expect([answer.status, strays]).toEqual([400, [reason]])
    expect(answer.body).toContain('unknown title')
    await stillWorks()
  })

  it('before there is a state, with the same bytes as for a wrong one', async () => {
    const { listener, callback, stillWorks } = await open({ expecting: false })
    const target = callback('code=x&state=').slice(listener.redirectUri.indexOf('/callback'))
    const request = lines(`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${listener.port}`)
    const ask = async () => (await send(listener.port, request)).replace(/^date: .*\r\n/im, '')
    const before = await ask()
    listener.expect(new Secret(state))
    expect([statusOf(before), await ask()]).toEqual([400, before])
    await stillWorks()
  })

  it('by none of a hundred at once but the one with the state', async () => {
    const { listener, callback, strays } = await open()
    const wrong = Array.from({ length: 99 }, (_, i) => callback(`code=wrong${i}&state=${i}`))
    const answers = await Promise.all([...wrong, callback()].map((address) => navigate(address)))
    expect(answers.map(({ status }) => status)).toEqual([...Array(99).fill(400), 303])
    expect(strays).toHaveLength(99)
    expect((await listener.callback).get('code')).toBe('right')
  })
})

describe('a callback is taken', () => {
  it('with every parameter decoded once', async () => {
    const { listener, callback } = await open()
    await navigate(callback(`a=b%2520+c&state=${state}&error=&&x=%C3%A6&code=y%26z`))
    expect([...(await listener.callback)]).toEqual([
      ['a', 'b%20 c'],
      ['state', state],
      ['error', ''],
      ['x', 'æ'],
      ['code', 'y&z'],
    ])
  })

  it('once: a second one with another code changes nothing and shows the same', async () => {
    const { listener, callback } = await open()
    const first = await navigate(callback())
    const second = await navigate(callback(`code=other&state=${state}`))
    expect([second.status, second.headers.location]).toEqual([303, first.headers.location])
    expect((await listener.callback).get('code')).toBe('right')
  })

  it('and leads to a clean address on the same listener', async () => {
    const { callback } = await open()
    const { headers, body } = await navigate(callback())
    expect(headers.location).toMatch(/^\/[\w-]{32}$/)
    expect(body).toBe('')
  })
})

describe('a start address', () => {
  it('is refused the second time, and is fresh each time', async () => {
    const { listener, arrivals, stillWorks } = await open()
    let asked = 0
    const mint = () =>
      listener.startAddress(async () => `https://issuer.test/authorize?${(asked += 1)}`)
    const [first, second] = [mint(), mint()]
    expect(new Set([first, second, mint()]).size).toBe(3)
    expect(first).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/)
    const answer = await navigate(first)
    expect([answer.status, locationOf(answer, first)]).toEqual([
      303,
      'https://issuer.test/authorize?1',
    ])
    const again = await navigate(first)
    expect([again.status, asked, arrivals.length]).toEqual([410, 1, 1])
    expect(again.body).toContain('start-used title')
    expect((await navigate(second)).status).toBe(303)
    await stillWorks()
  })

  it('is refused after the callback', async () => {
    const { listener, stillWorks } = await open()
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    await stillWorks()
    expect((await navigate(start)).status).toBe(410)
  })

  it('shows a failure when there is nowhere to go; a reason is not told', async () => {
    const { listener, stillWorks } = await open()
    const start = listener.startAddress(() => Promise.reject(new Error('secret reason')))
    const answer = await navigate(start)
    expect(answer.status).toBe(502)
    expect(answer.body).toContain(`failed title ${reference}`)
    expect(answer.body).not.toContain('secret reason')
    await stillWorks()
  })
})

describe('the page of the outcome', () => {
  it.each([
    ['signed-in', 200],
    ['denied', 200],
    ['cancelled', 200],
    ['failed', 400],
  ] as const)(
    'is held until the login is %s, and the port is free then',
    async (outcome, status) => {
      const { listener, clock, callback } = await open()
      const held = [arrive(callback()), arrive(callback())]
      await clock.timer(10_000)
      while (clock.timers().length < 2) {
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((resolve) => setImmediate(resolve))
      }
      await listener.finish(outcome)
      for (const answer of await Promise.all(held)) {
        expect(answer.status).toBe(status)
        expect(answer.body).toContain(`${outcome} title ${reference}`)
        expect(answer.body.endsWith('</html>\n')).toBe(true)
      }
      await expect(knock(listener.port, '127.0.0.1')).resolves.toBe('ECONNREFUSED')
    },
  )

  it('is there for a browser that comes late, also by a reload of the callback', async () => {
    const { listener, callback } = await open()
    const first = await navigate(callback())
    const done = listener.finish('denied')
    const again = await navigate(callback())
    expect(again.headers.location).toBe(first.headers.location)
    const page = await navigate(locationOf(again, callback()))
    expect(page.body).toContain('denied title')
    await done
  })

  it('is not waited for longer than the last page may take', async () => {
    const { listener, clock, callback } = await open()
    await navigate(callback())
    const done = listener.finish('signed-in')
    clock.advance(700)
    await done
    await expect(knock(listener.port, '127.0.0.1')).resolves.toBe('ECONNREFUSED')
  })

  it('gives way to one that asks again when the outcome takes long', async () => {
    const { listener, clock, callback } = await open()
    const held = arrive(callback())
    await clock.timer(10_000)
    clock.advance(10_000)
    const working = await held
    expect([working.status, working.headers['content-type']]).toEqual([
      200,
      pageHeaders['Content-Type'],
    ])
    expect(working.body).toContain('<meta http-equiv="refresh" content="0">')
    expect(working.body).not.toContain('signed-in title')
    const next = arrive(callback())
    await clock.timer(10_000)
    await listener.finish('signed-in')
    expect((await next).body).not.toContain('http-equiv')
  })
})

describe('the end', () => {
  it.each<readonly [string, string]>([
    ['an idle socket', ''],
    ['half a request', 'GET /callback?co'],
    ['a body that never comes', 'POST /callback HTTP/1.1\r\nContent-Length: 1000\r\n'],
  ])('is not held up by %s; its port is free', async (_, bytes) => {
    const { listener } = await open()
    const socket: Socket = connect({ port: listener.port, host: '127.0.0.1' })
    await once(socket, 'connect')
    if (bytes !== '') socket.write(bytes)
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    await Promise.all([listener.finish('cancelled'), closed])
    await expect(knock(listener.port, '127.0.0.1')).resolves.toBe('ECONNREFUSED')
  })

  it('comes once, with the first outcome', async () => {
    const { listener, clock, callback } = await open()
    const held = arrive(callback())
    await clock.timer(10_000)
    await Promise.all([listener.finish('denied'), listener.finish('signed-in')])
    expect((await held).body).toContain('denied title')
  })

  it('leaves no timer behind', async () => {
    const { listener, clock, callback } = await open()
    const held = arrive(callback())
    await clock.timer(10_000)
    await listener.finish('signed-in')
    await held
    expect(clock.timers()).toEqual([])
  })
})

it('has every security header on every status, and none that helps a stranger', async () => {
  const { listener, clock, callback } = await open()
  const start = listener.startAddress(async () => 'https://issuer.test/authorize')
  const broken = listener.startAddress(() => Promise.reject(new Error()))
  const answers = [
    await navigate(callback('code=x')),
    await navigate(`http://127.0.0.1:${listener.port}/other`),
    await navigate(callback(), { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }),
    await navigate(callback(), { headers: { origin: 'https://evil.example' } }),
    await navigate(callback(), { headers: { host: 'evil.example' } }),
    await navigate(callback('x'.repeat(9000))),
    await navigate(callback(), { method: 'POST', headers: { expect: '100-continue' } }),
    await navigate(start),
    await navigate(start),
    await navigate(broken),
    await navigate(callback()),
  ]
  const held = arrive(callback())
  await clock.timer(10_000)
  await listener.finish('signed-in')
  answers.push(await held)
  expect(answers.map(({ status }) => status)).toEqual(
    Array.of(400, 404, 405, 403, 421, 414, 417, 303, 410, 502, 303, 200),
  )
  const expected = Object.fromEntries(
    Object.entries({
      'Content-Type': 'text/html; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      Connection: 'close',
    }).map(([name, value]) => [name.toLowerCase(), value]),
  )
  for (const { headers } of answers) {
    const { 'content-security-policy': policy = '', ...others } = headers
    expect(others).toMatchObject(expected)
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/,
    )
    const more = Object.keys(others).filter((name) => !(name in expected))
    expect(['allow', 'content-length', 'date', 'location']).toEqual(expect.arrayContaining(more))
  }
})

describe('nothing of a request is echoed', () => {
  const mark = 'q7zMARKq7z'
  const corpus = [
    `<script>${mark}</script>`,
    `"><img src=x onerror=${mark}>`,
    `<svg onload=${mark}>`,
    `javascript:${mark}`,
    `+ADw-script+AD4-${mark}`,
    `{{${mark}}} \${${mark}} <%= ${mark} %>`,
    `\u202E${mark}\u2066`,
    `x\r\nSet-Cookie: ${mark}=1\r\n\r\n<b>`,
  ].map(encodeURIComponent)
  const names = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', mark]

  it.each(corpus)('%s', async (attack) => {
    const { listener, clock, callback } = await open()
    const host = `127.0.0.1:${listener.port}`
    const get = (target: string, ...headers: string[]) =>
      send(listener.port, lines(`GET ${target} HTTP/1.1`, ...headers))
    const plain = decodeURIComponent(attack).replaceAll(/[^\x20-\x7E]/g, '')
    const answers = await Promise.all([
      ...names.map((name) => get(`/callback?${name}=${attack}`, `Host: ${host}`)),
      get(`/${attack}`, `Host: ${host}`),
      get(right, `Host: ${plain}`),
      get(right, `Host: ${host}`, `Origin: ${plain}`, `Referer: ${plain}`, `User-Agent: ${plain}`),
      send(listener.port, lines(`TRACE ${right} HTTP/1.1`, `Host: ${host}`, `X: ${plain}`)),
      ...names
        .filter((name) => name !== 'state')
        .map((name) => get(`/callback?${name}=${attack}&state=${state}`, `Host: ${host}`)),
    ])
    expect(answers.map(statusOf)).not.toContain(Number.NaN)
    const held = arrive(`${listener.redirectUri}?error=${attack}&state=${state}`)
    await clock.timer(10_000)
    clock.advance(10_000)
    const { body, headers } = await held
    for (const answer of [...answers, body, JSON.stringify(headers)]) {
      expect(answer).not.toContain('q7z')
      expect(answer).not.toContain(state)
    }
    expect((await navigate(callback())).status).toBe(303)
  })
})
