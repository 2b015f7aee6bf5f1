import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import { createHttp, type Fetch, httpLimits, type HttpOptions, steps } from './http.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'

let servers: Server[] = []
afterEach(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  servers = []
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not a TCP server')
  return `http://127.0.0.1:${address.port}/`
}

const never = new AbortController().signal
const create = (options: Partial<HttpOptions> = {}) =>
  createHttp({ fetch, clock: createTestClock(), signal: never, ...options })
const get = (url: string, options?: Partial<HttpOptions>) =>
  create(options).requestJson(steps.token)(url)
const refusalOf = async (url: string, options?: Partial<HttpOptions>) => {
  const error = await failureOf(get(url, options), LoginError)
  expect(error.detail?.key).toBe('token request')
  return error
}

const json = (response: ServerResponse, body: string | Buffer = '{}', headers = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
}
const good = () => serve((_, response) => json(response))

describe('a time limit', () => {
  const limits = { response: 100, total: 150, bytes: 1000 }

  it('ends a server that never answers; one that answers in time is heard', async () => {
    const clock = createTestClock()
    const arrived = Promise.withResolvers<void>()
    const silent = await serve(() => arrived.resolve())
    const failure = refusalOf(silent, { clock, limits })
    await arrived.promise
    clock.advance(99)
    expect(clock.timers()).toEqual([150, 100])
    clock.advance(1)
    const error = await failure
    expect([error.code, error.detail?.reason]).toEqual(['E_NETWORK_TIMEOUT', 'no answer in 100 ms'])
    await expect(get(await good(), { clock, limits })).resolves.toMatchObject({ status: 200 })
    expect(clock.timers()).toEqual([])
  })

  it('ends a server that stalls in the body, and lets go of its connection', async () => {
    const clock = createTestClock()
    const gone = Promise.withResolvers<void>()
    const url = await serve((request, response) => {
      request.socket.once('close', () => gone.resolve())
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"access_')
    })
    const began = Promise.withResolvers<void>()
    const watched: Fetch = async (...request) => {
      const response = await fetch(...request)
      queueMicrotask(() => began.resolve())
      return response
    }
    const failure = refusalOf(url, { clock, limits, fetch: watched })
    await began.promise
    await Promise.resolve()
    // The answer has begun: its first limit is over, the other one is not.
    expect(clock.timers()).toEqual([150])
    clock.advance(150)
    const error = await failure
    expect([error.code, error.detail?.reason]).toEqual(['E_NETWORK_TIMEOUT', 'no answer in 150 ms'])
    await gone.promise
  })

  it('is 10 s for an answer to begin and 15 s for its end', () => {
    expect([httpLimits.response, httpLimits.total]).toEqual([10_000, 15_000])
  })
})

describe('the size limit', () => {
  it('refuses one byte too many while it reads, announced or not; the last byte is taken', async () => {
    const sized = (length: number, headers = {}) =>
      serve((_, response) => json(response, `"${'x'.repeat(length - 2)}"`, headers))
    const chunked = { 'transfer-encoding': 'chunked' }
    for (const url of [await sized(101), await sized(101, chunked)]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await refusalOf(url, { limits: { ...httpLimits, bytes: 100 } })).code).toBe(
        'E_NETWORK_BODY',
      )
    }
    const answer = await get(await sized(100), { limits: { ...httpLimits, bytes: 100 } })
    expect(await answer.text()).toHaveLength(100)
  })

  it('refuses a body without an end', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      }
      response.on('drain', more)
      more()
    })
    expect((await refusalOf(url)).code).toBe('E_NETWORK_BODY')
  })
})

