import { compactVerify, decodeProtectedHeader } from 'jose'
import * as v from 'valibot'
import type { Check, ErrorCode } from '../../preload/contract.ts'
import { AppError } from '../errors.ts'
import { acrIsEnough } from './acr.ts'
import { idTokenAlgorithm } from './discovery.ts'
import type { KeySource } from './keys.ts'
import type { Secret } from './secret.ts'

/** How far the clocks of this computer and of the provider may differ, in seconds. */
export const clockTolerance = 30

/** How old an ID token may be that came straight from the token endpoint, in seconds. */
const maximumAge = 600

export type Claims = Readonly<Record<string, unknown>>

export interface IdTokenExpectation {
  readonly issuer: string
  readonly clientId: string
  readonly nonce: Secret
  /** What was asked for; empty when nothing was. */
  readonly acrValues: readonly string[]
  /** Whether a fresh login was asked for (`prompt=login`), and when, in Unix seconds. */
  readonly authenticatedAfter: number | null
  /** Unix seconds. */
  readonly now: number
  /** How far this computer's clock is from the provider's, in seconds; null when that is unknown. */
  readonly clockSkew: number | null
}

export interface VerifiedIdToken {
  readonly claims: Claims
  readonly checks: readonly Check[]
}

interface Rule {
  readonly rule: string
  readonly source: string
  readonly expected: string
  /** What came, as text that may be shown. */
  readonly got: string
  readonly holds: boolean | 'skipped'
  readonly failure: ErrorCode
}

const core = (section: string): string => `OpenID Connect Core 1.0 §${section}`
const claimSet = v.record(v.string(), v.unknown())

/**
 * Verifies an ID token: header, signature and every claim, by rules with names.
 * Throws `AppError` for the first rule that fails, with all rules in `checks`:
 * `E_ID_TOKEN_SIGNATURE`, `E_ID_TOKEN_CLAIM`, or `E_CLOCK_SKEW` when the computer's clock explains it.
 * Source: OpenID Connect Core 1.0 §3.1.3.7; Digdir, "ID-token".
 */
export async function verifyIdToken(
  idToken: Secret,
  keys: KeySource,
  expectation: IdTokenExpectation,
): Promise<VerifiedIdToken> {
  const { header, claims } = decode(idToken)
  const rules = [
    ...headerRules(header),
    await signatureRule(idToken, header, keys),
    ...claimRules(claims, expectation),
  ]
  const checks = rules.map(toCheck)
  const failed = rules.find((rule) => rule.holds === false)
  if (failed === undefined) return { claims, checks }

  const skew = clockThatExplains(failed, claims, expectation)
  const code = skew === null ? failed.failure : 'E_CLOCK_SKEW'
  const reason =
    skew === null
      ? `expected ${failed.expected}, got ${failed.got}`
      : `this computer's clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the provider's`
  throw new AppError(code, `ID token: ${failed.rule}: ${reason}`, {
    detail: { key: failed.rule, reason },
    checks,
  })
}

/** Seconds that this computer's clock is off, if the rule that failed holds by the provider's clock. */
function clockThatExplains(
  failed: Rule,
  claims: Claims,
  expectation: IdTokenExpectation,
): number | null {
  const { clockSkew, now, authenticatedAfter } = expectation
  if (clockSkew === null || Math.abs(clockSkew) <= clockTolerance) return null
  const atProvider = claimRules(claims, {
    ...expectation,
    now: now - clockSkew,
    authenticatedAfter: authenticatedAfter === null ? null : authenticatedAfter - clockSkew,
  })
  const holds = atProvider.some(({ rule, holds: there }) => rule === failed.rule && there === true)
  return holds ? Math.round(clockSkew) : null
}

interface Decoded {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Claims
}

