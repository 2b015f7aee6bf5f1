import { describe, expect, it } from 'vitest'
import { discoveryDocument } from '../../../simulator/provider/discovery.ts'
import { LoginError } from '../errors.ts'
import { createProviderCache } from './cache.ts'
import { isLoopback } from './metadata.ts'
import { createHttp } from '../base/http.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'

const issuer = 'https://issuer.test'
const day = 24 * 60 * 60 * 1000
const good = discoveryDocument(issuer)

/** A discovery whose n-th fetch brings the n-th answer, and the last one ever after. */
function discoveryOf(...answers: (Response | Error)[]) {
  const clock = createTestClock()
  const urls: string[] = []
  const discovery = createProviderCache(clock)
  const http = createHttp({
    clock,
    signal: new AbortController().signal,
    fetch: async (url) => {
      const answer = answers[Math.min(urls.length, answers.length - 1)]
      urls.push(url)
      if (!(answer instanceof Response)) throw answer
      return answer.clone()
    },
  })
  return { clock, urls, discovery, find: (of = issuer) => discovery.find(of, http) }
}

const documentOf = (changes: Record<string, unknown>): Response =>
  Response.json({ ...good, ...changes })

const refusalOf = async (answer: Response, of = issuer) => {
  const error = await failureOf(discoveryOf(answer).find(of), LoginError)
  return [error.code, error.detail?.key, error.detail?.reason]
}

it('is accepted as ID-porten publishes it, from the address that belongs to the issuer', async () => {
  const { find, urls } = discoveryOf(documentOf({}))
  const provider = await find()
  expect(urls).toEqual([`${issuer}/.well-known/openid-configuration`])
  expect(provider).toMatchObject(good)
  expect(Object.isFrozen(provider)).toBe(true)
})

it("is accepted with ID-porten's endpoints below the host of the issuer", async () => {
  const changes = { authorization_endpoint: 'https://login.issuer.test/authorize' }
  await expect(discoveryOf(documentOf(changes)).find()).resolves.toMatchObject(changes)
})

it('is accepted without the endpoints that a provider need not have', async () => {
  const without = documentOf({
    pushed_authorization_request_endpoint: undefined,
    userinfo_endpoint: undefined,
    revocation_endpoint: undefined,
    end_session_endpoint: undefined,
  })
  await expect(discoveryOf(without).find()).resolves.toMatchObject({ issuer })
})

it.each([
  ['http://127.0.0.1:8080', true],
  ['https://127.0.0.1', false],
  ['http://localhost', false],
  ['http://127.0.0.2', false],
])('%s is a test installation: %s', (address, test) => {
  expect(isLoopback(new URL(address))).toBe(test)
})

describe('an issuer is refused', () => {
  it.each([
    ['with a slash behind it', `${issuer}/`],
    ['in other letters', 'https://ISSUER.test'],
    ['with a port', `${issuer}:443`],
    ['of another host', 'https://evil.example'],
    ['that is no text', [issuer]],
  ])('%s', async (_, named) => {
    expect((await refusalOf(documentOf({ issuer: named }))).slice(0, 2)).toEqual([
      'E_PROVIDER_METADATA',
      'issuer',
    ])
  })

  it('without the slash that is configured; with it, it is accepted', async () => {
    const named = `${issuer}/`
    expect((await refusalOf(documentOf({}), named))[1]).toBe('issuer')
    await expect(discoveryOf(documentOf({ issuer: named })).find(named)).resolves.toBeTruthy()
  })
})

describe('a document is refused', () => {
  it.each([
    'issuer',
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'response_types_supported',
    'code_challenge_methods_supported',
    'id_token_signing_alg_values_supported',
  ])('without %s', async (name) => {
    expect(await refusalOf(documentOf({ [name]: undefined }))).toEqual([
      'E_PROVIDER_METADATA',
      name,
      'is absent or not valid',
    ])
  })

  it.each([
    ['response_types_supported', ['code id_token'], 'code'],
    ['code_challenge_methods_supported', ['plain'], 'S256'],
    ['id_token_signing_alg_values_supported', ['PS256', 'none'], 'RS256'],
  ])('whose %s is %j', async (name, list, missing) => {
    expect(await refusalOf(documentOf({ [name]: list }))).toEqual([
      'E_PROVIDER_METADATA',
      name,
      `does not offer ${missing}`,
    ])
  })

  it.each<readonly [string, Response, string, string]>([
    ['that is a text', Response.json('x'), 'document', 'is absent or not valid'],
    ['with status 201', Response.json(good, { status: 201 }), 'status', 'HTTP 201'],
    ['with status 400', Response.json(good, { status: 400 }), 'status', 'HTTP 400'],
  ])('%s, and it is told why', async (_, answer, key, reason) => {
    expect(await refusalOf(answer)).toEqual(['E_PROVIDER_METADATA', key, reason])
  })

  it.each<readonly [string, Response]>([
    ['that is not JSON', new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['that is a list', Response.json([])],
    ['as HTML', new Response('{}', { headers: { 'content-type': 'text/html' } })],
    ['with status 404', Response.json(good, { status: 404 })],
  ])('%s', async (_, answer) => {
    expect((await refusalOf(answer))[0]).toBe('E_PROVIDER_METADATA')
  })
})

const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'pushed_authorization_request_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
]

