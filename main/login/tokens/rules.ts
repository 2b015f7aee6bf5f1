import { createHash } from 'node:crypto'
import type { Secret } from '../base/secret.ts'
import { plain } from '../error-map.ts'
import type { Check, LoginErrorCode } from '../errors.ts'
import { idTokenAlgorithm, matching, type VerificationKey } from '../provider/keys.ts'
import { acrIsEnough } from './acr.ts'

/**
 * How far the clocks of this computer and of the provider may differ, in seconds. Ordinary computers drift
 * by minutes. It costs no safety: the token comes over TLS from the token endpoint, in answer to a request
 * made seconds ago, and is bound to it by the nonce.
 */
export const clockTolerance = 300

/**
 * How old an ID token may be that came straight from the token endpoint, in seconds: it is made for the
 * request, so what is left beyond the tolerance is time on the way.
 */
const maximumAge = 600

/** Seconds by which two times in one token may be off: both are rounded, and may be of two computers. */
const roundingSlack = 5

export type Claims = Readonly<Record<string, unknown>>

export interface IdTokenExpectation {
  readonly issuer: string
  readonly clientId: string
  /** The token that came with it. */
  readonly accessToken: Secret
  readonly nonce: Secret
  /** What the ID token of the login said, when this one renews it; null at a login. */
  readonly renews: RenewedIdToken | null
  /** What was asked for; empty when nothing was. */
  readonly acrValues: readonly string[]
  /** How many seconds ago a fresh login was asked for (`prompt=login`), by no wall clock; null when none was. */
  readonly attemptLasted: number | null
  /** Unix seconds. */
  readonly now: number
  /** How far this computer's clock is from the provider's, in seconds; null when that is unknown. */
  readonly clockSkew: number | null
}

/** A renewal may only bring the same person (OpenID Connect Core 1.0 §12.2). */
export interface RenewedIdToken {
  readonly claims: Claims
  /** With a refresh token no nonce is asked for, and the login itself is not new. */
  readonly by: 'refresh-token' | 'browser'
}

export interface VerifiedIdToken {
  readonly claims: Claims
  readonly checks: readonly Check[]
}

/** One rule and what came of it, before it becomes a line that is shown. */
export interface Rule {
  readonly rule: string
  readonly source: string
  readonly expected: string
  /** What came, as text that may be shown. */
  readonly got: string
  readonly holds: boolean | 'skipped'
  readonly failure: LoginErrorCode
}

/** Names a section of the core specification. */
export const core = (section: string): string => `OpenID Connect Core 1.0 §${section}`

/** Judges the header of a token: how it is signed, and with which key. */
export function headerRules(
  header: Readonly<Record<string, unknown>>,
  keys: readonly VerificationKey[],
): Rule[] {
  const failure = 'E_ID_TOKEN_SIGNATURE'
  const { alg, typ, kid } = header
  // ID-porten has sent `x5c` along; it is no way to a key here, so it is passed over.
  const embedded = ['jwk', 'jku', 'x5u'].filter((name) => name in header)
  const named = matching(keys, kid).length
  return [
    {
      rule: 'alg',
      source: core('3.1.3.7 (7)'),
      expected: idTokenAlgorithm,
      got: show(alg),
      holds: alg === idTokenAlgorithm,
      failure,
    },
    {
      rule: 'typ',
      source: 'RFC 8725 §3.11',
      expected: 'JWT or absent',
      got: show(typ),
      holds: typ === undefined || (typeof typ === 'string' && /^(application\/)?jwt$/i.test(typ)),
      failure,
    },
    {
      rule: 'crit',
      source: 'RFC 7515 §4.1.11',
      expected: 'absent',
      got: 'crit' in header ? 'present' : 'absent',
      holds: !('crit' in header),
      failure,
    },
    {
      rule: 'embedded-key',
      source: 'RFC 8725 §3.10',
      expected: 'absent',
      got: embedded.join(' ') || 'absent',
      holds: embedded.length === 0,
      failure,
    },
    {
      rule: 'kid',
      source: core('10.1'),
      expected: "one of the provider's keys",
      got: named === 0 ? 'unknown' : named > 1 ? 'one of several keys' : 'known',
      holds: (kid === undefined || typeof kid === 'string') && named === 1,
      failure,
    },
  ]
}

