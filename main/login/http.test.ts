import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { createHttp, type HttpOptions, steps } from './http.ts'
import { createTestClock, failureOf } from './test-browser.ts'

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
const get = (url: string, options?: Partial<HttpOptions>) => create(options).for(steps.token)(url)
const refusalOf = async (url: string, options?: Partial<HttpOptions>) => {
  const error = await failureOf(get(url, options), AppError)
  expect(error.detail?.key).toBe('token request')
  return error
}

const json = (response: ServerResponse, body: string | Buffer = '{}', headers = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
}
const good = () => serve((_, response) => json(response))

describe('the time limit', () => {
  it.each<readonly [string, RequestListener]>([
    ['a server that never answers', () => {}],
    [
      'a server that stalls in the body',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{"access_')
      },
    ],
  ])('ends %s; one that answers is heard', async (_, listener) => {
    const error = await refusalOf(await serve(listener), { timeout: 60 })
    expect([error.code, error.detail?.reason]).toEqual(['E_NETWORK_TIMEOUT', 'no answer in 60 ms'])
    await expect(get(await good())).resolves.toMatchObject({ status: 200 })
  })
})

describe('the size limit', () => {
  it('refuses one byte too many while it reads, announced or not; the last byte is taken', async () => {
    const sized = (length: number, headers = {}) =>
      serve((_, response) => json(response, `"${'x'.repeat(length - 2)}"`, headers))
    const chunked = { 'transfer-encoding': 'chunked' }
    for (const url of [await sized(101), await sized(101, chunked)]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await refusalOf(url, { maxBytes: 100 })).code).toBe('E_NETWORK_BODY')
    }
    const answer = await get(await sized(100), { maxBytes: 100 })
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
    [{ 'content-type': 'application/jsonp' }, 'application/jsonp'],
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
    const other = await failureOf(create().for(steps.discovery)(url), AppError)
    expect(other.code).toBe('E_PROVIDER_METADATA')
  })

  it('that is no HTTP or breaks off; a whole one is taken', async () => {
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
      response.write('{', () => response.destroy())
    })
    const garbage = await serve((request) => request.socket.end('garbage\r\n\r\n'))
    expect((await refusalOf(garbage)).code).toMatch(/^E_NETWORK_(UNREACHABLE|BODY)$/)
    expect((await refusalOf(broken)).code).toMatch(/^E_NETWORK_(UNREACHABLE|BODY)$/)
    await expect(get(await good())).resolves.toBeTruthy()
  })

  it('from nobody', async () => {
    const url = await good()
    servers.map((server) => server.close())
    const error = await refusalOf(url)
    expect([error.code, error.detail?.reason]).toEqual(['E_NETWORK_UNREACHABLE', 'ECONNREFUSED'])
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
    await create().for(steps.token)(url, { method: 'POST', headers, body })
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
    await failureOf(http.for(steps.token)(url), AppError)
    expect(http.clockSkew()).toBe(skew)
  })

  it('stays unknown when there is no date to read', async () => {
    const http = create()
    await http.for(steps.token)(
      await serve((_, response) => json(response, '{}', { date: 'today' })),
    )
    expect(http.clockSkew()).toBeNull()
  })
})
