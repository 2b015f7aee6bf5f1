/**
 * A second opinion on what a provider sends, for the property tests. It is written from the
 * specifications and not from the app's code, and shares none of it but types: Node's own verification
 * of signatures, jose's `jwtVerify`, a scanner for JSON, and rules that each name their source.
 */
import { isUtf8 } from 'node:buffer'
import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  constants,
  sign,
  verify,
} from 'node:crypto'
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import { expect } from 'vitest'
import type { IdTokenExpectation } from '../../main/login/tokens/rules.ts'

export type Json = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How often each thing happened: a property that only ever sees one verdict shows nothing. */
export function createTally() {
  const counts = new Map<string, number>()
  let runs = 0
  const of = (name: string): number => counts.get(name) ?? 0
  return {
    add: (accepted: boolean, ...seen: readonly string[]) => {
      runs += 1
      for (const name of [accepted ? 'accepted' : 'refused', ...seen]) {
        counts.set(name, of(name) + 1)
      }
    },
    expectBoth: (share = 0.2) => {
      expect(of('accepted'), `accepted of ${runs}`).toBeGreaterThanOrEqual(runs * share)
      expect(of('refused'), `refused of ${runs}`).toBeGreaterThanOrEqual(runs * share)
    },
    expectSeen: (names: readonly string[]) => {
      expect(names.filter((name) => of(name) === 0)).toEqual([])
    },
  }
}

/**
 * Reads an object from JSON; null when it is none, or can be read in more than one way.
 * RFC 8259 §4 (names should be unique), §8.1 (UTF-8, no byte order mark); RFC 7515 §4, RFC 7519 §4.
 * House rules: no more than 32 levels, and no `__proto__`.
 */
export function readObject(bytes: Uint8Array): Json | null {
  if (!isUtf8(bytes) || Buffer.from(bytes).subarray(0, 3).equals(Buffer.from('\uFEFF'))) return null
  const text = Buffer.from(bytes).toString()
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) && !isAmbiguous(text) ? value : null
  } catch {
    return null
  }
}

/** Walks the marks of JSON that is valid: what stands before a colon is a name. */
function isAmbiguous(text: string): boolean {
  const open: string[][] = []
  let last = ''
  for (const [mark] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (mark === '{' || mark === '[') open.push([])
    if (mark === '}' || mark === ']') open.pop()
    if (open.length > 32) return true
    if (mark === ':') {
      const name = String(JSON.parse(last))
      const names = open.at(-1) ?? []
      if (name === '__proto__' || names.includes(name)) return true
      names.push(name)
    }
    last = mark
  }
  return false
}

/** A key of the provider's set that may verify a token. */
export interface UsableKey {
  readonly kid: string | undefined
  readonly key: KeyObject
}

/** What an ID token is judged by, in the order in which the app shows it. */
export const headerRuleNames = ['alg', 'typ', 'crit', 'embedded-key', 'kid', 'signature']
export const claimRuleNames = [
  'iss',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'nonce',
  'sub',
  'same-person',
  'acr',
  'auth_time',
  'same-login',
  'at_hash',
  'types',
  'pid',
]

/**
 * Names the rules that an ID token breaks: none means that it must be accepted, `jwt` that it is no
 * signed JWT at all, `jose` that only jose knows why.
 */
