import { createHash, type KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { importJWK } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { LoginError } from '../errors.ts'
import { startLogin } from '../login.ts'
import { createProviderCache } from '../provider/cache.ts'
import type { IdTokenExpectation } from './rules.ts'
import { verifyIdToken } from './id-token.ts'
import type { VerificationKey } from '../provider/keys.ts'
import { Secret } from '../base/secret.ts'
import {
  arrive,
  createMailbox,
  createTestClock,
  locationOf,
  navigate,
  texts,
} from '../../../test/support/login.ts'
import {
  type Algorithm,
  brokenRules,
  claimRuleNames,
  compact,
  createTally,
  headerRuleNames,
  publicJwk,
  readObject,
  rsa,
  type UsableKey,
} from '../../../test/support/oracle.ts'
import { runs, seed } from '../../../test/support/thorough.ts'

const now = 1_800_000_000
const issuer = 'https://issuer.test'
const clientId = 'client'
const nonce = 'the-nonce-that-was-sent'
const accessToken = 'the-access-token'
const hash = createHash('sha256').update(accessToken).digest()
const atHash = hash.subarray(0, 16).toString('base64url')

const own = rsa()
const other = rsa()
const stranger = rsa()
const strangerJwk = publicJwk(stranger.publicKey)

/** The claims of a token that every expectation below accepts, but for a login that must be fresh. */
const good = {
  iss: issuer,
  sub: 'subject',
  aud: clientId,
  exp: now + 120,
  iat: now,
  nonce,
  acr: 'idporten-loa-high',
  auth_time: now - 20,
  amr: ['BankID'],
}

/** JSON has no such number; it is written into the text of the claims. */
const huge = '<1e400>'

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, '', 0, -1, true, false, [], {}, huge, -0.5, 1e300),
)
const nearText = (text: string) =>
  fc.constantFrom<unknown>(
    `${text}/`,
    `${text} `,
    ` ${text}`,
    `${text}\0`,
    `${text}1`,
    text.slice(0, -1),
    text.toUpperCase(),
    text.replace('i', '\u0456').replace('t', '\u0442'),
    text.replace('e', 'e\u0301'),
    `${text}.evil.example`,
    [text, 'stranger'],
    ['stranger', text],
    [text, text],
  )
/** Times around the edges, whole and broken, and as what is no number. */
const around = (...edges: readonly number[]) =>
  fc
    .tuple(fc.constantFrom(...edges), fc.constantFrom(-1, -0.5, 0, 0.5, 1), fc.nat({ max: 15 }))
    .map(([edge, beside, kind]): unknown =>
      kind === 0 ? String(edge + beside) : kind === 1 ? [edge + beside] : edge + beside,
    )

/** Values of a claim: right ones of every kind, ones near to them, ones of another shape, and anything. */
function values(
  right: readonly [unknown, ...unknown[]],
  near: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const rights = fc.constantFrom(...right)
  const reshaped = fc
    .tuple(rights, fc.nat({ max: 4 }))
    .map(([value, shape]) => [null, [value], String(value), { value }, [[value]]][shape])
  return fc.oneof(
    { weight: 12, arbitrary: rights },
    { weight: 5, arbitrary: near },
    { weight: 3, arbitrary: reshaped },
    { weight: 2, arbitrary: anything },
  )
}

