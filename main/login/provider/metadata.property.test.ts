import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import { discover } from './metadata.ts'
import { createHttp } from '../base/http.ts'
import { createTestClock } from '../../../test/support/login.ts'
import { createTally, type Json, readObject } from '../../../test/support/oracle.ts'
import { runs, seed } from '../../../test/support/thorough.ts'

const issuers = [
  'https://issuer.test',
  'https://issuer.test/',
  'https://issuer.test:8443/realm',
  'https://xn--strre-prac.test',
  'https://10.1.2.3',
  'http://127.0.0.1:8080',
] as const

const required = ['authorization_endpoint', 'token_endpoint', 'jwks_uri']
const optional = [
  'pushed_authorization_request_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
]
const lists: Readonly<Record<string, string | null>> = {
  response_types_supported: 'code',
  subject_types_supported: null,
  code_challenge_methods_supported: 'S256',
  id_token_signing_alg_values_supported: 'RS256',
}

/**
 * Names the members that must make a document refused.
 * OpenID Connect Discovery 1.0 §3 and §4.3, RFC 8414 §2 and §3.3, RFC 7636 §4.2; an endpoint's address is
 * read as the WHATWG says, because that is how it is used.
 */
function brokenMembers(document: Json, issuer: string): string[] {
  const broken: string[] = []
  // Discovery §4.3: exactly, so by characters.
  if (document['issuer'] !== issuer) broken.push('issuer')
  for (const name of required) {
    if (!isOwnAddress(document[name], issuer)) broken.push(name)
  }
  for (const name of optional) {
    if (Object.hasOwn(document, name) && !isOwnAddress(document[name], issuer)) broken.push(name)
  }
  for (const [name, value] of Object.entries(lists)) {
    const list = document[name]
    // RFC 8414 §2: a JSON array of texts; §3.2: never an empty one.
    const right =
      Array.isArray(list) &&
      list.length > 0 &&
      list.every((item) => typeof item === 'string') &&
      (value === null || list.some((item) => item === value))
    if (!right) broken.push(name)
  }
  return broken
}

/** Https on the issuer's host or below it; for an issuer of a test installation, http on 127.0.0.1. */
function isOwnAddress(value: unknown, issuer: string): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  // RFC 6749 §3.1 and §3.2: no fragment, not even an empty one.
  if (value.includes('#')) return false
  const [url, own] = [new URL(value), new URL(issuer)]
  if (`${url.username}${url.password}` !== '') return false
  if (own.protocol === 'http:') return /^http:\/\/127\.0\.0\.1(:[1-9][0-9]*)?$/.test(url.origin)
  if (!/^https:\/\/[^:]+(:[1-9][0-9]*)?$/.test(url.origin)) return false
  const [its, labels] = [url, own].map(({ hostname }) => hostname.split('.').toReversed())
  return labels?.every((label, index) => its?.[index] === label) ?? false
}

function goodDocument(issuer: string): Json {
  const { origin } = new URL(issuer)
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['pairwise'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
    pushed_authorization_request_endpoint: `${origin}/par`,
    userinfo_endpoint: `${origin}/userinfo`,
    grant_types_supported: ['authorization_code'],
  }
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, '', 0, true, false, [], {}, [[]], ['']),
)

