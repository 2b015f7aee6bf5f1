/**
 * The client modules of the OpenID Foundation's conformance suite, under their own names, and what
 * this app must do in each. The suite itself gives a certificate only to a client with a secret; here
 * the simulator plays its part.
 * Source: openid-certification/conformance-suite, client modules for OpenID Connect and FAPI 2.
 */
import type { ScenarioName } from '../../simulator/scenarios/index.ts'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import type { Outcome, PlayOptions } from './play.ts'

export interface Module {
  /** Number in the list of the project's rules; empty for a module that the list does not have. */
  readonly id: string
  readonly name: string
  /** What the provider does. */
  readonly provider: string
  /** Why the module itself says nothing about a public client of the code flow. */
  readonly left?: string
  /** What is played, and how it must end; absent when there is nothing to play. */
  readonly plays?: Extras & {
    readonly scenario: ScenarioName | Scenario
    readonly expected: Outcome
  }
}

export interface Plan {
  readonly title: string
  readonly modules: readonly Module[]
}

type Extras = Pick<PlayOptions, 'profile' | 'logins' | 'movedTo' | 'actions' | 'answer'>

const applies =
  (prefix: string) =>
  (
    id: string,
    name: string,
    provider: string,
    scenario: ScenarioName | Scenario,
    expected: Outcome,
    extras: Extras = {},
  ): Module => ({
    id,
    name: `${prefix}${name}`,
    provider,
    plays: { scenario, expected, ...extras },
  })

const leftOut =
  (prefix: string) =>
  (id: string, name: string, provider: string, left: string): Module => ({
    id,
    name: `${prefix}${name}`,
    provider,
    left,
  })

/** A module that is for other clients; what it is about is played all the same. */
const playedAnyway = (module: Module, scenario: ScenarioName, expected: Outcome): Module => ({
  ...module,
  plays: { scenario, expected },
})

const core = 'oidcc-client-test'
const fapi = 'fapi2-security-profile-final-client-test-'
const run = applies(core)
const none = leftOut(core)
const runFapi = applies(fapi)
const noneFapi = leftOut(fapi)
const runFapi1 = applies('fapi1-advanced-final-client-test-')
const noneFapi1 = leftOut('fapi1-advanced-final-client-test-')

const noBackend = 'needs an address that the provider can reach; this app has none'
const codeOnly = 'for response types with a token in the front channel; this app uses code alone'
const noJarm = 'for clients that ask for a signed response; this app does not'
const noGrants = 'for clients that manage grants; ID-porten has no such endpoint'

/** A renewal, and a call with what it brought. */
const renewal: Extras = { actions: ['renew'] }
/** A logout, with nothing that would have to be revoked. */
const logout: Extras = { actions: ['sign out'], profile: { apis: [] } }
const withProofs: Extras = { actions: ['call'], profile: { par: 'always', dpop: true } }

/** Asks for nonces only where an API is called, so that the first proof there has none. */
function nonceOfApi(): Scenario {
  const scenario: Omit<Scenario, 'dpopNonce'> & { dpopNonce?: 'recent' } = {
    summary: 'An API wants a nonce that no other endpoint has given.',
    request: (step) => {
      if (step === 'api') scenario.dpopNonce = 'recent'
    },
  }
  return scenario
}

/** Writes the scheme of an API's challenge in other letters. */
function withMixedCase(response: Response): Response {
  const challenge = response.headers.get('www-authenticate')
  if (challenge === null) return response
  const headers = new Headers(response.headers)
  headers.set('www-authenticate', challenge.replace(/^DPoP/, 'dPOp'))
  return new Response(response.body, { status: response.status, headers })
}