const levels = [
  'idporten-loa-high',
  'eidas-loa-high',
  'idporten-loa-substantial',
  'eidas-loa-substantial',
] as const
const texted = (text: string) => values([text, ''], nearText(text))
const claimValues: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  iss: values([issuer], nearText(issuer)),
  sub: values(
    ['subject', 's'.repeat(255), '~ !'],
    fc.constantFrom(
      's'.repeat(256),
      'sø',
      '\u0455ubject',
      7,
      ['subject'],
      'Subject',
      'a\nb',
      '\x7F',
    ),
  ),
  aud: values([clientId, [clientId]], nearText(clientId)),
  azp: values([clientId], nearText(clientId)),
  exp: values([now + 1, now + 1e9, 1e300, now - 29, now - 29.5], around(now - 30, now, 0, -now)),
  iat: values(
    [now, now - 599, now - 600, now + 29.5, now + 30],
    around(now - 600, now + 30, now - 630),
  ),
  nbf: values([0, -1, now, now + 30, now - 1e6], around(now + 30, now + 600)),
  nonce: values([nonce], nearText(nonce)),
  acr: values(
    levels,
    fc.oneof(
      nearText('idporten-loa-high'),
      fc.constantFrom('idporten-loa-low', 'eidas-loa-low', 'low', 'substantial', 'high'),
      fc.constantFrom('Level4', 'xidporten-loa-high', 'idporten-loa-', 'idporten-loa-highest'),
      fc.constantFrom('selfregistered-email', 'eidas-loa-high\n', 'constructor', '__proto__'),
    ),
  ),
  auth_time: values(
    [now, now - 20, now - 30, now + 30, 1],
    around(now - 30, now - 90, now + 30, now - 5000),
  ),
  at_hash: values(
    [atHash],
    fc.oneof(nearText(atHash), fc.constantFrom(hash.toString('base64url'), hash.toString('hex'))),
  ),
  pid: values(
    ['12838540137', '00000000000'],
    fc.constantFrom(
      12838540137,
      '1283854013',
      '128385401371',
      '１２８３８５４０１３７',
      ' 12838540137',
    ),
  ),
  amr: anything,
  ...Object.fromEntries(
    `name given_name family_name middle_name nickname preferred_username profile picture website email
    gender birthdate zoneinfo locale phone_number c_hash jti sid client_id client_amr scope
    eidas_identifier`
      .split(/\s+/)
      .map((name) => [name, texted('text')]),
  ),
  updated_at: values([now, 0, -1, 0.5], fc.constantFrom(String(now), [now])),
  email_verified: values([true, false], fc.constantFrom('true', 1, 0)),
  phone_number_verified: values([true, false], fc.constantFrom('false', 1, 0)),
  address: fc.constantFrom<unknown>({ country: 'NO' }, {}, 'Oslo', [], null, 7),
  // Names that no rule knows, and such as every object has.
  made_up: anything,
  constructor: anything,
  toString: anything,
  AUD: anything,
  _claim_sources: anything,
}

/** Claims with a rule of their own are changed more often than those of which only the type counts. */
const claimNames = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...'iss sub aud azp exp iat nbf nonce acr auth_time at_hash pid'.split(' '),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(claimValues)) },
)
const absent = Symbol('absent')
const claimChange = claimNames.chain((name) =>
  fc.tuple(
    fc.constant(name),
    fc.oneof(
      { weight: 9, arbitrary: claimValues[name] ?? anything },
      { weight: 1, arbitrary: fc.constant<unknown>(absent) },
    ),
  ),
)

const headerValues: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  alg: fc.oneof(
    fc.constantFrom<unknown>('RS256', 'RS256', 'RS256', 'rs256', 'RS256 ', ['RS256'], 'RSA-OAEP'),
    fc.constantFrom<unknown>('none', 'None', 'HS256', 'PS256', 'ES256', 'RS384', 'EdDSA'),
    anything,
  ),
  typ: fc.oneof(
    fc.constantFrom<unknown>('application/jwt', 'application/jwt2', 'x/jwt'),
    fc.constantFrom<unknown>('JWT', 'jwt', 'Jwt', 'at+jwt', 'JOSE', 'logout+jwt', ['JWT'], 'JWT '),
    anything,
  ),
  kid: fc.oneof(
    fc.constantFrom<unknown>('own', 'own', 'other', 'OWN', ['own'], 'x', '../own'),
    anything,
  ),
  crit: fc.constantFrom<unknown>(
    ['exp'],
    ['b64'],
    [],
    null,
    'b64',
    ['https://issuer.test/new'],
    false,
  ),
  jwk: fc.constantFrom<unknown>(strangerJwk, null, {}, ''),
  jku: fc.constantFrom<unknown>(`${issuer}/jwks`, 'https://evil.example/jwks', null),
  x5u: fc.constantFrom<unknown>(`${issuer}/certificate`, null, ''),
  x5t: anything,
  x5c: fc.constantFrom<unknown>(['AA'], null, ''),
  b64: fc.constantFrom<unknown>(true, false, 'false', null),
  zip: fc.constantFrom<unknown>('DEF', null),
  cty: fc.constantFrom<unknown>('JWT', 'json', 7),
  enc: fc.constantFrom<unknown>('A256GCM', null),
  made_up: anything,
}
const headerChange = fc
  .constantFrom(
    ...Object.keys(headerValues),
    'typ',
    'typ',
    'typ',
    'alg',
    'kid',
    'kid',
    'x5t',
    'b64',
    'cty',
  )
  .chain((name) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof(
        { weight: 9, arbitrary: headerValues[name] ?? anything },
        { weight: 1, arbitrary: fc.constant<unknown>(absent) },
      ),
    ),
  )

