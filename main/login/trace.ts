/**
 * The trace of the protocol: every step of a login and of the calls that follow it as a typed event, for programs that
 * show or keep how a login went. Secrets and personal numbers never enter an event.
 */
import { X509Certificate } from 'node:crypto'
import type { Clock } from './base/clock.ts'
import { maskPersonalNumbers } from './base/personal-number.ts'
import { Secret, secretRemover } from './base/secret.ts'
import { plain } from './error-map.ts'
import { type Check, LoginError, type LoginErrorCode } from './errors.ts'

/** Every kind of step, with the specification that it follows. */
export const traceSources = {
  metadata: 'OpenID Connect Discovery 1.0 §4',
  keys: 'OpenID Connect Core 1.0 §10.1.1',
  push: 'RFC 9126 §2',
  'authorization-request': 'OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3',
  'start-address': 'RFC 8252 §6',
  callback: 'RFC 8252 §7.3, RFC 9207 §2.4',
  'token-request': 'RFC 6749 §4.1.3, RFC 7636 §4.5',
  verification: 'OpenID Connect Core 1.0 §3.1.3.7',
  userinfo: 'OpenID Connect Core 1.0 §5.3',
  refresh: 'RFC 6749 §6',
  'api-call': 'RFC 6750 §2.1, RFC 9449 §7',
  revocation: 'RFC 7009 §2',
  logout: 'OpenID Connect RP-Initiated Logout 1.0 §2',
} as const
export type TraceStepName = keyof typeof traceSources

/** A parameter, a header or a member of an answer. */
export interface TraceValue {
  readonly name: string
  /** The value as one short line; of a `hidden` one what it is and how long, such as "authorization code, 54 characters". */
  readonly value: string
  readonly hidden: boolean
}

/** What was sent, or what a browser was sent to. */
export interface TraceRequest {
  readonly method: string
  /** Scheme, host, port and path; the query is in the parameters. */
  readonly address: string
  readonly headers: readonly TraceValue[]
  readonly parameters: readonly TraceValue[]
}

/** What was answered. */
export interface TraceResponse {
  readonly status: number
  readonly headers: readonly TraceValue[]
  /** Of the JSON in the body; of a key set one for each key. */
  readonly members: readonly TraceValue[]
}

/** One step that has ended. */
export interface TraceStep {
  readonly step: TraceStepName
  /** Milliseconds of `Clock.monotonic`: to be compared with other steps, no time of day. */
  readonly startedAt: number
  /** Milliseconds. */
  readonly duration: number
  /** The specification that the step follows. */
  readonly source: string
  readonly request: TraceRequest | null
  readonly response: TraceResponse | null
  /** What was checked in this step, in order. */
  readonly checks: readonly Check[]
  /** `refused`: the other side said no. `from-memory`: nothing was asked, because the answer was known. */
  readonly outcome: 'done' | 'from-memory' | 'refused' | 'failed' | 'cancelled'
  /** Why it was refused or failed; null for every other outcome. */
  readonly error: { readonly code: LoginErrorCode; readonly reason: string } | null
}

/** A request as it is about to be sent. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly parameters?: URLSearchParams | undefined
}

/** What came of a step, before anything is hidden. */
export interface Came {
  /** For a step whose request is known only at its end. */
  readonly sent?: Sent
  readonly status?: number
  readonly headers?: Headers
  /** Reads the JSON of the answer; undefined for what is none. */
  readonly body?: () => unknown
  readonly checks?: readonly Check[]
  /** The other side said no: the code that this has here. */
  readonly refused?: LoginErrorCode | null
}

/** A step that is under way. Only its first end counts. */
export interface OpenStep {
  done(came?: Came): void
  failed(error: unknown, came?: Came): void
}

export interface Tracer {
  begin(step: TraceStepName, sent?: Sent): OpenStep
  /** A step for which nothing was asked. */
  fromMemory(step: TraceStepName, url: string): void
  /** Ends every step that is still open: null when it was done, else what it failed with. A cancel is no `LoginError`. */
  end(error: unknown): void
}

/** The codes of what the other side has said no to. */
const refusals = /_(?:REFUSED|DENIED)$/

const nothing = (): void => {}
/** For what nobody traces. */
export const noStep: OpenStep = { done: nothing, failed: nothing }
export const noTracer: Tracer = { begin: () => noStep, fromMemory: nothing, end: nothing }

/** Characters of all values of a request or of an answer together, and how many there are at most. */
const most = { characters: 6000, values: 60 }
const longestName = 80