function decode(idToken: Secret): Decoded {
  try {
    const parts = idToken.reveal().split('.')
    if (parts.length !== 3) throw new Error('not three parts')
    const payload: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(parts[1] ?? '', 'base64url')),
    )
    if (Array.isArray(payload)) throw new Error('not an object')
    // Too deep to be written is too deep to be shown: it throws here and not later.
    JSON.stringify(payload)
    return {
      header: { ...decodeProtectedHeader(idToken.reveal()) },
      claims: v.parse(claimSet, payload),
    }
  } catch (error) {
    throw new AppError('E_TOKEN_RESPONSE', 'ID token: not a signed JWT', {
      cause: error,
      detail: { key: 'id_token', reason: 'not a signed JWT' },
    })
  }
}

function headerRules(header: Decoded['header']): Rule[] {
  const failure = 'E_ID_TOKEN_SIGNATURE'
  const embedded = ['jwk', 'jku', 'x5u'].filter((name) => name in header)
  return [
    {
      rule: 'alg',
      source: core('3.1.3.7 (7)'),
      expected: idTokenAlgorithm,
      got: show(header['alg']),
      holds: header['alg'] === idTokenAlgorithm,
      failure,
    },
    {
      rule: 'typ',
      source: 'RFC 8725 §3.11',
      expected: 'JWT or absent',
      got: show(header['typ']),
      holds:
        header['typ'] === undefined ||
        (typeof header['typ'] === 'string' && header['typ'].toUpperCase() === 'JWT'),
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
  ]
}

async function signatureRule(
  idToken: Secret,
  header: Decoded['header'],
  keys: KeySource,
): Promise<Rule> {
  const rule = {
    rule: 'signature',
    source: core('3.1.3.7 (6)'),
    expected: "signed with one of the provider's keys",
    failure: 'E_ID_TOKEN_SIGNATURE',
  } as const
  if (header['alg'] !== idTokenAlgorithm) return { ...rule, got: 'another algorithm', holds: false }
  const { kid } = header
  if (kid !== undefined && typeof kid !== 'string')
    return { ...rule, got: 'kid is no text', holds: false }
  const key = await keys.find(kid)
  if (key === null) return { ...rule, got: 'no such key', holds: false }
  try {
    await compactVerify(idToken.reveal(), key, { algorithms: [idTokenAlgorithm] })
    return { ...rule, got: 'valid', holds: true }
  } catch {
    return { ...rule, got: 'not valid', holds: false }
  }
}

function claimRules(claims: Claims, expectation: IdTokenExpectation): Rule[] {
  const { issuer, clientId, nonce, acrValues, authenticatedAfter, now } = expectation
  const { iss, sub, aud, azp, exp, iat, nbf, acr, auth_time: authTime } = claims
  const failure = 'E_ID_TOKEN_CLAIM'
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
      expected: `absent or ${clientId}`,
      got: show(azp),
      holds: azp === undefined || azp === clientId,
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
    {
      rule: 'nonce',
      source: core('3.1.3.7 (11)'),
      expected: 'equal to the one sent',
      got: claims['nonce'] === nonce.reveal() ? 'equal' : 'not equal',
      holds: claims['nonce'] === nonce.reveal(),
      failure,
    },
    {
      rule: 'sub',
      source: core('2'),
      expected: '1 to 255 ASCII characters',
      got: typeof sub === 'string' ? `${sub.length} characters` : show(sub),
      holds: typeof sub === 'string' && /^[\x20-\x7E]{1,255}$/.test(sub),
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
    {
      rule: 'auth_time',
      source: core('3.1.3.7 (13)'),
      expected:
        authenticatedAfter === null ? 'any' : `after ${authenticatedAfter - clockTolerance}`,
      got: show(authTime),
      holds:
        authenticatedAfter === null
          ? 'skipped'
          : times.auth !== null &&
            times.auth >= authenticatedAfter - clockTolerance &&
            times.auth <= now + clockTolerance,
      failure,
    },
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

function isPid(value: unknown): boolean {
  return typeof value === 'string' && /^\d{11}$/.test(value)
}

/** A time as JSON must carry it: a finite, positive number of seconds. */
function seconds(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null
}

/** A value from a token as short text that may be shown: never more than a line, never a type lost. */
function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function toCheck({ rule, source, expected, got, holds }: Rule): Check {
  return {
    rule,
    source,
    expected,
    got,
    result: holds === 'skipped' ? 'skipped' : holds ? 'pass' : 'fail',
  }
}