/** What is done to the text of a token, before or after it is signed. */
const tricks = {
  nothing: {},
  'a claim twice': { claims: (text: string) => text.replace('{', '{"sub":"else",') },
  'a claim twice, once escaped': {
    claims: (text: string) => text.replace('{', String.raw`{"\u0061cr":"idporten-loa-high",`),
  },
  'a name twice inside': { claims: (text: string) => text.replace('{', '{"made":{"a":1,"a":2},') },
  'a header twice': { header: (text: string) => text.replace('{', '{"alg":"RS256",') },
  'white space': { claims: (text: string) => ` \n${text.replace('{', '{\t')}\r\n ` },
  'a byte order mark': { claims: (text: string) => `\uFEFF${text}` },
  'more than an object': { claims: (text: string) => `${text}{}` },
  'an object in a list': { claims: (text: string) => `[${text}]` },
  'no UTF-8': {
    claims: (text: string) =>
      Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"\xFF"}', 'latin1')]),
  },
  'a depth of 32': {
    claims: (text: string) => text.replace('{', `{"deep":${'['.repeat(31)}${']'.repeat(31)},`),
  },
  'a depth of 33': {
    claims: (text: string) => text.replace('{', `{"deep":${'['.repeat(32)}${']'.repeat(32)},`),
  },
  'another claim after signing': {
    token: (token: string) => {
      const [head, body = '', signature] = token.split('.')
      const changed = Buffer.from(body, 'base64url').toString().replace('{', '{"made":1,')
      return [head, Buffer.from(changed).toString('base64url'), signature].join('.')
    },
  },
  'a shorter signature': { token: (token: string) => token.slice(0, -4) },
  'a longer signature': { token: (token: string) => `${token}AAAA` },
  'another bit in the signature': {
    token: (token: string) => {
      const at = token.lastIndexOf('.') + 9
      return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    },
  },
  'a padded signature': { token: (token: string) => `${token}==` },
  'a line break behind it': { token: (token: string) => `${token}\n` },
  'a blank before it': { token: (token: string) => ` ${token}` },
  'padded claims': { token: (token: string) => token.replace(/\.(?=[^.]*$)/, '=.') },
  'a fourth part': { token: (token: string) => `${token}.AA` },
  'five parts': { token: (token: string) => `${token}.AA.AA` },
  'no signature': { token: (token: string) => token.slice(0, token.lastIndexOf('.')) },
  'an empty signature': { token: (token: string) => token.slice(0, token.lastIndexOf('.') + 1) },
  'JSON instead of base64': {
    token: (token: string) => token.replace(/^[^.]*/, '{"alg":"RS256"}'),
  },
} satisfies Record<string, Trick>
interface Trick {
  readonly header?: (text: string) => string
  readonly claims?: (text: string) => string | Buffer
  readonly token?: (token: string) => string
}
const trick = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Trick>({}) },
  { weight: 2, arbitrary: fc.constantFrom<Trick>(...Object.values(tricks)) },
)

const signers: readonly (readonly [KeyObject, Algorithm])[] = [
  [stranger.privateKey, 'RS256'],
  [other.privateKey, 'RS256'],
  [own.privateKey, 'none'],
  [own.privateKey, 'HS256'],
  [own.privateKey, 'PS256'],
  [own.privateKey, 'RS384'],
  [own.privateKey, 'ES256'],
]
const signer = fc.oneof(
  { weight: 10, arbitrary: fc.constant<(typeof signers)[number]>([own.privateKey, 'RS256']) },
  { weight: 2, arbitrary: fc.constantFrom(...signers) },
)