export async function brokenRules(
  token: string,
  keys: readonly UsableKey[],
  expected: IdTokenExpectation,
): Promise<readonly string[]> {
  // RFC 7515 §3.1 and §2: three parts of base64url, without padding and white space; the first two are
  // objects. Five parts would be a JWE, and none was asked for (OpenID Connect Core §2).
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  const [header, claims] = [head, body].map((part) =>
    /^[A-Za-z0-9_-]+$/.test(part) ? readObject(Buffer.from(part, 'base64url')) : null,
  )
  if (parts.length !== 3 || !header || !claims) return ['jwt']

  // Core §10.1: several keys in the set need a kid; RFC 7515 §4.1.4: a kid is a text.
  const meant = Object.hasOwn(header, 'kid')
    ? keys.filter(({ kid }) => kid === header['kid'])
    : keys
  const [found] = meant.length === 1 ? meant : []
  const broken = new Map<string, boolean>([
    // Core §3.1.3.7 (7); RFC 8725 §3.1: one algorithm, by agreement.
    ['alg', header['alg'] !== 'RS256'],
    // RFC 8725 §3.11 (no token of another kind); RFC 7515 §4.1.9 (absent, or the media type).
    ['typ', Object.hasOwn(header, 'typ') && !isJwtType(header['typ'])],
    // RFC 7515 §4.1.11: nothing that must be understood is understood.
    ['crit', Object.hasOwn(header, 'crit')],
    // Core §2: an ID token uses none of these four.
    ['embedded-key', ['jwk', 'jku', 'x5u'].some((name) => Object.hasOwn(header, name))],
    ['kid', found === undefined],
    [
      'signature',
      header['alg'] !== 'RS256' ||
        found === undefined ||
        Object.hasOwn(header, 'crit') ||
        !/^[A-Za-z0-9_-]+$/.test(signature) ||
        !verifies(`${head}.${body}`, found.key, Buffer.from(signature, 'base64url')),
    ],
    ...brokenClaims(claims, expected),
  ])
  const names = Array.from(broken).flatMap(([name, is]) => (is ? [name] : []))
  const byJose = await jwtVerify(
    token,
    createLocalJWKSet({
      keys: keys.map(({ kid, key }) => ({ ...publicJwk(key), ...(kid !== undefined && { kid }) })),
    }),
    {
      algorithms: ['RS256'],
      issuer: expected.issuer,
      audience: expected.clientId,
      clockTolerance: 300,
      currentDate: new Date(expected.now * 1000),
      requiredClaims: ['exp', 'iat', 'sub'],
    },
  ).then(
    () => true,
    () => false,
  )
  return names.length === 0 && !byJose ? ['jose'] : names
}

function isJwtType(typ: unknown): boolean {
  return typeof typ === 'string' && /^(application\/)?jwt$/i.test(typ)
}

function verifies(text: string, key: KeyObject, signature: Buffer): boolean {
  return verify(
    'sha256',
    Buffer.from(text),
    { key, padding: constants.RSA_PKCS1_PADDING },
    signature,
  )
}

export function publicJwk(key: KeyObject): JWK {
  return { ...key.export({ format: 'jwk' }) }
}

/** RFC 7519 §2, NumericDate: a number, whole or not. House rule: one that a clock can show. */
function isDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

const high = ['idporten-loa-high', 'eidas-loa-high']
const substantial = ['idporten-loa-substantial', 'eidas-loa-substantial', ...high]
const low = ['idporten-loa-low', 'eidas-loa-low', ...substantial]
/** What is enough for a level (Digdir, "ID-token"); for every other name only itself is. */
const enough: Readonly<Record<string, readonly string[]>> = {
  'idporten-loa-low': low,
  'eidas-loa-low': low,
  'idporten-loa-substantial': substantial,
  'eidas-loa-substantial': substantial,
  'idporten-loa-high': high,
  'eidas-loa-high': high,
  low: ['low', 'substantial', 'high'],
  substantial: ['substantial', 'high'],
  high: ['high'],
}

/** JSON types of claims: Core §2, §3.3.2.11, §5.1; RFC 7519 §4.1.7; front-channel logout §3; Digdir. */
const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  auth_time: (value) => isDate(value) && value >= 0,
  updated_at: (value) => typeof value === 'number',
  email_verified: (value) => typeof value === 'boolean',
  phone_number_verified: (value) => typeof value === 'boolean',
  address: isRecord,
  authorization_details: (value) => Array.isArray(value),
  ...Object.fromEntries(
    `name given_name family_name middle_name nickname preferred_username profile picture website email
    gender birthdate zoneinfo locale phone_number acr at_hash c_hash jti sid client_id client_amr scope
    eidas_identifier eidas_firstname eidas_lastname eidas_date_of_birth`
      .split(/\s+/)
      .map((name) => [name, (value: unknown) => typeof value === 'string']),
  ),
}

