import { createHash } from 'node:crypto'
import type { JWK } from 'jose'
import { hostileTexts, stepsWithFaults } from './faults.ts'
import type { FaultName, FaultScenarioName, Step } from './faults.ts'
import type { Algorithm, SigningKey, StrangerKey } from './keys.ts'
import { otherClientId } from './clients.ts'
import { persons } from './persons.ts'

/** A token before it is signed; a text in place of an object stands for its own bytes. */
export interface UnsignedToken {
  readonly header: Readonly<Record<string, unknown>> | string
  readonly claims: unknown
}

/** An ID token as the provider means it. */
export interface IssuedIdToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly accessToken: string
  /** `authorization_code` or `refresh_token`. */
  readonly grant: string
}

/** What a scenario has at hand. */
export interface Tools {
  readonly issuer: string
  /** The same simulator under another host name, so that the journal shows who went there. */
  readonly elsewhere: string
  /** The key that signs now and is published. */
  readonly ownKey: () => SigningKey
  /** A key that is not the provider's; the same one for the whole life of the simulator. */
  readonly strangerKey: (kind: StrangerKey) => Promise<SigningKey>
  /** Makes a new signing key, publishes it and forgets the one before. */
  readonly rotateKeys: () => Promise<void>
  /** Signs as told, with the provider's key and its algorithm unless told otherwise; the header stays. */
  readonly sign: (token: UnsignedToken, key?: SigningKey, algorithm?: Algorithm) => string
  /** Signs with HMAC-SHA256 and a text as the secret; the header stays. */
  readonly signWithSecret: (token: UnsignedToken, secret: string) => string
}

type Maybe<T> = T | Promise<T>

/** Which nonces a DPoP proof may carry: one of the latest, the newest alone, or none that exists. */
export type NoncePolicy = 'recent' | 'newest' | 'never'

/** Whether a refresh token is replaced when it is used, or stays. */
export type RefreshTokenUsage = 'onetime' | 'reusable'