/** Addresses on the host `HOST`, and such as only look like it. */
const rightAddresses = [
  'SCHEME//HOST/x',
  'SCHEME//HOST',
  'SCHEME//HOST:8443/x?y=z',
  'SCHEME//login.HOST/x',
  'SCHEME//a.b.c.HOST:1/x',
  'SCHEME//HOST/x%23y',
  'SCHEME//HOST/?a=https://evil.example',
  'SCHEME//HOST/@evil.example',
] as const
const oddAddresses = [
  ' SCHEME//HOST/x ',
  'SCHEME\\\\HOST\\x',
  'SCHEMEHOST/x',
  'SCHEME///HOST/x',
  'SCHEME//ho\tst.HO\nST/x',
  'SCHEME//%6cogin.HOST/x',
  'SCHEME//ｌｏｇｉｎ.HOST/x',
  'SCHEME//@HOST/x',
  'http://HOST/x',
  'https://HOST/x',
  'HTTPS://HOST/x',
  'http://127.0.0.1/x',
  'https://127.0.0.1:8080/x',
  'http://127.1:1/x',
  'http://0x7f.1/x',
  'http://2130706433/x',
  'http://localhost:8080/x',
  'http://[::1]/x',
  'http://127.0.0.1.evil.example/x',
  'http://127.0.0.2/x',
  'javascript:alert(1)',
  'javascript://HOST/%0aalert(1)',
  'file:///etc/passwd',
  'file://HOST/x',
  'data:text/html,x',
  'blob:https://HOST/x',
  'ftp://HOST/x',
  'wss://HOST/x',
  'ms-settings:x',
  'SCHEME//user@HOST/x',
  'SCHEME//user:password@HOST/x',
  'SCHEME//:password@HOST/x',
  'SCHEME//HOST@evil.example/x',
  'SCHEME//HOST\\@evil.example/x',
  'SCHEME//HOST:0/x',
  'SCHEME//HOST:00/x',
  'SCHEME//HOST:65536/x',
  'SCHEME//HOST:/x',
  'SCHEME//HOST/x#y',
  'SCHEME//HOST#@evil.example/',
  'SCHEME//HOST./x',
  'SCHEME//.HOST/x',
  'SCHEME//login..HOST/x',
  'SCHEME//HOST.evil.example/x',
  'SCHEME//evil-HOST/x',
  'SCHEME//evilHOST/x',
  'SCHEME//evil.example/HOST',
  'SCHEME//evil.example?HOST',
  'SCHEME//test/x',
  'SCHEME//issuer.test.test/x',
  'SCHEME//issuer.tеst/x',
  'SCHEME//xn--issuer-test/x',
  'SCHEME//større.test/x',
  'SCHEME//login.STØRRE.test/x',
  'SCHEME//storre.test/x',
  'SCHEME//10.1.2.3/x',
  'SCHEME//1.10.1.2.3/x',
  'SCHEME//0xa.1.515/x',
  'SCHEME//issuer。test/x',
  '//HOST/x',
  '/x',
  'x',
  'HOST/x',
  'SCHEME',
  'SCHEME//',
] as const
const address = fc
  .oneof(
    { weight: 1, arbitrary: fc.constantFrom<string>(...rightAddresses) },
    { weight: 1, arbitrary: fc.constantFrom<string>(...oddAddresses) },
  )
  .map(
    (text) => (issuer: string) =>
      text
        .replaceAll('SCHEME', new URL(issuer).protocol)
        .replaceAll('HOST', new URL(issuer).hostname),
  )
const addressValue = fc.oneof(
  { weight: 12, arbitrary: address },
  {
    weight: 1,
    arbitrary: address.map((make) => (issuer: string): unknown => [make(issuer)]),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, '', [], {}).map((value) => () => value) },
  { weight: 1, arbitrary: anything.map((value) => () => value) },
)
const listValue = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.uniqueArray(fc.constantFrom('code', 'S256', 'RS256', 'id_token', 'none'), {
      maxLength: 5,
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom(['code', 'S256', 'RS256', 'plain']) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      'code',
      'S256',
      'RS256',
      'code S256 RS256',
      ['CODE', 's256', 'rs256'],
      ['code ', 'S256 ', 'RS256 '],
      ['code', 'S256', 'RS256', 7],
      ['code', 'S256', 'RS256', null],
      [['code', 'S256', 'RS256']],
      { code: true, S256: true, RS256: true },
      { length: 1, 0: 'code' },
    ),
  },
  { weight: 1, arbitrary: anything },
)
const issuerValue = fc.oneof(
  ...[
    (issuer: string) => `${issuer}/`,
    (issuer: string) => issuer.replace(/\/$/, ''),
    (issuer: string) => issuer.toUpperCase(),
    (issuer: string) => issuer.replace('t', 'T'),
    (issuer: string) => `${issuer}.`,
    (issuer: string) => `${issuer}#`,
    (issuer: string) => `${issuer}?`,
    (issuer: string) => ` ${issuer}`,
    (issuer: string) => `${new URL(issuer).origin}:443`,
    (issuer: string) => [issuer],
    (issuer: string) => ({ issuer }),
    (issuer: string) => issuer.replace('issuer', 'іssuer'),
    (issuer: string) => issuer,
    () => 'https://evil.example',
  ].map((make) => fc.constant<(issuer: string) => unknown>(make)),
  anything.map((value) => () => value),
)

type Change = readonly [string, (issuer: string) => unknown]
const absent = Symbol('absent')
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom(...required, ...optional), addressValue),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constantFrom(...Object.keys(lists)),
      listValue.map((value) => () => value),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('issuer'), issuerValue) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom('issuer', ...required, ...optional, ...Object.keys(lists)),
      fc.constant(() => absent),
    ),
  },
  {
    weight: 6,
    // What nobody reads here may be anything.
    arbitrary: fc.tuple(
      fc.constantFrom(
        'scopes_supported',
        'response_modes_supported',
        'grant_types_supported',
        'mtls_endpoint_aliases',
        'authorization_response_iss_parameter_supported',
        'require_pushed_authorization_requests',
        'ISSUER',
        'constructor',
        'made_up',
      ),
      anything.map((value) => () => value),
    ),
  },
)

