/**
 * Writes docs/errors.md: every error with its meaning, its causes at ID-porten and an example that a login at the
 * simulator really ended with. Usage: npm run errors
 */
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { format } from 'oxfmt'
import { translator } from '../assets/locales/index.ts'
import {
  callApi,
  type Explanation,
  fetchUserinfo,
  type Login,
  type LoginOptions,
  renew,
  revokeTokens,
} from '../main/login/index.ts'
import { parseProfile } from '../main/session/profile.ts'
import {
  type ErrorCode,
  errorCodes,
  errors,
  type OauthError,
  oauthErrors,
} from '../preload/contract.ts'
import { plainScope } from '../simulator/scopes.ts'
import type { ScenarioName } from '../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../simulator/simulator.ts'
import { createTestApp } from '../test/support/app.ts'
import { arrive, createTestClock, logInAt, waitForBrowser } from '../test/support/login.ts'
import { causes, oauthCauses } from './error-causes.ts'

/** The page that is written. */
export const errorsFile = fileURLToPath(new URL('../docs/errors.md', import.meta.url))

/** An error as it was reported. */
interface Reported {
  readonly code: string
  readonly detail: { readonly key: string; readonly reason: string } | null
  readonly explanation: Explanation | null
}

/** What ends with an error while a scenario plays. */
interface Run {
  readonly scenario: ScenarioName
  /** What is done at the simulator, which throws the error or gives it; `begin` lets the scenario play from then on. */
  readonly run: (simulator: Simulator, begin: () => void) => Promise<unknown>
  /** What was done, where it was not a login. */
  readonly how?: string
}

/** A run, or what shows the error where none here can. */
type Example = Run | string

async function logIn(simulator: Simulator, options: Partial<LoginOptions> = {}): Promise<Login> {
  const attempt = await waitForBrowser(simulator, options)
  await arrive(await logInAt(attempt.start))
  const login = await attempt.result
  if (login === null) throw new Error('nobody cancelled')
  return login
}

const login = (scenario: ScenarioName, options: Partial<LoginOptions> = {}): Run => ({
  scenario,
  run: async (simulator, begin) => {
    begin()
    await logIn(simulator, options)
  },
})

const after = (
  scenario: ScenarioName,
  how: string,
  use: (login: Login, simulator: Simulator) => Promise<unknown>,
): Run => ({
  scenario,
  how,
  run: async (simulator, begin) => {
    const done = await logIn(simulator, { scope: `openid profile ${plainScope}` })
    begin()
    await use(done, simulator)
  },
})

const timeout: Run = {
  scenario: 'pushed-request-oauth-error-invalid-client',
  how: 'a login with `par: "auto"` from which the person does not come back',
  run: async (simulator, begin) => {
    begin()
    const { clock, result } = await waitForBrowser(simulator, { par: 'auto' })
    clock.advance(300_000)
    await result
  },
}

const silence: Run = {
  scenario: 'discovery-black-hole',
  run: async (simulator, begin) => {
    begin()
    const clock = createTestClock()
    const waiting = waitForBrowser(simulator, { clock })
    await clock.timer(10_000)
    clock.advance(10_000)
    await waiting
  },
}

const idleness: Run = {
  scenario: 'normal',
  how: '30 minutes without activity',
  run: async (simulator) => {
    const app = createTestApp(simulator)
    await app.ready()
    await app.logIn()
    app.clock.advance(30 * 60_000)
    const { error } = await app.until(({ session }) => session === null)
    await app.close()
    return error
  },
}

const browserRefused: Partial<LoginOptions> = {
  openBrowser: () => Promise.reject(new Error('no browser')),
}