/** Makes the events of one login or call. `secrets` may grow: what is in it when a step ends is taken out of it. */
export function createTracer(options: {
  readonly onTrace: ((step: TraceStep) => void) | undefined
  readonly clock: Clock
  readonly secrets: readonly Secret[]
}): Tracer {
  const { onTrace, clock, secrets } = options
  if (onTrace === undefined) return noTracer
  const open = new Set<OpenStep>()

  const begin = (step: TraceStepName, begun?: Sent): OpenStep => {
    const startedAt = clock.monotonic()
    const finish = (outcome: TraceStep['outcome'], came: Came, error: LoginError | null): void => {
      if (!open.delete(handle)) return
      const duration = clock.monotonic() - startedAt
      const { sent = begun, status, headers } = came
      const body = came.body?.()
      const hider = createHider(step, secrets, [...valuesSent(sent), ...valuesIn(headers, body)])
      onTrace({
        step,
        startedAt,
        duration,
        source: traceSources[step],
        request: sent === undefined ? null : hider.request(sent),
        response: status === undefined ? null : hider.response(status, headers, body),
        checks: hider.clean(came.checks ?? error?.checks ?? []),
        outcome,
        error: error && { code: error.code, reason: hider.text(reasonOf(error)) },
      })
    }
    const handle: OpenStep = {
      done: (came = {}) => {
        const { refused = null, status } = came
        if (refused === null) finish('done', came, null)
        else finish('refused', came, new LoginError(refused, `HTTP ${status}`))
      },
      failed: (error, came = {}) => {
        if (!(error instanceof LoginError)) finish('cancelled', came, null)
        else finish(refusals.test(error.code) ? 'refused' : 'failed', came, error)
      },
    }
    open.add(handle)
    return handle
  }

  return {
    begin,
    fromMemory: (step, url) => {
      const { text } = createHider(step, secrets, [])
      onTrace({
        step,
        startedAt: clock.monotonic(),
        duration: 0,
        source: traceSources[step],
        request: { method: 'GET', address: text(url), headers: [], parameters: [] },
        response: null,
        checks: [],
        outcome: 'from-memory',
        error: null,
      })
    },
    end: (error) => {
      for (const step of open) {
        if (error === null) step.done()
        else step.failed(error)
      }
    },
  }
}

function reasonOf({ detail, message }: LoginError): string {
  return detail === null ? message : `${detail.key}: ${detail.reason}`
}

/** Parameters and members whose values anybody may see. Of every other one an event tells what it is and how long. */
const shown = new Set(
  `acr_values authorization_details client_id code_challenge_method error error_description error_uri expires_in
   grant_type iss max_age post_logout_redirect_uri prompt redirect_uri refresh_token_expires_in resource
   response_type scope token_type token_type_hint ui_locales`.split(/\s+/),
)
const shownHeaders = new Set(
  'accept age cache-control content-type date retry-after www-authenticate'.split(' '),
)
/** What secrets are called in an event. */
const kinds: Readonly<Record<string, string>> = {
  access_token: 'access token',
  code: 'authorization code',
  code_challenge: 'code challenge',
  code_verifier: 'code verifier',
  dpop: 'DPoP proof',
  dpop_jkt: 'thumbprint of the DPoP key',
  'dpop-nonce': 'DPoP nonce',
  id_token: 'ID token',
  id_token_hint: 'ID token',
  nonce: 'nonce',
  refresh_token: 'refresh token',
  request_uri: 'request URI',
  state: 'state',
  token: 'token',
}

/** Turns what was sent and what came into what may be seen. */
function createHider(
  step: TraceStepName,
  secrets: readonly Secret[],
  hiddenHere: readonly string[],
) {
  // A provider may repeat in one member what it says in another.
  const clean = secretRemover([...secrets, ...hiddenHere.map((value) => new Secret(value))])
  const text = (value: string): string => plain(maskPersonalNumbers(clean(value)))
  const valueOf = (name: string, value: unknown, isShown: boolean): TraceValue => ({
    name: text(name).slice(0, longestName),
    value: isShown
      ? text(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent'))
      : describe(step, name.toLowerCase(), value),
    hidden: !isShown,
  })
  const parameters = (entries: Iterable<[string, unknown]>): TraceValue[] =>
    bounded(entries, (name, value) => valueOf(name, value, shown.has(name)))
  const headers = (entries: Iterable<[string, string]>): TraceValue[] =>
    bounded(
      [...entries].filter(([name]) => shownHeaders.has(name) || isSecretHeader(name)),
      (name, value) => valueOf(name, value, shownHeaders.has(name)),
    )
  const members = (body: unknown): TraceValue[] => {
    if (step === 'keys') return bounded(keysIn(body), (name, value) => valueOf(name, value, true))
    if (body === undefined) return []
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      return [valueOf('', body, false)]
    }
    const isPublic = step === 'metadata'
    // What is said of the person stands in the claims, where it can be hidden and shown; a trace is passed on.
    const isPrivate = step === 'userinfo' || step === 'api-call'
    return bounded(Object.entries(body), (name, value) =>
      valueOf(name, value, isPublic || (shown.has(name) && !(isPrivate && !isErrorMember(name)))),
    )
  }
  return {
    clean,
    text,
    request: ({ method, url, headers: sent = {}, parameters: inBody }: Sent): TraceRequest => {
      const address = new URL(url)
      return {
        method,
        address: text(`${address.origin}${address.pathname}`),
        headers: headers(Object.entries(sent)),
        parameters: parameters([...address.searchParams, ...(inBody ?? [])]),
      }
    },
    response: (status: number, came: Headers | undefined, body: unknown): TraceResponse => ({
      status,
      headers: headers(came ?? []),
      members: members(body),
    }),
  }
}