const recipes: fc.Arbitrary<Recipe> = fc.record({
  claims: fc.oneof(
    { weight: 2, arbitrary: fc.constant<[string, unknown][]>([]) },
    { weight: 5, arbitrary: fc.array(claimChange, { maxLength: 4 }) },
  ),
  header: fc.oneof(
    { weight: 3, arbitrary: fc.constant<[string, unknown][]>([]) },
    { weight: 1, arbitrary: fc.array(headerChange, { maxLength: 2 }) },
  ),
  signer,
  /** Whether the header tells the algorithm that was used. */
  honest: fc.boolean(),
  trick,
})
interface Recipe {
  readonly claims: readonly (readonly [string, unknown])[]
  readonly header: readonly (readonly [string, unknown])[]
  readonly signer: readonly [KeyObject, Algorithm]
  readonly honest: boolean
  readonly trick: Trick
}

function jsonOf(object: object, changes: readonly (readonly [string, unknown])[]): string {
  const entries = [...new Map([...Object.entries(object), ...changes])]
  const kept = entries.filter(([, value]) => value !== absent)
  return JSON.stringify(Object.fromEntries(kept)).replaceAll(`"${huge}"`, '1e400')
}

/** The nonce of an attempt stands wherever the recipe has the one that was sent, or nearly. */
function tokenOf(recipe: Recipe, sent = nonce): string {
  const {
    claims,
    header,
    signer: [key, algorithm],
    honest,
    trick: how,
  } = recipe
  const head = jsonOf({ alg: honest ? algorithm : 'RS256', kid: 'own' }, header)
  const body = jsonOf(good, claims).replaceAll(nonce, sent)
  const token = compact(how.header?.(head) ?? head, how.claims?.(body) ?? body, key, algorithm)
  return how.token?.(token) ?? token
}

const usable = (...list: readonly (readonly [string | undefined, KeyObject])[]): UsableKey[] =>
  list.map(([kid, key]) => ({ kid, key }))
const rings = {
  own: usable(['own', own.publicKey]),
  two: usable(['other', other.publicKey], ['own', own.publicKey]),
  nameless: usable([undefined, own.publicKey]),
  'two nameless': usable([undefined, own.publicKey], [undefined, other.publicKey]),
  'of the same name': usable(['own', own.publicKey], ['own', other.publicKey]),
  none: [],
} satisfies Record<string, UsableKey[]>
const ring = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<UsableKey[]>(rings.own, rings.two) },
  { weight: 1, arbitrary: fc.constantFrom<UsableKey[]>(...Object.values(rings)) },
)

const renewal = fc.record({
  by: fc.constantFrom<'refresh-token' | 'browser'>('refresh-token', 'browser'),
  claims: fc
    .constantFrom<Record<string, unknown>>(
      good,
      good,
      good,
      { ...good, auth_time: undefined },
      { ...good, auth_time: now - 5000 },
      { ...good, sub: 'another' },
      { ...good, sub: 's'.repeat(255) },
    )
    .map((claims) =>
      Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)),
    ),
})
const expectation: IdTokenExpectation = {
  issuer,
  clientId,
  accessToken: new Secret(accessToken),
  nonce: new Secret(nonce),
  renews: null,
  acrValues: ['idporten-loa-substantial'],
  attemptLasted: null,
  now,
  clockSkew: null,
}
const expectations: fc.Arbitrary<IdTokenExpectation> = fc.record({
  issuer: fc.constant(issuer),
  clientId: fc.constant(clientId),
  accessToken: fc.constant(new Secret(accessToken)),
  nonce: fc.constant(new Secret(nonce)),
  renews: fc.oneof(fc.constant(null), renewal),
  acrValues: fc.oneof(
    fc.constant([]),
    fc.subarray([
      'idporten-loa-substantial',
      'idporten-loa-high',
      'eidas-loa-substantial',
      'idporten-loa-low',
    ]),
    fc.subarray(['substantial', 'selfregistered-email', 'Level4', 'idporten-loa-high']),
  ),
  attemptLasted: fc.constantFrom(null, null, null, null, 60, 0),
  now: fc.constant(now),
  clockSkew: fc.constantFrom(null, 0, 300, -301, 301, -720, 720, 1e9),
})

const imported = new Map<KeyObject, VerificationKey['key']>()
beforeAll(async () => {
  for (const { publicKey } of [own, other]) {
    // oxlint-disable-next-line no-await-in-loop
    const key = await importJWK(publicJwk(publicKey), 'RS256')
    if (!(key instanceof Uint8Array)) imported.set(publicKey, key)
  }
})