const examples: Readonly<Record<ErrorCode, Example>> = {
  E_PROFILE_INVALID: {
    scenario: 'normal',
    how: 'a profile without an issuer',
    run: async () => parseProfile('{ "name": "Test", "clientId": "client" }', 'user'),
  },
  E_LISTENER_BIND: '[scarce.test.ts](../test/stress/scarce.test.ts)',
  E_BROWSER_OPEN: { ...login('normal', browserRefused), how: 'a login without a browser' },
  E_LOGIN_DENIED: login('callback-error-access-denied'),
  E_LOGIN_TIMEOUT: timeout,
  E_LOGIN_REFUSED: login('callback-error-invalid-scope'),
  E_CALLBACK_ISSUER: login('missing-callback-iss'),
  E_CALLBACK_INVALID: login('callback-without-code'),
  E_PROVIDER_METADATA: login('issuer-with-slash'),
  E_PROVIDER_KEYS: login('keys-missing'),
  E_PAR_REFUSED: login('pushed-request-oauth-error-invalid-client', { par: 'always' }),
  E_TOKEN_REFUSED: login('token-oauth-error-invalid-grant'),
  E_TOKEN_RESPONSE: login('response-missing-id-token'),
  E_ID_TOKEN_SIGNATURE: login('invalid-sig-rs256'),
  E_ID_TOKEN_CLAIM: login('acr-too-low'),
  E_CLOCK_SKEW: login('clock-9-minutes-ahead'),
  E_SESSION_EXPIRED: idleness,
  E_RENEWAL_REFUSED: after('refresh-invalid-grant', 'a renewal', (done) => renew(done)),
  E_RENEWAL_SUBJECT: after('refresh-invalid-sub', 'a renewal', (done) => renew(done)),
  E_API_RESPONSE: after('api-html-200', 'the call of an API', (done, { apis }) =>
    callApi(done, { url: apis.echo, method: 'GET' }),
  ),
  E_VAULT_UNAVAILABLE: '[vault.spec.ts](../e2e/vault.spec.ts)',
  E_NETWORK_OFFLINE: '[error-map.test.ts](../main/login/error-map.test.ts)',
  E_NETWORK_UNREACHABLE: login('discovery-reset'),
  E_NETWORK_TIMEOUT: silence,
  E_NETWORK_TLS: '[network.spec.ts](../e2e/network.spec.ts)',
  E_NETWORK_PROXY: '[network.spec.ts](../e2e/network.spec.ts)',
  E_NETWORK_REDIRECT: login('discovery-redirect-302'),
  E_NETWORK_STATUS: login('token-http-503'),
  E_NETWORK_BODY: login('discovery-huge-body'),
  E_IPC_UNTRUSTED_SENDER: '[bridge.spec.ts](../e2e/bridge.spec.ts)',
  E_IPC_INVALID_ARGUMENTS: '[bridge.spec.ts](../e2e/bridge.spec.ts)',
  E_UNEXPECTED: '[errors.test.ts](../main/login/errors.test.ts)',
}

const oauthExamples: Readonly<Record<OauthError, Example>> = {
  access_denied: login('callback-error-access-denied'),
  account_selection_required: login('callback-error-account-selection-required'),
  consent_required: login('callback-error-consent-required'),
  insufficient_scope: after('userinfo-oauth-error-insufficient-scope', 'userinfo', (done) =>
    fetchUserinfo(done),
  ),
  insufficient_user_authentication: '',
  interaction_required: login('callback-error-interaction-required'),
  invalid_authorization_details: '',
  invalid_client: login('token-oauth-error-invalid-client'),
  invalid_dpop_proof: login('token-oauth-error-invalid-dpop-proof', { dpop: true }),
  invalid_grant: login('token-oauth-error-invalid-grant'),
  invalid_request: login('callback-error-invalid-request'),
  invalid_request_object: login('callback-error-invalid-request-object'),
  invalid_request_uri: login('callback-error-invalid-request-uri'),
  invalid_scope: login('callback-error-invalid-scope'),
  invalid_target: login('callback-error-invalid-target'),
  invalid_token: after('userinfo-oauth-error-invalid-token', 'userinfo', (done) =>
    fetchUserinfo(done),
  ),
  login_required: login('callback-error-login-required'),
  registration_not_supported: login('callback-error-registration-not-supported'),
  request_not_supported: login('callback-error-request-not-supported'),
  request_uri_not_supported: login('callback-error-request-uri-not-supported'),
  server_error: login('callback-error-server-error'),
  temporarily_unavailable: login('callback-error-temporarily-unavailable'),
  unauthorized_client: login('callback-error-unauthorized-client'),
  unmet_authentication_requirements: login('callback-error-unmet-authentication-requirements'),
  unsupported_grant_type: login('token-oauth-error-unsupported-grant-type'),
  unsupported_response_type: login('callback-error-unsupported-response-type'),
  unsupported_token_type: after(
    'revocation-oauth-error-unsupported-token-type',
    'a revocation',
    (done) => revokeTokens(done),
  ),
  use_dpop_nonce: login('dpop-nonce-endless', { dpop: true }),
}