export const plans: readonly Plan[] = [
  {
    title: 'OpenID Connect: basic, configuration, dynamic and comprehensive client plans',
    modules: [
      run('C-01', '', 'Nothing wrong', 'normal', 'signs in'),
      run('C-02', '-invalid-iss', 'iss + "1"', 'invalid-iss', 'E_ID_TOKEN_CLAIM (iss)'),
      run('C-03', '-missing-sub', 'No sub', 'missing-sub', 'E_ID_TOKEN_CLAIM (sub)'),
      run('C-04', '-invalid-aud', 'aud + "1"', 'invalid-aud', 'E_ID_TOKEN_CLAIM (aud)'),
      run('C-05', '-missing-aud', 'No aud', 'missing-aud', 'E_ID_TOKEN_CLAIM (aud)'),
      run('C-06', '-missing-iat', 'No iat', 'missing-iat', 'E_ID_TOKEN_CLAIM (iat)'),
      run('', '-kid-absent-single-jwks', 'No kid, one key', 'kid-absent-single', 'signs in'),
      run(
        'C-08',
        '-kid-absent-multiple-jwks',
        'No kid, several keys that fit; to refuse is one of two ways to pass',
        'kid-absent-multiple-jwks',
        'E_ID_TOKEN_SIGNATURE (kid)',
      ),
      run('C-09', '-idtoken-sig-rs256', 'RS256', 'normal', 'signs in'),
      run(
        'C-10',
        '-idtoken-sig-none',
        'No signature; to refuse is one of two ways to pass',
        'sig-none',
        'E_ID_TOKEN_SIGNATURE (alg)',
      ),
      run(
        'C-11',
        '-invalid-sig-rs256',
        'A damaged RS256 signature',
        'invalid-sig-rs256',
        'E_ID_TOKEN_SIGNATURE (signature)',
      ),
      run(
        'C-12',
        '-invalid-sig-hs256',
        'A damaged HS256 signature',
        'invalid-sig-hs256',
        'E_ID_TOKEN_SIGNATURE (alg)',
      ),
      run(
        'C-13',
        '-invalid-sig-es256',
        'A damaged ES256 signature',
        'invalid-sig-es256',
        'E_ID_TOKEN_SIGNATURE (alg)',
      ),
      run(
        '',
        '-ignores-unparseable-key-in-jwks',
        'Keys of unknown kinds beside the right one',
        'keys-and-unknown-kinds',
        'signs in',
      ),
      run(
        'C-14',
        '-userinfo-invalid-sub',
        'Userinfo of another sub',
        'userinfo-invalid-sub',
        'signs in without userinfo',
      ),
      run('C-15', '-nonce-invalid', 'nonce + "1"', 'invalid-nonce', 'E_ID_TOKEN_CLAIM (nonce)'),
      playedAnyway(
        none('C-16', '-nonce-unless-code-flow', 'Expects a nonce', codeOnly),
        'normal',
        'signs in',
      ),
      run(
        'C-17',
        '-scope-userinfo-claims',
        'Claims of the scopes in userinfo',
        'normal',
        'signs in',
      ),
      run(
        'C-18',
        '-userinfo-bearer-header',
        'Expects the token in the header',
        'normal',
        'signs in',
      ),
      none('C-19', '-client-secret-basic', 'Expects a client secret', 'a public client has none'),
      none(
        'C-20',
        '-userinfo-bearer-body',
        'Expects the access token in a form',
        'tokens are sent in the header alone',
      ),
      playedAnyway(
        none('C-21', '-missing-athash', 'No at_hash', codeOnly),
        'missing-at-hash',
        'signs in',
      ),
      playedAnyway(
        none('C-21', '-invalid-athash', 'at_hash of another token', codeOnly),
        'invalid-at-hash',
        'E_ID_TOKEN_CLAIM (at_hash)',
      ),
      none('C-22', '-missing-chash', 'No c_hash', codeOnly),
      playedAnyway(
        none('C-22', '-invalid-chash', 'c_hash of another code', codeOnly),
        'invalid-c-hash',
        'signs in',
      ),
      playedAnyway(
        none(
          'C-23',
          '-form-post-error',
          'Refuses with login_required by form_post',
          'the listener takes the query alone; the same error comes there',
        ),
        'callback-error-login-required',
        'E_LOGIN_REFUSED (error)',
      ),
      playedAnyway(
        none('C-24', '-aggregated-claims', 'Claims of another source', 'the app uses none'),
        'aggregated-claims',
        'signs in',
      ),
      playedAnyway(
        none(
          'C-24',
          '-distributed-claims',
          'Claims at another address',
          'the app uses none, and fetches none',
        ),
        'distributed-claims',
        'signs in',
      ),
      playedAnyway(
        none(
          'C-25',
          '-mtls-endpoint-aliases',
          'Other endpoints for certificates',
          'the app has no certificate, and does not go there',
        ),
        'mtls-endpoint-aliases',
        'signs in',
      ),
      playedAnyway(
        none('C-26', '-userinfo-signed', 'Userinfo as a signed JWT', 'the app asks for none'),
        'userinfo-signed',
        'signs in without userinfo',
      ),
      run('C-27', '-discovery-openid-config', 'Counts the discovery', 'normal', 'signs in'),
      run(
        'C-28',
        '-discovery-jwks-uri-keys',
        'Keys at another path',
        'random-jwks-uri',
        'signs in',
        { movedTo: '/keys-somewhere-else.json' },
      ),
      run(
        'C-29',
        '-discovery-issuer-mismatch',
        'issuer + "INVALID"',
        'issuer-mismatch',
        'E_PROVIDER_METADATA (issuer)',
      ),
      run(
        'C-30',
        '-signing-key-rotation',
        'New keys before the second login',
        'rotated-keys',
        'signs in',
        { logins: 2 },
      ),
      run(
        '',
        '-signing-key-rotation-just-before-signing',
        'New keys before each ID token',
        'rotated-keys',
        'signs in',
      ),
      none('C-32', '-discovery-webfinger-acct', 'WebFinger', 'the profile names the issuer'),
      none('C-32', '-discovery-webfinger-url', 'WebFinger', 'the profile names the issuer'),
      playedAnyway(
        none(
          'C-33',
          '-dynamic-registration',
          'Offers registration',
          'the client is registered at Digdir, and does not register itself',
        ),
        'registration-endpoint',
        'signs in',
      ),
      playedAnyway(
        none(
          'C-34',
          '-request-uri-signed-none',
          'Takes request objects by reference',
          'ID-porten takes none, and the app sends none',
        ),
        'request-uri-supported',
        'signs in',
      ),
      playedAnyway(
        none(
          'C-34',
          '-request-uri-signed-rs256',
          'Takes request objects by reference',
          'ID-porten takes none, and the app sends none',
        ),
        'request-uri-supported',
        'signs in',
      ),
      none(
        'C-35',
        '-3rd-party-init-login',
        'Starts a login at the client',
        'the app has no such address, on purpose',
      ),
    ],
  },
  {
    title: 'OpenID Connect: refresh tokens',
    modules: [
      run(
        'CR-01',
        '-refresh-token',
        'A refresh token; the new access token is used at an API',
        'normal',
        'shows HTTP 200',
        { actions: ['renew', 'call'] },
      ),
      run(
        'CR-02',
        '-refresh-token-invalid-issuer',
        'iss + "1" in the renewal',
        'refresh-invalid-iss',
        'ends: E_ID_TOKEN_CLAIM (iss)',
        renewal,
      ),
      run(
        'CR-03',
        '-refresh-token-invalid-sub',
        'sub + "1" in the renewal',
        'refresh-invalid-sub',
        'ends: E_RENEWAL_SUBJECT (same-person)',
        renewal,
      ),
      run(
        '',
        '-refresh-token-invalid-aud',
        'aud + "1" in the renewal',
        'refresh-invalid-aud',
        'ends: E_ID_TOKEN_CLAIM (aud)',
        renewal,
      ),
      run(
        '',
        '-refresh-token-invalid-azp',
        'Another azp in the renewal',
        'refresh-azp-other',
        'ends: E_ID_TOKEN_CLAIM (azp)',
        renewal,
      ),
    ],
  },
  {
    title: 'OpenID Connect: logout',
    modules: [
      run(
        'CL-01',
        '-rp-init-logout',
        'Nothing wrong',
        'normal',
        'signs out: revocation none, browser done',
        logout,
      ),
      run(
        'CL-02',
        '-rp-init-logout-other-state',
        'Comes back with another state',
        'logout-other-state',
        'signs out: revocation none, browser opened',
        logout,
      ),
      run(
        'CL-03',
        '-rp-init-logout-no-state',
        'Comes back without a state',
        'logout-without-state',
        'signs out: revocation none, browser opened',
        logout,
      ),
      none('CL-04', '-rp-frontchannel-rpinitlogout', 'A frame at the client', noBackend),
      none('CL-05', '-rp-frontchannel-opinitlogout', 'A frame at the client', noBackend),
      none('CL-06', '-rp-backchannel-rpinitlogout', 'A logout token', noBackend),
      none('CL-07', '-rp-backchannel-rpinitlogout-alg-none', 'One without signature', noBackend),
      none('CL-08', '-rp-backchannel-rpinitlogout-no-event', 'One without events', noBackend),
      none('CL-09', '-rp-backchannel-rpinitlogout-with-nonce', 'One with a nonce', noBackend),
      none('CL-10', '-rp-backchannel-rpinitlogout-wrong-alg', 'One of another alg', noBackend),
      none('CL-11', '-rp-backchannel-rpinitlogout-wrong-aud', 'One of another aud', noBackend),
      none('CL-12', '-rp-backchannel-rpinitlogout-wrong-event', 'One of another event', noBackend),
      none('CL-13', '-rp-backchannel-rpinitlogout-wrong-iss', 'One of another iss', noBackend),
      none(
        'CL-14',
        '-session-management',
        'A frame that watches the session',
        'needs frames and cookies of the provider in the app',
      ),
    ],
  },
  {
    title: 'FAPI 2: what the other plans lack',
    modules: [
      runFapi(
        'CF-01',
        'happy-path',
        'Pushed requests, and DPoP with nonces',
        'dpop-nonce-required',
        'shows HTTP 200',
        withProofs,
      ),
      runFapi(
        'CF-01',
        'happy-path-no-dpop-nonce',
        'Demands pushed requests; DPoP without nonces',
        'metadata-par-required',
        'shows HTTP 200',
        withProofs,
      ),
      noneFapi(
        '',
        'happy-path-no-mtls-endpoint-aliases',
        'No endpoints for certificates',
        'the app has no certificate',
      ),
      runFapi(
        'CF-02',
        'ensure-authorization-response-with-invalid-state-fails',
        'Another state; that callback is refused and the login waits until its time is over',
        'callback-invalid-state',
        'E_LOGIN_TIMEOUT',
      ),
      runFapi(
        'CF-03',
        'ensure-authorization-response-with-invalid-missing-state-fails',
        'No state; that callback is refused and the login waits until its time is over',
        'callback-missing-state',
        'E_LOGIN_TIMEOUT',
      ),
      runFapi(
        'CF-04',
        'invalid-authorization-response-iss',
        'Another iss in the callback',
        'invalid-callback-iss',
        'E_CALLBACK_ISSUER (iss)',
      ),
      runFapi(
        'CF-05',
        'remove-authorization-response-iss',
        'Promises iss in the callback and leaves it out',
        'missing-callback-iss',
        'E_CALLBACK_ISSUER (iss)',
      ),
      runFapi(
        'CF-06',
        'discovery-issuer-mismatch',
        'issuer + "INVALID"',
        'issuer-mismatch',
        'E_PROVIDER_METADATA (issuer)',
      ),
      runFapi('CF-07', 'invalid-iss', 'iss + "1"', 'invalid-iss', 'E_ID_TOKEN_CLAIM (iss)'),
      runFapi('CF-07', 'invalid-missing-iss', 'No iss', 'missing-iss', 'E_ID_TOKEN_CLAIM (iss)'),
      runFapi('CF-08', 'invalid-aud', 'aud + "1"', 'invalid-aud', 'E_ID_TOKEN_CLAIM (aud)'),
      runFapi('CF-08', 'invalid-missing-aud', 'No aud', 'missing-aud', 'E_ID_TOKEN_CLAIM (aud)'),
      runFapi(
        '',
        'invalid-secondary-aud',
        'This client and another one',
        'multiple-aud',
        'E_ID_TOKEN_CLAIM (aud)',
      ),
      runFapi('', 'valid-aud-as-array', 'This client in an array', 'aud-array-of-one', 'signs in'),
      runFapi(
        'CF-11',
        'invalid-expired-exp',
        'exp 6 minutes ago',
        'expired-exp',
        'E_ID_TOKEN_CLAIM (exp)',
      ),
      runFapi('CF-11', 'invalid-missing-exp', 'No exp', 'missing-exp', 'E_ID_TOKEN_CLAIM (exp)'),
      runFapi('CF-12', 'invalid-nonce', 'nonce + "1"', 'invalid-nonce', 'E_ID_TOKEN_CLAIM (nonce)'),
      runFapi(
        'CF-12',
        'invalid-missing-nonce',
        'No nonce',
        'missing-nonce',
        'E_ID_TOKEN_CLAIM (nonce)',
      ),
      runFapi(
        'CF-13',
        'invalid-null-alg',
        'No signature',
        'sig-none',
        'E_ID_TOKEN_SIGNATURE (alg)',
      ),
      runFapi(
        'CF-13',
        'invalid-alternate-alg',
        'PS256',
        'alternate-alg',
        'E_ID_TOKEN_SIGNATURE (alg)',
      ),
      runFapi(
        '',
        'token-endpoint-response-without-expires_in',
        'No expires_in',
        'response-missing-expires-in',
        'signs in',
      ),
      runFapi(
        '',
        'token-type-case-insensitivity',
        'token_type in mixed case',
        'token-type-mixed-case',
        'signs in',
      ),
      runFapi(
        'CF-16',
        'rs-dpop-auth-scheme-case-insensitivity',
        'An API that asks for a nonce as dPOp',
        nonceOfApi(),
        'shows HTTP 200',
        { ...withProofs, answer: withMixedCase },
      ),
      applies('')(
        'CF-17',
        'fapi2-security-profile-final-client-refresh-token-test',
        'An API that takes the token of the second renewal; the person asks twice',
        {
          summary: 'Three calls of an API get 401.',
          fault: { step: 'api', kind: 'oauth-error-invalid-token', times: 3 },
        },
        'shows HTTP 200',
        { actions: ['call', 'call'] },
      ),
      ...[
        'without-iss-fails',
        'with-invalid-iss-fails',
        'without-aud-fails',
        'with-invalid-aud-fails',
        'without-exp-fails',
        'with-expired-exp-fails',
        'with-invalid-sig-fails',
        'signature-is-not-none',
      ].map((name) =>
        playedAnyway(
          noneFapi('CF-18', `ensure-jarm-${name}`, 'A response as JWT', noJarm),
          'callback-with-response',
          'E_CALLBACK_INVALID (response)',
        ),
      ),
      noneFapi('', 'grant-management-happy-path', 'Grant management', noGrants),
      noneFapi('', 'grant-management-query-and-revoke', 'Grant management', noGrants),
      noneFapi('', 'grant-management-invalid-grant-id-fails', 'Grant management', noGrants),
    ],
  },
  {
    title: 'FAPI 1: what neither has, with the ID token of the token endpoint',
    modules: [
      runFapi1(
        'CF-19',
        'iat-is-week-in-past',
        'iat a week ago',
        'iat-week-in-past',
        'E_ID_TOKEN_CLAIM (iat)',
      ),
      runFapi1(
        'CF-19',
        'no-scope-in-token-endpoint-response',
        'No scope',
        'missing-scope-in-token-response',
        'signs in',
      ),
      runFapi1(
        'CF-19',
        'invalid-signature',
        'A damaged signature',
        'invalid-sig-rs256',
        'E_ID_TOKEN_SIGNATURE (signature)',
      ),
      ...['encrypted-idtoken', 'encrypted-idtoken-usingrsa15'].map((name) =>
        playedAnyway(
          noneFapi1('CF-19', name, 'An encrypted ID token', 'the app asks for none'),
          'encrypted-id-token',
          'E_TOKEN_RESPONSE (id_token)',
        ),
      ),
      noneFapi1('CF-19', 'invalid-shash', 's_hash of another state', codeOnly),
      noneFapi1('CF-19', 'invalid-missing-shash', 'No s_hash', codeOnly),
    ],
  },
]
