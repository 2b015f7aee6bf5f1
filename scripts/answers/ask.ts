/** Asks a provider the questions: most of them with requests that lead to no login, the rest with one login by a person. */
import { plain } from '../../main/login/error-map.ts'
import {
  type BrowserLogout,
  type Claims,
  type Clock,
  createProviderCache,
  type Fetch,
  fetchUserinfo,
  isLoginError,
  type Login,
  type LoginError,
  type LoginOptions,
  logOutInBrowser,
  maskPersonalNumbers,
  type ProviderCache,
  renew,
  revokeTokens,
  startLogin,
  systemClock,
  type TraceStep,
  type TraceStepName,
} from '../../main/login/index.ts'
import { type Probe, push, visit } from './probe.ts'
import { type QuestionName, questionNames } from './questions.ts'

export interface AskOptions {
  readonly issuer: string
  readonly clientId: string
  readonly redirectPath: string
  /** The path of the loopback address that is registered for logout. */
  readonly logoutPath: string
  readonly acrValues: readonly string[]
  /** Opens the person's browser: for a login, for another one by the same session, and for the logout. */
  readonly openBrowser: (address: string) => unknown
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: Fetch
  /** The time. Default: the system's. */
  readonly clock?: Clock
}

export interface Answer {
  readonly name: QuestionName
  /** What the provider did: the same words for the same thing, so that two providers can be compared. */
  readonly answer: string
  /** What the provider says to a refusal, in its own words. */
  readonly said?: readonly string[]
  /** False when the question could not be asked: then the answer is the reason. */
  readonly answered: boolean
}
type Unjudged = Omit<Answer, 'answered'>

/** What is asked for, one after the other, that no client has registered. */
const oddities = {
  client: { clientId: 'nobody-knows-this-client' },
  redirectUri: { redirectPath: '/not-registered' },
  scope: { scope: 'openid profile not:registered' },
  resource: { resource: ['https://nobody.example/'] },
  acr: { acrValues: ['nobody-knows-this-level'] },
} as const satisfies Partial<Record<QuestionName, Partial<LoginOptions>>>

/**
 * Asks everything, and gives each answer as soon as it is there. What cannot be asked because something before it
 * failed is answered with that failure. No answer holds a secret or a whole personal number.
 */
export async function* ask(options: AskOptions): AsyncGenerator<Answer> {
  const open = new Set<QuestionName>(questionNames)
  let reason = ''
  try {
    for await (const answer of answers(options)) {
      open.delete(answer.name)
      yield { ...answer, answered: true }
    }
  } catch (error) {
    if (!isLoginError(error)) throw error
    reason = nameOf(error)
  }
  for (const name of open) yield { name, answer: reason, answered: false }
}

async function* answers(options: AskOptions): AsyncGenerator<Unjudged> {
  const { openBrowser: _, logoutPath: __, clock = systemClock, ...asked } = options
  const base = { ...asked, clock, providerCache: createProviderCache(clock) }
  yield* askWithoutPerson(base)
  yield* askWithPerson(options, base)
}

type Base = Omit<LoginOptions, 'openBrowser'> & {
  readonly clock: Clock
  readonly providerCache: ProviderCache
}

async function* askWithoutPerson(base: Base): AsyncGenerator<Unjudged> {
  const usual = await push(base)
  const metadata = stepOf(usual.steps, 'metadata')
  if (usual.error !== null && metadata?.outcome !== 'done') throw usual.error
  yield { name: 'metadata', answer: offers(metadata) }
  yield { name: 'date', answer: headersOf(metadata, base.clock) }
  yield { name: 'push', answer: pushed(usual), said: wordsOf(usual) }
  for (const name of ['client', 'redirectUri', 'scope', 'resource', 'acr'] as const) {
    const odd = { ...base, ...oddities[name] }
    // The provider is asked one thing at a time.
    // oxlint-disable-next-line no-await-in-loop
    const atPush = await push(odd)
    // oxlint-disable-next-line no-await-in-loop
    const inBrowser = await visit(odd)
    const answer = `pushed: ${pushed(atPush)}; in a browser: ${landed(inBrowser)}`
    yield { name, answer, said: [...new Set([...wordsOf(atPush), ...wordsOf(inBrowser)])] }
  }
  // Without a session nobody can be logged in silently: an error that every provider sends back.
  const silent = await visit({ ...base, prompt: 'none' })
  yield { name: 'errorIssuer', answer: issuerIn(silent, base.issuer) }
}