describe.each(endpoints)('%s is refused', (name) => {
  it.each([
    ['on plain http', 'http://issuer.test/x', 'is not https'],
    ['on loopback for an issuer that is not', 'http://127.0.0.1/x', 'is not https'],
    ['as a script', 'javascript:alert(1)', 'is not https'],
    ['as a file', 'file:///etc/passwd', 'is not https'],
    ['with credentials', 'https://user:pass@issuer.test/x', 'carries credentials'],
    ['with a user', 'https://user@issuer.test/x', 'carries credentials'],
    ['with a password', 'https://:pass@issuer.test/x', 'carries credentials'],
    ['with a fragment', 'https://issuer.test/x#y', 'has a fragment'],
    ['with port 0', 'https://issuer.test:0/x', 'has port 0'],
    ['on another site', 'https://evil.example/x', 'is on another site than the issuer'],
    [
      'on a site that ends alike',
      'https://evil-issuer.test/x',
      'is on another site than the issuer',
    ],
    [
      'on a site that begins alike',
      'https://issuer.test.evil.example/x',
      'is on another site than the issuer',
    ],
    ['as a path', '/x', 'is not an address'],
  ])('%s', async (_, address, reason) => {
    expect(await refusalOf(documentOf({ [name]: address }))).toEqual([
      'E_PROVIDER_METADATA',
      name,
      reason,
    ])
  })
})

it.each([
  'introspection_endpoint',
  'registration_endpoint',
  'check_session_iframe',
  'new_endpoint',
])('%s, which nobody asks, locks nobody out wherever it is', async (name) => {
  for (const value of ['https://evil.example/x', 'http://issuer.test/x', '/x', 1, null, ['x']]) {
    const found = discoveryOf(documentOf({ [name]: value })).find(issuer)
    // oxlint-disable-next-line no-await-in-loop
    await expect(found).resolves.toBeTruthy()
  }
})

it.each(['http://localhost:8080', 'http://issuer.test', 'ftp://issuer.test'])(
  'an issuer at %s is refused by name before any request',
  async (named) => {
    expect(await refusalOf(documentOf({ issuer: named }), named)).toEqual([
      'E_PROVIDER_METADATA',
      'issuer',
      'must be https, or http on 127.0.0.1',
    ])
  },
)

it('another issuer than the configured one is told with both, as one short line', async () => {
  const named = `https://evil.example/\n\u202e${'x'.repeat(1000)}`
  const [, key, reason] = await refusalOf(documentOf({ issuer: named }))
  expect(key).toBe('issuer')
  expect(reason).toMatch(
    /^is not exactly the configured issuer https:\/\/issuer\.test but https:\/\/evil\.example\/\uFFFD\uFFFDx+…$/,
  )
  expect(reason?.length).toBeLessThan(400)
})

describe('an issuer on loopback', () => {
  const loopback = 'http://127.0.0.1:8080'
  it('has its endpoints on loopback too; elsewhere they are refused', async () => {
    const own = discoveryDocument(loopback)
    await expect(discoveryOf(Response.json(own)).find(loopback)).resolves.toBeTruthy()
    const away = { ...own, token_endpoint: 'http://issuer.test/token' }
    expect((await refusalOf(Response.json(away), loopback)).slice(0, 2)).toEqual([
      'E_PROVIDER_METADATA',
      'token_endpoint',
    ])
  })
})

describe('the memory of the metadata', () => {
  it('lasts 24 hours, and then they are fetched again', async () => {
    const { clock, find, urls } = discoveryOf(documentOf({}))
    const first = await find()
    clock.advance(day - 1)
    await expect(find()).resolves.toBe(first)
    expect(urls).toHaveLength(1)
    clock.advance(1)
    await find()
    expect(urls).toHaveLength(2)
  })

  it.each<readonly [string, Response | Error]>([
    ['that did not come', new TypeError('fetch failed')],
    ['that was refused', documentOf({ issuer: 'https://evil.example' })],
  ])('does not keep a document %s', async (_, bad) => {
    const { find, urls } = discoveryOf(bad, documentOf({}))
    await failureOf(find(), LoginError)
    await expect(find()).resolves.toBeTruthy()
    expect(urls).toHaveLength(2)
  })

  it('is not used for another issuer, nor once it is told to forget', async () => {
    const { discovery, find, urls } = discoveryOf(
      documentOf({}),
      Response.json(discoveryDocument('https://other.test')),
      documentOf({}),
    )
    await find()
    await expect(find('https://other.test')).resolves.toMatchObject({
      issuer: 'https://other.test',
    })
    await find()
    discovery.forget()
    await find()
    expect(urls).toHaveLength(4)
  })

  it('is not filled by an attempt after everything was forgotten', async () => {
    const { discovery, find, urls } = discoveryOf(documentOf({}))
    const late = find()
    discovery.forget()
    await late
    await find()
    expect(urls).toHaveLength(2)
  })
})