/** Lets a run end, and gives the error. Throws when there was none, or none of ours. */
async function reportedBy({ scenario, run }: Run, simulator: Simulator): Promise<Reported> {
  simulator.play(null)
  const ended = await run(simulator, () => simulator.play(scenario)).catch(
    (error: unknown) => error,
  )
  if (isReported(ended)) return ended
  throw new Error(`${scenario}: no error with a code`, { cause: ended })
}

function isReported(value: unknown): value is Reported {
  return errorCodes.some((code) => code === Object(value).code)
}

function explained(explanation: Explanation): string {
  switch (explanation.kind) {
    case 'oauth':
      return `OAuth error \`${explanation.error}\``
    case 'tls':
      return `certificate or encryption: ${explanation.problem}`
    case 'captive-portal':
      return 'something else answered in its place'
    case 'clock':
      // Rounded, because a run takes a while.
      return `the clock is ${Math.round(explanation.seconds / 60)} minutes ${explanation.direction}`
  }
}

async function exampleLine(example: Example, simulator: Simulator): Promise<string> {
  if (typeof example === 'string') {
    return `not produced here${example === '' ? '' : `; shown by ${example}`}`
  }
  const { code, detail, explanation } = await reportedBy(example, simulator)
  const { how = 'a login', scenario } = example
  // The port of the simulator, and the seconds that a run takes, are others each time.
  const reason = detail?.reason
    .replaceAll(simulator.issuer, '<issuer>')
    .replace(/\d+ s (?=ahead|behind)/, '<seconds> s ')
  return [
    `${how}${scenario === 'normal' ? '' : `, scenario \`${scenario}\``}: \`${code}\``,
    ...(detail === null ? [] : [`detail \`${detail.key}: ${reason}\``]),
    ...(explanation === null ? [] : [`explanation: ${explained(explanation)}`]),
  ].join(', ')
}

/** Makes the text of the page: the same on every computer. */
export async function errorsPage(): Promise<string> {
  const t = translator('en')
  const simulator = await startSimulator({ refreshTokens: true })
  const ours: string[] = []
  const ofOauth: string[] = []
  try {
    // One after the other: the simulator plays one scenario at a time.
    for (const code of errorCodes) {
      const { category, retryable } = errors[code]
      const meaning = `**${t(`error.${code}.title`)}.** ${t(`error.${code}.text`)}`
      // oxlint-disable-next-line no-await-in-loop
      const example = await exampleLine(examples[code], simulator)
      const kind = `Category \`${category}\`; trying again ${retryable ? 'can help' : 'does not help'}.`
      ours.push(entry(code, `${meaning} ${kind}`, causes[code], example))
    }
    for (const code of oauthErrors) {
      // oxlint-disable-next-line no-await-in-loop
      const example = await exampleLine(oauthExamples[code], simulator)
      ofOauth.push(entry(code, t(`oauth.${code}`), oauthCauses[code], example))
    }
  } finally {
    await simulator.close()
  }
  const text = `# Errors

Every error by its code: what it means, what is likely behind it at ID-porten, what to do, and an example. \`npm run errors\` makes this page: each example is what a login, or a call after it, at the [simulator](simulator.md) really ended with. The description \`en feil\` is the simulator's; ID-porten has words of its own. Digdir publishes no list of its errors, so the causes are what its pages say of the protocol, not what was seen there.

An error has a code, a detail (what it was about and why) where there is one, and an explanation where more is known. The first words are those of the window. Digdir's service desk wants the client id, the environment and a description of the problem; the [log](administration.md#logs) has code, detail and reference.

## Errors of this app

${ours.join('\n\n')}

## Errors of OAuth

What ID-porten can answer, by the name that is in the detail and in the explanation.

${ofOauth.join('\n\n')}
`
  const made = await format('errors.md', text, { printWidth: 100 })
  if (made.errors.length > 0) throw new Error(made.errors.map(({ message }) => message).join('\n'))
  return made.code
}

function entry(
  code: string,
  meaning: string,
  { cause, remedy }: (typeof causes)[ErrorCode],
  example: string,
): string {
  return `### ${code}

${meaning}

- Likely cause: ${cause}
- What to do: ${remedy}
- Example: ${example}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(errorsFile, await errorsPage())
}