/** What a provider does wrong, or does rarely but rightly. */
export interface Scenario {
  /** What the provider does, in one sentence. */
  readonly summary: string
  /**
   * True: a correct client must log in nevertheless. False: it must not.
   * Absent: it depends on what the client asks for and puts up with.
   */
  readonly good?: boolean
  /** Called before the provider sees a request of a step. */
  readonly request?: (step: Step, tools: Tools) => Maybe<void>
  /** Gives the discovery document that goes out, which may be any JSON value. */
  readonly metadata?: (document: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /** Gives the JWK set that goes out. */
  readonly keys?: (document: { readonly keys: readonly JWK[] }, tools: Tools) => unknown
  /** Gives the answer to a pushed authorization request. */
  readonly pushedRequest?: (body: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /** Changes the redirect to the client: its query, or the whole address. */
  readonly callback?: (parameters: URLSearchParams, url: URL, tools: Tools) => Maybe<void>
  /** Gives the compact ID token that goes out, or the token that the provider's key signs. */
  readonly idToken?: (token: IssuedIdToken, tools: Tools) => Maybe<string | UnsignedToken>
  /** Gives the token response, with the ID token already in it; the grant is that of the request. */
  readonly tokenResponse?: (
    body: Readonly<Record<string, unknown>>,
    tools: Tools,
    grant: string,
  ) => unknown
  /** Gives the userinfo response; a text is sent as a JWT. */
  readonly userinfo?: (body: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /** Gives the answer of an API. */
  readonly api?: (body: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /**
   * Changes the address that a logout goes back to, or keeps the browser: on the page that follows
   * every logout, or on one that says that another service stopped it.
   */
  readonly afterLogout?: (back: URL, tools: Tools) => Maybe<'page' | 'stopped' | void>
  /**
   * The SameSite of the cookie that a logout needs, as a browser would act on it if the client were
   * another site; `gone` is a session that has ended already.
   */
  readonly logoutCookie?: 'lax' | 'strict' | 'gone'
  /** Demands nonces in DPoP proofs, at the token endpoint, userinfo and the APIs. */
  readonly dpopNonce?: NoncePolicy
  /** Takes no notice of DPoP proofs at the token endpoint. */
  readonly ignoresDpop?: true
  /** In place of what the simulator was told at the start. */
  readonly refreshTokenUsage?: RefreshTokenUsage
  /** Pages of the scenario's own, by path. */
  readonly endpoints?: Readonly<
    Record<string, (tools: Tools) => Maybe<{ readonly type: string; readonly body: string }>>
  >
  /** Seconds that the provider's clock is ahead: `Date`, `iat`, `exp` and `auth_time` shift. */
  readonly clock?: number
  /** What happens to the requests of one step on the wire. */
  readonly fault?: {
    readonly step: Step
    readonly kind: FaultName
    /** Hits only token requests of this grant. */
    readonly grant?: 'authorization_code' | 'refresh_token'
    /** Before the provider has processed the request, the default, or after it (the answer is lost). */
    readonly when?: 'before' | 'after'
    /** How many requests it hits; all when absent. */
    readonly times?: number
  }
}

type Claims = IssuedIdToken['claims']

const text = (value: unknown): string => String(value)
const now = () => Math.floor(Date.now() / 1000)
const bad = (summary: string, what: Omit<Scenario, 'summary' | 'good'>): Scenario => ({
  summary,
  good: false,
  ...what,
})
const good = (summary: string, what: Omit<Scenario, 'summary' | 'good'>): Scenario => ({
  summary,
  good: true,
  ...what,
})
const either = (summary: string, what: Omit<Scenario, 'summary' | 'good'>): Scenario => ({
  summary,
  ...what,
})

/** Other claims, under a right signature. */
const claims = (change: (claims: Claims, token: IssuedIdToken, tools: Tools) => unknown) => ({
  idToken: (token: IssuedIdToken, tools: Tools) => ({
    header: token.header,
    claims: change(token.claims, token, tools),
  }),
})
const set = (members: Readonly<Record<string, unknown>>) =>
  claims((former) => ({ ...former, ...members }))
const append = (name: string) =>
  claims((former) => ({ ...former, [name]: `${text(former[name])}1` }))
const without = (...names: readonly string[]) => claims((former) => omit(former, ...names))

function omit(object: Readonly<Record<string, unknown>>, ...names: readonly string[]) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

/** Another header, under a right signature. */
const header = (members: Readonly<Record<string, unknown>>) => ({
  idToken: (token: IssuedIdToken) => ({ ...token, header: { ...token.header, ...members } }),
})

/** Signed by a key that is not the provider's, with a header that says what it likes. */
const byStranger = (
  kind: StrangerKey,
  change: (header: IssuedIdToken['header'], key: SigningKey, tools: Tools) => object,
) => ({
  idToken: async (token: IssuedIdToken, tools: Tools) => {
    const key = await tools.strangerKey(kind)
    const changed = { ...token.header, ...change(token.header, key, tools) }
    return tools.sign({ header: changed, claims: token.claims }, key)
  },
})

/** Another algorithm with the provider's key. */
const algorithm = (alg: Algorithm) => ({
  idToken: (token: IssuedIdToken, tools: Tools) =>
    tools.sign({ header: { ...token.header, alg }, claims: token.claims }, tools.ownKey(), alg),
})

/** Changes the first character of the signature. */
function corrupted(token: string): string {
  const start = token.lastIndexOf('.') + 1
  return `${token.slice(0, start)}${token[start] === 'A' ? 'B' : 'A'}${token.slice(start + 1)}`
}

/** Signs without a private key: to the power of 1, the padded digest is its own signature. */
function forgedForExponentOne(unsigned: string): string {
  const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const digest = createHash('sha256').update(unsigned.slice(0, -1)).digest()
  const end = Buffer.concat([Buffer.from([0]), digestInfo, digest])
  const padding = Buffer.alloc(256 - 2 - end.length, 0xff)
  return unsigned + Buffer.concat([Buffer.from([0, 1]), padding, end]).toString('base64url')
}

/** The published keys with those of a stranger among them. */
const keysWith = (kind: StrangerKey) => ({
  keys: async ({ keys }: { readonly keys: readonly JWK[] }, tools: Tools) => ({
    keys: [...keys, (await tools.strangerKey(kind)).publicJwk],
  }),
})

/** Changes each published key. */
const eachKey = (change: (key: JWK, tools: Tools) => unknown) => ({
  keys: ({ keys }: { readonly keys: readonly JWK[] }, tools: Tools) => ({
    keys: keys.map((key) => change(key, tools)),
  }),
})

const metadata = (members: (tools: Tools) => Readonly<Record<string, unknown>>) => ({
  metadata: (document: Readonly<Record<string, unknown>>, tools: Tools) => ({
    ...document,
    ...members(tools),
  }),
})
const response = (members: Readonly<Record<string, unknown>>) => ({
  tokenResponse: (body: Readonly<Record<string, unknown>>) => ({ ...body, ...members }),
})
const pushed = (members: Readonly<Record<string, unknown>>) => ({
  pushedRequest: (body: Readonly<Record<string, unknown>>) => ({ ...body, ...members }),
})
const query = (change: (parameters: URLSearchParams, url: URL, tools: Tools) => void) => ({
  callback: change,
})

/** One scenario for each of several names, all under the same prefix. */
function each<const Prefix extends string, const Name extends string>(
  prefix: Prefix,
  names: readonly Name[],
  make: (name: Name) => Scenario,
): Readonly<Record<`${Prefix}${Name}`, Scenario>> {
  // The keys are made of the same names as the type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(names.map((name) => [`${prefix}${name}`, make(name)])) as Record<
    `${Prefix}${Name}`,
    Scenario
  >
}

const hostileNames = [
  'html',
  'javascript',
  'long',
  'personal-number',
  'jwt',
  'control-characters',
] as const satisfies readonly (keyof typeof hostileTexts)[]

/** Takes the code away and puts an error in its place. */
function refuse(parameters: URLSearchParams, error: string, description?: string): void {
  parameters.delete('code')
  parameters.set('error', error)
  if (description !== undefined) {
    parameters.set('error_description', description)
    // Twice the long one would be too much for many a listener.
    if (description.length < 1000) {
      parameters.set('error_uri', description)
    }
  }
}

const weekInSeconds = 7 * 24 * 60 * 60
const otherPid = persons[1]?.pid ?? ''

const idTokenClaims = {
  'invalid-iss': bad('The ID token is from another issuer.', append('iss')),
  'missing-iss': bad('The ID token has no iss.', without('iss')),
  'missing-sub': bad('The ID token has no sub.', without('sub')),
  'invalid-aud': bad('The ID token is for another audience.', append('aud')),
  'missing-aud': bad('The ID token has no aud.', without('aud')),
  'missing-iat': bad('The ID token has no iat.', without('iat')),
  'missing-exp': bad('The ID token has no exp.', without('exp')),
  'expired-exp': bad(
    'The ID token expired 6 minutes ago.',
    claims((former) => ({ ...former, exp: now() - 6 * 60 })),
  ),
  'invalid-nonce': bad('The nonce is another one.', append('nonce')),
  'missing-nonce': bad('The ID token has no nonce.', without('nonce')),
  'iat-week-in-past': bad(
    'The ID token was issued a week ago.',
    claims((former) => ({ ...former, iat: now() - weekInSeconds })),
  ),
  'iat-in-future': bad(
    'The ID token is issued a day from now.',
    claims((former) => ({ ...former, iat: now() + 86_400, exp: now() + 86_520 })),
  ),
  'nbf-in-future': bad(
    'The ID token is valid from tomorrow on.',
    claims((former) => ({ ...former, nbf: now() + 86_400 })),
  ),
  'auth-time-last-year': either(
    'The login was a year ago, which matters when a fresh one was asked for.',
    claims((former) => ({ ...former, auth_time: now() - 365 * 86_400 })),
  ),
  'multiple-aud': bad(
    'The ID token is for this client and another one, and says it was made for this one.',
    claims((former) => ({ ...former, aud: [former['aud'], otherClientId], azp: former['aud'] })),
  ),
  'aud-array-of-one': good(
    'The audience is this client, in an array.',
    claims((former) => ({ ...former, aud: [former['aud']] })),
  ),
  'azp-other': bad('azp names another client.', set({ azp: otherClientId })),
  'azp-self': good(
    'azp names this client.',
    claims((former) => ({ ...former, azp: former['aud'] })),
  ),
  'invalid-at-hash': bad(
    'at_hash is of another access token.',
    set({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }),
  ),
  'right-at-hash': good(
    'at_hash is of the access token.',
    claims((former, { accessToken }) => {
      const hash = createHash('sha256').update(accessToken).digest()
      return { ...former, at_hash: hash.subarray(0, 16).toString('base64url') }
    }),
  ),
  'missing-at-hash': good('The ID token has no at_hash.', without('at_hash')),
  'invalid-c-hash': either('c_hash is of another code.', set({ c_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })),
  'acr-missing': bad('The ID token has no acr.', without('acr')),
  'acr-too-low': bad('The level is below substantial.', set({ acr: 'idporten-loa-low' })),
  'acr-array': bad('acr is an array.', set({ acr: ['idporten-loa-high'] })),
  'acr-superstring': bad('acr begins like a level.', set({ acr: 'idporten-loa-highest' })),
  'acr-with-prefix': bad('acr ends like a level.', set({ acr: 'not-idporten-loa-high' })),
  'acr-uppercase': bad('acr is in capitals.', set({ acr: 'IDPORTEN-LOA-HIGH' })),
  'acr-two-levels': bad(
    'acr names two levels.',
    set({ acr: 'idporten-loa-high idporten-loa-low' }),
  ),
  'acr-of-ansattporten': bad('acr is a bare word of Ansattporten.', set({ acr: 'high' })),
  'acr-unknown': bad('acr is no level.', set({ acr: 'urn:example:silver' })),
  'acr-high': good('The level is high.', set({ acr: 'idporten-loa-high' })),
  'iss-array': bad(
    'iss is an array.',
    claims((former) => ({ ...former, iss: [former['iss']] })),
  ),
  'iss-with-slash': bad(
    'iss has a slash at the end.',
    claims((former) => ({ ...former, iss: `${text(former['iss'])}/` })),
  ),
  'sub-number': bad('sub is a number.', set({ sub: 12_345 })),
  'sub-empty': bad('sub is empty.', set({ sub: '' })),
  'sub-300-characters': bad('sub is too long.', set({ sub: 'a'.repeat(300) })),
  'sub-not-ascii': bad('sub is not ASCII.', set({ sub: 'blåbær' })),
  'aud-empty-array': bad('aud is an empty array.', set({ aud: [] })),
  'aud-number': bad('aud is a number.', set({ aud: 1 })),
  'aud-nested-array': bad(
    'aud is an array in an array.',
    claims((former) => ({ ...former, aud: [[former['aud']]] })),
  ),
  'exp-string': bad(
    'exp is a text.',
    claims((former) => ({ ...former, exp: text(former['exp']) })),
  ),
  'exp-null': bad('exp is null.', set({ exp: null })),
  'exp-negative': bad('exp is negative.', set({ exp: -1 })),
  'exp-fraction': good(
    'exp has a fraction of a second.',
    claims((former) => ({ ...former, exp: Number(former['exp']) + 0.5 })),
  ),
  'iat-string': bad(
    'iat is a text.',
    claims((former) => ({ ...former, iat: text(former['iat']) })),
  ),
  'nonce-array': bad(
    'The nonce is in an array.',
    claims((former) => ({ ...former, nonce: [former['nonce']] })),
  ),
  'pid-number': bad(
    'pid is a number.',
    claims((former) => ({ ...former, pid: Number(former['pid']) })),
  ),
  'pid-letters': bad('pid is not a number of 11 digits.', set({ pid: 'abcdefghijk' })),
  'name-is-html': good(
    'The names are HTML, which must be shown as text.',
    set({ given_name: hostileTexts.html, family_name: hostileTexts['control-characters'] }),
  ),
  'claims-array': bad(
    'The claims are an array.',
    claims((former) => [former]),
  ),
  'claims-string': bad(
    'The claims are a text.',
    claims(() => '"claims"'),
  ),
  'claims-null': bad(
    'The claims are null.',
    claims(() => null),
  ),
  'claims-not-json': bad(
    'The claims are not JSON.',
    claims(() => '{"iss":'),
  ),
  'claims-duplicated': either(
    'Each claim comes twice, first with a wrong value.',
    claims((former) => {
      const wrong = Object.keys(former).map((name) => `${JSON.stringify(name)}:"INVALID"`)
      return JSON.stringify(former).replace('{', `{${wrong.join(',')},`)
    }),
  ),
  'claims-deep': either(
    'A claim is 100 000 arrays deep.',
    claims((former) =>
      JSON.stringify(former).replace('{', `{"more":${'['.repeat(1e5)}${']'.repeat(1e5)},`),
    ),
  ),
  'claims-with-proto': either(
    'A claim is named __proto__.',
    claims((former) => JSON.stringify(former).replace('{', '{"__proto__":{"polluted":true},')),
  ),
  'claims-1000': good(
    'There are 1000 claims more.',
    claims((former) => ({
      ...former,
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`claim_${index}`, index])),
    })),
  ),
  'aggregated-claims': good('Claims of another source come along, signed.', {
    idToken: (token, tools) => ({ ...token, claims: { ...token.claims, ...aggregated(tools) } }),
    userinfo: (body, tools) => ({ ...body, ...aggregated(tools) }),
  }),
  'distributed-claims': good('Claims wait at another address, which must not be fetched.', {
    idToken: (token, tools) => ({ ...token, claims: { ...token.claims, ...distributed(tools) } }),
    userinfo: (body, tools) => ({ ...body, ...distributed(tools) }),
    endpoints: { '/claim-source': (tools) => ({ type: 'application/jwt', body: address(tools) }) },
  }),
} as const satisfies Record<string, Scenario>

function address({ issuer, sign, ownKey }: Tools): string {
  const { kid, alg } = ownKey()
  return sign({ header: { kid, alg }, claims: { iss: issuer, address: { country: 'NO' } } })
}

function aggregated(tools: Tools) {
  return {
    _claim_names: { address: 'source' },
    _claim_sources: { source: { JWT: address(tools) } },
  }
}

function distributed({ issuer }: Tools) {
  const endpoint = `${issuer}/claim-source`
  return {
    _claim_names: { address: 'source' },
    _claim_sources: { source: { endpoint, access_token: 'claim-source-token' } },
  }
}

const signatures = {
  'kid-absent-single': good(
    'The token names no key, and there is one.',
    header({ kid: undefined }),
  ),
  'kid-absent-multiple-jwks': either('The token names no key, and there are two.', {
    ...header({ kid: undefined }),
    ...keysWith('rsa-2048'),
  }),
  'kid-unknown': bad('The token names a key that is not published.', header({ kid: 'unknown' })),
  'kid-number': bad('kid is a number.', header({ kid: 1 })),
  'kid-path': bad('kid is a path.', header({ kid: '../../../../dev/null' })),
  'sig-none': bad('The token is not signed.', algorithm('none')),
  'sig-none-mixed-case': bad('The token is not signed, and says nOnE.', {
    idToken: ({ header: former, claims: body }, tools) =>
      tools.sign({ header: { ...former, alg: 'nOnE' }, claims: body }, tools.ownKey(), 'none'),
  }),
  'sig-empty': bad('The signature is empty.', {
    idToken: (token, tools) => tools.sign(token, tools.ownKey(), 'none'),
  }),
  'sig-stripped': bad('The token has two parts.', {
    idToken: (token, tools) => tools.sign(token).split('.').slice(0, 2).join('.'),
  }),
  'invalid-sig-rs256': bad('The signature is not valid.', {
    idToken: (token, tools) => corrupted(tools.sign(token)),
  }),
  'sig-of-other-claims': bad('The claims were changed after they were signed.', {
    idToken: ({ header: former, claims: body }, tools) => {
      const signed = tools.sign({ header: former, claims: body })
      const other = tools.sign({ header: former, claims: { ...body, pid: otherPid } })
      return [...other.split('.').slice(0, 2), signed.split('.')[2]].join('.')
    },
  }),
  'sig-hs256': bad("HS256 with the provider's public key for a secret.", algorithm('HS256')),
  'sig-hs256-client-id': bad('HS256 with the client_id for a secret.', {
    idToken: ({ header: former, claims: body }, tools) =>
      tools.signWithSecret(
        { header: { ...former, alg: 'HS256' }, claims: body },
        text(body['aud']),
      ),
  }),
  'sig-hs256-empty-secret': bad('HS256 with an empty secret.', {
    idToken: ({ header: former, claims: body }, tools) =>
      tools.signWithSecret({ header: { ...former, alg: 'HS256' }, claims: body }, ''),
  }),
  'invalid-sig-hs256': bad('HS256 with a signature that is not valid.', {
    idToken: ({ header: former, claims: body }, tools) =>
      corrupted(
        tools.sign({ header: { ...former, alg: 'HS256' }, claims: body }, tools.ownKey(), 'HS256'),
      ),
  }),
  'sig-es256': bad('ES256 with a key that is published, for a client of RS256.', {
    ...byStranger('p-256', (_, { kid }) => ({ kid, alg: 'ES256' })),
    ...keysWith('p-256'),
  }),
  'invalid-sig-es256': bad('ES256 with a published key and a signature that is not valid.', {
    idToken: async (token, tools) => {
      const key = await tools.strangerKey('p-256')
      const changed = { ...token.header, kid: key.kid, alg: 'ES256' }
      return corrupted(tools.sign({ header: changed, claims: token.claims }, key))
    },
    ...keysWith('p-256'),
  }),
  'alternate-alg': bad("PS256 with the provider's key.", algorithm('PS256')),
  'alternate-alg-rs384': bad("RS384 with the provider's key.", algorithm('RS384')),
  'alternate-alg-rs512': bad("RS512 with the provider's key.", algorithm('RS512')),
  'alg-lowercase': bad('alg is rs256.', header({ alg: 'rs256' })),
  'alg-missing': bad('The header has no alg.', header({ alg: undefined })),
  'alg-array': bad('alg is an array.', header({ alg: ['RS256'] })),
  'wrong-key-signature': bad(
    "A stranger signed, and the header names the provider's key.",
    byStranger('rsa-2048', () => ({})),
  ),
  'wrong-key-own-kid': bad(
    'A stranger signed, and the header names the key of the stranger.',
    byStranger('rsa-2048', (_, { kid }) => ({ kid })),
  ),
  'encrypted-id-token': bad('The ID token has the five parts of an encrypted one.', {
    idToken: (token, tools) => {
      const [, , ...rest] = tools.sign(token).split('.')
      const jwe = Buffer.from(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' }))
      const part = (length: number) => Buffer.alloc(length, 7).toString('base64url')
      return [jwe.toString('base64url'), part(256), part(12), ...rest, part(16)].join('.')
    },
  }),
  'header-jwk': bad(
    'The header brings the key of the stranger who signed.',
    byStranger('rsa-2048', (_, { publicJwk, kid }) => ({ jwk: publicJwk, kid })),
  ),
  'header-jku': bad(
    'The header says where the key of the stranger is, which must not be fetched.',
    {
      ...byStranger('rsa-2048', (_, { kid }, { issuer }) => ({
        kid,
        jku: `${issuer}/stranger-keys.json`,
      })),
      endpoints: {
        '/stranger-keys.json': async ({ strangerKey }) => ({
          type: 'application/json',
          body: JSON.stringify({ keys: [(await strangerKey('rsa-2048')).publicJwk] }),
        }),
      },
    },
  ),
  'header-x5u': bad('The header says where a certificate is, which must not be fetched.', {
    ...byStranger('rsa-2048', (_, { kid }, { issuer }) => ({ kid, x5u: `${issuer}/stranger.pem` })),
    endpoints: { '/stranger.pem': () => ({ type: 'text/plain', body: '' }) },
  }),
  'header-own-jku': either('The header says where the published keys are.', {
    idToken: ({ header: former, claims: body }, { issuer }) => ({
      header: { ...former, jku: `${issuer}/jwks.json` },
      claims: body,
    }),
  }),
  'header-crit': bad(
    'The header has an extension that must be understood.',
    header({ crit: ['simulator'], simulator: true }),
  ),
  'header-b64': bad(
    'The header says that the payload is not encoded.',
    header({ crit: ['b64'], b64: false }),
  ),
  'header-typ-at-jwt': bad('The header says it is an access token.', header({ typ: 'at+jwt' })),
  'header-typ-logout': bad('The header says it is a logout token.', header({ typ: 'logout+jwt' })),
  'header-typ-lowercase': good('typ is jwt.', header({ typ: 'jwt' })),
  'header-not-json': bad('The header is not JSON.', {
    idToken: (token, tools) => tools.sign({ ...token, header: '{"alg":"RS256"' }),
  }),
} as const satisfies Record<string, Scenario>

const randomJwksPath = '/keys-somewhere-else.json'

const keySets = {
  'rotated-keys': good('The keys rotate before each ID token; the old one is removed.', {
    request: (step, { rotateKeys }) => (step === 'token' ? rotateKeys() : undefined),
  }),
  'rotated-during-login': good(
    'The keys rotate while the person logs in; the old one is removed.',
    {
      callback: (_, __, { rotateKeys }) => rotateKeys(),
    },
  ),
  'endless-rotation': bad('The keys rotate at each ID token and each time they are read.', {
    request: (step, { rotateKeys }) =>
      step === 'token' || step === 'keys' ? rotateKeys() : undefined,
  }),
  'keys-weak-512': bad('The key that signs has 512 bits.', {
    ...byStranger('rsa-512', (_, { kid }) => ({ kid })),
    ...keysWith('rsa-512'),
  }),
  'keys-weak-1024': bad('The key that signs has 1024 bits.', {
    ...byStranger('rsa-1024', (_, { kid }) => ({ kid })),
    ...keysWith('rsa-1024'),
  }),
  'keys-private-members': bad(
    'The private key is published.',
    eachKey((_, tools) => tools.ownKey().privateJwk),
  ),
  'keys-duplicate-kid': bad('Two keys have the same kid.', {
    keys: async ({ keys }, { strangerKey }) => {
      const { publicJwk } = await strangerKey('rsa-2048')
      return { keys: [{ ...publicJwk, kid: keys[0]?.kid }, ...keys] }
    },
  }),
  'keys-use-enc': bad(
    'The key is for encryption.',
    eachKey((key) => ({ ...key, use: 'enc' })),
  ),
  'keys-key-ops-sign': bad(
    'The key is not for verifying.',
    eachKey((key) => ({ ...key, key_ops: ['sign'] })),
  ),
  'keys-alg-other': bad(
    'The key is for another algorithm.',
    eachKey((key) => ({ ...key, alg: 'RS512' })),
  ),
  'keys-without-kid': either(
    'The key has no kid.',
    eachKey((key) => ({ ...key, kid: undefined })),
  ),
  'keys-without-use-and-alg': good(
    'The key says neither use nor alg.',
    eachKey((key) => ({ ...key, use: undefined, alg: undefined })),
  ),
  'keys-kty-missing': bad(
    'The key has no kty.',
    eachKey((key) => ({ ...key, kty: undefined })),
  ),
  'keys-modulus-missing': bad(
    'The key has no modulus.',
    eachKey((key) => ({ ...key, n: undefined })),
  ),
  'keys-modulus-garbage': bad(
    'The modulus is not base64url.',
    eachKey((key) => ({ ...key, n: '***' })),
  ),
  'keys-exponent-one': bad('The public exponent is 1, so that anybody can sign.', {
    ...eachKey((key) => ({ ...key, e: 'AQ' })),
    idToken: (token, tools) => forgedForExponentOne(tools.sign(token, tools.ownKey(), 'none')),
  }),
  'keys-symmetric': bad('The key is a secret, and the token is HS256 with it.', {
    keys: () => ({ keys: [{ kty: 'oct', kid: 'secret', alg: 'HS256', k: 'c2VjcmV0' }] }),
    idToken: ({ header: former, claims: body }, { signWithSecret }) =>
      signWithSecret(
        { header: { ...former, kid: 'secret', alg: 'HS256' }, claims: body },
        'secret',
      ),
  }),
  'keys-of-a-stranger': bad("The key is a stranger's, under the kid of the right one.", {
    keys: async ({ keys }, { strangerKey }) => ({
      keys: [{ ...(await strangerKey('rsa-2048')).publicJwk, kid: keys[0]?.kid }],
    }),
  }),
  'keys-x5c-garbage': either(
    'The key comes with a certificate chain that is none.',
    eachKey((key) => ({ ...key, x5c: ['AAAA'], x5t: 'AAAA', 'x5t#S256': 'AAAA' })),
  ),
  'keys-x5u': good(
    'The key says where its certificate is, which must not be fetched.',
    eachKey((key, { issuer }) => ({ ...key, x5u: `${issuer}/certificate.pem` })),
  ),
  'keys-and-unknown-kinds': good('Keys of unknown kinds are among them.', {
    keys: ({ keys }) => ({
      keys: [
        { kty: 'XYZ', kid: 'x' },
        { kty: 'AKP', alg: 'ML-DSA-44', kid: 'y', pub: 'AA' },
        ...keys,
      ],
    }),
  }),
  'keys-two': good('The next key is published already.', keysWith('rsa-2048')),
  'keys-10000': either('There are 10 000 keys.', {
    keys: async ({ keys }, { strangerKey }) => {
      const { publicJwk } = await strangerKey('rsa-2048')
      const others = Array.from({ length: 9999 }, (_, index) => ({
        ...publicJwk,
        kid: `k${index}`,
      }))
      return { keys: [...others, ...keys] }
    },
  }),
  'keys-empty': bad('There is no key.', { keys: () => ({ keys: [] }) }),
  'keys-not-an-array': bad('keys is an object.', { keys: ({ keys }) => ({ keys: keys[0] }) }),
  'keys-missing': bad('The document has no keys.', { keys: () => ({}) }),
} as const satisfies Record<string, Scenario>

const metadataScenarios = {
  'issuer-mismatch': bad(
    'The discovery document is of another issuer.',
    metadata(({ issuer }) => ({ issuer: `${issuer}INVALID` })),
  ),
  'issuer-with-slash': bad(
    'The issuer has a slash at the end.',
    metadata(({ issuer }) => ({ issuer: `${issuer}/` })),
  ),
  'issuer-number': bad(
    'The issuer is a number.',
    metadata(() => ({ issuer: 1 })),
  ),
  'issuer-array': bad(
    'The issuer is an array.',
    metadata(({ issuer }) => ({ issuer: [issuer] })),
  ),
  'random-jwks-uri': good('The keys are at another path.', {
    ...metadata(({ issuer }) => ({ jwks_uri: `${issuer}${randomJwksPath}` })),
    endpoints: {
      [randomJwksPath]: ({ ownKey }) => ({
        type: 'application/json',
        body: JSON.stringify({ keys: [ownKey().publicJwk] }),
      }),
    },
  }),
  'mtls-endpoint-aliases': good(
    'There are other endpoints for clients with certificates, which must not be used.',
    metadata(({ issuer }) => ({
      mtls_endpoint_aliases: {
        token_endpoint: `${issuer}/mtls/token`,
        pushed_authorization_request_endpoint: `${issuer}/mtls/par`,
        userinfo_endpoint: `${issuer}/mtls/userinfo`,
        revocation_endpoint: `${issuer}/mtls/revoke`,
      },
    })),
  ),
  'registration-endpoint': good(
    'Clients could register themselves, which must not be done.',
    metadata(({ issuer }) => ({ registration_endpoint: `${issuer}/register` })),
  ),
  'request-uri-supported': good(
    'Request objects are taken, by value and by reference.',
    metadata(() => ({
      request_parameter_supported: true,
      request_uri_parameter_supported: true,
      request_object_signing_alg_values_supported: ['none', 'RS256'],
    })),
  ),
  'metadata-extra-members': good(
    'There are members that nobody knows.',
    metadata(() => ({ more: { deep: [1, null] }, signed_metadata: 'x.y.z' })),
  ),
  'metadata-par-required': good(
    'Pushed authorization requests are required.',
    metadata(() => ({ require_pushed_authorization_requests: true })),
  ),
  'metadata-without-par': good('There are no pushed authorization requests.', {
    metadata: (document) => omit(document, 'pushed_authorization_request_endpoint'),
  }),
  'metadata-endpoint-with-query': good(
    'The authorization endpoint has a query, which must be kept.',
    metadata(({ issuer }) => ({ authorization_endpoint: `${issuer}/authorize?tenant=1` })),
  ),
  'metadata-endpoint-with-parameters': bad(
    'The authorization endpoint has parameters of an authorization request.',
    metadata(({ issuer }) => ({
      authorization_endpoint: `${issuer}/authorize?client_id=x&state=x&redirect_uri=https://a.no`,
    })),
  ),
  'metadata-alg-none-only': bad(
    'ID tokens are not signed.',
    metadata(() => ({ id_token_signing_alg_values_supported: ['none'] })),
  ),
  'metadata-alg-none-too': good(
    'ID tokens are signed with RS256, or not.',
    metadata(() => ({ id_token_signing_alg_values_supported: ['none', 'RS256'] })),
  ),
  'metadata-alg-es256-only': bad(
    'ID tokens are signed with ES256.',
    metadata(() => ({ id_token_signing_alg_values_supported: ['ES256'] })),
  ),
  'metadata-without-s256': bad(
    'PKCE is plain only.',
    metadata(() => ({ code_challenge_methods_supported: ['plain'] })),
  ),
  'metadata-no-code': either(
    'The response type code is not offered.',
    metadata(() => ({ response_types_supported: ['id_token'] })),
  ),
  'metadata-callback-iss-not-promised': either(
    'iss in the callback is not promised, and comes.',
    metadata(() => ({ authorization_response_iss_parameter_supported: false })),
  ),
  ...each(
    'metadata-missing-',
    ['issuer', 'authorization-endpoint', 'token-endpoint', 'jwks-uri'],
    (name) =>
      bad(`The discovery document has no ${underscored(name)}.`, {
        metadata: (document) => omit(document, underscored(name)),
      }),
  ),
  ...each(
    'metadata-missing-',
    [
      'response-types-supported',
      'subject-types-supported',
      'id-token-signing-alg-values-supported',
      'code-challenge-methods-supported',
      'token-endpoint-auth-methods-supported',
      'authorization-response-iss-parameter-supported',
    ],
    (name) =>
      either(`The discovery document has no ${underscored(name)}.`, {
        metadata: (document) => omit(document, underscored(name)),
      }),
  ),
  ...eachEndpoint('metadata-http-', 'is not https', ({ issuer }, path) =>
    issuer.startsWith('https:')
      ? `http${issuer.slice('https'.length)}${path}`
      : `http://idporten.example${path}`,
  ),
  ...eachEndpoint('metadata-elsewhere-', 'is on another site', ({ elsewhere }, path) =>
    [elsewhere, '/elsewhere', path].join(''),
  ),
  ...eachEndpoint('metadata-credentials-', 'carries credentials', ({ issuer }, path) =>
    issuer.replace('://', '://user:password@').concat(path),
  ),
  ...eachEndpoint('metadata-fragment-', 'has a fragment', ({ issuer }, path) =>
    [issuer, path, '#fragment'].join(''),
  ),
  ...eachEndpoint('metadata-javascript-', 'is a script', () => 'javascript:alert(1)'),
  ...eachEndpoint('metadata-file-', 'is a file', (_, path) => `file://${path}`),
  ...eachEndpoint('metadata-relative-', 'is a path alone', (_, path) => path),
  ...eachEndpoint('metadata-empty-', 'is empty', () => ''),
  ...eachEndpoint('metadata-array-', 'is an array', ({ issuer }, path) => [`${issuer}${path}`]),
} as const satisfies Record<string, Scenario>

function underscored(name: string): string {
  return name.replaceAll('-', '_')
}

/** The same fault at each endpoint that a login needs. */
function eachEndpoint<const Prefix extends string>(
  prefix: Prefix,
  fault: string,
  make: (tools: Tools, path: string) => unknown,
) {
  const names = ['authorization-endpoint', 'token-endpoint', 'jwks-uri'] as const
  return each(prefix, names, (name) =>
    bad(`The ${underscored(name)} ${fault}.`, {
      metadata: (document, tools) => {
        const former = new URL(text(document[underscored(name)]))
        return { ...document, [underscored(name)]: make(tools, former.pathname) }
      },
    }),
  )
}

const callbacks = {
  'callback-invalid-state': bad(
    'state is another one.',
    query((parameters) => parameters.set('state', `${text(parameters.get('state'))}1`)),
  ),
  'callback-missing-state': bad(
    'state does not come back.',
    query((parameters) => parameters.delete('state')),
  ),
  'invalid-callback-iss': bad(
    'iss is another issuer.',
    query((parameters) => parameters.set('iss', `${text(parameters.get('iss'))}1`)),
  ),
  'missing-callback-iss': bad(
    'iss is promised and does not come.',
    query((parameters) => parameters.delete('iss')),
  ),
  'callback-without-code': bad(
    'There is neither a code nor an error.',
    query((parameters) => parameters.delete('code')),
  ),
  'callback-empty-code': bad(
    'The code is empty.',
    query((parameters) => parameters.set('code', '')),
  ),
  'callback-other-code': bad(
    'The code is not known to the provider.',
    query((parameters) => parameters.set('code', `${text(parameters.get('code'))}1`)),
  ),
  'callback-code-and-error': bad(
    'There is a code and an error.',
    query((parameters) => parameters.set('error', 'access_denied')),
  ),
  'callback-with-id-token': bad(
    'An ID token comes along.',
    query((parameters) => parameters.set('id_token', hostileTexts.jwt)),
  ),
  'callback-with-access-token': bad(
    'An access token comes along.',
    query((parameters) => {
      parameters.set('access_token', hostileTexts.jwt)
      parameters.set('token_type', 'Bearer')
    }),
  ),
  'callback-with-response': bad(
    'A response as JWT comes along.',
    query((parameters) => parameters.set('response', hostileTexts.jwt)),
  ),
  'callback-extra-parameters': good(
    'There are parameters that nobody knows.',
    query((parameters) => {
      parameters.set('session_state', 'x')
      parameters.set('scope', 'openid')
    }),
  ),
  'callback-in-fragment': bad(
    'The parameters are in the fragment.',
    query((_, url) => {
      url.hash = url.search.slice(1)
      url.search = ''
    }),
  ),
  'callback-other-path': bad(
    'The redirect goes to another path of the client.',
    query((_, url) => {
      url.pathname = `${url.pathname}/other`
    }),
  ),
  'callback-bad-encoding': bad(
    'A parameter is not UTF-8 in percent-encoding.',
    query((_, url) => {
      url.search = `${url.search}&more=%FF%`
    }),
  ),
  'callback-20-kb': bad(
    'A parameter has 20 000 characters.',
    query((parameters) => parameters.set('more', 'a'.repeat(20_000))),
  ),
  ...each('callback-duplicate-', ['code', 'state', 'iss'], (name) =>
    bad(
      `${name} comes twice.`,
      query((parameters) => parameters.append(name, 'other')),
    ),
  ),
  ...each(
    'callback-error-',
    [
      'invalid-request',
      'unauthorized-client',
      'access-denied',
      'unsupported-response-type',
      'invalid-scope',
      'server-error',
      'temporarily-unavailable',
      'interaction-required',
      'login-required',
      'account-selection-required',
      'consent-required',
      'invalid-request-uri',
      'invalid-request-object',
      'request-not-supported',
      'request-uri-not-supported',
      'registration-not-supported',
      'invalid-target',
      'unmet-authentication-requirements',
      'no-such-error',
    ],
    (name) =>
      bad(
        `The provider refuses with ${underscored(name)}.`,
        query((parameters) => refuse(parameters, underscored(name))),
      ),
  ),
  'callback-error-empty': bad(
    'The error is empty.',
    query((parameters) => refuse(parameters, '')),
  ),
  ...each('callback-hostile-error-', hostileNames, (name) =>
    bad(
      `The provider refuses with a hostile description (${name}).`,
      query((parameters) => refuse(parameters, 'access_denied', hostileTexts[name])),
    ),
  ),
  ...each('callback-hostile-code-', hostileNames, (name) =>
    bad(
      `The error itself is hostile (${name}).`,
      query((parameters) => refuse(parameters, hostileTexts[name])),
    ),
  ),
} as const satisfies Record<string, Scenario>

const tokenResponses = {
  'missing-scope-in-token-response': good('The token response has no scope.', {
    tokenResponse: (body) => omit(body, 'scope'),
  }),
  'response-missing-expires-in': good('The token response has no expires_in.', {
    tokenResponse: (body) => omit(body, 'expires_in'),
  }),
  ...each('response-missing-', ['id-token', 'access-token', 'token-type'], (name) =>
    bad(`The token response has no ${underscored(name)}.`, {
      tokenResponse: (body) => omit(body, underscored(name)),
    }),
  ),
  'token-type-mac': bad('The token type is mac.', response({ token_type: 'mac' })),
  'token-type-dpop': bad(
    'The token type is DPoP, not asked for.',
    response({ token_type: 'DPoP' }),
  ),
  'token-type-array': bad('The token type is an array.', response({ token_type: ['Bearer'] })),
  'token-type-mixed-case': good('The token type is bEaReR.', response({ token_type: 'bEaReR' })),
  'response-extra-members': good(
    'There are members that nobody knows.',
    response({ more: { deep: [1] }, 'ext-expires-in': 1, sid: 'x' }),
  ),
  'response-unasked-refresh-token': good(
    'There is a refresh token.',
    response({ refresh_token: 'unasked', refresh_token_expires_in: 600 }),
  ),
  'expires-in-negative': bad('expires_in is negative.', response({ expires_in: -1 })),
  'expires-in-zero': either('expires_in is 0.', response({ expires_in: 0 })),
  'expires-in-string': either('expires_in is a text.', response({ expires_in: '120' })),
  'expires-in-null': either('expires_in is null.', response({ expires_in: null })),
  'expires-in-huge': either('expires_in is 10^300.', response({ expires_in: 1e300 })),
  'expires-in-object': bad('expires_in is an object.', response({ expires_in: {} })),
  'id-token-null': bad('The ID token is null.', response({ id_token: null })),
  'id-token-empty': bad('The ID token is empty.', response({ id_token: '' })),
  'id-token-number': bad('The ID token is a number.', response({ id_token: 1 })),
  'id-token-array': bad('The ID token is in an array.', {
    tokenResponse: (body) => ({ ...body, id_token: [body['id_token']] }),
  }),
  'id-token-is-access-token': bad('The access token is in place of the ID token.', {
    tokenResponse: (body) => ({ ...body, id_token: body['access_token'] }),
  }),
  'access-token-empty': bad('The access token is empty.', response({ access_token: '' })),
  'access-token-number': bad('The access token is a number.', response({ access_token: 1 })),
  'access-token-opaque': good(
    'The access token is not a JWT.',
    response({ access_token: 'opaque-access-token' }),
  ),
  'response-with-error': either(
    'The response has the tokens and an error.',
    response({ error: 'invalid_grant', error_description: 'en feil' }),
  ),
  'response-wrapped': bad('The tokens are in an object within.', {
    tokenResponse: (body) => ({ data: body }),
  }),
  'response-of-another-login': bad(
    'The ID token is of another login, of another person.',
    set({ sub: 'another-person', pid: otherPid, nonce: 'another-nonce' }),
  ),
  'response-of-another-client': bad(
    'The ID token is of another client.',
    set({ aud: otherClientId }),
  ),
} as const satisfies Record<string, Scenario>

/** Other claims in the ID token of a refresh, under a right signature. */
const refreshed = (change: (claims: Claims) => Claims) =>
  claims((former, { grant }) => (grant === 'refresh_token' ? change(former) : former))
const refreshedWith = (members: Readonly<Record<string, unknown>>) =>
  refreshed((former) => ({ ...former, ...members }))
const refreshedAppend = (name: string) =>
  refreshed((former) => ({ ...former, [name]: `${text(former[name])}1` }))

/** Another token response to a refresh. */
const refreshResponse = (
  change: (body: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
) => ({
  tokenResponse: (body: Readonly<Record<string, unknown>>, _: Tools, grant: string) =>
    grant === 'refresh_token' ? change(body) : body,
})

/** A fault that hits refreshes alone. */
const refreshFault = (
  kind: FaultName,
  more: { readonly when?: 'after'; readonly times?: number } = {},
) => ({ fault: { step: 'token', grant: 'refresh_token', kind, ...more } }) as const

const refreshes = {
  'refresh-invalid-iss': either(
    'The ID token of a refresh is from another issuer.',
    refreshedAppend('iss'),
  ),
  'refresh-invalid-sub': either(
    'The ID token of a refresh is of another person.',
    refreshedAppend('sub'),
  ),
  'refresh-missing-sub': either(
    'The ID token of a refresh has no sub.',
    refreshed((former) => omit(former, 'sub')),
  ),
  'refresh-invalid-aud': either(
    'The ID token of a refresh is for another audience.',
    refreshedAppend('aud'),
  ),
  'refresh-multiple-aud': either(
    'The ID token of a refresh is for this client and another one.',
    refreshed((former) => ({ ...former, aud: [former['aud'], otherClientId] })),
  ),
  'refresh-azp-other': either(
    'azp in the ID token of a refresh names another client.',
    refreshedWith({ azp: otherClientId }),
  ),
  'refresh-invalid-nonce': either(
    'The ID token of a refresh has another nonce than that of the login.',
    refreshedAppend('nonce'),
  ),
  'refresh-without-nonce': either(
    'The ID token of a refresh has no nonce.',
    refreshed((former) => omit(former, 'nonce')),
  ),
  'refresh-invalid-auth-time': either(
    'auth_time in the ID token of a refresh is a minute after the login.',
    refreshed((former) => ({ ...former, auth_time: Number(former['auth_time']) + 60 })),
  ),
  'refresh-acr-too-low': either(
    'The level in the ID token of a refresh is below substantial.',
    refreshedWith({ acr: 'idporten-loa-low' }),
  ),
  'refresh-pid-other': either(
    'The ID token of a refresh has the number of another person, and the same sub.',
    refreshedWith({ pid: otherPid }),
  ),
  'refresh-expired-exp': either(
    'The ID token of a refresh expired 6 minutes ago.',
    refreshed((former) => ({ ...former, exp: now() - 6 * 60 })),
  ),
  'refresh-invalid-signature': either('The signature of the ID token of a refresh is not valid.', {
    idToken: (token, tools) =>
      token.grant === 'refresh_token' ? corrupted(tools.sign(token)) : token,
  }),
  'refresh-without-id-token': either(
    'A refresh gives no ID token, as it may.',
    refreshResponse((body) => omit(body, 'id_token')),
  ),
  'refresh-without-new-refresh-token': either(
    'A refresh gives no new refresh token, and the old one goes on.',
    {
      refreshTokenUsage: 'reusable',
      ...refreshResponse((body) => omit(body, 'refresh_token', 'refresh_token_expires_in')),
    },
  ),
  'refresh-same-refresh-token': either('A refresh gives the refresh token that was sent.', {
    refreshTokenUsage: 'reusable',
  }),
  'refresh-without-access-token': either(
    'A refresh gives no access token.',
    refreshResponse((body) => omit(body, 'access_token')),
  ),
  'refresh-narrower-scope': either(
    'A refresh says that the scope is openid alone.',
    refreshResponse((body) => ({ ...body, scope: 'openid' })),
  ),
  'refresh-wider-scope': either(
    'A refresh says that there is a scope more.',
    refreshResponse((body) => ({ ...body, scope: `${text(body['scope'])} simulator:more` })),
  ),
  'refresh-lost-answer': either(
    'The answer to the first refresh is lost after the refresh token was replaced.',
    refreshFault('reset', { when: 'after', times: 1 }),
  ),
  'refresh-reset': either('Refreshes are reset before they are read.', refreshFault('reset')),
  'refresh-black-hole': either('Refreshes get no answer, ever.', refreshFault('black-hole')),
  'refresh-invalid-grant': either(
    'A refresh is refused with invalid_grant.',
    refreshFault('oauth-error-invalid-grant'),
  ),
  'refresh-invalid-client': either(
    'A refresh is refused with invalid_client.',
    refreshFault('oauth-error-invalid-client'),
  ),
  'refresh-unauthorized-client': either(
    'A refresh is refused with unauthorized_client.',
    refreshFault('oauth-error-unauthorized-client'),
  ),
  'refresh-503-retry-after': either(
    'A refresh gets HTTP 503, and shall be tried again after 2 seconds.',
    refreshFault('http-503-retry-after'),
  ),
  'refresh-503-once': either(
    'The first refresh gets HTTP 503, and shall be tried again after 2 seconds.',
    refreshFault('http-503-retry-after', { times: 1 }),
  ),
} as const satisfies Record<string, Scenario>

const apis = {
  'api-401-once': good('The first call of an API gets 401 invalid_token.', {
    fault: { step: 'api', kind: 'oauth-error-invalid-token', times: 1 },
  }),
  'api-401-always': good('Every call of an API gets 401 invalid_token.', {
    fault: { step: 'api', kind: 'oauth-error-invalid-token' },
  }),
  'api-redirect': good('An API redirects to another host, where the right answer is.', {
    fault: { step: 'api', kind: 'redirect-302-other-host' },
  }),
} as const satisfies Record<string, Scenario>

const dpop = {
  'dpop-nonce-required': good('DPoP proofs need a nonce; each answer brings a new one.', {
    dpopNonce: 'recent',
  }),
  'dpop-nonce-newest': good('DPoP proofs need the newest nonce; each works once.', {
    dpopNonce: 'newest',
  }),
  'dpop-nonce-endless': either('No nonce is ever good enough.', { dpopNonce: 'never' }),
  'dpop-answered-with-bearer': either('Proofs are ignored, and the tokens are bound to no key.', {
    ignoresDpop: true,
  }),
} as const satisfies Record<string, Scenario>

const logouts = {
  'logout-cookie-lax': good(
    'A logout by POST from another origin comes without the cookie, as from another site.',
    { logoutCookie: 'lax' },
  ),
  'logout-cookie-strict': good(
    'A logout from a page of another origin comes without the cookie, by POST or GET.',
    { logoutCookie: 'strict' },
  ),
  'logout-session-gone': good('The session has ended when the logout comes: an error page.', {
    logoutCookie: 'gone',
  }),
  'logout-saml-breaks-chain': good('Another service stops the logout; it does not go back.', {
    afterLogout: () => 'stopped',
  }),
  'logout-no-return': good('The logout ends on a page and does not go back.', {
    afterLogout: () => 'page',
  }),
  'logout-other-state': good('The logout goes back with another state.', {
    afterLogout: ({ searchParams }) =>
      searchParams.set('state', `${text(searchParams.get('state'))}_INVALID`),
  }),
  'logout-without-state': good('The logout goes back without state.', {
    afterLogout: ({ searchParams }) => searchParams.delete('state'),
  }),
} as const satisfies Record<string, Scenario>

const others = {
  normal: good('Nothing is wrong.', {}),
  'userinfo-invalid-sub': either('The userinfo is of another person.', {
    userinfo: (body) => ({ ...body, sub: `${text(body['sub'])}invalid` }),
  }),
  'userinfo-missing-sub': either('The userinfo has no sub.', {
    userinfo: (body) => omit(body, 'sub'),
  }),
  'userinfo-signed': either('The userinfo is a signed JWT.', {
    userinfo: (body, { issuer, ownKey, sign }) =>
      sign({
        header: { kid: ownKey().kid, alg: 'RS256' },
        claims: { ...body, iss: issuer },
      }),
  }),
  'userinfo-unsigned': either('The userinfo is a JWT without a signature.', {
    userinfo: (body, { issuer, ownKey, sign }) =>
      sign({ header: { alg: 'none' }, claims: { ...body, iss: issuer } }, ownKey(), 'none'),
  }),
  'par-missing-request-uri': either('A pushed request gets no request_uri.', {
    pushedRequest: (body) => omit(body, 'request_uri'),
  }),
  'par-request-uri-number': either('request_uri is a number.', pushed({ request_uri: 1 })),
  'par-request-uri-empty': either('request_uri is empty.', pushed({ request_uri: '' })),
  'par-request-uri-unknown': either(
    'request_uri is unknown to the provider.',
    pushed({ request_uri: 'urn:idporten:unknown' }),
  ),
  'par-request-uri-web': either(
    'request_uri is an address on the web.',
    pushed({ request_uri: 'https://idporten.example/request.jwt' }),
  ),
  'par-request-uri-parameters': either(
    'request_uri tries to add parameters.',
    pushed({ request_uri: 'urn:idporten:x&client_id=other&redirect_uri=https://a.no#' }),
  ),
  'par-missing-expires-in': either('A pushed request gets no expires_in.', {
    pushedRequest: (body) => omit(body, 'expires_in'),
  }),
  'par-expires-in-zero': either('expires_in is 0.', pushed({ expires_in: 0 })),
  'par-expires-in-negative': either('expires_in is negative.', pushed({ expires_in: -1 })),
  'par-expires-in-string': either('expires_in is a text.', pushed({ expires_in: '120' })),
  'par-expires-in-huge': either('expires_in is 10^300.', pushed({ expires_in: 1e300 })),
  'clock-9-minutes-ahead': bad("The provider's clock is 9 minutes ahead.", { clock: 9 * 60 }),
  'clock-9-minutes-behind': bad("The provider's clock is 9 minutes behind.", { clock: -9 * 60 }),
} as const satisfies Record<string, Scenario>

/** The scenarios that have a name of their own, in groups for a reader. */
export const scenarioGroups = {
  'The provider as a whole, userinfo and pushed requests': others,
  'The discovery document': metadataScenarios,
  'The keys': keySets,
  'The callback': callbacks,
  'The token response': tokenResponses,
  'Refreshing; the login before it goes well': refreshes,
  'DPoP; only for a client that sends proofs': dpop,
  'The APIs; the login before goes well': apis,
  'Logout; the login before goes well': logouts,
  'The header and signature of the ID token': signatures,
  'The claims of the ID token': idTokenClaims,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Scenario>>>>

/** A login does not need these steps; it goes well when they fail. */
const sideSteps: readonly Step[] = ['userinfo', 'api', 'revocation', 'end-session']

function faultScenarios(): Readonly<Record<FaultScenarioName, Scenario>> {
  const made = Array.from(stepsWithFaults(), ({ step, name, fault }) => {
    const certain = !fault.bearable && ['discovery', 'keys', 'token'].includes(step)
    const outcome = sideSteps.includes(step) ? { good: true } : certain ? { good: false } : {}
    const summary = `${step}: ${fault.summary}`
    return [`${step}-${name}`, { summary, ...outcome, fault: { step, kind: name } }]
  })
  // The keys are made of the same names as the type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(made) as Record<FaultScenarioName, Scenario>
}

/** The name of a scenario. */
export type ScenarioName =
  | FaultScenarioName
  | {
      [Group in keyof typeof scenarioGroups]: keyof (typeof scenarioGroups)[Group]
    }[keyof typeof scenarioGroups]

/** All scenarios by name. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  ...others,
  ...metadataScenarios,
  ...keySets,
  ...callbacks,
  ...tokenResponses,
  ...refreshes,
  ...dpop,
  ...apis,
  ...logouts,
  ...signatures,
  ...idTokenClaims,
  ...faultScenarios(),
}

/** Tells whether a text names a scenario. */
export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name)
}
