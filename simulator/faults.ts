import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable, pipeline } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { createGzip } from 'node:zlib'
import { apiPaths, paths } from './provider/discovery.ts'
import { lowLevelPerson } from './persons.ts'

const browserSteps = ['authorization', 'end-session'] as const
const jsonSteps = ['discovery', 'keys', 'pushed-request', 'token', 'userinfo', 'api'] as const
const directSteps = [...jsonSteps, 'revocation'] as const

/** The requests that a client makes, from its login to its logout. */
export const steps = [...directSteps, ...browserSteps] as const

/** One request of a client. */
export type Step = (typeof steps)[number]

const stepPaths: Readonly<Record<Step, RegExp>> = {
  discovery: /^\/\.well-known\/(?:openid-configuration|oauth-authorization-server)$/,
  keys: new RegExp(`^${paths.jwks.replace('.', '\\.')}$`),
  'pushed-request': new RegExp(`^${paths.pushed_authorization_request}$`),
  authorization: new RegExp(`^${paths.authorization}(?:/|$)`),
  token: new RegExp(`^${paths.token}$`),
  userinfo: new RegExp(`^${paths.userinfo}$`),
  api: new RegExp(`^(?:${Object.values(apiPaths).join('|')})$`),
  revocation: new RegExp(`^${paths.revocation}$`),
  'end-session': new RegExp(`^${paths.end_session}(?:/|$)`),
}

/** The step that a path belongs to, if any. */
export function stepOf(path: string): Step | undefined {
  return steps.find((step) => stepPaths[step].test(path))
}

/** An answer before it is written. */
export interface Answer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer | string
}

/** What a fault has to work with. */
export interface Wire {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly issuer: string
  /** The same simulator under another host name, without a slash at the end. */
  readonly elsewhere: string
  /** The provider's clock. */
  readonly now: Date
  /** What the provider would have said; an empty object when it was not asked. */
  readonly answer: Answer
}

interface Fault<Steps extends readonly Step[] = readonly Step[]> {
  /** What happens on the wire, in one sentence. */
  readonly summary: string
  readonly steps: Steps
  /** It spoils the provider's own answer, so the provider is always asked first. */
  readonly changes?: true
  /** A client may live with it: it is neither sure to fail nor sure to go well. */
  readonly bearable?: true
  readonly play: (wire: Wire) => void
}

/** What a provider may put into a text that a person might see. */
export const hostileTexts = {
  html: '<img src=x onerror=alert(1)><script>alert(1)</script>&amp;"\'',
  javascript: 'javascript:alert(document.domain)',
  long: 'En lang forklaring. '.repeat(250),
  'personal-number': `Personen med fødselsnummer ${lowLevelPerson.pid} er sperret`,
  jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJwaWQiOiIyMTg3ODY5ODQ1MyJ9.c2lnbmF0dXI',
  'control-characters': 'linje\r\nSet-Cookie: a=b\u001B[31m\u0000\u202Etxet',
} as const

/** In front of a path: the simulator answers there as at the path, while a scenario plays. */
export const redirectedPath = '/redirected'

const json = { 'content-type': 'application/json; charset=utf-8' }
const html = { 'content-type': 'text/html; charset=utf-8' }
const portal = '<!doctype html><title>Logg inn</title><h1>Velkommen til gjestenettet</h1>'

function reply({ response }: Wire, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** A fault that answers in the provider's place. */
function answers<const S extends readonly Step[]>(
  summary: string,
  of: S,
  answer: (wire: Wire) => Answer,
): Fault<S> {
  return { summary, steps: of, play: (wire) => reply(wire, answer(wire)) }
}

/** A fault that changes the body that the provider gives. */
function changes<const S extends readonly Step[]>(
  summary: string,
  of: S,
  change: (body: string, answer: Answer) => Partial<Answer>,
  bearable?: 'bearable',
): Fault<S> {
  return {
    summary,
    steps: of,
    changes: true,
    ...(bearable && { bearable: true }),
    play: (wire) =>
      reply(wire, { ...wire.answer, ...change(wire.answer.body.toString(), wire.answer) }),
  }
}

/** Bytes of the largest body that ends. */
const hugeBytes = 100 * 1024 * 1024
const bombBytes = 1024 * 1024 * 1024
/** Milliseconds between two drops of an answer that never ends. */
const dripInterval = 200

/** White space, which JSON allows in front: who reads it all gets the right answer in the end. */
function* spaces(bytes: number): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    yield chunk
  }
}