describe('an answer is refused', () => {
  it.each([
    [301, 'E_NETWORK_REDIRECT'],
    [302, 'E_NETWORK_REDIRECT'],
    [307, 'E_NETWORK_REDIRECT'],
    [429, 'E_NETWORK_STATUS'],
    [500, 'E_NETWORK_STATUS'],
    [503, 'E_NETWORK_STATUS'],
  ])('with status %i, and no redirect is followed', async (status, code) => {
    const target: string[] = []
    const away = await serve((request, response) => {
      target.push(request.url ?? '')
      json(response)
    })
    const url = await serve((_, response) => {
      response.writeHead(status, { location: away, 'content-type': 'application/json' }).end('{}')
    })
    expect((await refusalOf(url)).code).toBe(code)
    expect(target).toEqual([])
  })

  it.each([
    [{ 'content-type': 'text/html' }, 'text/html'],
    [{ 'content-type': 'text/plain; charset=utf-8' }, 'text/plain'],
    [{ 'content-type': 'application/jsonp' }, 'unknown'],
    [{ 'content-type': 'a/secret-that-a-provider-repeats' }, 'unknown'],
    [{ 'content-type': 'text/html application/json' }, 'unknown'],
    [{ 'content-type': '<script>alert(1)</script>' }, 'unknown'],
    [{}, 'none'],
  ])('as %j, for what the step says it is', async (headers, shown) => {
    const url = await serve((_, response) => response.writeHead(200, headers).end('{}'))
    const error = await refusalOf(url)
    expect([error.code, error.detail?.reason]).toEqual([
      'E_TOKEN_RESPONSE',
      `HTTP 200 with content type ${shown}`,
    ])
    const other = await failureOf(create().requestJson(steps.discovery)(url), LoginError)
    expect(other.code).toBe('E_PROVIDER_METADATA')
  })

  it('that is no HTTP or breaks off; a whole one is taken', async () => {
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
      response.write('{', () => response.destroy())
    })
    const garbage = await serve((request) => request.socket.end('garbage\r\n\r\n'))
    expect((await refusalOf(garbage)).code).toMatch(/^E_NETWORK_(UNREACHABLE|BODY)$/)
    expect((await refusalOf(broken)).code).toBe('E_NETWORK_BODY')
    await expect(get(await good())).resolves.toBeTruthy()
  })

  it.each<readonly [string, string | Buffer, string]>([
    ['cut off', '{"a":', 'not JSON'],
    ['empty', '', 'not JSON'],
    ['with a name twice', '{"sub":"a","sub":"b"}', 'JSON with a name twice'],
    ['with a byte order mark', '\uFEFF{}', 'JSON with a byte order mark'],
    ['in UTF-16', Buffer.from('{}', 'utf16le'), 'not JSON'],
    ['that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not UTF-8'],
    ['with __proto__', '{"__proto__":{}}', 'JSON with a forbidden name'],
    ['of 100 000 levels', '['.repeat(100_000), 'not JSON'],
    ['of 100 000 closed levels', '['.repeat(1e5) + ']'.repeat(1e5), 'JSON that is too deep'],
    ['with NaN', '{"expires_in":NaN}', 'not JSON'],
  ])('as JSON %s, for what the step says it is', async (_, body, reason) => {
    const url = await serve((_request, response) => json(response, body))
    const error = await refusalOf(url)
    expect([error.code, error.detail?.reason]).toEqual([
      'E_TOKEN_RESPONSE',
      `not usable: ${reason}`,
    ])
  })

  it('from nobody', async () => {
    const url = await good()
    servers.map((server) => server.close())
    const error = await refusalOf(url)
    expect([error.code, error.detail?.reason]).toEqual(['E_NETWORK_UNREACHABLE', 'ECONNREFUSED'])
  })
})

describe('a provider that wants to be left alone', () => {
  const at = Date.parse('2026-11-01T12:00:00Z')
  const date = (seconds: number) => new Date(at + seconds * 1000).toUTCString()
  it.each<readonly [number, string | undefined, number | null]>([
    [503, '7', 7],
    [429, '7', 7],
    [429, date(9), 9],
    [503, '60', 60],
    [503, '61', 60],
    [503, '1000000000', 60],
    [503, '9'.repeat(400), 60],
    [503, date(86_400), 60],
    [503, '0', null],
    [503, '-5', null],
    [503, '1.5', null],
    [503, date(-1), null],
    [503, 'soon', null],
    [503, 'foo 9999', null],
    [503, '2026-11-01T12:00:09Z', null],
    [503, '', null],
    [503, undefined, null],
    [500, '7', null],
    [502, '7', null],
  ])('with %i and Retry-After %s gets %s s', async (status, value, expected) => {
    const headers = value === undefined ? {} : { 'retry-after': value }
    // By the provider's own clock: this computer's may be wrong.
    const url = await serve((_, response) =>
      response.writeHead(status, { ...headers, date: date(0) }).end(),
    )
    const error = await refusalOf(url, { clock: createTestClock(at + 600_000) })
    expect([error.code, error.retryAfter]).toEqual(['E_NETWORK_STATUS', expected])
  })
})