async function* askWithPerson(
  { openBrowser, logoutPath }: AskOptions,
  base: Base,
): AsyncGenerator<Unjudged> {
  const steps: TraceStep[] = []
  const logIn = async (dpop: boolean): Promise<Login> => {
    const onTrace = (step: TraceStep): void => void steps.push(step)
    const login = await startLogin({ ...base, dpop, openBrowser, onTrace }).result
    if (login === null) throw new Error('nobody cancels this login')
    return login
  }

  const login = await logIn(false)
  yield { name: 'lifetimes', answer: lifetimesOf(login) }
  yield { name: 'tokenHeaders', answer: headersOf(stepOf(steps, 'token-request'), base.clock) }
  yield { name: 'audience', answer: audienceOf(login.accessTokenClaims) }
  const used = await tryRefresh(login, base)
  yield { name: 'refresh', answer: used.answer }
  yield { name: 'revocation', answer: await tryRevocation(used.login, base) }

  // The person has a session now, so this one takes no click where the provider has single sign-on.
  const bound = await logIn(true).catch(named)
  if (isLoginError(bound)) {
    yield { name: 'dpop', answer: `no: ${nameOf(bound)}` }
    yield { name: 'dpopRefresh', answer: 'there are no tokens with DPoP' }
  } else {
    yield { name: 'dpop', answer: boundTo(bound.accessTokenClaims) }
    yield { name: 'dpopRefresh', answer: (await tryRefresh(bound, base)).answer }
    await revokeTokens(bound, base).catch(named)
  }

  const end = await logOutInBrowser(isLoginError(bound) ? login : bound, {
    openBrowser,
    clock: base.clock,
    postLogoutRedirectUri: `http://127.0.0.1:0${logoutPath}`,
  })
  yield { name: 'logout', answer: logoutAnswers[end] }
}

const logoutAnswers: Readonly<Record<BrowserLogout, string>> = {
  done: 'yes',
  opened: 'no, the browser stays at the provider',
  failed: 'there is no page for a logout, or no browser came',
}

/** Uses the refresh token; gives the login with the tokens that count then. */
async function tryRefresh(login: Login, base: Base) {
  if (login.refreshToken === null) return { login, answer: 'none is given' }
  const steps: TraceStep[] = []
  const onTrace = (step: TraceStep): void => void steps.push(step)
  const next = await renew(login, { ...base, onTrace }).catch(named)
  const answer = `given; its use: ${outcomeOf(stepOf(steps, 'refresh'))}`
  if (isLoginError(next)) return { login, answer }
  const stays = next.refreshToken?.reveal() === login.refreshToken.reveal()
  return { login: next, answer: `${answer}, ${stays ? 'it stays' : 'it is replaced'}` }
}

/** Revokes the tokens, and asks for userinfo with the access token that should be of no more use. */
async function tryRevocation(login: Login, base: Base): Promise<string> {
  const { revocation_endpoint: revocation, userinfo_endpoint: userinfo } = login.provider
  if (revocation === undefined) return 'not offered'
  const steps: TraceStep[] = []
  const watched = { ...base, onTrace: (step: TraceStep): void => void steps.push(step) }
  await revokeTokens(login, watched).catch(named)
  const answer = outcomeOf(stepOf(steps, 'revocation'))
  if (userinfo === undefined) return answer
  await fetchUserinfo(login, watched).catch(named)
  return `${answer}; userinfo with the access token then: ${outcomeOf(stepOf(steps, 'userinfo'))}`
}

/** A failure of the login is an answer; anything else is a fault of this program. */
function named(error: unknown): LoginError {
  if (isLoginError(error)) return error
  throw error
}

function nameOf({ code, detail }: LoginError): string {
  return safe(detail === null ? code : `${code} (${detail.key}: ${detail.reason})`)
}

/** A provider's words without what would steer a terminal, and without whole personal numbers. */
function safe(text: string): string {
  return plain(maskPersonalNumbers(text))
}

function stepOf(steps: readonly TraceStep[], name: TraceStepName): TraceStep | undefined {
  return steps.findLast((each) => each.step === name)
}

/** The value that an answer has under a name; a trace has it without secrets. */
function member(step: TraceStep | undefined, name: string): string | undefined {
  return step?.response?.members.find((each) => each.name === name)?.value
}

