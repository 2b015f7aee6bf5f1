import { compactVerify } from 'jose'
import type { Secret } from '../base/secret.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import { type Check, failure, LoginError } from '../errors.ts'
import { matching, type VerificationKey } from '../provider/keys.ts'
import { idTokenAlgorithm } from '../provider/metadata.ts'
import { claimRules } from './claim-rules.ts'
import { headerRules } from './header-rules.ts'
import {
  type Claims,
  clockTolerance,
  core,
  type IdTokenExpectation,
  type Rule,
  type VerifiedIdToken,
} from './rules.ts'

/**
 * Verifies an ID token: header, signature and every claim, by rules with names. Pure: the keys, the
 * time and what is expected come in, and nothing is fetched.
 *
 * @throws {LoginError} for the first rule that fails, with all rules in `checks`: `E_ID_TOKEN_SIGNATURE`,
 *   `E_ID_TOKEN_CLAIM`, or `E_CLOCK_SKEW` when the computer's clock explains it; `E_TOKEN_RESPONSE` for what is no
 *   signed JWT at all
 * @see OpenID Connect Core 1.0 §3.1.3.7 and §12.2; Digdir, "ID-token"
 */
export async function verifyIdToken(
  idToken: Secret,
  keys: readonly VerificationKey[],
  expectation: IdTokenExpectation,
): Promise<VerifiedIdToken> {
  const { header, claims } = decode(idToken)
  // Another thread computes the signature meanwhile.
  const signature = signatureRule(idToken, header, keys)
  const ofClaims = claimRules(claims, expectation)
  const rules = [...headerRules(header, keys), await signature, ...ofClaims]
  const checks = rules.map(toCheck)
  const failed = rules.find((rule) => rule.holds === false)
  if (failed === undefined) return { claims, checks }

  const skew = clockThatExplains(failed, claims, expectation)
  if (skew === null) {
    const reason = `expected ${failed.expected}, got ${failed.got}`
    throw failure(failed.failure, failed.rule, reason, { subject: 'ID token', checks })
  }
  // Stryker disable next-line EqualityOperator: a difference of nothing explains nothing and never comes here
  const direction = skew > 0 ? 'ahead' : 'behind'
  const off = Math.abs(skew)
  const reason = `this computer's clock is ${off} s ${direction === 'ahead' ? 'ahead of' : 'behind'} the provider's`
  throw failure('E_CLOCK_SKEW', failed.rule, reason, {
    subject: 'ID token',
    explanation: { kind: 'clock', direction, seconds: off },
    checks,
  })
}

/** Seconds that this computer's clock is off, if every rule of the claims holds by the provider's clock. */
function clockThatExplains(
  failed: Rule,
  claims: Claims,
  expectation: IdTokenExpectation,
): number | null {
  const { clockSkew, now } = expectation
  // Stryker disable next-line ConditionalExpression: an unknown difference counts as none, which is within the tolerance
  if (clockSkew === null || Math.abs(clockSkew) <= clockTolerance) return null
  const atProvider = claimRules(claims, { ...expectation, now: now - clockSkew })
  // A token that is wrong by the provider's clock as well is wrong.
  const right = atProvider.every(({ holds }) => holds !== false)
  const isClaim = atProvider.some(({ rule }) => rule === failed.rule)
  return right && isClaim ? Math.round(clockSkew) : null
}

const base64url = /^[\w-]+$/

interface Decoded {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Claims
}

function decode(idToken: Secret): Decoded {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new LoginError('E_TOKEN_RESPONSE', `ID token: ${reason}`, {
      cause,
      detail: { key: 'id_token', reason },
    })
  }
  const parts = idToken.reveal().split('.')
  if (parts.length === 5) refuse('is encrypted, and that was not asked for')
  if (parts.length !== 3) refuse('not a signed JWT')
  const [header, claims] = parts.slice(0, 2).map((part) => {
    try {
      if (!base64url.test(part)) throw new SyntaxError('not base64url')
      const value = parseStrictJson(Buffer.from(part, 'base64url'))
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new SyntaxError('not an object')
      }
      return { ...value }
    } catch (error) {
      return refuse(error instanceof SyntaxError ? error.message : 'not a signed JWT', error)
    }
  })
  return { header: header ?? {}, claims: claims ?? {} }
}

async function signatureRule(
  idToken: Secret,
  { kid }: Decoded['header'],
  keys: readonly VerificationKey[],
): Promise<Rule> {
  const rule = {
    rule: 'signature',
    source: core('3.1.3.7 (6)'),
    expected: "signed with the provider's key",
    failure: 'E_ID_TOKEN_SIGNATURE',
  } as const
  const [found, ...others] = matching(keys, kid)
  if (found === undefined || others.length > 0) return { ...rule, got: 'no key', holds: false }
  // Buffer would read padding and line breaks as well.
  // Stryker disable next-line StringLiteral: a token that comes here has three parts
  const [, , signature = ''] = idToken.reveal().split('.')
  if (!base64url.test(signature)) return { ...rule, got: 'not valid', holds: false }
  try {
    // Stryker disable next-line ObjectLiteral: the keys are made for this one algorithm, and this is a second safeguard
    await compactVerify(idToken.reveal(), found.key, { algorithms: [idTokenAlgorithm] })
    return { ...rule, got: 'valid', holds: true }
  } catch {
    return { ...rule, got: 'not valid', holds: false }
  }
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