function page(code: number, headers: (wire: Wire) => OutgoingHttpHeaders = () => ({})) {
  return answers(`HTTP ${code} with a page in HTML.`, steps, (wire) => ({
    status: code,
    headers: { ...html, ...headers(wire) },
    body: portal,
  }))
}

function retryAfter(code: number, value: string | ((now: Date) => string)) {
  return page(code, ({ now }) => ({
    'retry-after': typeof value === 'string' ? value : value(now),
  }))
}

function redirect(
  code: number,
  where: string,
  location: (wire: Wire, path: string) => string | undefined,
) {
  // A browser may be redirected, but its cookies would not fit the other path.
  return answers(`HTTP ${code} to ${where}.`, directSteps, (wire) => {
    const to = location(wire, wire.request.url ?? '/')
    return { status: code, headers: to === undefined ? {} : { location: to }, body: '' }
  })
}

const here = (code: number) =>
  redirect(code, 'another path, where the right answer is', ({ issuer }, path) =>
    [issuer, redirectedPath, path].join(''),
  )
const there = (code: number) =>
  redirect(code, 'another host, where the right answer is', ({ elsewhere }, path) =>
    [elsewhere, redirectedPath, path].join(''),
  )

/** An error as OAuth writes it (RFC 6749 §5.2). */
function oauthError<const S extends readonly Step[]>(
  code: string,
  of: S,
  more: {
    readonly status?: number
    readonly headers?: OutgoingHttpHeaders
    readonly members?: Readonly<Record<string, unknown>>
  } = {},
) {
  return answers(`The OAuth error ${code} as JSON.`, of, () => ({
    status: more.status ?? 400,
    headers: { ...json, ...more.headers },
    body: JSON.stringify({ error: code, error_description: 'en feil', ...more.members }),
  }))
}

const errorSteps = ['pushed-request', 'token', 'revocation'] as const

function hostileError(name: keyof typeof hostileTexts) {
  const error = oauthError('invalid_request', errorSteps, {
    members: { error_description: hostileTexts[name], error_uri: hostileTexts[name] },
  })
  return { ...error, summary: `An OAuth error with a hostile description (${name}).` }
}

/** Puts members in front of those of a JSON object. */
const withMember = (body: string, member: string) => body.replace('{', `{${member},`)

/** Ends the connection as a crash would, with RST where the socket can. */
function reset({ request: { socket } }: Wire): void {
  if (socket instanceof TLSSocket) {
    socket.destroy()
  } else {
    socket.resetAndDestroy()
  }
}

/** Says something again and again until the connection ends. */
function drip({ request: { socket } }: Wire, say: () => void): void {
  say()
  const timer = setInterval(say, dripInterval)
  socket.once('close', () => clearInterval(timer))
  if (socket.destroyed) {
    clearInterval(timer)
  }
}

/** Sends as fast as the client reads; a client that goes away is no error. */
function stream(
  { response }: Wire,
  headers: OutgoingHttpHeaders,
  bytes: number,
  end: string | Buffer,
) {
  response.writeHead(200, headers)
  const source = Readable.from(
    (function* () {
      yield* spaces(bytes)
      yield Buffer.from(end)
    })(),
  )
  if (headers['content-encoding'] === 'gzip') {
    pipeline(source, createGzip({ level: 1 }), response, () => {})
  } else {
    pipeline(source, response, () => {})
  }
}