/** The status of an answer, and the error in it. */
function outcomeOf(step: TraceStep | undefined): string {
  if (step === undefined) return 'nothing was sent'
  const { response, error } = step
  if (response === null) return error === null ? 'no answer' : error.code
  return [response.status, member(step, 'error')].filter((part) => part !== undefined).join(' ')
}

function pushed({ steps, error }: Probe): string {
  const step = stepOf(steps, 'push')
  if (step === undefined) return error === null ? 'nothing was sent' : nameOf(error)
  const life = member(step, 'expires_in')
  return life === undefined ? outcomeOf(step) : `${outcomeOf(step)}, for ${life} s`
}

function landed({ landing, error }: Probe): string {
  if (landing === null) return error === null ? 'nothing was sent' : nameOf(error)
  const { status, sentBack } = landing
  if (sentBack !== null) return `sent back with ${safe(sentBack.get('error') ?? 'no error')}`
  return `${status < 400 ? 'a page to log in' : 'an error page, not sent back'}, HTTP ${status}`
}

function wordsOf({ steps, landing }: Probe): string[] {
  const pushedWords = member(stepOf(steps, 'push'), 'error_description')
  const words = pushedWords ?? landing?.sentBack?.get('error_description')
  return words === undefined || words === null ? [] : [safe(words)]
}

function issuerIn(probe: Probe, issuer: string): string {
  const sentBack = probe.landing?.sentBack ?? null
  if (sentBack === null) return landed(probe)
  const came = sentBack.get('iss')
  const others = came === null ? 'no' : 'another one'
  return `${came === issuer ? 'yes, the issuer' : others} (${landed(probe)})`
}

function offers(metadata: TraceStep | undefined): string {
  const has = (name: string): string => (member(metadata, name) === undefined ? 'no' : 'yes')
  const lists = (name: string, value: string): string => {
    const list = member(metadata, name)
    if (list === undefined) return 'not told'
    return list.includes(`"${value}"`) ? 'yes' : 'no'
  }
  return [
    `PAR ${has('pushed_authorization_request_endpoint')}`,
    `authentication none ${lists('token_endpoint_auth_methods_supported', 'none')}`,
    `refresh tokens ${lists('grant_types_supported', 'refresh_token')}`,
    `DPoP with ES256 ${lists('dpop_signing_alg_values_supported', 'ES256')}`,
    `revocation ${has('revocation_endpoint')}`,
    `logout ${has('end_session_endpoint')}`,
    `iss promised ${member(metadata, 'authorization_response_iss_parameter_supported') ?? 'no'}`,
  ].join(', ')
}

/** Seconds to which a difference of clocks is rounded: `Date` has no fractions, and an answer takes its time. */
const grain = 10

function headersOf(step: TraceStep | undefined, clock: Clock): string {
  const header = (name: string): string | undefined =>
    step?.response?.headers.find((each) => each.name === name)?.value
  const off = Math.round((Date.parse(header('date') ?? '') - clock.now()) / 1000 / grain) * grain
  const direction = off > 0 ? 'ahead' : 'behind'
  const date = off === 0 ? 'right' : `about ${Math.abs(off)} s ${direction}`
  return [
    `HTTP ${step?.response?.status ?? 'nothing'}`,
    `Date ${Number.isNaN(off) ? 'absent' : date}`,
    `Cache-Control ${header('cache-control') ?? 'absent'}`,
    `DPoP-Nonce ${header('dpop-nonce') === undefined ? 'absent' : 'there'}`,
  ].join(', ')
}

function lifetimesOf({ claims, accessTokenLife, refreshToken, refreshTokenLife }: Login): string {
  const refresh = refreshTokenLife === null ? 'not told' : `${refreshTokenLife} s`
  return [
    `ID token ${Number(claims['exp']) - Number(claims['iat'])} s`,
    `access token ${accessTokenLife === null ? 'not told' : `${accessTokenLife} s`}`,
    `refresh token ${refreshToken === null ? 'none' : refresh}`,
  ].join(', ')
}

function audienceOf(claims: Claims | null): string {
  if (claims === null) return 'the token cannot be read'
  return claims['aud'] === undefined ? 'no aud' : safe(`aud ${JSON.stringify(claims['aud'])}`)
}

function boundTo(claims: Claims | null): string {
  if (claims === null) return 'yes, in a token that cannot be read'
  return claims['cnf'] === undefined ? 'token_type DPoP, but no cnf in the token' : 'yes, by cnf'
}
