import { acrValues } from '../levels.ts'

/** The paths of ID-porten's endpoints, without its two hosts. */
export const paths = {
  authorization: '/authorize',
  end_session: '/logout',
  introspection: '/token/introspect',
  jwks: '/jwks.json',
  pushed_authorization_request: '/par',
  revocation: '/token/revoke',
  token: '/token',
  userinfo: '/userinfo',
} as const

/** The paths of the APIs of others, which are on hosts of their own in reality. */
export const apiPaths = { person: '/krr/rest/v1/person', echo: '/api/echo' } as const

/** The languages of ID-porten. */
export const locales = ['en', 'nb', 'nn', 'se'] as const

/** A language of ID-porten. */
export type Locale = (typeof locales)[number]

/** The response modes of ID-porten. */
export const responseModes = ['query', 'form_post', 'query.jwt', 'form_post.jwt'] as const

/**
 * ID-porten's discovery document (test environment, mid-2024) with the host of the simulator.
 * @see https://docs.digdir.no/docs/idporten/oidc/oidc_func_wellknown
 */
export function discoveryDocument(issuer: string): Readonly<Record<string, unknown>> {
  return {
    request_parameter_supported: false,
    pushed_authorization_request_endpoint: `${issuer}${paths.pushed_authorization_request}`,
    authorization_response_iss_parameter_supported: true,
    introspection_endpoint: `${issuer}${paths.introspection}`,
    claims_parameter_supported: false,
    scopes_supported: ['openid', 'profile'],
    issuer,
    acr_values_supported: acrValues,
    authorization_endpoint: `${issuer}${paths.authorization}`,
    display_values_supported: ['page'],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'none',
      'private_key_jwt',
    ],
    response_modes_supported: responseModes,
    token_endpoint: `${issuer}${paths.token}`,
    response_types_supported: ['code'],
    request_uri_parameter_supported: false,
    grant_types_supported: ['authorization_code', 'refresh_token'],
    ui_locales_supported: locales,
    end_session_endpoint: `${issuer}${paths.end_session}`,
    revocation_endpoint: `${issuer}${paths.revocation}`,
    prompt_values_supported: ['consent', 'login', 'none'],
    userinfo_endpoint: `${issuer}${paths.userinfo}`,
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    frontchannel_logout_supported: true,
    code_challenge_methods_supported: ['S256'],
    jwks_uri: `${issuer}${paths.jwks}`,
    frontchannel_logout_session_supported: true,
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_signing_alg_values_supported: ['RS256'],
  }
}
