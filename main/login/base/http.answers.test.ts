import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import type { TraceStep } from '../trace.ts'
import { createHttp, type Http, type HttpOptions, steps } from './http.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'

type Init = Partial<{ status: number; type: string; headers: Record<string, string> }>

/** An answer as the runtime hands it over; without a type it has none, and without a body none either. */
function answer(
  body: string | ReadableStream | null,
  { status = 200, type, headers = {} }: Init = {},
): Response {
  const made = new Response(body, { status, headers })
  if (type === undefined) made.headers.delete('content-type')
  else made.headers.set('content-type', type)
  return made
}

const url = 'https://issuer.test/'
const json = { type: 'application/json' }
const create = (fetch: HttpOptions['fetch'], options: Partial<HttpOptions> = {}): Http =>
  createHttp({ fetch, clock: createTestClock(), signal: new AbortController().signal, ...options })
/** Asks for JSON, or for anything. */
const fetchOf = {
  json: (http: Http, onStatus?: (status: number) => void) =>
    http.requestJson(steps.discovery, onStatus),
  any: (http: Http) => http.requestAny(steps.api),
}
const ask = async (response: Response, how: keyof typeof fetchOf = 'json', method = 'GET') =>
  await fetchOf[how](create(async () => response))(url, { method })
const refusalOf = (...request: Parameters<typeof ask>) => failureOf(ask(...request), LoginError)

describe('the trace tells at once', () => {
  const traced = (response: Response) => {
    const told: TraceStep[] = []
    const onTrace = (step: TraceStep) => void told.push(step)
    return { told, http: create(async () => response, { onTrace }) }
  }
  const members = [{ name: 'error', value: 'invalid_grant', hidden: false }]

  it('of a refusal, with what was answered', async () => {
    const { told, http } = traced(answer('{"error":"invalid_grant"}', { ...json, status: 400 }))
    await http.requestJson(steps.token)(url, { method: 'POST' })
    expect(told).toMatchObject([{ outcome: 'refused', response: { status: 400, members } }])
  })

  it('of an answer that cannot be used, with its status', async () => {
    const { told, http } = traced(answer('<p>', { type: 'text/html' }))
    await failureOf(http.requestJson(steps.token)(url, { method: 'POST' }), LoginError)
    expect(told).toMatchObject([
      { outcome: 'failed', response: { status: 200 }, error: { code: 'E_TOKEN_RESPONSE' } },
    ])
  })

  it('of an answer that was judged and is wrong, with what was in it, and of none before that', async () => {
    const { told, http } = traced(answer('{"error":"invalid_grant"}', json))
    const response = await http.requestJson(steps.token)(url, { method: 'POST' })
    expect(told).toEqual([])
    const judging = async () => Promise.reject(new Error('wrong'))
    await failureOf(http.judge(response, judging), Error)
    expect(told).toMatchObject([
      { outcome: 'failed', response: { members }, error: { code: 'E_TOKEN_RESPONSE' } },
    ])
  })
})

describe('JSON is taken', () => {
  it.each(['application/json', 'application/json ;charset=utf-8', 'application/a.b-c_1+json'])(
    'as %s',
    async (type) => {
      expect(await (await ask(answer('{"a":1}', { type }))).json()).toEqual({ a: 1 })
    },
  )

  it.each([
    ['xapplication/a+json', 'unknown'],
    ['application/a+jsonx', 'unknown'],
    ['application/+json', 'unknown'],
    ['application/a b+json', 'unknown'],
    ['text/xml', 'text/xml'],
    ['application/xml', 'application/xml'],
    ['application/jwt', 'application/jwt'],
  ])('and not as %s, which is named %s', async (type, named) => {
    const { detail } = await refusalOf(answer('{}', { type }))
    expect(detail?.reason).toBe(`HTTP 200 with content type ${named}`)
  })

  it('once parsed, and of a refusal nothing is', async () => {
    const http = create(async () => answer('{"a":1}', json))
    const refusing = create(async () => answer('{"a":1}', { ...json, status: 400 }))
    expect(http.jsonOf(await fetchOf.json(http)(url))).toEqual({ a: 1 })
    expect(refusing.jsonOf(await fetchOf.json(refusing)(url))).toBeNull()
    expect(http.jsonOf(await fetchOf.any(http)(url))).toBeNull()
    expect(http.jsonOf(answer('{"a":1}', json))).toBeNull()
  })
})