/** Judges every claim of a token that anything depends on. */
export function claimRules(claims: Claims, expectation: IdTokenExpectation): Rule[] {
  const { issuer, clientId, nonce, renews, acrValues, now } = expectation
  const { iss, sub, aud, azp, exp, iat, nbf, acr, auth_time: authTime, at_hash: atHash } = claims
  const failure = 'E_ID_TOKEN_CLAIM'
  // A refresh token may bring no other authorized party than the login had (§12.2).
  const keptAzp = renews?.by === 'refresh-token' ? { azp: renews.claims['azp'] } : null
  const fits = atHash !== undefined && isHashOf(atHash, expectation)
  const times = { exp: seconds(exp), iat: seconds(iat), nbf: seconds(nbf), auth: seconds(authTime) }
  return [
    {
      rule: 'iss',
      source: core('3.1.3.7 (2)'),
      expected: issuer,
      got: show(iss),
      holds: iss === issuer,
      failure,
    },
    {
      rule: 'aud',
      source: core('3.1.3.7 (3)'),
      expected: `${clientId} alone`,
      got: show(aud),
      holds: aud === clientId || (Array.isArray(aud) && aud.length === 1 && aud[0] === clientId),
      failure,
    },
    {
      rule: 'azp',
      source: core('3.1.3.7 (4)'),
      expected:
        keptAzp === null ? `absent or ${clientId}` : `as at the login: ${show(keptAzp.azp)}`,
      got: show(azp),
      holds: (azp === undefined || azp === clientId) && (keptAzp === null || azp === keptAzp.azp),
      failure,
    },
    {
      rule: 'exp',
      source: core('3.1.3.7 (9)'),
      expected: `after ${now - clockTolerance}`,
      got: show(exp),
      holds: times.exp !== null && times.exp > now - clockTolerance,
      failure,
    },
    {
      rule: 'iat',
      source: core('3.1.3.7 (10)'),
      expected: `between ${now - maximumAge} and ${now + clockTolerance}`,
      got: show(iat),
      holds:
        times.iat !== null && times.iat <= now + clockTolerance && times.iat >= now - maximumAge,
      failure,
    },
    {
      rule: 'nbf',
      source: 'RFC 7519 §4.1.5',
      expected: `absent or at most ${now + clockTolerance}`,
      got: show(nbf),
      holds: nbf === undefined || (times.nbf !== null && times.nbf <= now + clockTolerance),
      failure,
    },
    nonceRule(claims['nonce'], nonce, renews?.by === 'refresh-token'),
    {
      rule: 'sub',
      source: core('2'),
      expected: '1 to 255 ASCII characters',
      got: typeof sub === 'string' ? `${sub.length} characters` : show(sub),
      holds: typeof sub === 'string' && /^[\x20-\x7E]{1,255}$/.test(sub),
      failure,
    },
    {
      rule: 'same-person',
      source: core('12.2'),
      expected: renews === null ? 'any' : 'the sub and pid of the login',
      got: renews === null ? 'any' : isSamePerson(claims, renews.claims) ? 'equal' : 'not equal',
      holds: renews === null ? 'skipped' : isSamePerson(claims, renews.claims),
      failure,
    },
    {
      rule: 'acr',
      source: 'Digdir, ID-token: acr',
      expected: acrValues.length === 0 ? 'any' : `at least ${acrValues.join(' or ')}`,
      got: show(acr),
      holds:
        acrValues.length === 0 ? 'skipped' : typeof acr === 'string' && acrIsEnough(acr, acrValues),
      failure,
    },
    freshLoginRule(times, authTime, expectation.attemptLasted),
    sameLoginRule(authTime, renews),
    {
      rule: 'at_hash',
      source: core('3.1.3.6'),
      expected: 'absent or the hash of the access token',
      got: atHash === undefined ? 'absent' : fits ? 'equal' : 'not equal',
      holds: atHash === undefined || fits,
      failure,
    },
    typesRule(claims),
    {
      rule: 'pid',
      source: 'Digdir, ID-token: pid',
      expected: 'absent or 11 digits',
      got:
        claims['pid'] === undefined
          ? 'absent'
          : isPid(claims['pid'])
            ? '11 digits'
            : 'something else',
      holds: claims['pid'] === undefined || isPid(claims['pid']),
      failure,
    },
  ]
}

/**
 * Whether the person has logged in after it was asked for. Both times are the provider's, so no clock of
 * this computer is in it: an old session is refused whatever our clock says.
 */
