import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LoginError } from '../errors.ts'
import type { Provider } from '../provider/metadata.ts'
import { createHttp } from '../base/http.ts'
import { Secret } from '../base/secret.ts'
import { createTestClock, failureOf } from '../../../test/support/login.ts'
import { compact, createTally, type Json, readObject, rsa } from '../../../test/support/oracle.ts'
import { checkCallback } from '../callback/response.ts'
import { refreshTokens, requestTokens } from './endpoint.ts'
import { runs, seed } from '../../../test/support/thorough.ts'
import { issuer, policy, provider, request } from '../../../test/support/provider.ts'

const now = 1_800_000_000
const claims = { iss: issuer, sub: 's', aud: 'client', exp: now + 60, iat: now }
const idToken = compact(
  '{"alg":"RS256"}',
  JSON.stringify({ ...claims, nonce: request.nonce.reveal() }),
  rsa().privateKey,
)

// oauth4webapi looks at the clock of the system; no timer stands still.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 })
})
afterAll(() => {
  vi.useRealTimers()
})

/** What the app takes out of a response; null for a response that must be refused. */
interface Tokens {
  readonly idToken: string
  readonly accessToken: string
  readonly refreshToken: string | null
  readonly expiresIn: number | null
}

/**
 * RFC 6749 §5.1 with appendix A, and OpenID Connect Core §3.1.3.3. House rules: a token has no blank in it
 * (RFC 6750 §2.1), and its life is no longer than ten years.
 */
function tokensIn(body: Json | null): Tokens | null {
  if (body === null) return null
  const has = (name: string): boolean => Object.hasOwn(body, name)
  const {
    access_token: access,
    token_type: type,
    id_token: id,
    refresh_token: refresh,
    expires_in: life,
    scope,
  } = body
  // A.12: characters that can be seen; Core §3.1.3.3: Bearer, and §5.1: in letters of any case.
  if (typeof access !== 'string' || !isVisible(access)) return null
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer' || type.length > 6) return null
  // Core §3.1.3.3: there must be one; whether it is one is judged where it is verified.
  if (typeof id !== 'string' || id === '') return null
  // A.17: as an access token, when it is there.
  if (has('refresh_token') && (typeof refresh !== 'string' || !isVisible(refresh))) return null
  // A.14: digits, so neither a part of a second nor a time before now; §5.1: a number.
  const whole = typeof life === 'number' && Number.isSafeInteger(life) && life >= 0
  if (has('expires_in') && (!whole || life > 10 * 365 * 86_400)) return null
  if (has('scope') && typeof scope !== 'string') return null
  return {
    idToken: id,
    accessToken: access,
    refreshToken: typeof refresh === 'string' ? refresh : null,
    expiresIn: typeof life === 'number' ? life : null,
  }
}

function isVisible(text: string): boolean {
  return text !== '' && Buffer.from(text).every((byte) => byte > 0x20 && byte < 0x7f)
}

/** JSON has no such number; it is written into the text. */
const huge = '<1e400>'
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, '', 0, -1, true, false, [], {}, huge, 'null', '{}'),
)
const tokenText = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom<unknown>('token', 'a.b.c', 'x'.repeat(9000), '!~"\\', 'YQ==', '0'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      null,
      'a b',
      ' token',
      'token\n',
      'token\0',
      'token\x7F',
      'tøken',
      '\u2028',
      '\uD800',
      '🔑',
      ['token'],
      { token: 'x' },
    ),
  },
  { weight: 1, arbitrary: anything },
)
const memberValues: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  access_token: tokenText,
  refresh_token: tokenText,
  token_type: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<unknown>('Bearer', 'bearer', 'BEARER', 'bEARER') },
    {
      weight: 4,
      arbitrary: fc.constantFrom<unknown>(
        null,
        'DPoP',
        'MAC',
        'N_A',
        'Bearer ',
        'Bearer\n',
        ' bearer',
        'Bearer,DPoP',
        'Bear\u0435r',
        ['Bearer'],
        { type: 'Bearer' },
      ),
    },
    { weight: 1, arbitrary: anything },
  ),
  id_token: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<unknown>(idToken, idToken, 'a.b.c', 'x') },
    { weight: 1, arbitrary: fc.constantFrom<unknown>([idToken], { jwt: idToken }, '', null) },
    { weight: 1, arbitrary: anything },
  ),
  // A part of a second is judged further down.
  expires_in: fc
    .oneof(
      { weight: 6, arbitrary: fc.constantFrom<unknown>(0, 1, 120, 3600, 315_360_000, -0) },
      {
        weight: 4,
        arbitrary: fc.constantFrom<unknown>(
          null,
          -1,
          315_360_001,
          1e20,
          huge,
          -1e300,
          '120',
          '120s',
          'Infinity',
          [120],
          { seconds: 120 },
        ),
      },
      { weight: 1, arbitrary: anything },
    )
    .filter((value) => typeof value !== 'number' || Number.isInteger(value)),
  scope: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<unknown>('openid', 'openid profile', 'else', '') },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(['openid'], { openid: true }, null) },
    { weight: 1, arbitrary: anything },
  ),
  error: anything,
  error_description: anything,
  c_nonce: anything,
  made_up: anything,
  constructor: anything,
  ACCESS_TOKEN: anything,
  refresh_token_expires_in: anything,
}
const absent = Symbol('absent')
const members = fc
  .oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'access_token',
        'refresh_token',
        'token_type',
        'id_token',
        'expires_in',
      ),
    },
    { weight: 2, arbitrary: fc.constantFrom(...Object.keys(memberValues)) },
  )
  .chain((name) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof(
        { weight: 12, arbitrary: memberValues[name] ?? anything },
        { weight: 1, arbitrary: fc.constant<unknown>(absent) },
      ),
    ),
  )

