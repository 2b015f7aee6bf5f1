/**
 * The rules of the specifications and the faults that a provider can show a client, by the numbers
 * of the project's list (S: specifications, F: faults), and where each is shown. Rules that are about
 * the listener, the window or the package alone are not here: their tests are beside their code.
 */
import type { FaultName } from '../../simulator/faults/index.ts'
import { type ScenarioName, scenarios } from '../../simulator/scenarios/index.ts'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import type { MatrixStep } from './matrix.ts'
import type { UserAction, Outcome } from './play.ts'

/** Scenarios by name, and how each must end. */
export type Plays = { readonly [Name in ScenarioName]?: Outcome }

/** Something that the simulator has no name for, with the keys of the profile that it needs. */
export interface OwnScenario {
  readonly scenario: Scenario
  readonly expected: Outcome
  readonly profile?: object
  /** What the person does with the session; a login alone when absent. */
  readonly actions?: readonly UserAction[]
  /** The provider gives no refresh token, as ID-porten may not. */
  readonly withoutRefreshToken?: true
}

export interface Row {
  readonly id: string
  /** What the app does, in one sentence. */
  readonly rule: string
  /** Scenarios that show it at a login. */
  readonly plays?: Plays
  /** At a login with proofs of possession. */
  readonly withProofs?: Plays
  /** At a renewal with a refresh token. */
  readonly renews?: Plays
  /** At the call of an API. */
  readonly calls?: Plays
  /** At a sign-out, whose tokens end with the login. */
  readonly signsOut?: Plays
  readonly own?: readonly OwnScenario[]
  /** Faults whose cells of the matrix show it. */
  readonly matrix?: readonly FaultName[]
  /** The step of those cells; every step where the faults can happen when absent. */
  readonly at?: MatrixStep
  /** It has a test of its own in rows.test.ts. */
  readonly tested?: true
  /** Tests elsewhere that show it: the file, and a part of their names. `npm run conformance` runs them. */
  readonly shownBy?: readonly (readonly [file: string, name: string])[]
  /** A file of tests that show it and need Electron, which `npm test` runs. */
  readonly endToEnd?: string
  /** Rows that show it too. */
  readonly see?: readonly string[]
}

const attempt = 'main/login/login.test.ts'
const idToken = 'main/login/tokens/id-token.test.ts'
const discovery = 'main/login/provider/metadata.test.ts'
const keys = 'main/login/provider/keys.test.ts'
const http = 'main/login/base/http.test.ts'
const listener = 'main/login/callback/listener.test.ts'
const controller = 'main/session/controller.test.ts'
const renewals = 'main/session/renewal.test.ts'
const life = 'main/session/session-life.test.ts'
const apiCalls = 'main/session/api-call.test.ts'
const signOuts = 'main/session/sign-out.test.ts'
const remembered = 'main/session/remember.test.ts'
const switches = 'main/session/switch-user.test.ts'
const proofs = 'main/session/dpop.test.ts'
const userinfos = 'main/session/userinfo.test.ts'
const network = 'e2e/network.spec.ts'
const knownErrors = 'main/login/error-map.test.ts'

const iss = 'E_ID_TOKEN_CLAIM (iss)'
const sub = 'E_ID_TOKEN_CLAIM (sub)'
const aud = 'E_ID_TOKEN_CLAIM (aud)'
const exp = 'E_ID_TOKEN_CLAIM (exp)'
const iat = 'E_ID_TOKEN_CLAIM (iat)'
const nonce = 'E_ID_TOKEN_CLAIM (nonce)'
const acr = 'E_ID_TOKEN_CLAIM (acr)'
const alg = 'E_ID_TOKEN_SIGNATURE (alg)'
const kid = 'E_ID_TOKEN_SIGNATURE (kid)'
const signature = 'E_ID_TOKEN_SIGNATURE (signature)'
const embedded = 'E_ID_TOKEN_SIGNATURE (embedded-key)'
const noToken = 'E_TOKEN_RESPONSE (id_token)'
const badResponse = 'E_TOKEN_RESPONSE (token request)'
const refusedLogin = 'E_LOGIN_REFUSED (error)'
const badPush = 'E_PAR_REFUSED (pushed authorization request)'
const atAuthorization = 'E_PROVIDER_METADATA (authorization_endpoint)'
const atToken = 'E_PROVIDER_METADATA (token_endpoint)'
const atKeys = 'E_PROVIDER_METADATA (jwks_uri)'

const atUserinfo = 'E_PROVIDER_METADATA (userinfo_endpoint)'
const atRevocation = 'E_PROVIDER_METADATA (revocation_endpoint)'
const atLogout = 'E_PROVIDER_METADATA (end_session_endpoint)'
const withoutUserinfo = 'signs in without userinfo'
const refusedRenewal = 'ends: E_RENEWAL_REFUSED (token request)'
const otherPerson = 'ends: E_RENEWAL_SUBJECT (same-person)'
const cameBack = 'signs out: revocation none, browser done'
const stayedAway = 'signs out: revocation none, browser opened'

const now = () => Math.floor(Date.now() / 1000)

/** Other claims under a right signature. */
const claims = (
  summary: string,
  change: (former: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): Scenario => ({ summary, idToken: (token) => ({ ...token, claims: change(token.claims) }) })

const without = (name: string) => (former: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(former).filter(([key]) => key !== name))

/** A clock of the provider that is some seconds ahead of ours. */
const clock = (seconds: number, expected: Outcome): OwnScenario => ({
  scenario: { summary: `The provider's clock is ${seconds} s ahead.`, clock: seconds },
  expected,
})

/** Another address for an endpoint, or something that is none. */
const endpoint = (name: string, address: unknown, expected: Outcome): OwnScenario => ({
  scenario: {
    summary: `The ${name} is ${String(address)}.`,
    metadata: (document) => ({ ...document, [name]: address }),
  },
  expected,
})
/** The endpoint under another host name of the simulator, whose journal shows who goes there. */
const endpointElsewhere = (name: string, expected: Outcome): OwnScenario => ({
  scenario: {
    summary: `The ${name} is on another site.`,
    metadata: (document, { elsewhere }) => ({ ...document, [name]: `${elsewhere}/elsewhere` }),
  },
  expected,
})

/** Upper case for lower case, and the other way round. */
const swapCase = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )

const demands: Scenario = {
  summary: 'Pushed requests are demanded.',
  metadata: (document) => ({ ...document, require_pushed_authorization_requests: true }),
}
const demandedAndFaulty = (kind: FaultName, expected: Outcome): OwnScenario => ({
  scenario: { ...demands, fault: { step: 'pushed-request', kind } },
  expected,
})

