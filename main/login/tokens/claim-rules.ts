import { createHash } from 'node:crypto'
import type { Secret } from '../base/secret.ts'
import { acrIsEnough } from './acr.ts'
import { personRules, pidRule } from './person-rules.ts'
import { type Claims, core, type IdTokenExpectation, type Rule, seconds, show } from './rules.ts'
import { freshLoginRule, sameLoginRule, validityRules } from './time-rules.ts'

/** Judges every claim of a token that anything depends on. */
export function claimRules(claims: Claims, expectation: IdTokenExpectation): Rule[] {
  const { nonce, renews, acrValues, now } = expectation
  return [
    ...partyRules(claims, expectation),
    ...validityRules(claims, now),
    nonceRule(claims['nonce'], nonce, renews?.by === 'refresh-token'),
    ...personRules(claims, renews),
    acrRule(claims, acrValues),
    freshLoginRule(claims, expectation.attemptLasted),
    sameLoginRule(claims, renews),
    atHashRule(claims, expectation),
    typesRule(claims),
    pidRule(claims),
  ]
}

/** Judges who made the token and whom it is for. */
function partyRules({ iss, aud, azp }: Claims, expectation: IdTokenExpectation): Rule[] {
  const { issuer, clientId, renews } = expectation
  const failure = 'E_ID_TOKEN_CLAIM'
  // A refresh token may bring no other authorized party than the login had (§12.2).
  const keptAzp = renews?.by === 'refresh-token' ? { azp: renews.claims['azp'] } : null
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
  ]
}

/** Judges the nonce. With a refresh token the nonce may be left out; one that comes all the same must be the login's. */
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

/** Judges the level of assurance that was reached. */
function acrRule({ acr }: Claims, acrValues: readonly string[]): Rule {
  return {
    rule: 'acr',
    source: 'Digdir, ID-token: acr',
    expected: acrValues.length === 0 ? 'any' : `at least ${acrValues.join(' or ')}`,
    got: show(acr),
    holds:
      acrValues.length === 0 ? 'skipped' : typeof acr === 'string' && acrIsEnough(acr, acrValues),
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** Judges that the access token is the one that belongs to this ID token. */
function atHashRule({ at_hash: atHash }: Claims, expectation: IdTokenExpectation): Rule {
  // Stryker disable next-line ConditionalExpression: what is absent is no hash either
  const fits = atHash !== undefined && isHashOf(atHash, expectation)
  return {
    rule: 'at_hash',
    source: core('3.1.3.6'),
    expected: 'absent or the hash of the access token',
    got: atHash === undefined ? 'absent' : fits ? 'equal' : 'not equal',
    holds: atHash === undefined || fits,
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** The left half of the hash that belongs to the token's algorithm: SHA-256 for RS256. */
function isHashOf(value: unknown, { accessToken }: IdTokenExpectation): boolean {
  const hash = createHash('sha256').update(accessToken.reveal()).digest()
  return value === hash.subarray(0, 16).toString('base64url')
}

/**
 * The types of the claims of OpenID Connect Core 1.0 §2 and §5.1 and of Digdir's; those of `iss`, `aud`, `exp` and
 * the like are judged by their own rules.
 */
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

/** Judges the types of the claims above. `amr` is not among them: Digdir says that clients must not judge it. */
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