/** What is done to the text, or how it comes; all but the first two make it refused. */
const deliveries = {
  plain: {},
  'with white space': { text: (text: string) => ` \r\n${text.replace('{', '{\t')}\n` },
  'with the issuer twice': {
    text: (text: string) => text.replace('{', '{"issuer":"https://evil.example",'),
  },
  'with a name twice, once escaped': {
    text: (text: string) => text.replace('{', String.raw`{"jwks_ur\u0069":"https://evil.example",`),
  },
  'with a byte order mark': { text: (text: string) => `\uFEFF${text}` },
  'in a list': { text: (text: string) => `[${text}]` },
  'as text in JSON': { text: (text: string) => JSON.stringify(text) },
  'cut off': { text: (text: string) => text.slice(0, -1) },
  empty: { text: () => '' },
  'as HTML': { type: 'text/html' },
  'as text': { type: 'text/plain' },
  'as what only begins like JSON': { type: 'application/jsonp' },
  'of no type': { type: '' },
  'with status 201': { status: 201 },
  'with status 404': { status: 404 },
} satisfies Record<string, Delivery>
interface Delivery {
  readonly text?: (text: string) => string
  readonly type?: string
  readonly status?: number
}
const delivery = fc.oneof(
  { weight: 10, arbitrary: fc.constant<Delivery>({}) },
  { weight: 1, arbitrary: fc.constantFrom<Delivery>(...Object.values(deliveries)) },
)

/** What the app and the oracle say of a document, in the same words, and what is broken in it. */
async function judge(
  issuer: string,
  changes: readonly Change[],
  { text = (json) => json, type = 'application/json', status = 200 }: Delivery = {},
): Promise<{ broken: string[]; ours: object; theirs: object }> {
  const members = new Map([
    ...Object.entries(goodDocument(issuer)),
    ...changes.map(([name, make]): [string, unknown] => [name, make(issuer)]),
  ])
  const kept = [...members].filter(([, value]) => value !== absent)
  const body = text(JSON.stringify(Object.fromEntries(kept)))
  const http = createHttp({
    clock: createTestClock(),
    signal: new AbortController().signal,
    fetch: async () => {
      const response = new Response(body, { status })
      response.headers.delete('content-type')
      if (type !== '') response.headers.set('content-type', type)
      return response
    },
  })
  const document = readObject(Buffer.from(body))
  const broken =
    status !== 200 || type !== 'application/json' || document === null
      ? ['document']
      : brokenMembers(document, issuer)
  const outcome = await discover(issuer, http).catch((error: unknown) => error)
  const error = outcome instanceof LoginError ? outcome : null
  // Of a list the app names the member, and the item that is wrong in it.
  const blamed = error?.detail?.key.replace(/\.\d+$/, '') ?? ''
  const accepted = broken.length === 0
  return {
    broken,
    ours: {
      code: error?.code ?? null,
      document: error === null ? outcome : null,
      blamed: accepted || broken.includes('document') || broken.includes(blamed),
    },
    theirs: {
      code: accepted ? null : 'E_PROVIDER_METADATA',
      document: accepted ? document : null,
      blamed: true,
    },
  }
}

describe('metadata are refused', () => {
  it('exactly when the oracle refuses them, and for one of its reasons', async () => {
    const tally = createTally()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<string>(...issuers),
        fc.array(change, { maxLength: 4 }),
        delivery,
        async (issuer, changes, how) => {
          const { broken, ours, theirs } = await judge(issuer, changes, how)
          expect(ours).toEqual(theirs)
          tally.add(broken.length === 0, ...broken)
        },
      ),
      { numRuns: runs(900, 3000), seed },
    )
    tally.expectBoth()
    tally.expectSeen(['document', 'issuer', ...required, ...optional, ...Object.keys(lists)])
  })

  it.each(required.concat(optional))(
    'with an empty fragment in %s (RFC 6749 §3.1)',
    async (name) => {
      const changes: Change[] = [[name, (issuer) => `${issuer}/x#`]]
      const { broken, ours, theirs } = await judge('https://issuer.test', changes)
      expect(broken).toEqual([name])
      expect(ours).toEqual(theirs)
    },
  )
})