function freshLoginRule(
  { iat, auth }: { readonly iat: number | null; readonly auth: number | null },
  authTime: unknown,
  attemptLasted: number | null,
): Rule {
  const before = iat === null || auth === null ? null : iat - auth
  return {
    rule: 'auth_time',
    source: core('3.1.3.7 (13)'),
    expected:
      attemptLasted === null ? 'any' : `at most ${attemptLasted + roundingSlack} s before iat`,
    got: before === null ? show(authTime) : `${before} s before iat`,
    holds:
      attemptLasted === null
        ? 'skipped'
        : before !== null && before <= attemptLasted + roundingSlack && before >= -roundingSlack,
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** With a refresh token the nonce may be left out; one that comes all the same must be the login's. */
function nonceRule(value: unknown, nonce: Secret, optional: boolean): Rule {
  const equal = value === nonce.reveal()
  const left = optional && value === undefined
  return {
    rule: 'nonce',
    source: core(optional ? '12.2' : '3.1.3.7 (11)'),
    expected: optional ? 'absent or equal to the one sent' : 'equal to the one sent',
    got: value === undefined ? 'absent' : equal ? 'equal' : 'not equal',
    holds: left || equal,
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** The personal number need not be there, but it cannot be another one. */
function isSamePerson(claims: Claims, former: Claims): boolean {
  const [now, then] = [claims['pid'], former['pid']]
  return (
    claims['sub'] === former['sub'] && (now === undefined || then === undefined || now === then)
  )
}

/** A refresh token stands for one login: its time cannot change on the way. */
function sameLoginRule(authTime: unknown, renews: RenewedIdToken | null): Rule {
  const former = renews?.by === 'refresh-token' ? renews.claims['auth_time'] : undefined
  const comparable = former !== undefined && authTime !== undefined
  return {
    rule: 'same-login',
    source: core('12.2'),
    expected: former === undefined ? 'any' : `absent or ${show(former)}`,
    got: show(authTime),
    holds: comparable ? authTime === former : 'skipped',
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** The left half of the hash that belongs to the token's algorithm: SHA-256 for RS256. */
function isHashOf(value: unknown, { accessToken }: IdTokenExpectation): boolean {
  const hash = createHash('sha256').update(accessToken.reveal()).digest()
  return value === hash.subarray(0, 16).toString('base64url')
}

/** Claims of OpenID Connect Core 1.0 §2 and §5.1 and of Digdir's that no rule of their own looks at. */
const claimsOfType = {
  string:
    'acr at_hash c_hash sid jti locale name given_name family_name middle_name nickname preferred_username profile picture website email gender birthdate zoneinfo phone_number client_id client_amr scope eidas_identifier eidas_firstname eidas_lastname eidas_date_of_birth'.split(
      ' ',
    ),
  number: ['updated_at'],
  time: ['auth_time'],
  boolean: ['email_verified', 'phone_number_verified'],
  object: ['address'],
  list: ['authorization_details'],
}
const typeOf = new Map(
  Object.entries(claimsOfType).flatMap(([type, names]) =>
    names.map((name): [string, string] => [name, type]),
  ),
)

function hasType(value: unknown, type: string): boolean {
  if (type === 'list') return Array.isArray(value)
  if (type === 'time') return (seconds(value) ?? -1) >= 0
  return typeof value === type && value !== null && !Array.isArray(value)
}

/** `amr` is not among them: Digdir says that clients must not judge it. */
function typesRule(claims: Claims): Rule {
  const wrong = Object.keys(claims).filter((name) => {
    const type = typeOf.get(name)
    return type !== undefined && !hasType(claims[name], type)
  })
  return {
    rule: 'types',
    source: `${core('5.1')}; Digdir, ID-token`,
    expected: 'known claims of their types',
    got: wrong.join(' ') || 'as expected',
    holds: wrong.length === 0,
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

function isPid(value: unknown): boolean {
  return typeof value === 'string' && /^\d{11}$/.test(value)
}

/** A time as JSON must carry it: a finite number of seconds (JSON's 1e999 is none). */
function seconds(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** A value from a token as short text that may be shown: never more than a line, never a type lost. */
function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const text = typeof value === 'string' && !looksLikeJson(value) ? value : JSON.stringify(value)
  return plain(text)
}

/** A text such as "1800000000" is shown with its quotes, or nobody would see why it is refused. */
function looksLikeJson(text: string): boolean {
  // Most texts do not even begin like it, and an error that is thrown takes time.
  if (!/^\s*[[{"\dtfn-]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