function isErrorMember(name: string): boolean {
  return name.startsWith('error')
}

function isSecretHeader(name: string): boolean {
  return ['authorization', 'dpop', 'dpop-nonce'].includes(name.toLowerCase())
}

/** What a value is and how long, without anything that is in it. */
function describe(step: TraceStepName, name: string, value: unknown): string {
  if (typeof value === 'string') {
    if (step === 'callback' && name === 'state') return 'state, equal to the one sent'
    if (name === 'authorization') {
      const [scheme = '', token = ''] = value.split(' ')
      return `${plain(scheme)} access token, ${token.length} characters`
    }
    return `${kinds[name] ?? 'text'}, ${value.length} characters`
  }
  if (Array.isArray(value)) return `list, ${value.length} items`
  if (value === null) return 'null'
  if (typeof value === 'object') return `object, ${Object.keys(value).length} members`
  return typeof value
}

/** As many values as fit, and how many did not. */
function bounded<T>(
  entries: Iterable<[string, T]>,
  toValue: (name: string, value: T) => TraceValue,
): TraceValue[] {
  const all = [...entries]
  const values: TraceValue[] = []
  let characters = 0
  for (const [name, value] of all.slice(0, most.values)) {
    const next = toValue(name, value)
    characters += next.name.length + next.value.length
    if (characters > most.characters) break
    values.push(next)
  }
  const left = all.length - values.length
  return left === 0
    ? values
    : [...values, { name: '…', value: `${left} more are not kept`, hidden: true }]
}

/** One line for each key of a key set: nothing in it is secret. */
function keysIn(body: unknown): [string, string][] {
  const keys: unknown = body !== null && typeof body === 'object' && 'keys' in body ? body.keys : []
  if (!Array.isArray(keys)) return []
  return keys.map((key: unknown): [string, string] => {
    const { kid, kty, use, alg, x5c } = Object(key)
    const words = [kty, use, alg, certificateDates(x5c)].filter((word) => typeof word === 'string')
    return [typeof kid === 'string' ? kid : 'no kid', words.join(', ')]
  })
}

/** From when until when the certificate of a key is valid (RFC 7517 §4.7), to be shown: nothing is decided by it. */
function certificateDates(x5c: unknown): string | undefined {
  const [first]: unknown[] = Array.isArray(x5c) ? x5c : []
  if (typeof first !== 'string') return undefined
  try {
    const { validFrom, validTo } = new X509Certificate(Buffer.from(first, 'base64'))
    const [from, to] = [validFrom, validTo].map((at) => new Date(at).toISOString().slice(0, 10))
    return `certificate from ${from} to ${to}`
  } catch {
    return 'certificate that cannot be read'
  }
}

/** The values of a request that are hidden, so that an answer that repeats them shows none either. */
function valuesSent(sent: Sent | undefined): string[] {
  if (sent === undefined) return []
  const parameters = [...new URL(sent.url).searchParams, ...(sent.parameters ?? [])]
  const headers = Object.entries(sent.headers ?? {})
  return [
    ...parameters.filter(([name]) => !shown.has(name)),
    ...headers.filter(([name]) => isSecretHeader(name)),
  ].flatMap(([, value]) => [value, ...value.split(' ')])
}

/** The texts in an answer that are tokens and the like by their names. */
function valuesIn(headers: Headers | undefined, body: unknown): string[] {
  const members = body !== null && typeof body === 'object' ? Object.entries(body) : []
  return [...members, ...(headers ?? [])].flatMap(([name, member]: [string, unknown]) =>
    name in kinds && typeof member === 'string' ? [member] : [],
  )
}
