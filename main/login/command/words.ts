/** What the command tells: steps, failures and claims, as lines in which nothing of a provider's can steer a terminal. */
import { plain } from '../error-map.ts'
import {
  type Claims,
  type Login,
  type LoginError,
  type LoginErrorCode,
  type LoginEvent,
  isForeign,
  maskPersonalNumbers,
  type TraceStep,
} from '../index.ts'

const registration = 'Compare issuer, client id, redirect path and scopes with the registration.'
const notToBeTrusted = 'Do not use this login, and tell the support of the provider.'
const later = 'Try again later; if it stays so, tell the support of the provider.'
const network = 'Check the network, and whether a firewall lets the hosts of the provider through.'
const proxy =
  'Check the network. Behind a proxy set HTTPS_PROXY and NODE_USE_ENV_PROXY=1, and NODE_EXTRA_CA_CERTS for its certificate.'
const again = 'Run the command again.'

/** What to do, for each code. */
const nextSteps: Readonly<Record<LoginErrorCode, string>> = {
  E_LISTENER_BIND: 'Allow this program to listen on 127.0.0.1.',
  E_BROWSER_OPEN: again,
  E_LOGIN_DENIED: again,
  E_LOGIN_TIMEOUT: `${again} If the browser stayed on a page of the provider: ${registration}`,
  E_LOGIN_REFUSED: registration,
  E_CALLBACK_ISSUER: notToBeTrusted,
  E_CALLBACK_INVALID: notToBeTrusted,
  E_PROVIDER_METADATA: 'Check the issuer, byte for byte: ID-porten has no slash at the end.',
  E_PROVIDER_KEYS: later,
  E_PAR_REFUSED: registration,
  E_TOKEN_REFUSED: `${registration} The client must be public (token_endpoint_auth_method none).`,
  E_TOKEN_RESPONSE: later,
  E_ID_TOKEN_SIGNATURE: notToBeTrusted,
  E_ID_TOKEN_CLAIM: notToBeTrusted,
  E_CLOCK_SKEW: 'Set the clock of this computer.',
  E_RENEWAL_REFUSED: again,
  E_RENEWAL_SUBJECT: again,
  E_API_RESPONSE: later,
  E_NETWORK_OFFLINE: network,
  E_NETWORK_UNREACHABLE: network,
  E_NETWORK_TIMEOUT: network,
  E_NETWORK_TLS: proxy,
  E_NETWORK_PROXY: proxy,
  E_NETWORK_REDIRECT: 'Check the issuer: it leads elsewhere.',
  E_NETWORK_STATUS: later,
  E_NETWORK_BODY: later,
  E_UNEXPECTED: 'Report this line.',
}

/** One line on a failure: its code, why, and what to do. */
export function failureLine(error: LoginError, reference: string): string {
  const { code, detail, message } = error
  const reason = detail === null ? message : `${detail.key}: ${detail.reason}`
  const shown = plain(maskPersonalNumbers(reason))
  return `Not signed in: ${code}: ${shown}. ${nextSteps[code]} (reference ${reference})`
}

/** One line on a step of the protocol; a trace holds no secrets and no personal numbers. */
export function stepLine({ step, outcome, duration, request, response, error }: TraceStep): string {
  return [
    `${step}: ${outcome}, ${Math.round(duration)} ms`,
    ...(request === null ? [] : [`${request.method} ${request.address}`]),
    ...(response === null ? [] : [`HTTP ${response.status}`]),
    ...(error === null ? [] : [`${error.code} ${error.reason}`]),
  ].join(', ')
}

/** One line on what happens besides the steps; null where there is nothing to tell. */
export function eventLine(event: LoginEvent): string | null {
  switch (event.type) {
    case 'waiting':
      return 'Log in in the browser that opens now. Ctrl+C cancels.'
    case 'hint':
      return event.hint === 'not-returned'
        ? 'The browser has not come back yet.'
        : 'No browser has come yet.'
    case 'rejected-request':
      return isForeign(event.reason)
        ? `Something other than your browser tried to answer, and was refused (${event.reason}).`
        : null
    case 'start-address-reused':
      return 'The link to the login was opened a second time, and was refused.'
    default:
      return null
  }
}

/** What is shown only when it was asked for. */
export interface Shown {
  readonly pid: boolean
  readonly token: boolean
}

/** What a login brought as one line of JSON, in which also the characters that would steer a terminal are escaped. */
export function loginJson(login: Login, shown: Shown): string {
  const value = {
    claims: masked(login.claims, shown),
    accessTokenClaims: masked(login.accessTokenClaims, shown),
    scope: login.scope,
    accessTokenLife: login.accessTokenLife,
    ...(shown.token && { accessToken: login.accessToken.reveal() }),
  }
  return JSON.stringify(value).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** What a login brought, for people: a line for each claim. */
export function loginText(login: Login, shown: Shown): string {
  const { claims, accessTokenClaims, scope, accessTokenLife, accessToken } = login
  const life = accessTokenLife === null ? 'unknown' : `${accessTokenLife} s`
  return [
    'ID token',
    ...rows(masked(claims, shown)),
    `Access token${accessTokenClaims === null ? ', which cannot be read' : ''}`,
    ...rows(masked(accessTokenClaims ?? {}, shown)),
    'Granted',
    ...rows({ scope: scope.join(' '), lifetime: life }),
    // It can be longer than a line of somebody else's words; what is in it was checked when it came.
    ...(shown.token ? [`  access token  ${accessToken.reveal()}`] : []),
  ].join('\n')
}

/** The same with personal numbers hidden, at any depth, unless they were asked for. */
function masked<T extends Claims | null>(claims: T, { pid }: Shown): T {
  if (pid) return claims
  return JSON.parse(
    JSON.stringify(claims, (_name, value: unknown) => {
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
        return Object.fromEntries(
          Object.entries(value).map(([name, item]) => [maskPersonalNumbers(name), item]),
        )
      }
      if (typeof value !== 'string' && typeof value !== 'number') return value
      const hidden = maskPersonalNumbers(String(value))
      return hidden === String(value) ? value : hidden
    }),
  )
}

function rows(claims: Claims): string[] {
  const entries = Object.entries(claims)
  const width = Math.min(28, Math.max(...entries.map(([name]) => name.length)))
  return entries.map(
    ([name, value]) => `  ${plain(name).padEnd(width)}  ${plain(said(name, value))}`,
  )
}

const times = ['auth_time', 'exp', 'iat', 'nbf']
/** The last second that a `Date` knows. */
const lastSecond = 8.64e12

function said(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  const isTime = times.includes(name) && typeof value === 'number' && Math.abs(value) <= lastSecond
  return isTime ? `${value} (${new Date(value * 1000).toISOString()})` : JSON.stringify(value)
}
