import { omit, text } from './changes.ts'
import { bad, each, either, good, underscored } from './outcome.ts'
import type { Scenario, Tools } from './scenario.ts'

const metadata = (members: (tools: Tools) => Readonly<Record<string, unknown>>) => ({
  metadata: (document: Readonly<Record<string, unknown>>, tools: Tools) => ({
    ...document,
    ...members(tools),
  }),
})

const randomJwksPath = '/keys-somewhere-else.json'

/** What is wrong, or unusual, in the discovery document. */
export const metadataScenarios = {
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