/** Writes a part of the answer and closes the connection. */
function cut({ request, response, answer }: Wire, headers: OutgoingHttpHeaders): void {
  response.writeHead(answer.status, { ...answer.headers, ...headers })
  const body = Buffer.from(answer.body)
  response.write(body.subarray(0, Math.ceil(body.length / 2)))
  request.socket.destroySoon()
}

/** The faults by name. */
export const faults = {
  reset: { summary: 'The connection is reset before any byte.', steps, play: reset },
  'close-after-headers': {
    summary: 'The headers come, and then the connection closes.',
    steps,
    play: ({ request, response }) => {
      response.writeHead(200, { ...json, 'content-length': 1000 }).flushHeaders()
      request.socket.destroySoon()
    },
  },
  'black-hole': { summary: 'No answer, ever.', steps, play: () => {} },
  'slow-headers': {
    summary: 'Headers that come one by one and never end.',
    steps,
    play: (wire) => {
      wire.request.socket.write('HTTP/1.1 200 OK\r\n')
      drip(wire, () => wire.request.socket.write('x-slow: 1\r\n'))
    },
  },
  'slow-body': {
    summary: 'A body that comes byte by byte and never ends.',
    steps,
    play: (wire) => {
      wire.response.writeHead(200, json)
      drip(wire, () => wire.response.write(' '))
    },
  },
  truncated: {
    summary: 'Half the body, then the connection closes; content-length promised the whole.',
    steps: jsonSteps,
    changes: true,
    play: (wire) => cut(wire, { 'content-length': Buffer.byteLength(wire.answer.body) }),
  },
  'truncated-chunked': {
    summary: 'Half the body in chunks, then the connection closes without the last chunk.',
    steps: jsonSteps,
    changes: true,
    play: (wire) => cut(wire, { 'transfer-encoding': 'chunked' }),
  },
  'http-404': page(404),
  'http-429': page(429),
  'http-429-retry-after': retryAfter(429, '2'),
  'http-500-html': page(500),
  'http-502': page(502),
  'http-503': page(503),
  'http-503-retry-after': retryAfter(503, '2'),
  'http-503-retry-after-date': retryAfter(503, (now) =>
    new Date(now.getTime() + 2000).toUTCString(),
  ),
  'http-503-retry-after-huge': retryAfter(503, '1000000000'),
  'http-503-retry-after-negative': retryAfter(503, '-1'),
  'http-503-retry-after-garbage': retryAfter(503, 'snart; <b>'),
  'http-504': page(504),
  'http-204': answers('HTTP 204.', jsonSteps, () => ({ status: 204, headers: {}, body: '' })),
  'http-201': changes(
    'HTTP 201 with the right body.',
    ['discovery', 'keys', 'token', 'userinfo', 'api'],
    () => ({ status: 201 }),
    'bearable',
  ),
  'http-200': changes(
    'HTTP 200 with the right body.',
    ['pushed-request'],
    () => ({ status: 200 }),
    'bearable',
  ),
  'redirect-301': here(301),
  'redirect-302': here(302),
  'redirect-303': here(303),
  'redirect-307': here(307),
  'redirect-308': here(308),
  'redirect-301-other-host': there(301),
  'redirect-302-other-host': there(302),
  'redirect-303-other-host': there(303),
  'redirect-307-other-host': there(307),
  'redirect-308-other-host': there(308),
  'redirect-loop': redirect(302, 'itself', ({ issuer }, path) => issuer + path),
  'redirect-nowhere': redirect(302, 'nowhere', () => undefined),
  'redirect-file': redirect(302, 'a file', () => 'file:///etc/passwd'),
  'html-200': answers('A page in HTML, as of a guest network.', directSteps, () => ({
    status: 200,
    headers: html,
    body: portal,
  })),
  'html-200-as-json': answers('A page in HTML that says it is JSON.', directSteps, () => ({
    status: 200,
    headers: json,
    body: portal,
  })),
  'text-plain-json': changes(
    'The right answer as text/plain.',
    jsonSteps,
    (_, { headers }) => ({ headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' } }),
    'bearable',
  ),
  'text-html-json': changes(
    'The right answer as text/html.',
    jsonSteps,
    (_, { headers }) => ({ headers: { ...headers, ...html } }),
    'bearable',
  ),
  'no-content-type': changes(
    'The right answer without a content type.',
    jsonSteps,
    (_, { headers: { 'content-type': __, ...headers } }) => ({ headers }),
    'bearable',
  ),
  empty: changes('An empty body.', jsonSteps, () => ({ body: '' })),
  'json-null': changes('The JSON value null.', jsonSteps, () => ({ body: 'null' })),
  'json-array': changes('The right answer in an array.', jsonSteps, (body) => ({
    body: `[${body}]`,
  })),
  'json-string': changes('The right answer in a JSON string.', jsonSteps, (body) => ({
    body: JSON.stringify(body),
  })),
  'json-number': changes('A JSON number.', jsonSteps, () => ({ body: '1' })),
  'truncated-json': changes('JSON without its end, in a complete body.', jsonSteps, (body) => ({
    body: body.slice(0, Math.ceil(body.length / 2)),
  })),
  'json-and-more': changes('The right answer and a second one behind it.', jsonSteps, (body) => ({
    body: `${body}${body}`,
  })),
  bom: changes(
    'The right answer behind a byte order mark.',
    jsonSteps,
    (body) => ({ body: `\uFEFF${body}` }),
    'bearable',
  ),
  'utf-16': changes('The right answer in UTF-16.', jsonSteps, (body) => ({
    body: Buffer.from(`\uFEFF${body}`, 'utf16le'),
  })),
  'invalid-utf8': changes(
    'The right answer with one more member, which is not UTF-8.',
    jsonSteps,
    (body) => ({ body: Buffer.from(withMember(body, '"more":"\xFF\xFE"'), 'latin1') }),
    'bearable',
  ),
  'duplicate-keys': changes(
    'Every member twice, first with a wrong value.',
    jsonSteps,
    (body) => {
      const wrong = Object.keys(JSON.parse(body)).map((name) => `${JSON.stringify(name)}:"INVALID"`)
      return { body: wrong.length === 0 ? body : withMember(body, wrong.join(',')) }
    },
    'bearable',
  ),
  'deep-nesting': changes(
    'The right answer with one more member, 100 000 arrays deep.',
    jsonSteps,
    (body) => ({ body: withMember(body, `"more":${'['.repeat(1e5)}${']'.repeat(1e5)}`) }),
    'bearable',
  ),
  'proto-key': changes(
    'The right answer with a member __proto__ that repeats and falsifies it.',
    jsonSteps,
    (body) => ({ body: withMember(body, '"__proto__":{"issuer":"INVALID","polluted":true}') }),
    'bearable',
  ),
  'numbers-as-strings': changes(
    'Every number is a string.',
    ['pushed-request', 'token'],
    (body) => ({ body: body.replaceAll(/":(\d+)/g, '":"$1"') }),
    'bearable',
  ),
  nan: changes('A member that is NaN, which is not JSON.', jsonSteps, (body) => ({
    body: withMember(body, '"more":NaN'),
  })),
  'huge-body': {
    summary: '100 MB of white space before the right answer.',
    steps: jsonSteps,
    changes: true,
    play: (wire) => stream(wire, json, hugeBytes, wire.answer.body),
  },
  'endless-chunked': {
    summary: 'White space without an end, as fast as it is read.',
    steps: directSteps,
    play: (wire) => stream(wire, json, Infinity, ''),
  },
  'gzip-bomb': {
    summary: '1 GB of white space before the right answer, compressed to 1 MB or so.',
    steps: jsonSteps,
    changes: true,
    play: (wire) =>
      stream(wire, { ...json, 'content-encoding': 'gzip' }, bombBytes, wire.answer.body),
  },
  'not-gzip': changes('The right answer, said to be compressed.', jsonSteps, (_, { headers }) => ({
    headers: { ...headers, 'content-encoding': 'gzip' },
  })),
  'huge-headers': {
    summary: 'The right answer with a header of 1 000 000 bytes.',
    steps: jsonSteps,
    changes: true,
    play: (wire) =>
      reply(wire, {
        ...wire.answer,
        headers: { ...wire.answer.headers, 'x-more': 'a'.repeat(1e6) },
      }),
  },
  '400-non-json': answers('HTTP 400 with JSON that is none.', directSteps, () => ({
    status: 400,
    headers: json,
    body: '{"error":',
  })),
  '400-empty': answers('HTTP 400 without a body.', directSteps, () => ({
    status: 400,
    headers: {},
    body: '',
  })),
  '400-html': page(400),
  'oauth-error-invalid-grant': oauthError('invalid_grant', ['token']),
  'oauth-error-invalid-client': oauthError('invalid_client', errorSteps, { status: 401 }),
  'oauth-error-unauthorized-client': oauthError('unauthorized_client', ['pushed-request', 'token']),
  'oauth-error-invalid-request': oauthError('invalid_request', errorSteps),
  'oauth-error-unsupported-grant-type': oauthError('unsupported_grant_type', ['token']),
  'oauth-error-unsupported-token-type': oauthError('unsupported_token_type', ['revocation']),
  'oauth-error-invalid-scope': oauthError('invalid_scope', ['pushed-request', 'token']),
  'oauth-error-invalid-target': oauthError('invalid_target', ['pushed-request', 'token']),
  'oauth-error-server-error': oauthError('server_error', errorSteps, { status: 500 }),
  'oauth-error-temporarily-unavailable': oauthError('temporarily_unavailable', errorSteps, {
    status: 503,
  }),
  'oauth-error-invalid-dpop-proof': oauthError('invalid_dpop_proof', ['pushed-request', 'token']),
  'oauth-error-use-dpop-nonce': oauthError('use_dpop_nonce', ['pushed-request', 'token'], {
    headers: { 'dpop-nonce': 'simulator-nonce' },
  }),
  'oauth-error-invalid-token': oauthError('invalid_token', ['userinfo', 'api'], {
    status: 401,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  }),
  'oauth-error-insufficient-scope': oauthError('insufficient_scope', ['userinfo', 'api'], {
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="openid"' },
  }),
  'oauth-error-unknown': oauthError('no_such_error', errorSteps),
  'oauth-error-not-a-text': {
    ...oauthError('', errorSteps, { members: { error: 1 } }),
    summary: 'An OAuth error that is a number.',
  },
  'oauth-error-with-status-200': oauthError('invalid_request', ['pushed-request', 'token'], {
    status: 200,
  }),
  'hostile-error-html': hostileError('html'),
  'hostile-error-javascript': hostileError('javascript'),
  'hostile-error-long': hostileError('long'),
  'hostile-error-personal-number': hostileError('personal-number'),
  'hostile-error-jwt': hostileError('jwt'),
  'hostile-error-control-characters': hostileError('control-characters'),
} as const satisfies Record<string, Fault>

/** The name of a fault. */
export type FaultName = keyof typeof faults

/** The name of a step together with a fault that can happen there. */
export type FaultScenarioName = {
  [Name in FaultName]: `${(typeof faults)[Name]['steps'][number]}-${Name}`
}[FaultName]

/** Whether a fault spoils the provider's own answer and so can only come after it. */
export function comesAfter(name: FaultName): boolean {
  const fault: Fault = faults[name]
  return fault.changes === true
}

/** Every step with every fault that can happen there. */
export function* stepsWithFaults(): Generator<{
  readonly step: Step
  readonly name: FaultName
  readonly fault: Fault
}> {
  for (const step of steps) {
    for (const [name, fault] of Object.entries<Fault>(faults)) {
      if (isFaultName(name) && fault.steps.includes(step)) {
        yield { step, name, fault }
      }
    }
  }
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name)
}