describe('a network that wants a login of its own is recognised', () => {
  const page = { 'content-type': 'text/html' }
  it.each<readonly [string, number, Record<string, string>, boolean]>([
    ['by a page instead of metadata', 200, page, true],
    ['by a redirect instead of metadata', 302, { location: 'http://portal.test/' }, true],
    ['by its own status', 511, page, true],
    ['and not by plain text', 200, { 'content-type': 'text/plain' }, false],
    ['and not by an outage', 503, page, false],
  ])('%s', async (_, status, headers, recognised) => {
    const url = await serve((_request, response) => response.writeHead(status, headers).end('<p>'))
    const error = await failureOf(create().requestJson(steps.discovery)(url), LoginError)
    expect(error.explanation).toEqual(recognised ? { kind: 'captive-portal' } : null)
  })

  it('and not by the answer to a form', async () => {
    const url = await serve((_, response) => response.writeHead(200, page).end('<p>'))
    const error = await failureOf(
      create().requestJson(steps.token)(url, { method: 'POST' }),
      LoginError,
    )
    expect(error.explanation).toBeNull()
  })
})

describe('an answer is taken', () => {
  it.each(['application/json', 'Application/JSON; charset=UTF-8', 'application/jwk-set+json'])(
    'as %s',
    async (type) => {
      const url = await serve((_, response) =>
        response.writeHead(400, { 'content-type': type }).end('{"error":"invalid_grant"}'),
      )
      const answer = await get(url)
      expect([answer.status, await answer.json()]).toEqual([400, { error: 'invalid_grant' }])
    },
  )

  it('without a challenge, so that the error in its body is heard', async () => {
    const headers = { 'content-type': 'application/json', 'www-authenticate': 'DPoP error="x"' }
    const url = await serve((_, response) =>
      response.writeHead(401, headers).end('{"error":"invalid_client"}'),
    )
    const answer = await create().requestJson(steps.token)(url, { method: 'POST' })
    expect([answer.headers.get('www-authenticate'), await answer.json()]).toEqual([
      null,
      { error: 'invalid_client' },
    ])
  })

  it('with the form, the method and the headers of the request', async () => {
    const seen = Promise.withResolvers<string>()
    const url = await serve((request, response) => {
      request.setEncoding('utf8')
      request.once('data', (body: string) =>
        seen.resolve([request.method, request.headers['x-test'], body].join(' ')),
      )
      json(response)
    })
    const body = new URLSearchParams({ a: 'b&c' })
    const headers = { 'x-test': 'y', 'content-type': 'application/x-www-form-urlencoded' }
    await create().requestJson(steps.token)(url, { method: 'POST', headers, body })
    await expect(seen.promise).resolves.toBe('POST y a=b%26c')
  })
})

it('ends a request with the reason of its signal; a new one goes through', async () => {
  const ended = new AbortController()
  const arrived = Promise.withResolvers<void>()
  const url = await serve(() => arrived.resolve())
  const answer = get(url, { signal: ended.signal })
  await arrived.promise
  const reason = new Error('cancelled by the person')
  ended.abort(reason)
  await expect(answer).rejects.toBe(reason)
  await expect(get(url, { signal: ended.signal })).rejects.toBe(reason)
  await expect(get(await good())).resolves.toBeTruthy()
})

describe("the difference to the provider's clock", () => {
  const at = Date.parse('2026-11-01T12:00:00Z')
  it.each([
    ['ahead', 90_000],
    ['behind', -90_000],
  ])('is known from the date of an answer, also a refused one: %s', async (_, skew) => {
    const date = new Date(at).toUTCString()
    const http = create({ clock: createTestClock(at + skew) })
    expect(http.clockSkew()).toBeNull()
    const url = await serve((_request, response) => response.writeHead(503, { date }).end())
    await failureOf(http.requestJson(steps.token)(url), LoginError)
    expect(http.clockSkew()).toBe(skew)
  })

  it('changes with the clock of this computer when somebody sets that', async () => {
    const clock = createTestClock(at - 90_000)
    const http = create({ clock })
    const date = new Date(at).toUTCString()
    await http.requestJson(steps.token)(
      await serve((_, response) => json(response, '{}', { date })),
    )
    clock.advance(60_000)
    expect(http.clockSkew()).toBe(-90_000)
    clock.set(90_000)
    expect(http.clockSkew()).toBe(0)
  })

  it('counts the age of an answer that a cache on the way has kept', async () => {
    const http = create({ clock: createTestClock(at) })
    const headers = { date: new Date(at - 3_600_000).toUTCString(), age: '3600' }
    await http.requestJson(steps.discovery)(
      await serve((_, response) => json(response, '{}', headers)),
    )
    expect(http.clockSkew()).toBe(0)
  })

  it('stays unknown when there is no date to read', async () => {
    const http = create()
    await http.requestJson(steps.token)(
      await serve((_, response) => json(response, '{}', { date: 'today' })),
    )
    expect(http.clockSkew()).toBeNull()
  })
})