describe('an answer with another status', () => {
  it.each([300, 304, 399])('%i is no answer, whoever is asked', async (status) => {
    for (const how of ['json', 'any'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const { code, detail, message } = await refusalOf(answer(null, { status }), how)
      const name = how === 'any' ? 'API' : 'discovery'
      expect([code, detail?.reason, message]).toEqual([
        'E_NETWORK_REDIRECT',
        `HTTP ${status}`,
        `${name}: HTTP ${status}`,
      ])
    }
  })

  it('500 is told with its number', async () => {
    expect((await refusalOf(answer('', { status: 500 }))).detail?.reason).toBe('HTTP 500')
  })

  it.each([400, 404])('%i is taken as a refusal, with any body', async (status) => {
    const taken = await ask(answer('<p>no', { status, type: 'text/html' }))
    expect([taken.status, await taken.text()]).toEqual([status, '<p>no'])
  })

  it.each([200, 204, 400, 429, 500, 503])(
    '%i of an API is taken, with any body',
    async (status) => {
      const body = status === 204 ? null : '<p>'
      const taken = await ask(answer(body, { status, type: 'text/html' }), 'any')
      expect([taken.status, await taken.text()]).toEqual([status, body ?? ''])
    },
  )

  it('is told also when what follows it cannot be used', async () => {
    const told: number[] = []
    const http = create(async () => answer('', { status: 503 }))
    const asking = fetchOf.json(http, (status) => told.push(status))(url)
    await failureOf(asking, LoginError)
    expect(told).toEqual([503])
  })
})

it.each([
  ['json', 'POST', null],
  ['json', 'GET', 'DPoP'],
  ['any', 'POST', 'DPoP'],
  ['any', 'GET', 'DPoP'],
] as const)('of a refusal to %s by %s the challenge is %s', async (how, method, challenge) => {
  const refused = answer('{}', { ...json, status: 401, headers: { 'www-authenticate': 'DPoP' } })
  expect((await ask(refused, how, method)).headers.get('www-authenticate')).toBe(challenge)
})

describe('a request that has come to its end', () => {
  it.each([
    ['a limit', 'E_NETWORK_TIMEOUT'],
    ['its signal', 'the person cancelled'],
  ])('by %s is told so, whatever the runtime says', async (by, told) => {
    const clock = createTestClock()
    const cancelled = new AbortController()
    const asked = Promise.withResolvers<void>()
    const http = create(
      async (_, { signal }) => {
        asked.resolve()
        return await new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('net::ERR_ABORTED')))
        })
      },
      { clock, signal: cancelled.signal },
    )
    const asking = fetchOf
      .json(http)(url)
      .catch((error: unknown) => error)
    await asked.promise
    if (by === 'a limit') clock.advance(10_000)
    else cancelled.abort('the person cancelled')
    const failure = await asking
    expect(failure instanceof LoginError ? failure.code : failure).toBe(told)
  })

  it('by an error leaves no timer behind', async () => {
    const clock = createTestClock()
    const http = create(async () => Promise.reject(new Error('no')), { clock })
    await failureOf(fetchOf.json(http)(url), LoginError)
    expect(clock.timers()).toEqual([])
  })

  it('by a refusal lets go of the body that nobody reads', async () => {
    let signal: AbortSignal | null | undefined
    const http = create(async (_, init) => {
      signal = init.signal
      return answer('', { status: 500 })
    })
    await failureOf(fetchOf.json(http)(url), LoginError)
    expect(signal?.aborted).toBe(true)
  })
})

it.each([
  ['ECONNRESET', 'E_NETWORK_BODY'],
  ['ENETDOWN', 'E_NETWORK_BODY'],
  ['ERR_SSL_BAD_RECORD_MAC_ALERT', 'E_NETWORK_TLS'],
])('a body that ends with %s is %s', async (code, named) => {
  const body = new ReadableStream({
    start: (controller) => controller.error(Object.assign(new Error('x'), { code })),
  })
  expect((await refusalOf(answer(body, json))).code).toBe(named)
})

it('a redirect that the runtime refuses is a network with a login of its own, and not for an API', async () => {
  const http = create(async () => Promise.reject(new Error('Redirect was cancelled')))
  const metadata = await failureOf(fetchOf.json(http)(url), LoginError)
  const api = await failureOf(fetchOf.any(http)(url), LoginError)
  expect([metadata.code, metadata.explanation]).toEqual([
    'E_NETWORK_REDIRECT',
    { kind: 'captive-portal' },
  ])
  expect([api.code, api.explanation]).toEqual(['E_NETWORK_REDIRECT', null])
})

describe("the provider's time", () => {
  const at = Date.parse('2026-11-01T12:00:00Z')
  const date = new Date(at).toUTCString()

  it('is known from an answer that came long after the start, and from none without a date', async () => {
    const clock = createTestClock(at - 5000)
    const dates = [undefined, date]
    const http = create(
      async () => {
        const sent = dates.shift()
        return answer('{}', { ...json, ...(sent !== undefined && { headers: { date: sent } }) })
      },
      { clock },
    )
    clock.advance(5000)
    await fetchOf.json(http)(url)
    expect(http.clockSkew()).toBeNull()
    await fetchOf.json(http)(url)
    expect(http.clockSkew()).toBe(0)
  })

  it.each([
    [date, 60],
    [`(x) ${date}`, null],
    [`${date} (x)`, null],
  ])('until which it wants to be left alone, %s, is %s s', async (until, seconds) => {
    const headers = { 'retry-after': until }
    const http = create(async () => answer('', { status: 503, headers }), {
      clock: createTestClock(at - 60_000),
    })
    expect((await failureOf(fetchOf.json(http)(url), LoginError)).retryAfter).toBe(seconds)
  })
})