const deliveries = {
  'with white space': { text: (text: string) => ` \r\n${text.replace('{', '{\t')}\n` },
  'with charset': { type: 'application/json;charset=UTF-8' },
  'in capital letters': { type: 'Application/JSON' },
  'with a token twice': { text: (text: string) => text.replace('{', '{"access_token":"else",') },
  'with a name twice, once escaped': {
    text: (text: string) => text.replace('{', String.raw`{"id_toke\u006e":"else",`),
  },
  'with a name twice inside': {
    text: (text: string) => text.replace('{', '{"made":{"a":1,"a":1},'),
  },
  'with a byte order mark': { text: (text: string) => `\uFEFF${text}` },
  'in a list': { text: (text: string) => `[${text}]` },
  'as text in JSON': { text: (text: string) => JSON.stringify(text) },
  'as a form': { text: () => `access_token=a&token_type=Bearer&id_token=${idToken}` },
  'cut off': { text: (text: string) => text.slice(0, -1) },
  'with more behind it': { text: (text: string) => `${text}{}` },
  empty: { text: () => '' },
  null: { text: () => 'null' },
  'as HTML': { type: 'text/html' },
  'as text': { type: 'text/plain' },
  'as a form by its type': { type: 'application/x-www-form-urlencoded' },
} satisfies Record<string, Delivery>
interface Delivery {
  readonly text?: (text: string) => string
  readonly type?: string
}
const delivery = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Delivery>({}) },
  { weight: 1, arbitrary: fc.constantFrom<Delivery>(...Object.values(deliveries)) },
)

/** What the app and the oracle take out of a response, in the same words. */
async function judge(
  changes: readonly (readonly [string, unknown])[],
  { text = (json) => json, type = 'application/json' }: Delivery = {},
) {
  const good = { access_token: 'token', token_type: 'Bearer', id_token: idToken, expires_in: 120 }
  const kept = [...new Map([...Object.entries(good), ...changes])].filter(
    ([, value]) => value !== absent,
  )
  const json = JSON.stringify(Object.fromEntries(kept)).replaceAll(`"${huge}"`, '1e400')
  const body = text(json)
  const http = createHttp({
    clock: createTestClock(),
    signal: new AbortController().signal,
    fetch: async () => new Response(body, { headers: { 'content-type': type } }),
  })
  const callback = new Secret(
    new URLSearchParams({ code: 'code', state: request.state.reveal(), iss: issuer }),
  )
  const { parameters } = checkCallback(provider, policy, callback, request)
  const outcome = await requestTokens({
    provider,
    clientId: policy.clientId,
    resource: [],
    proofKey: null,
    request,
    callback: parameters,
    http,
  }).catch((error: unknown) => error)
  const right = /^application\/json(;|$)/i.test(type)
    ? tokensIn(readObject(Buffer.from(body)))
    : null
  const taken = isTaken(outcome) ? outcome : null
  const confirmed = await taken?.confirm().then(
    () => true,
    () => false,
  )
  return {
    ours: {
      code: outcome instanceof LoginError ? outcome.code : null,
      tokens: taken && {
        idToken: taken.idToken.reveal(),
        accessToken: taken.accessToken.reveal(),
        refreshToken: taken.refreshToken?.reveal() ?? null,
        expiresIn: taken.expiresIn,
      },
      confirmed,
    },
    theirs: {
      code: right === null ? 'E_TOKEN_RESPONSE' : null,
      tokens: right,
      // The library has nothing to say against what was taken, when the ID token is a right one.
      confirmed: right === null ? undefined : right.idToken === idToken,
    },
  }
}

function isTaken(outcome: unknown): outcome is Awaited<ReturnType<typeof requestTokens>> {
  return typeof outcome === 'object' && outcome !== null && 'confirm' in outcome
}

describe('a token response is refused', () => {
  it('exactly when the oracle refuses it', async () => {
    const tally = createTally()
    const changes = fc.array(members, { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(changes, delivery, async (some, how) => {
        const { ours, theirs } = await judge(some, how)
        expect(ours).toEqual(theirs)
        tally.add(theirs.tokens !== null)
      }),
      { numRuns: runs(400, 1500), seed },
    )
    tally.expectBoth()
  })

  it.each([0.5, 119.999])('that is to be good for %s s (RFC 6749 A.14)', async (life) => {
    const { ours, theirs } = await judge([['expires_in', life]])
    expect(theirs.tokens).toBeNull()
    expect(ours).toEqual(theirs)
  })
})

it.each(['http://issuer.test/token', 'http://localhost/token'])(
  'a token endpoint at %s, which the library refuses by itself, is refused by name and asked for nothing; one of https is asked',
  async (token_endpoint) => {
    const urls: string[] = []
    const refresh = (at: Provider) =>
      refreshTokens({
        provider: at,
        clientId: 'client',
        resource: [],
        proofKey: null,
        refreshToken: new Secret('refresh'),
        http: createHttp({
          clock: createTestClock(),
          signal: new AbortController().signal,
          fetch: async (url) => {
            urls.push(url)
            return Response.json({ access_token: 'a', token_type: 'Bearer' })
          },
        }),
      })
    const error = await failureOf(refresh({ ...provider, token_endpoint }), LoginError)
    expect([error.code, error.detail?.key, urls]).toEqual([
      'E_PROVIDER_METADATA',
      'token request',
      [],
    ])
    await expect(refresh(provider)).resolves.toBeTruthy()
    expect(urls).toEqual([provider.token_endpoint])
  },
)
