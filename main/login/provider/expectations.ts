import { inspect } from 'node:util'
import { plain } from '../error-map.ts'

/** One place where a provider's metadata are not what this app expects of ID-porten. */
export interface ProviderDifference {
  readonly member: string
  readonly expected: string
  /** What came as one short line, or `absent`. */
  readonly got: string
}

/** What is expected of a member, and whether a value is that. */
interface Expectation {
  readonly member: string
  /** Of ID-porten alone: Ansattporten, which the app takes as well, has another one. */
  readonly ofIdPorten?: boolean
  readonly expected: string
  readonly fits: (value: unknown) => boolean
}

/** More members that ID-porten is not known to publish are counted: a provider may send thousands. */
const mostUnknown = 20

// Stryker disable next-line ArrayDeclaration: a list of any text that nobody expects is as good as an empty one
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const endpoint = (member: string): Expectation => ({
  member,
  expected: 'an address',
  fits: (value) => typeof value === 'string' && URL.canParse(value),
})

/** A list with this value and no other. */
const alone = (member: string, value: string): Expectation => ({
  member,
  expected: `${value} alone`,
  fits: (list) => listOf(list).length === 1 && listOf(list)[0] === value,
})

/** A list that has at least these values. */
const among = (member: string, ...values: readonly string[]): Expectation => ({
  member,
  expected: `a list with ${values.join(', ')}`,
  fits: (list) => values.every((value) => listOf(list).includes(value)),
})

/** A list that has at least these values wherever it is there. */
const amongIfThere = (member: string, value: string): Expectation => ({
  member,
  expected: `absent, or a list with ${value}`,
  fits: (list) => list === undefined || listOf(list).includes(value),
})

const expectations: readonly Expectation[] = [
  endpoint('pushed_authorization_request_endpoint'),
  endpoint('userinfo_endpoint'),
  endpoint('revocation_endpoint'),
  endpoint('end_session_endpoint'),
  {
    member: 'require_pushed_authorization_requests',
    expected: 'absent or false',
    fits: (value) => value === undefined || value === false,
  },
  {
    member: 'authorization_response_iss_parameter_supported',
    expected: 'true',
    fits: (value) => value === true,
  },
  alone('response_types_supported', 'code'),
  among('response_modes_supported', 'query'),
  among('grant_types_supported', 'authorization_code', 'refresh_token'),
  among('token_endpoint_auth_methods_supported', 'none'),
  alone('code_challenge_methods_supported', 'S256'),
  alone('id_token_signing_alg_values_supported', 'RS256'),
  amongIfThere('dpop_signing_alg_values_supported', 'ES256'),
  among('scopes_supported', 'openid', 'profile'),
  {
    ...among(
      'acr_values_supported',
      'idporten-loa-substantial',
      'idporten-loa-high',
      'eidas-loa-substantial',
      'eidas-loa-high',
    ),
    ofIdPorten: true,
  },
  among('prompt_values_supported', 'login', 'consent', 'none'),
  among('ui_locales_supported', 'nb', 'nn', 'en', 'se'),
  amongIfThere('authorization_details_types_supported', 'idporten:fullmakt'),
]

/** What ID-porten publishes, or documents, beyond what is looked at here or was needed to get this far. */
const knownMembers = new Set([
  ...expectations.map(({ member }) => member),
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'introspection_endpoint',
  'authorization_signing_alg_values_supported',
  'backchannel_logout_session_supported',
  'backchannel_logout_supported',
  'claims_parameter_supported',
  'display_values_supported',
  'frontchannel_logout_session_supported',
  'frontchannel_logout_supported',
  'request_parameter_supported',
  'request_uri_parameter_supported',
  'subject_types_supported',
  'token_endpoint_auth_signing_alg_values_supported',
])

/**
 * Where the metadata of a provider are not what this app expects of ID-porten: what they lack, what they have
 * otherwise, and what they add. Takes members of any shape, and throws nothing.
 *
 * @see Digdir, "Well-known endepunkt" (`oidc_func_wellknown`)
 */
export function providerDifferences(
  metadata: Readonly<Record<string, unknown>>,
): ProviderDifference[] {
  const { issuer } = metadata
  const isIdPorten = typeof issuer !== 'string' || !issuer.includes('ansattporten')
  const unfit = expectations
    .filter(({ ofIdPorten }) => isIdPorten || ofIdPorten !== true)
    .filter(({ member, fits }) => !fits(metadata[member]))
    .map(({ member, expected }) => ({ member, expected, got: shown(metadata[member]) }))
  const unknown = Object.keys(metadata).filter((member) => !knownMembers.has(member))
  const added = unknown.slice(0, mostUnknown).map((member) => ({
    member: plain(member),
    expected: 'absent',
    got: shown(metadata[member]),
  }))
  const rest = unknown.length - added.length
  if (rest <= 0) return [...unfit, ...added]
  return [...unfit, ...added, { member: '…', expected: 'absent', got: `${rest} more members` }]
}

function shown(value: unknown): string {
  if (value === undefined) return 'absent'
  // Not as JSON, which has no text for some values.
  return plain(inspect(value, { breakLength: Infinity, compact: true }))
}