export const rows: readonly Row[] = [
  {
    id: 'S-002',
    rule: 'Each authorization request carries a challenge whose verifier goes with the code',
    tested: true,
  },
  {
    id: 'S-003',
    rule: 'The redirect URI names 127.0.0.1 and the port that is open',
    tested: true,
    shownBy: [[listener, 'is in the redirect URI, with the address and the registered path']],
  },
  { id: 'S-004', rule: 'The redirect URI does not say localhost', see: ['S-003'] },
  {
    id: 'S-008',
    rule: 'A callback whose state is not the pending one is refused, and asks for no token',
    plays: {
      'callback-invalid-state': 'E_LOGIN_TIMEOUT',
      'callback-missing-state': 'E_LOGIN_TIMEOUT',
    },
  },
  {
    id: 'S-010',
    rule: 'No client secret is sent, in no way; the one authorization is the access token',
    tested: true,
  },
  {
    id: 'S-011',
    rule: 'A provider that wants the person, though none was to be asked, is an error with a name',
    plays: {
      'callback-error-interaction-required': refusedLogin,
      'callback-error-consent-required': refusedLogin,
    },
    shownBy: [[attempt, 'by another error of the provider']],
  },
  { id: 'S-012', rule: 'The redirect path is the registered one, not the root', see: ['S-003'] },
  {
    id: 'S-020',
    rule: 'Fifty logins have fifty challenges, states, nonces and start addresses',
    tested: true,
  },
  {
    id: 'S-021',
    rule: 'A verifier has 43 to 128 unreserved characters and uses the whole alphabet',
    tested: true,
  },
  { id: 'S-022', rule: 'The challenge is the SHA-256 of the verifier, unpadded', see: ['S-002'] },
  {
    id: 'S-023',
    rule: 'A provider without S256 is refused before a browser is opened; plain is never sent',
    plays: {
      'metadata-without-s256': 'E_PROVIDER_METADATA (code_challenge_methods_supported)',
      'metadata-missing-code-challenge-methods-supported':
        'E_PROVIDER_METADATA (code_challenge_methods_supported)',
    },
  },
  { id: 'S-024', rule: 'The verifier goes to the token endpoint and nowhere else', tested: true },
  {
    id: 'S-025',
    rule: 'Each attempt keeps its own verifier',
    shownBy: [
      [attempt, 'of another attempt; each has its own'],
      [controller, 'pressed again gives no second attempt but the same browser address once more'],
    ],
  },
  {
    id: 'S-030',
    rule: "A callback without the login's state, or with a code of somebody else, signs nobody in",
    plays: {
      'callback-missing-state': 'E_LOGIN_TIMEOUT',
      'callback-other-code': 'E_TOKEN_REFUSED (token request)',
    },
  },
  {
    id: 'S-031',
    rule: 'A provider that does not say that it knows PKCE is refused',
    see: ['S-023'],
  },
  {
    id: 'S-032',
    rule: 'PKCE is used, and bound to the one login',
    see: ['S-002', 'S-020', 'S-025'],
  },
  { id: 'S-033', rule: 'The challenge does not tell the verifier', see: ['S-002'] },
  {
    id: 'S-035',
    rule: 'A callback of another issuer ends the login before a token is asked for',
    plays: { 'invalid-callback-iss': 'E_CALLBACK_ISSUER (iss)' },
  },
  {
    id: 'S-036',
    rule: 'The metadata of the start serve the whole login, whatever discovery says meanwhile',
    tested: true,
  },
  {
    id: 'S-039',
    rule: 'A state counts once',
    shownBy: [
      [attempt, 'a second time: one code makes exactly one token request'],
      [listener, 'once: a second one with another code changes nothing and shows the same'],
    ],
  },
  { id: 'S-040', rule: 'No token is in the query of a request', tested: true },
  { id: 'S-041', rule: 'The response type is code', tested: true },
  { id: 'S-042', rule: 'The scopes are exactly those of the profile', tested: true },
  {
    id: 'S-043',
    rule: 'A refresh token is replaced by the next one, and used once',
    tested: true,
    shownBy: [[renewals, 'brings new tokens without a browser, and uses each refresh token once']],
  },
  {
    id: 'S-044',
    rule: 'Endpoints are those of the metadata, also when they move; one that nobody asks is passed over',
    tested: true,
    own: [
      {
        scenario: {
          summary: 'An endpoint that nobody asks is on another host.',
          metadata: (document) => ({
            ...document,
            registration_endpoint: 'https://evil.example/register',
          }),
        },
        expected: 'signs in',
      },
    ],
  },
  {
    id: 'S-045',
    rule: 'A certificate that is not trusted ends the login, and nothing goes around it',
    shownBy: [[knownErrors, 'what a secure connection was refused for is told apart']],
    endToEnd: network,
  },
  {
    id: 'S-046',
    rule: 'A redirect of the token endpoint is not followed: code and verifier go nowhere else',
    at: 'token',
    matrix: [
      'redirect-301',
      'redirect-302',
      'redirect-303',
      'redirect-307',
      'redirect-308',
      'redirect-307-other-host',
      'redirect-308-other-host',
    ],
  },
  {
    id: 'S-050',
    rule: 'Parameters and members that nobody knows are passed over',
    plays: {
      'callback-extra-parameters': 'signs in',
      'response-extra-members': 'signs in',
      'response-with-error': 'signs in',
      'metadata-extra-members': 'signs in',
    },
  },
  { id: 'S-051', rule: 'The redirect URI is the same, byte by byte, with the code', tested: true },
  { id: 'S-052', rule: 'The client_id is in the form of the token request', tested: true },
  {
    id: 'S-053',
    rule: 'Bearer is taken in any case; another token type is refused',
    plays: {
      'token-type-mixed-case': 'signs in',
      'token-type-mac': badResponse,
      'token-type-dpop': badResponse,
      'token-type-array': badResponse,
      'response-missing-token-type': badResponse,
    },
  },
  {
    id: 'S-054',
    rule: 'A missing lifetime is no error; one that is none is',
    plays: {
      'response-missing-expires-in': 'signs in',
      'expires-in-zero': 'signs in',
      'expires-in-negative': badResponse,
      'expires-in-string': badResponse,
      'expires-in-null': badResponse,
      'expires-in-huge': badResponse,
      'expires-in-object': badResponse,
    },
  },
  {
    id: 'S-055',
    rule: 'Fewer scopes than asked for are no error, and are told; more are passed over',
    plays: { 'missing-scope-in-token-response': 'signs in' },
    renews: { 'refresh-narrower-scope': 'renews', 'refresh-wider-scope': 'renews' },
    own: [
      {
        scenario: {
          summary: 'Only openid is granted.',
          tokenResponse: (body) => ({ ...body, scope: 'openid' }),
        },
        expected: 'signs in',
      },
    ],
    tested: true,
    shownBy: [[apiCalls, 'that is not granted is not made']],
  },
  {
    id: 'S-056',
    rule: 'Each error of an authorization response is explained, an unknown one in general',
    tested: true,
    plays: { 'callback-error-empty': 'E_CALLBACK_INVALID (code)' },
  },
  {
    id: 'S-057',
    rule: 'What the provider says of an error is neither on the page nor opened',
    tested: true,
  },
  {
    id: 'S-058',
    rule: 'Tokens go only to endpoints of the issuer and to the APIs of the profile',
    plays: { 'metadata-elsewhere-token-endpoint': atToken, 'distributed-claims': 'signs in' },
    calls: { 'api-redirect': 'shows E_NETWORK_REDIRECT (API)' },
    own: [
      endpointElsewhere('userinfo_endpoint', atUserinfo),
      endpointElsewhere('revocation_endpoint', atRevocation),
      endpointElsewhere('end_session_endpoint', atLogout),
    ],
    at: 'api',
    matrix: ['redirect-302-other-host', 'redirect-307-other-host', 'redirect-308-other-host'],
    shownBy: [
      [apiCalls, 'sends the token to the addresses of the profile and of the provider alone'],
    ],
  },
  {
    id: 'S-059',
    rule: 'A code is sent once, also when its answer is lost',
    tested: true,
  },
  {
    id: 'S-060',
    rule: 'The scope holds openid, and each request has a nonce',
    see: ['S-020', 'S-042'],
  },
  {
    id: 'S-061',
    rule: 'iss is exactly the issuer',
    plays: { 'invalid-iss': iss, 'missing-iss': iss, 'iss-array': iss, 'iss-with-slash': iss },
    own: [
      {
        scenario: claims('iss is in capitals.', (former) => ({
          ...former,
          iss: String(former['iss']).toUpperCase(),
        })),
        expected: iss,
      },
    ],
  },
  {
    id: 'S-062',
    rule: 'aud is this client and nobody else',
    plays: {
      'invalid-aud': aud,
      'missing-aud': aud,
      'multiple-aud': aud,
      'aud-empty-array': aud,
      'aud-number': aud,
      'aud-nested-array': aud,
      'response-of-another-client': aud,
      'aud-array-of-one': 'signs in',
    },
  },
  {
    id: 'S-063',
    rule: 'azp, when it is there, is this client',
    plays: { 'azp-other': 'E_ID_TOKEN_CLAIM (azp)', 'azp-self': 'signs in' },
  },
  {
    id: 'S-064',
    rule: "The signature is by a key of the provider's set",
    plays: {
      'invalid-sig-rs256': signature,
      'sig-of-other-claims': signature,
      'sig-empty': signature,
      'sig-stripped': noToken,
      'wrong-key-signature': signature,
      'wrong-key-own-kid': kid,
      'keys-of-a-stranger': signature,
    },
  },
  {
    id: 'S-065',
    rule: 'The algorithm is RS256, whatever the token says',
    plays: {
      'sig-none': alg,
      'sig-none-mixed-case': alg,
      'sig-hs256': alg,
      'sig-hs256-client-id': alg,
      'sig-hs256-empty-secret': alg,
      'invalid-sig-hs256': alg,
      'sig-es256': alg,
      'invalid-sig-es256': alg,
      'alternate-alg': alg,
      'alternate-alg-rs384': alg,
      'alternate-alg-rs512': alg,
      'alg-lowercase': alg,
      'alg-missing': alg,
      'alg-array': alg,
      'keys-symmetric': alg,
      'metadata-alg-none-only': 'E_PROVIDER_METADATA (id_token_signing_alg_values_supported)',
      'metadata-alg-es256-only': 'E_PROVIDER_METADATA (id_token_signing_alg_values_supported)',
      'metadata-alg-none-too': 'signs in',
    },
  },
  {
    id: 'S-066',
    rule: 'exp is a number and not past, with five minutes to spare',
    plays: {
      'missing-exp': exp,
      'expired-exp': exp,
      'exp-string': exp,
      'exp-null': exp,
      'exp-negative': exp,
      'exp-fraction': 'signs in',
    },
    own: [
      {
        scenario: claims('exp is 290 s ago.', (former) => ({ ...former, exp: now() - 290 })),
        expected: 'signs in',
      },
      {
        scenario: claims('exp is 310 s ago.', (former) => ({ ...former, exp: now() - 310 })),
        expected: exp,
      },
    ],
    shownBy: [[idToken, 'a claim is refused']],
  },
  {
    id: 'S-067',
    rule: 'iat and nbf are times about now',
    plays: {
      'missing-iat': iat,
      'iat-week-in-past': iat,
      'iat-in-future': iat,
      'iat-string': iat,
      'nbf-in-future': 'E_ID_TOKEN_CLAIM (nbf)',
    },
  },
  {
    id: 'S-068',
    rule: 'The nonce is that of this login; an ID token of an earlier one is refused',
    tested: true,
    plays: {
      'invalid-nonce': nonce,
      'missing-nonce': nonce,
      'nonce-array': nonce,
      'response-of-another-login': nonce,
    },
  },
  {
    id: 'S-069',
    rule: 'Unknown claims are passed over; known ones have their types',
    plays: {
      'missing-sub': sub,
      'sub-number': sub,
      'sub-empty': sub,
      'sub-300-characters': sub,
      'sub-not-ascii': sub,
      'claims-array': noToken,
      'claims-string': noToken,
      'claims-null': noToken,
      'claims-not-json': noToken,
      'claims-duplicated': noToken,
      'claims-with-proto': noToken,
      'claims-deep': 'E_NETWORK_BODY (token request)',
      'pid-number': 'E_ID_TOKEN_CLAIM (pid)',
      'pid-letters': 'E_ID_TOKEN_CLAIM (pid)',
      'claims-1000': 'signs in',
      'aggregated-claims': 'signs in',
      'name-is-html': 'signs in',
    },
    own: [
      {
        scenario: claims('given_name is a number.', (former) => ({ ...former, given_name: 1 })),
        expected: 'E_ID_TOKEN_CLAIM (types)',
      },
    ],
  },
  {
    id: 'S-070',
    rule: 'acr is at least the level that was asked for',
    plays: {
      'acr-missing': acr,
      'acr-too-low': acr,
      'acr-array': acr,
      'acr-superstring': acr,
      'acr-with-prefix': acr,
      'acr-uppercase': acr,
      'acr-two-levels': acr,
      'acr-of-ansattporten': acr,
      'acr-unknown': acr,
      'acr-high': 'signs in',
    },
    own: [
      {
        scenario: claims('acr is a former name.', (former) => ({ ...former, acr: 'Level4' })),
        expected: acr,
      },
    ],
  },
  {
    id: 'S-071',
    rule: 'A fresh login that was asked for is a fresh one',
    plays: { 'auth-time-last-year': 'signs in' },
    own: [
      ...[
        claims('auth_time is a year ago.', (former) => ({
          ...former,
          auth_time: now() - 365 * 86_400,
        })),
        claims('auth_time is tomorrow.', (former) => ({ ...former, auth_time: now() + 86_400 })),
        claims('auth_time is missing.', without('auth_time')),
        claims('auth_time is a text.', (former) => ({ ...former, auth_time: String(now()) })),
      ].map((scenario) => ({
        scenario,
        expected: 'E_ID_TOKEN_CLAIM (auth_time)' as const,
        profile: { prompt: 'login' },
      })),
      {
        scenario: { summary: 'The login is fresh.' },
        expected: 'signs in',
        profile: { prompt: 'login' },
      },
    ],
  },
  {
    id: 'S-072',
    rule: 'at_hash, when it is there, is that of the access token',
    plays: {
      'invalid-at-hash': 'E_ID_TOKEN_CLAIM (at_hash)',
      'right-at-hash': 'signs in',
      'missing-at-hash': 'signs in',
      // Userinfo refuses it: it is not the one that was issued.
      'access-token-opaque': withoutUserinfo,
    },
  },
  {
    id: 'S-073',
    rule: 'amr is not judged',
    own: [
      {
        scenario: claims('amr is unknown.', (former) => ({ ...former, amr: ['unknown', 1] })),
        expected: 'signs in',
      },
      {
        scenario: claims('amr is missing.', without('amr')),
        expected: 'signs in',
      },
    ],
  },
  {
    id: 'S-074',
    rule: 'pid may be missing, and is in no log',
    own: [{ scenario: claims('There is no pid.', without('pid')), expected: 'signs in' }],
  },
  {
    id: 'S-075',
    rule: 'Userinfo of another sub is not used',
    plays: { 'userinfo-invalid-sub': withoutUserinfo, 'userinfo-missing-sub': withoutUserinfo },
    own: [
      {
        scenario: {
          summary: 'sub of userinfo is in other letters.',
          userinfo: (body) => ({ ...body, sub: swapCase(String(body['sub'])) }),
        },
        expected: withoutUserinfo,
      },
      {
        scenario: {
          summary: 'sub of userinfo is in an array.',
          userinfo: (body) => ({ ...body, sub: [body['sub']] }),
        },
        expected: withoutUserinfo,
      },
    ],
    shownBy: [[userinfos, 'says nothing about who is signed in: the ID token alone does']],
  },
  {
    id: 'S-076',
    rule: 'Userinfo is JSON; a JWT, signed or not, is not used',
    plays: { 'userinfo-signed': withoutUserinfo, 'userinfo-unsigned': withoutUserinfo },
    at: 'userinfo',
    matrix: [
      'html-200',
      'html-200-as-json',
      'text-html-json',
      'text-plain-json',
      'no-content-type',
    ],
  },
  {
    id: 'S-077',
    rule: 'Nothing of one person is left for the next',
    shownBy: [
      [
        controller,
        'comes twice: the second one is an attempt of its own, with nothing of the first',
      ],
      [controller, 'is forgotten by signing out, and its end comes no more'],
      [switches, 'forgets this one at once and asks for a login that is fresh'],
    ],
  },
  {
    id: 'S-078',
    rule: 'The ID token of a renewal is of the same person, client, issuer and login',
    renews: {
      'refresh-invalid-iss': 'ends: E_ID_TOKEN_CLAIM (iss)',
      'refresh-invalid-sub': otherPerson,
      'refresh-missing-sub': 'ends: E_ID_TOKEN_CLAIM (sub)',
      'refresh-pid-other': otherPerson,
      'refresh-invalid-aud': 'ends: E_ID_TOKEN_CLAIM (aud)',
      'refresh-multiple-aud': 'ends: E_ID_TOKEN_CLAIM (aud)',
      'refresh-azp-other': 'ends: E_ID_TOKEN_CLAIM (azp)',
      'refresh-invalid-nonce': 'ends: E_ID_TOKEN_CLAIM (nonce)',
      'refresh-invalid-auth-time': 'ends: E_ID_TOKEN_CLAIM (same-login)',
      'refresh-acr-too-low': 'ends: E_ID_TOKEN_CLAIM (acr)',
      'refresh-expired-exp': 'ends: E_ID_TOKEN_CLAIM (exp)',
      'refresh-invalid-signature': 'ends: E_ID_TOKEN_SIGNATURE (signature)',
      'refresh-without-nonce': 'renews',
      'refresh-without-id-token': 'renews',
    },
    shownBy: [[idToken, 'a renewed ID token is refused']],
  },
  {
    id: 'S-079',
    rule: 'For an unknown kid the keys are read once more',
    plays: {
      'rotated-keys': 'signs in',
      'rotated-during-login': 'signs in',
      'kid-unknown': kid,
      'kid-path': kid,
      'kid-number': kid,
    },
  },
  {
    id: 'S-080',
    rule: 'Keys that are not for this, too weak, private or ambiguous are not used',
    plays: {
      'keys-weak-512': kid,
      'keys-weak-1024': kid,
      'keys-exponent-one': kid,
      'keys-private-members': kid,
      'keys-duplicate-kid': kid,
      'keys-use-enc': kid,
      'keys-key-ops-sign': kid,
      'keys-alg-other': kid,
      'keys-without-kid': kid,
      'keys-modulus-missing': kid,
      'keys-modulus-garbage': kid,
      'kid-absent-multiple-jwks': kid,
      'keys-kty-missing': 'E_ID_TOKEN_SIGNATURE (kid)',
      'keys-empty': 'E_PROVIDER_KEYS (keys)',
      'keys-not-an-array': 'E_PROVIDER_KEYS (keys)',
      'keys-missing': 'E_PROVIDER_KEYS (keys)',
      'keys-10000': 'E_NETWORK_BODY (keys)',
      'keys-two': 'signs in',
      'keys-x5u': 'signs in',
      'keys-x5c-garbage': 'signs in',
      'keys-without-use-and-alg': 'signs in',
      'keys-and-unknown-kinds': 'signs in',
      'kid-absent-single': 'signs in',
    },
  },
  {
    id: 'S-081',
    rule: 'What the header of a token says of its key is not believed, and nothing is fetched',
    plays: {
      'header-jwk': embedded,
      'header-jku': embedded,
      'header-own-jku': embedded,
      'header-x5u': embedded,
      'header-crit': 'E_ID_TOKEN_SIGNATURE (crit)',
      'header-b64': 'E_ID_TOKEN_SIGNATURE (crit)',
      'header-typ-at-jwt': 'E_ID_TOKEN_SIGNATURE (typ)',
      'header-typ-logout': 'E_ID_TOKEN_SIGNATURE (typ)',
      'header-not-json': noToken,
      'header-typ-lowercase': 'signs in',
    },
  },
  {
    id: 'S-082',
    rule: 'An encrypted ID token is refused without being decrypted',
    plays: { 'encrypted-id-token': noToken },
  },
  {
    id: 'S-090',
    rule: 'Metadata come with 200 and as JSON',
    at: 'discovery',
    matrix: ['http-201', 'http-204', 'http-404', 'http-500-html', 'html-200', 'text-html-json'],
  },
  {
    id: 'S-091',
    rule: 'The issuer of the metadata is exactly the configured one',
    plays: {
      'issuer-mismatch': 'E_PROVIDER_METADATA (issuer)',
      'issuer-with-slash': 'E_PROVIDER_METADATA (issuer)',
      'issuer-number': 'E_PROVIDER_METADATA (issuer)',
      'issuer-array': 'E_PROVIDER_METADATA (issuer)',
      'metadata-missing-issuer': 'E_PROVIDER_METADATA (issuer)',
    },
  },
  {
    id: 'S-092',
    rule: 'What a login needs of the metadata is there, and each endpoint is an address of the issuer',
    plays: {
      'metadata-missing-authorization-endpoint': atAuthorization,
      'metadata-missing-token-endpoint': atToken,
      'metadata-missing-jwks-uri': atKeys,
      'metadata-missing-response-types-supported': 'E_PROVIDER_METADATA (response_types_supported)',
      'metadata-missing-subject-types-supported': 'E_PROVIDER_METADATA (subject_types_supported)',
      'metadata-missing-id-token-signing-alg-values-supported':
        'E_PROVIDER_METADATA (id_token_signing_alg_values_supported)',
      'metadata-no-code': 'E_PROVIDER_METADATA (response_types_supported)',
      'metadata-http-token-endpoint': atToken,
      'metadata-http-jwks-uri': atKeys,
      'metadata-credentials-token-endpoint': atToken,
      'metadata-credentials-jwks-uri': atKeys,
      'metadata-fragment-token-endpoint': atToken,
      'metadata-fragment-jwks-uri': atKeys,
      'metadata-javascript-token-endpoint': atToken,
      'metadata-javascript-jwks-uri': atKeys,
      'metadata-file-token-endpoint': atToken,
      'metadata-file-jwks-uri': atKeys,
      'metadata-relative-token-endpoint': atToken,
      'metadata-relative-jwks-uri': atKeys,
      'metadata-empty-token-endpoint': atToken,
      'metadata-empty-jwks-uri': atKeys,
      'metadata-array-token-endpoint': atToken,
      'metadata-array-jwks-uri': atKeys,
      'metadata-elsewhere-jwks-uri': atKeys,
      'metadata-missing-token-endpoint-auth-methods-supported': 'signs in',
    },
    shownBy: [[discovery, 'token_endpoint is refused']],
  },
  {
    id: 'S-093',
    rule: 'An authorization endpoint that is no address of the issuer is never opened',
    plays: {
      'metadata-http-authorization-endpoint': atAuthorization,
      'metadata-elsewhere-authorization-endpoint': atAuthorization,
      'metadata-credentials-authorization-endpoint': atAuthorization,
      'metadata-fragment-authorization-endpoint': atAuthorization,
      'metadata-javascript-authorization-endpoint': atAuthorization,
      'metadata-file-authorization-endpoint': atAuthorization,
      'metadata-relative-authorization-endpoint': atAuthorization,
      'metadata-empty-authorization-endpoint': atAuthorization,
      'metadata-array-authorization-endpoint': atAuthorization,
      'metadata-endpoint-with-parameters': atAuthorization,
      'metadata-endpoint-with-query': 'signs in',
    },
  },
  {
    id: 'S-094',
    rule: 'Metadata are kept for 24 hours at most, and a failed fetch is not kept',
    shownBy: [
      [discovery, 'lasts 24 hours, and then they are fetched again'],
      [discovery, 'does not keep a document'],
    ],
  },
  {
    id: 'S-095',
    rule: 'iss of the callback is compared first, also when it brings an error',
    plays: { 'invalid-callback-iss': 'E_CALLBACK_ISSUER (iss)' },
    own: [
      {
        scenario: {
          summary: 'Another issuer says that the person declined.',
          callback: (parameters) => {
            parameters.delete('code')
            parameters.set('error', 'access_denied')
            parameters.set('iss', 'https://evil.example')
          },
        },
        expected: 'E_CALLBACK_ISSUER (iss)',
      },
      {
        scenario: {
          summary: 'iss has a slash at the end.',
          callback: (parameters) => parameters.set('iss', `${parameters.get('iss')}/`),
        },
        expected: 'E_CALLBACK_ISSUER (iss)',
      },
    ],
  },
  {
    id: 'S-096',
    rule: 'A code without iss is refused, promised or not; an error without it is told as that error',
    plays: { 'missing-callback-iss': 'E_CALLBACK_ISSUER (iss)' },
    own: [
      {
        scenario: {
          summary: 'An error comes without iss.',
          callback: (parameters) => {
            parameters.delete('code')
            parameters.delete('iss')
            parameters.set('error', 'access_denied')
          },
        },
        expected: 'E_LOGIN_DENIED (error)',
      },
      {
        scenario: {
          summary: 'iss is not promised and does not come.',
          metadata: (document) => ({
            ...document,
            authorization_response_iss_parameter_supported: false,
          }),
          callback: (parameters) => parameters.delete('iss'),
        },
        expected: 'E_CALLBACK_ISSUER (iss)',
      },
    ],
  },
  {
    id: 'S-097',
    rule: 'iss that is not promised is taken when it is right',
    plays: {
      'metadata-callback-iss-not-promised': 'signs in',
      'metadata-missing-authorization-response-iss-parameter-supported': 'signs in',
    },
  },
  {
    id: 'S-110',
    rule: 'Here the session ends first, whatever the provider does',
    at: 'end-session',
    matrix: ['reset', 'black-hole', 'http-404', 'http-500-html', 'http-503', '400-html'],
    shownBy: [[signOuts, 'is done here at once, before any request and any browser']],
  },
  {
    id: 'S-111',
    rule: 'The address of the logout is of the metadata; without one the session ends here alone',
    own: [
      {
        scenario: {
          summary: 'There is no logout.',
          metadata: (document) => without('end_session_endpoint')(document),
        },
        expected: 'signs out: revocation none, browser none',
        actions: ['sign out'],
        profile: { apis: [] },
      },
      {
        scenario: {
          summary: 'There is no logout and no revocation.',
          metadata: (document) =>
            without('revocation_endpoint')(without('end_session_endpoint')(document)),
        },
        expected: 'signs out: revocation none, browser none',
        actions: ['sign out'],
      },
      endpoint('end_session_endpoint', 'http://idporten.example/logout', atLogout),
      endpoint('end_session_endpoint', 'javascript:alert(1)', atLogout),
      endpoint('end_session_endpoint', '/logout', atLogout),
      endpoint('end_session_endpoint', 1, atLogout),
    ],
  },
  {
    id: 'S-112',
    rule: 'The ID token goes to the logout in a form, and is in no address',
    tested: true,
    shownBy: [[signOuts, 'sends the token in a form alone, by a page that is served once']],
  },
  {
    id: 'S-113',
    rule: 'A provider that does not come back is no error; one that lost the cookie is asked once more',
    signsOut: {
      'logout-no-return': stayedAway,
      'logout-saml-breaks-chain': stayedAway,
      'logout-session-gone': stayedAway,
      'logout-cookie-lax': cameBack,
      'logout-cookie-strict': cameBack,
    },
    own: [
      {
        scenario: { summary: 'The profile has no address to come back to.' },
        expected: stayedAway,
        actions: ['sign out'],
        profile: { apis: [], postLogoutRedirectUri: undefined },
      },
    ],
  },
  {
    id: 'S-114',
    rule: 'What comes back from a logout must have its state; nothing else is one, or signs anybody in',
    signsOut: { 'logout-other-state': stayedAway, 'logout-without-state': stayedAway },
    shownBy: [
      [signOuts, 'that somebody else tries is refused, and the right one is taken after it'],
    ],
  },
  {
    id: 'S-115',
    rule: 'A logout ends what is under way',
    shownBy: [
      [renewals, 'that comes back after a sign-out is dropped and kept nowhere'],
      [renewals, 'ends with a sign-out, and its callback is refused'],
      [apiCalls, 'is dropped with a sign-out, and the next session knows nothing of it'],
      [userinfos, 'that comes after the sign-out is dropped, also by the next session'],
    ],
  },
  {
    id: 'S-116',
    rule: 'Tokens that outlive the logout are revoked, once, and a failure of that is none',
    tested: true,
    at: 'revocation',
    matrix: ['http-500-html', 'http-503', 'black-hole', 'oauth-error-unsupported-token-type'],
  },
  {
    id: 'S-117',
    rule: 'Another person logs in with prompt=login',
    tested: true,
    shownBy: [[switches, 'forgets this one at once and asks for a login that is fresh']],
  },
  {
    id: 'S-130',
    rule: 'A request is pushed as a form, to the endpoint of the metadata, without request_uri',
    tested: true,
  },
  {
    id: 'S-131',
    rule: 'The browser then carries client_id and request_uri alone',
    tested: true,
  },
  {
    id: 'S-132',
    rule: 'A pushed request is used while it lives; for a browser that comes later there is another',
    plays: {
      'par-expires-in-zero': 'signs in',
      'par-expires-in-huge': 'signs in',
      'par-expires-in-string': 'signs in',
      'par-expires-in-negative': badPush,
      'par-missing-expires-in': badPush,
      'par-missing-request-uri': badPush,
      'par-request-uri-number': badPush,
      'par-request-uri-empty': badPush,
      'par-request-uri-unknown': 'E_LOGIN_TIMEOUT',
      'par-request-uri-web': 'E_LOGIN_TIMEOUT',
      'par-request-uri-parameters': 'E_LOGIN_TIMEOUT',
    },
    shownBy: [[attempt, 'that comes late to a pushed request is sent to one that was pushed anew']],
  },
  {
    id: 'S-133',
    rule: 'A push that is refused goes the ordinary way, and where pushing is demanded nothing does',
    plays: { 'metadata-par-required': 'signs in', 'metadata-without-par': 'signs in' },
    own: [
      demandedAndFaulty('oauth-error-invalid-client', badPush),
      demandedAndFaulty('oauth-error-unauthorized-client', badPush),
      demandedAndFaulty('oauth-error-invalid-request', badPush),
      demandedAndFaulty('http-404', badPush),
      demandedAndFaulty('http-429', 'E_NETWORK_STATUS (pushed authorization request)'),
    ],
    shownBy: [
      [
        attempt,
        'goes the ordinary way, and what was said is told; where it is demanded the attempt ends',
      ],
    ],
  },
  {
    id: 'S-134',
    rule: 'Nothing of the request is in the address that the system opens a browser with',
    tested: true,
  },
  {
    id: 'S-140',
    rule: 'The resources of the profile are in each authorization and token request',
    tested: true,
    shownBy: [[attempt, 'asks for what the profile says']],
  },
  {
    id: 'S-150',
    rule: 'A proof of possession is whole, made for its one request, and used once',
    tested: true,
    shownBy: [
      [proofs, 'go with every request that uses a token or gets one, each made for it'],
      [proofs, 'are never used twice: a hundred have a hundred names'],
    ],
  },
  {
    id: 'S-151',
    rule: 'A Bearer token in place of a bound one is refused, and nothing is asked for with it',
    // The code is bound to the key already, so that the simulator itself refuses it.
    withProofs: { 'dpop-answered-with-bearer': 'E_TOKEN_REFUSED (token request)' },
    own: [
      {
        scenario: {
          summary: 'The tokens of the login are said to be bound to nothing.',
          tokenResponse: (body) => ({ ...body, token_type: 'Bearer' }),
        },
        expected: badResponse,
        profile: { dpop: true },
      },
      {
        scenario: {
          summary: 'The tokens of the renewal are said to be bound to nothing.',
          tokenResponse: (body, _, grant) =>
            grant === 'refresh_token' ? { ...body, token_type: 'Bearer' } : body,
        },
        expected: 'ends: E_TOKEN_RESPONSE (token request)',
        profile: { dpop: true },
        actions: ['renew'],
      },
    ],
    shownBy: [[proofs, 'is refused at a renewal, and ends the session']],
  },
  {
    id: 'S-152',
    rule: 'A nonce of the provider is used at once and from then on; a second demand is a refusal',
    withProofs: {
      'dpop-nonce-required': 'signs in',
      'dpop-nonce-newest': 'signs in',
      'dpop-nonce-endless': 'E_TOKEN_REFUSED (token request)',
    },
    own: (['dpop-nonce-required', 'dpop-nonce-newest'] as const).map((name) => ({
      scenario: scenarios[name],
      expected: 'shows HTTP 200',
      profile: { dpop: true },
      actions: ['renew', 'call', 'renew', 'call'],
    })),
  },
  {
    id: 'S-153',
    rule: 'Requests of APIs carry the token as DPoP, and a proof with its hash',
    tested: true,
  },
  {
    id: 'S-154',
    rule: 'A lost key is a new login',
    tested: true,
    shownBy: [
      [proofs, 'is kept with the refresh token that it belongs to'],
      [remembered, 'because its key is broken is forgotten'],
    ],
  },
  {
    id: 'S-155',
    rule: 'A proof that the provider finds wrong, by its clock for example, is a refusal with a name',
    own: [
      {
        scenario: {
          summary: 'The proof is refused.',
          fault: { step: 'token', kind: 'oauth-error-invalid-dpop-proof' },
        },
        expected: 'E_TOKEN_REFUSED (token request)',
        profile: { dpop: true },
      },
    ],
  },
  {
    id: 'F-01',
    rule: 'A name that is not found: no browser before the login, a new login after it',
    tested: true,
    shownBy: [[knownErrors, 'a request that failed is named']],
  },
  {
    id: 'F-02',
    rule: 'A connection that breaks has a name, and no code is sent twice',
    matrix: ['reset', 'close-after-headers', 'truncated', 'truncated-chunked'],
    shownBy: [[http, 'from nobody']],
  },
  {
    id: 'F-03',
    rule: 'Who never answers is given up in time',
    matrix: ['black-hole', 'slow-headers', 'slow-body'],
    shownBy: [[http, 'ends a server that stalls in the body, and lets go of its connection']],
  },
  {
    id: 'F-05',
    rule: 'A connection that is not secure ends the login with a name of its own',
    see: ['S-045'],
  },
  {
    id: 'F-06',
    rule: 'A broken provider has a name',
    matrix: ['http-500-html', 'http-502', 'http-503', 'http-504'],
  },
  {
    id: 'F-07',
    rule: 'Retry-After is respected, for a minute at most',
    matrix: [
      'http-503-retry-after',
      'http-503-retry-after-date',
      'http-503-retry-after-huge',
      'http-503-retry-after-negative',
      'http-503-retry-after-garbage',
      'http-429-retry-after',
    ],
    shownBy: [[controller, 'is not asked before its time is over, and then logs in']],
  },
  { id: 'F-08', rule: 'Too many requests: nothing is repeated', matrix: ['http-429'] },
  {
    id: 'F-09',
    rule: 'Each error of OAuth has a name; only a refusal of the client to push is lived with',
    matrix: [
      'oauth-error-invalid-grant',
      'oauth-error-invalid-client',
      'oauth-error-unauthorized-client',
      'oauth-error-invalid-request',
      'oauth-error-unsupported-grant-type',
      'oauth-error-invalid-scope',
      'oauth-error-invalid-dpop-proof',
      'oauth-error-use-dpop-nonce',
    ],
  },
  {
    id: 'F-10',
    rule: 'A refusal that cannot be read is a refusal',
    matrix: ['400-non-json', '400-empty', '400-html'],
  },
  {
    id: 'F-11',
    rule: 'An answer that is not the right JSON is refused',
    matrix: [
      'html-200',
      'html-200-as-json',
      'empty',
      'json-null',
      'json-array',
      'json-string',
      'truncated-json',
      'bom',
      'utf-16',
      'duplicate-keys',
      'deep-nesting',
      'proto-key',
      'numbers-as-strings',
      'nan',
    ],
    shownBy: [[http, 'a network that wants a login of its own is recognised']],
  },
  {
    id: 'F-12',
    rule: 'An answer without an end is cut off',
    matrix: ['huge-body', 'endless-chunked', 'gzip-bomb', 'huge-headers'],
    shownBy: [[http, 'refuses one byte too many while it reads, announced or not']],
    endToEnd: network,
  },
  {
    id: 'F-13',
    rule: 'No redirect of the provider is followed',
    matrix: [
      'redirect-302',
      'redirect-302-other-host',
      'redirect-loop',
      'redirect-nowhere',
      'redirect-file',
    ],
  },
  {
    id: 'F-14',
    rule: 'A right answer to somebody else is refused',
    plays: { 'response-of-another-login': nonce, 'response-of-another-client': aud },
  },
  {
    id: 'F-15',
    rule: 'A token response without what it must have is refused',
    plays: {
      'response-missing-id-token': badResponse,
      'response-missing-access-token': badResponse,
      'response-missing-token-type': badResponse,
      'response-wrapped': badResponse,
      'id-token-null': badResponse,
      'id-token-empty': badResponse,
      'id-token-number': badResponse,
      'id-token-array': badResponse,
      'id-token-is-access-token': aud,
      'access-token-empty': badResponse,
      'access-token-number': badResponse,
      'response-missing-expires-in': 'signs in',
      'missing-scope-in-token-response': 'signs in',
      'response-unasked-refresh-token': 'signs in',
    },
  },
  {
    id: 'F-17',
    rule: 'An endpoint that moves in the middle is no matter',
    see: ['S-036', 'S-091'],
  },
  {
    id: 'F-18',
    rule: 'A proxy that is down or refuses has a name',
    endToEnd: network,
  },
  {
    id: 'F-19',
    rule: 'A provider that keeps the browser: the time runs out, or the person cancels',
    at: 'authorization',
    matrix: ['http-500-html', 'reset', 'black-hole'],
    shownBy: [[controller, 'by cancel leaves no error, and a late callback is refused']],
  },
  {
    id: 'F-20',
    rule: 'Only a query at the right address is a callback',
    plays: {
      'callback-in-fragment': 'E_LOGIN_TIMEOUT',
      'callback-other-path': 'E_LOGIN_TIMEOUT',
      'callback-bad-encoding': 'E_LOGIN_TIMEOUT',
      'callback-20-kb': 'E_LOGIN_TIMEOUT',
      'callback-duplicate-code': 'E_LOGIN_TIMEOUT',
      'callback-duplicate-state': 'E_LOGIN_TIMEOUT',
      'callback-duplicate-iss': 'E_LOGIN_TIMEOUT',
      'callback-without-code': 'E_CALLBACK_INVALID (code)',
      'callback-empty-code': 'E_CALLBACK_INVALID (code)',
      'callback-code-and-error': 'E_CALLBACK_INVALID (code)',
      'callback-with-id-token': 'E_CALLBACK_INVALID (id_token)',
      'callback-with-access-token': 'E_CALLBACK_INVALID (access_token)',
      'callback-with-response': 'E_CALLBACK_INVALID (response)',
    },
  },
  {
    id: 'F-22',
    rule: 'A code that is too old is a new login',
    at: 'token',
    matrix: ['oauth-error-invalid-grant'],
  },
  { id: 'F-23', rule: 'Tokens whose answer was lost are not asked for again', see: ['S-059'] },
  {
    id: 'F-24',
    rule: 'A login stands without userinfo, whatever comes in its place',
    at: 'userinfo',
    matrix: ['reset', 'black-hole', 'slow-body', 'http-500-html', 'http-404', 'empty', 'json-null'],
    shownBy: [[userinfos, 'that never comes is given up, and the session goes on']],
  },
  {
    id: 'F-25',
    rule: 'A token that is refused is renewed once at an API and not at userinfo; there is no loop',
    calls: { 'api-401-once': 'shows HTTP 200', 'api-401-always': 'shows HTTP 401' },
    at: 'userinfo',
    matrix: ['oauth-error-invalid-token', 'oauth-error-insufficient-scope'],
    shownBy: [[apiCalls, 'always is shown after one renewal, and never makes a loop']],
  },
  {
    id: 'F-26',
    rule: 'A sign-out stands without the provider',
    see: ['S-110', 'S-113', 'S-116'],
    shownBy: [[signOuts, 'whose revocation gets no answer hold the browser for three seconds']],
  },
  {
    id: 'F-30',
    rule: 'Keys that rotate between or during logins, or before a renewal, are found',
    tested: true,
    plays: { 'rotated-keys': 'signs in', 'rotated-during-login': 'signs in' },
    renews: { 'rotated-keys': 'renews' },
  },
  {
    id: 'F-31',
    rule: 'Keys that rotate without end are read twice in a login, not more',
    plays: { 'endless-rotation': kid },
  },
  {
    id: 'F-32',
    rule: 'Keys that do not come end a login without known ones, and not one with them',
    at: 'keys',
    matrix: ['http-500-html', 'black-hole', 'empty', 'truncated-json'],
    tested: true,
    shownBy: [[keys, 'and a failed fetch neither replaces them nor is kept']],
  },
  {
    id: 'F-34',
    rule: "A clock that is wrong is told as that, by the provider's Date",
    plays: {
      'clock-9-minutes-ahead': 'E_CLOCK_SKEW (iat)',
      'clock-9-minutes-behind': 'E_CLOCK_SKEW (exp)',
    },
    own: [
      clock(5, 'signs in'),
      clock(290, 'signs in'),
      clock(-290, 'signs in'),
      clock(310, 'E_CLOCK_SKEW (iat)'),
      clock(86_400, 'E_CLOCK_SKEW (iat)'),
      clock(-86_400, 'E_CLOCK_SKEW (exp)'),
      // In 1970 and in 2100.
      clock(1000 - now(), 'E_CLOCK_SKEW (exp)'),
      clock(4_102_444_800 - now(), 'E_CLOCK_SKEW (iat)'),
    ],
    shownBy: [[idToken, "this computer's clock"]],
  },
  {
    id: 'F-35',
    rule: 'A clock that jumps ends no login and no session too early',
    shownBy: [[attempt, 'is not brought by a clock that jumps, also far']],
  },
  {
    id: 'F-36',
    rule: 'A session ends by the rule of the profile, however long its tokens live',
    shownBy: [[controller, 'ends by itself after half an hour, not a moment before']],
    tested: true,
  },
  {
    id: 'F-50',
    rule: 'Without a refresh token the session is as good; it is renewed in the browser by a user action alone',
    own: [
      {
        scenario: { summary: 'There is no refresh token.' },
        expected: 'renews',
        actions: ['call', 'renew'],
        withoutRefreshToken: true,
      },
      {
        scenario: { summary: 'There is no refresh token to revoke.' },
        expected: 'signs out: revocation done, browser done',
        actions: ['sign out'],
        withoutRefreshToken: true,
      },
    ],
    shownBy: [
      [apiCalls, 'opens no browser by itself'],
      [apiCalls, 'without a refresh token is renewed through the browser once'],
      [renewals, 'is made when there is no refresh token, and the session stays meanwhile'],
    ],
  },
  {
    id: 'F-51',
    rule: 'A refresh token that is refused ends the session once; nothing is tried again',
    renews: {
      'refresh-invalid-grant': refusedRenewal,
      'refresh-invalid-client': refusedRenewal,
      'refresh-unauthorized-client': refusedRenewal,
    },
    shownBy: [[remembered, 'because it was used already is forgotten: an old copy gives nothing']],
  },
  {
    id: 'F-52',
    rule: 'A renewal whose answer is lost is told and not repeated; the next one is a new login',
    renews: {
      'refresh-lost-answer': 'stays: E_NETWORK_UNREACHABLE (token request)',
      'refresh-reset': 'stays: E_NETWORK_UNREACHABLE (token request)',
      'refresh-black-hole': 'stays: E_NETWORK_TIMEOUT (token request)',
      'refresh-503-once': 'stays: E_NETWORK_STATUS (token request)',
      'refresh-503-retry-after': 'stays: E_NETWORK_STATUS (token request)',
    },
    own: [
      {
        scenario: scenarios['refresh-lost-answer'],
        expected: refusedRenewal,
        actions: ['renew', 'renew'],
      },
      {
        scenario: {
          summary: 'The first refresh gets HTTP 502, without a word of when to try again.',
          fault: { step: 'token', grant: 'refresh_token', kind: 'http-502', times: 1 },
        },
        expected: 'renews',
        actions: ['renew', 'renew'],
      },
    ],
  },
  {
    id: 'F-53',
    rule: 'A new refresh token is kept before anything of its answer is used',
    shownBy: [
      [renewals, 'keeps the new refresh token before it uses anything of the answer'],
      [remembered, 'is there again any number of times, and no refresh token is used twice'],
    ],
  },
  {
    id: 'F-54',
    rule: 'Several actions to renew are one renewal',
    shownBy: [
      [renewals, 'is one, however often it is asked for'],
      [apiCalls, 'during a renewal waits for its token and is made once'],
    ],
  },
  {
    id: 'F-55',
    rule: 'Without a new refresh token the former goes on; without what must come nothing does',
    renews: {
      'refresh-without-new-refresh-token': 'renews',
      'refresh-same-refresh-token': 'renews',
      'refresh-without-access-token': 'ends: E_TOKEN_RESPONSE (token request)',
    },
    tested: true,
  },
  { id: 'F-56', rule: 'A renewal that brings another person ends the session', see: ['S-078'] },
  {
    id: 'F-57',
    rule: 'A sleep counts: a session that is over has ended when the computer wakes, without a request',
    shownBy: [
      [life, 'that is too long has ended the session when the computer wakes'],
      [life, 'that is shorter is counted, in the first snapshot too, and nothing is asked for'],
    ],
  },
]