/** What the app and the oracle say of a token, in the same words, and what the oracle finds broken. */
async function judge(
  token: string,
  usableKeys: readonly UsableKey[],
  expected: IdTokenExpectation,
) {
  const broken = await brokenRules(token, usableKeys, expected)
  const keys = usableKeys.flatMap(({ kid, key }) => {
    const found = imported.get(key)
    return found === undefined ? [] : [{ kid, key: found }]
  })
  const outcome = await verifyIdToken(new Secret(token), keys, expected).catch((error: unknown) => {
    if (error instanceof LoginError) return error
    throw error
  })
  const error = outcome instanceof LoginError ? outcome : null
  const isJwt = !broken.includes('jwt')
  const accepted = broken.length === 0
  const { clockSkew } = expected
  const clockIsOff = clockSkew !== null && Math.abs(clockSkew) > 30
  // A signature under a header that must be understood may be said to be valid or not.
  const told = (rules: readonly string[]) =>
    rules.filter((rule) => rule !== 'signature' || !broken.includes('crit'))
  const bySignature = broken.some((rule) => headerRuleNames.includes(rule))
  return {
    broken,
    ours: {
      code: error?.code === 'E_CLOCK_SKEW' && clockIsOff ? 'E_ID_TOKEN_CLAIM' : error?.code,
      rules: outcome.checks.map(({ rule }) => rule),
      broken: told(outcome.checks.flatMap(({ rule, result }) => (result === 'fail' ? rule : []))),
      claims: outcome instanceof LoginError ? null : outcome.claims,
      blamed: accepted || !isJwt || broken.includes(error?.detail?.key ?? ''),
    },
    theirs: {
      code: accepted
        ? undefined
        : !isJwt
          ? 'E_TOKEN_RESPONSE'
          : bySignature
            ? 'E_ID_TOKEN_SIGNATURE'
            : 'E_ID_TOKEN_CLAIM',
      rules: isJwt ? [...headerRuleNames, ...claimRuleNames] : [],
      broken: isJwt ? told(broken) : [],
      claims: accepted ? readObject(Buffer.from(token.split('.')[1] ?? '', 'base64url')) : null,
      blamed: true,
    },
  }
}

describe('an ID token is refused', () => {
  it(
    'exactly when the oracle refuses it, and for the same rules',
    { timeout: 60_000 },
    async () => {
      const tally = createTally()
      await fc.assert(
        fc.asyncProperty(recipes, ring, expectations, async (recipe, keys, expected) => {
          const { broken, ours, theirs } = await judge(tokenOf(recipe), keys, expected)
          expect(ours).toEqual(theirs)
          tally.add(broken.length === 0, ...broken)
        }),
        { numRuns: runs(500, 1600), seed },
      )
      tally.expectBoth()
      tally.expectSeen(['jwt', ...headerRuleNames, ...claimRuleNames])
    },
  )

  // Each was a disagreement once: the specification that decides it stands beside it.
  interface Case extends Partial<Recipe> {
    readonly renews?: IdTokenExpectation['renews']
    readonly broken: readonly string[]
  }
  it.each<readonly [string, Case]>([
    ['but not for an nbf of zero (RFC 7519 §4.1.5)', { claims: [['nbf', 0]], broken: [] }],
    ['but not for an nbf before 1970 (RFC 7519 §2)', { claims: [['nbf', -1]], broken: [] }],
    [
      'but not for the whole name of its type (RFC 7515 §4.1.9)',
      { header: [['typ', 'application/jwt']], broken: [] },
    ],
    [
      'but not for certificates that come along, which ID-porten has sent: they are passed over',
      { header: [['x5c', ['AA']]], broken: [] },
    ],
    [
      'with an address that is text (Core §5.1.1)',
      { claims: [['address', 'x']], broken: ['types'] },
    ],
    ['with a login before 1970 (Core §2)', { claims: [['auth_time', -1]], broken: ['types'] }],
    ['with a login at no time (Core §2)', { claims: [['auth_time', huge]], broken: ['types'] }],
    [
      'with an azp that the login did not have (Core §12.2)',
      {
        claims: [['azp', clientId]],
        renews: { by: 'refresh-token', claims: good },
        broken: ['azp'],
      },
    ],
    [
      'without the azp that the login had (Core §12.2)',
      { renews: { by: 'refresh-token', claims: { ...good, azp: clientId } }, broken: ['azp'] },
    ],
    [
      'with a padded signature (RFC 7515 §5.2)',
      { trick: { token: (token) => `${token}==` }, broken: ['signature'] },
    ],
    [
      'with a line break in its signature (RFC 7515 §5.2)',
      { trick: { token: (token) => `${token}\n` }, broken: ['signature'] },
    ],
  ])('%s', async (_, { broken, renews = null, ...recipe }) => {
    const token = tokenOf({
      claims: [],
      header: [],
      signer: [own.privateKey, 'RS256'],
      honest: true,
      trick: {},
      ...recipe,
    })
    const judged = await judge(token, rings.own, { ...expectation, renews })
    expect(judged.broken).toEqual(broken)
    expect(judged.ours).toEqual(judged.theirs)
  })
})