function brokenClaims(claims: Json, expected: IdTokenExpectation): [string, boolean][] {
  const { issuer, clientId, now, acrValues, attemptLasted: lasted, renews } = expected
  const has = (name: string): boolean => Object.hasOwn(claims, name)
  const { iss, aud, azp, exp, iat, nbf, nonce, sub, acr, auth_time: login, pid } = claims
  const refreshed = renews?.by === 'refresh-token'
  const former = renews?.claims ?? {}
  const digest = createHash('sha256').update(Buffer.from(expected.accessToken.reveal(), 'latin1'))
  const audiences = [aud].flat()
  return [
    // Core §3.1.3.7 (2): exactly the issuer, so by characters.
    ['iss', iss !== issuer],
    // Core §3.1.3.7 (3): nobody else is trusted. House rule: nor is the client named twice.
    ['aud', audiences.length !== 1 || audiences[0] !== clientId],
    // Core §3.1.3.7 (4, 5), and §12.2 for a refresh token: as in the ID token of the login.
    ['azp', (has('azp') && azp !== clientId) || (refreshed && azp !== former['azp'])],
    // Core §3.1.3.7 (9): before it; five minutes for the clocks.
    ['exp', !isDate(exp) || now - exp >= 300],
    // Core §3.1.3.7 (10): how far from now is the client's choice. House rule: 300 s ahead, 600 s ago.
    ['iat', !isDate(iat) || iat - now > 300 || now - iat > 600],
    // RFC 7519 §4.1.5.
    ['nbf', has('nbf') && (!isDate(nbf) || nbf - now > 300)],
    // Core §3.1.3.7 (11); §12.2: with a refresh token it may be left out.
    ['nonce', (has('nonce') || !refreshed) && nonce !== expected.nonce.reveal()],
    // Core §2: text of 1 to 255 ASCII characters. House rule: without control characters.
    ['sub', typeof sub !== 'string' || !/^[ -~]+$/.test(sub) || sub.length > 255],
    // Core §12.2 and §3.1.2.1 (`id_token_hint`).
    [
      'same-person',
      renews !== null &&
        (sub !== former['sub'] ||
          (has('pid') && Object.hasOwn(former, 'pid') && pid !== former['pid'])),
    ],
    // Core §3.1.3.7 (12); Digdir: the client must check it.
    [
      'acr',
      acrValues.length > 0 &&
        !acrValues.some((asked) => (enough[asked] ?? [asked]).some((level) => level === acr)),
    ],
    // Core §3.1.3.7 (13): a fresh login was asked for. House rule: by the provider's clock alone, which
    // has to place it within the attempt, give or take five seconds.
    [
      'auth_time',
      lasted !== null &&
        (!isDate(login) || !isDate(iat) || login < iat - lasted - 5 || login > iat + 5),
    ],
    // Core §12.2: the time of the original login.
    [
      'same-login',
      refreshed && has('auth_time') && Object.hasOwn(former, 'auth_time')
        ? login !== former['auth_time']
        : false,
    ],
    // Core §3.1.3.6: the left half of SHA-256 for RS256.
    [
      'at_hash',
      has('at_hash') &&
        claims['at_hash'] !==
          Buffer.from(digest.digest('hex').slice(0, 32), 'hex').toString('base64url'),
    ],
    ['types', Object.entries(types).some(([name, right]) => has(name) && !right(claims[name]))],
    // Digdir, "ID-token": pid is 11 digits, and may be absent.
    ['pid', has('pid') && !(typeof pid === 'string' && /^[0-9]{11}$/.test(pid))],
  ]
}

/** How a token may be signed: rightly, or by what the header says or does not say. */
export type Algorithm = 'RS256' | 'RS384' | 'PS256' | 'ES256' | 'HS256' | 'none'

/** Signs a text as told, whatever a header says; the secret of HS256 is the public key, in PEM. */
export function signText(text: string, key: KeyObject, algorithm: Algorithm): Buffer {
  const data = Buffer.from(text)
  switch (algorithm) {
    case 'RS256':
      return sign('sha256', data, key)
    case 'RS384':
      return sign('sha384', data, key)
    case 'PS256':
      return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
    case 'ES256':
      return sign('sha256', data, { key: curve.privateKey, dsaEncoding: 'ieee-p1363' })
    case 'HS256': {
      const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' })
      return createHmac('sha256', pem).update(data).digest()
    }
    case 'none':
      return Buffer.alloc(0)
  }
}

/** A compact token of two texts that need not be JSON. */
export function compact(
  header: string | Buffer,
  claims: string | Buffer,
  key: KeyObject,
  algorithm: Algorithm = 'RS256',
): string {
  const text = [header, claims].map((part) => Buffer.from(part).toString('base64url')).join('.')
  return `${text}.${signText(text, key, algorithm).toString('base64url')}`
}

export const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export function rsa(modulusLength = 2048, publicExponent = 65_537) {
  return generateKeyPairSync('rsa', { modulusLength, publicExponent })
}
