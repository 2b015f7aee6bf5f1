/** What may be seen of a request and its answer in the trace: in place of a secret stands what it is and how long. */
import { X509Certificate } from 'node:crypto'
import { hasPersonalNumber, maskPersonalNumbers } from './base/personal-number.ts'
import { Secret, secretRemover } from './base/secret.ts'
import { plain } from './error-map.ts'
import type { Sent, TraceRequest, TraceResponse, TraceStepName, TraceValue } from './trace.ts'

/** Characters of all values of a request or of an answer together, and how many there are at most. */
const most = { characters: 6000, values: 60 }
const longestName = 80
/** A hidden value of fewer characters is no secret. */
const shortestHidden = 6

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

/** A text that may be seen, of one that may hold a secret. */
type ToShown = (text: string) => string

/**
 * Builds what is shown of a step without any of the secrets and without personal numbers. Almost always there is
 * nothing to take out and nothing to cut, and one look at the whole tells, which takes a tenth of the time.
 */
export function showStep<Shown>(
  step: TraceStepName,
  secrets: readonly string[],
  build: (hider: Hider) => Shown,
): Shown {
  let isPlain = true
  const asItIs = build(
    createHider(step, (value) => {
      isPlain &&= plainLine.test(value)
      return value
    }),
  )
  if (isPlain && isHarmless(JSON.stringify(asItIs), secrets)) return asItIs
  const clean = createCleaner(secrets)
  // A copy: a part of a text would keep the whole of it, which may be a large body, in memory.
  return build(createHider(step, (value) => Buffer.from(plain(clean(value))).toString()))
}

/** Tells whether a text holds not even the beginning of a secret, and no personal number. */
function isHarmless(text: string, secrets: readonly string[]): boolean {
  return (
    secrets.every((value) => plainText.test(value) && !mayHold(text, value)) &&
    !hasPersonalNumber(text)
  )
}

function mayHold(text: string, secret: string): boolean {
  return secret.length >= shortestHidden && text.includes(secret.slice(0, 8))
}

/** A line that can be shown as it is. */
const plainLine = /^[\x20-\x7E\u00A7]{0,300}$/
/** What JSON and addresses write as it is. */
const plainText = /^[\w.~-]*$/

function createCleaner(secrets: readonly string[]): ToShown {
  const remove = secretRemover(secrets.map((value) => new Secret(value)))
  // The remover leaves short texts alone, because in a long text they may stand for anything; here they may not.
  const exact = secrets
    .filter((value) => value.length >= shortestHidden)
    .flatMap((value) => [value, encodeURIComponent(value)])
  return (text) =>
    maskPersonalNumbers(
      exact.reduce((left, secret) => left.replaceAll(secret, '[secret]'), remove(text)),
    )
}

type Hider = ReturnType<typeof createHider>

/** Turns what was sent and what came into what may be seen; `text` cleans each text that is shown. */
function createHider(step: TraceStepName, text: ToShown) {
  const valueOf = (name: string, value: unknown, isShown: boolean): TraceValue => ({
    name: text(name).slice(0, longestName),
    value: isShown
      ? text(typeof value === 'string' ? value : asJson(value, text))
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
    text,
    request: (
      { method, headers: sent = {}, parameters: inBody }: Sent,
      address: URL,
    ): TraceRequest => {
      // What is sent in a body does not stand in the address, and what a provider's address has of its own stays there.
      const query = inBody === undefined ? '' : address.search
      return {
        method,
        address: text(`${address.origin}${address.pathname}${query}`),
        headers: headers(Object.entries(sent)),
        parameters: parameters(inBody ?? address.searchParams),
      }
    },
    response: (status: number, came: Headers, body: unknown): TraceResponse => ({
      status,
      headers: headers(came),
      members: members(body),
    }),
  }
}

/** A value as JSON; what is too deep to be written is told by its kind. */
function asJson(value: unknown, clean: ToShown): string {
  const cleanTexts = (_name: string, item: unknown): unknown =>
    typeof item === 'string' ? clean(item) : item
  try {
    return JSON.stringify(value, cleanTexts)
  } catch {
    return 'a value that is too deep to be shown'
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
      const [scheme = value, token = ''] = value.split(' ')
      return `access token (${plain(scheme)}), ${token.length} characters`
    }
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : 'text'
    return `${kind}, ${value.length} characters`
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
export function valuesSent(
  { headers: sent = {}, parameters: inBody }: Sent,
  address: URL,
): string[] {
  const parameters = [...address.searchParams, ...(inBody ?? [])]
  const headers = Object.entries(sent)
  return [
    ...parameters.filter(([name]) => !shown.has(name)),
    ...headers.filter(([name]) => isSecretHeader(name)),
    // What stands before a space is the name of a scheme.
  ].map(([, value]) => value.slice(value.lastIndexOf(' ') + 1))
}

/** The texts in an answer that are tokens and the like by their names. */
export function valuesIn(headers: Headers, body: unknown): string[] {
  const members = Object.entries(body !== null && typeof body === 'object' ? body : {})
  return [...members, ...headers].flatMap(([name, member]: [string, unknown]) =>
    Object.hasOwn(kinds, name) && typeof member === 'string' ? [member] : [],
  )
}