describe('a whole attempt', () => {
  beforeEach(() => {
    // oauth4webapi looks at the clock of the system; no timer stands still.
    vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const json = (value: unknown) => Response.json(value)
  const keySet = {
    keys: [
      { ...publicJwk(other.publicKey), kid: 'other' },
      { ...publicJwk(own.publicKey), kid: 'own' },
    ],
  }
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['pairwise'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
  }

  /** Logs in at a provider that answers with this token; gives the outcome and the token as it was. */
  async function logIn(recipe: Recipe, acrValues: readonly string[], prompt: 'login' | undefined) {
    const clock = createTestClock(now * 1000)
    const opened = createMailbox<string>()
    let sent = nonce
    let token = ''
    const attempt = startLogin({
      issuer,
      clientId,
      scope: 'openid',
      acrValues,
      prompt,
      par: 'never',
      texts,
      loginTimeout: 300_000,
      providerCache: createProviderCache(clock),
      clock,
      openBrowser: async (address) => opened.put(address),
      onEvent: () => {},
      fetch: async (address) => {
        const path = new URL(address).pathname
        if (path === '/jwks') return json(keySet)
        if (path !== '/token') return json(metadata)
        token = tokenOf(recipe, sent)
        return json({ access_token: accessToken, token_type: 'Bearer', id_token: token })
      },
    })
    const outcome = attempt.result.catch((error: unknown) => {
      if (error instanceof LoginError) return error
      throw error
    })
    const start = await opened.next()
    const asked = new URL(locationOf(await navigate(start), start)).searchParams
    sent = asked.get('nonce') ?? ''
    const callback = new URL(asked.get('redirect_uri') ?? '')
    callback.search = String(
      new URLSearchParams({ code: 'code', state: asked.get('state') ?? '', iss: issuer }),
    )
    const page = arrive(callback)
    const result = await outcome
    await page
    clock.advance(1000)
    return { result, token, nonce: new Secret(sent) }
  }

  it('signs in exactly when the oracle accepts its token', { timeout: 60_000 }, async () => {
    const tally = createTally()
    const acrLists = fc.constantFrom([], ['idporten-loa-substantial'], ['idporten-loa-high'])
    const ages = fc.constantFrom(0, 0, 5, 6, 90)
    const prompts = fc.constantFrom(undefined, undefined, 'login' as const)
    await fc.assert(
      fc.asyncProperty(recipes, ages, acrLists, prompts, async (recipe, age, acrValues, prompt) => {
        const claims = [['auth_time', now - age] as const, ...recipe.claims]
        const login = await logIn({ ...recipe, claims }, acrValues, prompt)
        const broken = await brokenRules(login.token, rings.two, {
          ...expectation,
          nonce: login.nonce,
          acrValues,
          attemptLasted: prompt === 'login' ? 0 : null,
        })
        tally.add(broken.length === 0)
        const { result } = login
        const failed = result instanceof LoginError
        expect({
          token: failed ? null : result?.idToken.reveal(),
          failed: failed ? [] : result?.checks.filter((check) => check.result === 'fail'),
          blamed:
            !failed ||
            broken.includes(
              result.code === 'E_TOKEN_RESPONSE' ? 'jwt' : (result.detail?.key ?? ''),
            ),
        }).toEqual({
          token: broken.length === 0 ? login.token : null,
          failed: [],
          blamed: true,
        })
      }),
      { numRuns: runs(30, 150), seed },
    )
    tally.expectBoth()
  })
})
