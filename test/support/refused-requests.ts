/** What a raw request is made of: where the listener is, and what the right callback would be. */
export interface Given {
  /** `127.0.0.1:<port>`. */
  readonly host: string
  readonly state: string
  /** The target that is asked for: that of the right callback, or a start address. */
  readonly target: string
}

/** One request that must leave the attempt waiting. */
export interface RefusedRequest {
  readonly what: string
  /** The bytes on the wire, one character each (latin1). */
  readonly bytes: (given: Given) => string
}

/** Requests that are refused alike. */
export interface Refusal {
  readonly what: string
  /** The attack, the accident or the rule behind it. */
  readonly why: string
  readonly answer: number | 'closed'
  /** What the app is told; null when it is not told. */
  readonly reason: string | null
  /** A start address refuses it too, and is not spent. */
  readonly everywhere?: true
  readonly requests: readonly RefusedRequest[]
}

const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`
const repeat = (count: number, line: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => line(index))

/** The right request with more headers. */
const withHeaders =
  (...headers: readonly string[]) =>
  ({ host, target }: Given): string =>
    lines(`GET ${target} HTTP/1.1`, `Host: ${host}`, ...headers)

/** The right request with other headers for the host. */
const withHost =
  (headers: (port: number) => readonly string[], version = '1.1') =>
  ({ host, target }: Given): string =>
    lines(`GET ${target} HTTP/${version}`, ...headers(Number(host.split(':')[1])))

/** The right request by another method. */
const byMethod =
  (method: string, ...headers: readonly string[]) =>
  ({ host, target }: Given): string =>
    lines(`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...headers)

/** The right request for another target. */
const forTarget =
  (target: (given: Given) => string) =>
  (given: Given): string =>
    lines(`GET ${target(given)} HTTP/1.1`, `Host: ${given.host}`)

/** The right parameters on another path. */
const onPath = (path: string) => forTarget(({ state }) => `${path}?code=stolen&state=${state}`)

/** Other parameters on the right path; `STATE` stands for the pending state. */
const withQuery = (query: string) =>
  forTarget(({ state }) => `/callback?${query.replaceAll('STATE', state)}`)

/** The right request after something was done to its bytes. */
const changed =
  (change: (request: string, given: Given) => string) =>
  (given: Given): string =>
    change(withHeaders()(given), given)

const navigates = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']
const embedded = (mode: string, destination: string) =>
  withHeaders(
    'Sec-Fetch-Site: cross-site',
    `Sec-Fetch-Mode: ${mode}`,
    `Sec-Fetch-Dest: ${destination}`,
  )
const form = 'Content-Type: application/x-www-form-urlencoded'

/** Everything that the listener of a running attempt refuses; docs/refused-requests.md is made from it. */
export const refusals: readonly Refusal[] = [
  {
    what: 'A `Host` that is not exactly `127.0.0.1:<port>`',
    why: 'DNS rebinding (CVE-2025-66414, CVE-2026-34742) and requests to 0.0.0.0',
    answer: 421,
    reason: 'host',
    everywhere: true,
    requests: [
      { what: 'a foreign name', bytes: withHost((port) => [`Host: evil.example:${port}`]) },
      { what: 'a foreign name at port 80', bytes: withHost(() => ['Host: evil.example:80']) },
      { what: '`localhost`', bytes: withHost((port) => [`Host: localhost:${port}`]) },
      { what: '`LOCALHOST`', bytes: withHost((port) => [`Host: LOCALHOST:${port}`]) },
      { what: 'no port', bytes: withHost(() => ['Host: 127.0.0.1']) },
      { what: 'another port', bytes: withHost((port) => [`Host: 127.0.0.1:${port - 1}`]) },
      { what: '`127.1`', bytes: withHost((port) => [`Host: 127.1:${port}`]) },
      { what: '127.0.0.1 as one number', bytes: withHost((port) => [`Host: 2130706433:${port}`]) },
      {
        what: '127.0.0.1 as IPv6',
        bytes: withHost((port) => [`Host: [::ffff:127.0.0.1]:${port}`]),
      },
      { what: '`0.0.0.0`', bytes: withHost((port) => [`Host: 0.0.0.0:${port}`]) },
      { what: 'a dot at the end', bytes: withHost((port) => [`Host: 127.0.0.1.:${port}`]) },
      { what: 'a user name', bytes: withHost((port) => [`Host: a@127.0.0.1:${port}`]) },
      { what: 'a zero before the port', bytes: withHost((port) => [`Host: 127.0.0.1:0${port}`]) },
      { what: 'a separator', bytes: withHost((port) => [`Host: foo|127.0.0.1:${port}`]) },
      { what: 'an empty one', bytes: withHost(() => ['Host:']) },
      { what: 'none', bytes: withHost(() => []) },
      { what: 'none in HTTP/1.0', bytes: withHost(() => [], '1.0') },
      {
        what: 'the right one and another',
        bytes: withHost((port) => [`Host: 127.0.0.1:${port}`, `Host: evil.example:${port}`]),
      },
      {
        what: 'the right one twice',
        bytes: withHost((port) => [`Host: 127.0.0.1:${port}`, `host: 127.0.0.1:${port}`]),
      },
    ],
  },
  {
    what: 'A method other than `GET`',
    why: 'forms, beacons and preflights of other pages; no CORS, no private network access',
    answer: 405,
    reason: 'method',
    everywhere: true,
    requests: [
      ...['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'HEAD', 'PROPFIND'].map((method) => ({
        what: `\`${method}\``,
        bytes: byMethod(method),
      })),
      {
        what: 'a form with code and state',
        bytes: ({ host, state }) => {
          const body = `code=stolen&state=${state}`
          const length = `Content-Length: ${body.length}`
          return lines('POST /callback HTTP/1.1', `Host: ${host}`, form, length) + body
        },
      },
      {
        what: 'a body of 1 GB',
        bytes: byMethod('POST', form, 'Content-Length: 1073741824'),
      },
      {
        what: 'an endless body',
        bytes: (given) => `${byMethod('POST', 'Transfer-Encoding: chunked')(given)}1\r\nx\r\n`,
      },
      {
        what: 'a CORS preflight',
        bytes: byMethod(
          'OPTIONS',
          'Origin: https://evil.example',
          'Access-Control-Request-Method: GET',
        ),
      },
      {
        what: 'a preflight for the private or local network',
        bytes: byMethod(
          'OPTIONS',
          'Origin: https://evil.example',
          'Access-Control-Request-Private-Network: true',
          'Access-Control-Request-Local-Network: true',
        ),
      },
    ],
  },
  {
    what: 'A path other than the registered one',
    why: 'RFC 8252 §7.3; browsers that ask for icons; no file is ever served',
    answer: 404,
    reason: 'path',
    requests: [
      '/',
      '/favicon.ico',
      '/robots.txt',
      '/apple-touch-icon.png',
      '/.well-known/appspecific/com.chrome.devtools.json',
      '/index.html',
      '/package.json',
      '/callback/',
      '/callback/x',
      '/Callback',
      '/callback%2f',
      '/callback%3f',
      '/%63allback',
      '//callback',
      '/x/../callback',
      '/./callback',
      '/..%2f..%2fetc/passwd',
      '/callback;a=b',
    ].map((path) => ({ what: `\`${path}\``, bytes: onPath(path) })),
  },
  {
    what: 'A request that a browser made for a page, not for the person',
    why: 'hostile pages (Fetch Metadata, `Origin`); the browsers of today say what they do',
    answer: 403,
    reason: 'not a navigation',
    everywhere: true,
    requests: [
      { what: 'an image', bytes: embedded('no-cors', 'image') },
      { what: 'a script', bytes: embedded('no-cors', 'script') },
      { what: 'a style sheet', bytes: embedded('no-cors', 'style') },
      { what: 'a `fetch`', bytes: embedded('cors', 'empty') },
      { what: 'a `fetch` without CORS', bytes: embedded('no-cors', 'empty') },
      { what: 'a web socket', bytes: embedded('websocket', 'websocket') },
      { what: 'a frame', bytes: embedded('navigate', 'iframe') },
      { what: 'an object', bytes: embedded('navigate', 'object') },
      { what: 'an embedded document', bytes: embedded('navigate', 'embed') },
      { what: 'a document that is not navigated to', bytes: embedded('same-origin', 'document') },
      { what: 'a mode alone', bytes: withHeaders('Sec-Fetch-Mode: no-cors') },
      { what: 'a destination alone', bytes: withHeaders('Sec-Fetch-Dest: image') },
      { what: 'an empty mode', bytes: withHeaders('Sec-Fetch-Mode:') },
      { what: 'an empty destination', bytes: withHeaders('Sec-Fetch-Dest:') },
      { what: 'two modes', bytes: withHeaders('Sec-Fetch-Mode: cors', ...navigates) },
      {
        what: 'an `Origin`',
        bytes: withHeaders(...navigates, 'Origin: https://evil.example'),
      },
      { what: 'the `Origin` null', bytes: withHeaders(...navigates, 'Origin: null') },
      { what: 'an empty `Origin`', bytes: withHeaders(...navigates, 'Origin:') },
    ],
  },
  {
    what: 'A request before the person goes there',
    why: 'a prefetch spends the code, and its page is never seen',
    answer: 403,
    reason: 'not a navigation',
    everywhere: true,
    requests: [
      { what: 'a prefetch', bytes: withHeaders(...navigates, 'Sec-Purpose: prefetch') },
      { what: 'a prerender', bytes: withHeaders(...navigates, 'Sec-Purpose: prefetch;prerender') },
      { what: 'an older prefetch', bytes: withHeaders('Purpose: prefetch') },
      { what: "Firefox's older prefetch", bytes: withHeaders('X-Moz: prefetch') },
      { what: 'a purpose without a name', bytes: withHeaders(...navigates, 'Sec-Purpose:') },
    ],
  },
  {
    what: 'A callback without the pending `state`',
    why: 'login CSRF, and any page that would end a login (RFC 6749 §10.12, RFC 9700 §4.7)',
    answer: 400,
    reason: 'state',
    requests: [
      { what: 'no parameters', bytes: withQuery('') },
      { what: 'a code and no `state`', bytes: withQuery('code=x') },
      { what: 'an empty `state`', bytes: withQuery('code=x&state=') },
      { what: 'a wrong `state`', bytes: withQuery('code=x&state=wrong') },
      {
        what: 'a wrong `state` of the right length',
        bytes: forTarget(({ state }) => `/callback?code=x&state=${'A'.repeat(state.length)}`),
      },
      {
        what: 'the `state` cut short',
        bytes: forTarget(({ state }) => `/callback?code=x&state=${state.slice(0, -1)}`),
      },
      { what: 'more than the `state`', bytes: withQuery('code=x&state=STATEx') },
      { what: 'a space before the `state`', bytes: withQuery('code=x&state=+STATE') },
      { what: 'a NUL after the `state`', bytes: withQuery('code=x&state=STATE%00') },
      {
        what: 'the `state` with its letters changed in case',
        bytes: forTarget(({ state }) => `/callback?code=x&state=${swapCase(state)}`),
      },
      { what: 'the `state` escaped twice', bytes: forTarget(escapedTwice) },
      { what: '`State`', bytes: withQuery('code=x&State=STATE') },
      { what: '`state[]`', bytes: withQuery('code=x&state[]=STATE') },
      { what: '`state` with a space behind it', bytes: withQuery('code=x&state+=STATE') },
      { what: 'semicolons between the parameters', bytes: withQuery('code=x;state=STATE') },
      { what: 'an error and no `state`', bytes: withQuery('error=access_denied') },
      { what: 'an error and a wrong `state`', bytes: withQuery('error=access_denied&state=wrong') },
      {
        what: 'an error, a code and a wrong `state`',
        bytes: withQuery('error=server_error&code=x&state=wrong'),
      },
    ],
  },
  {
    what: 'The pending `state` among parameters that are doubled or broken',
    why: 'parameter pollution (RFC 6749 §3.1), decoders that disagree',
    answer: 400,
    reason: 'malformed or doubled parameters',
    requests: [
      { what: 'the `state` twice', bytes: withQuery('state=STATE&code=x&state=STATE') },
      { what: 'a wrong `state` first', bytes: withQuery('state=wrong&state=STATE&code=x') },
      { what: 'a wrong `state` last', bytes: withQuery('state=STATE&state=wrong&code=x') },
      { what: 'an empty `state` last', bytes: withQuery('state=STATE&code=x&state') },
      { what: 'two codes', bytes: withQuery('code=x&code=y&state=STATE') },
      { what: 'two codes around the `state`', bytes: withQuery('code=x&state=STATE&code=y') },
      {
        what: 'two codes of which one is escaped',
        bytes: withQuery('code=x&state=STATE&%63ode=y'),
      },
      { what: 'two issuers', bytes: withQuery('state=STATE&code=x&iss=a&iss=b') },
      { what: 'two errors', bytes: withQuery('state=STATE&error=a&error=b') },
      { what: 'two of anything', bytes: withQuery('state=STATE&code=x&foo=1&foo') },
      { what: 'two without a name', bytes: withQuery('state=STATE&code=x&=1&=2') },
      { what: 'half an escape', bytes: withQuery('state=STATE&code=%4') },
      { what: 'a lone percent sign', bytes: withQuery('state=STATE&code=50%') },
      { what: 'an escape of no digits', bytes: withQuery('state=STATE&code=%zz') },
      { what: 'bytes that are no text', bytes: withQuery('state=STATE&code=%ff') },
      { what: 'an overlong slash', bytes: withQuery('state=STATE&code=%c0%af') },
      { what: 'half a surrogate pair', bytes: withQuery('state=STATE&code=%ed%a0%80') },
      { what: 'a broken name', bytes: withQuery('state=STATE&code=x&%=x') },
    ],
  },
  {
    what: 'A body',
    why: 'request smuggling (RFC 9112 §11.2); a navigation has none',
    answer: 400,
    reason: 'body',
    everywhere: true,
    requests: [
      {
        what: 'of a given length',
        bytes: (given) => `${withHeaders('Content-Length: 3')(given)}x=1`,
      },
      {
        what: 'in chunks',
        bytes: (given) => `${withHeaders('Transfer-Encoding: chunked')(given)}0\r\n\r\n`,
      },
      {
        what: 'in an unknown coding',
        bytes: (given) => `${withHeaders('Transfer-Encoding: xchunked')(given)}0\r\n\r\n`,
      },
      {
        what: 'with a chunk extension of 20 kB',
        bytes: (given) =>
          `${withHeaders('Transfer-Encoding: chunked')(given)}1;${'x'.repeat(20_000)}\r\nx\r\n`,
      },
    ],
  },
  {
    what: 'The header `Expect`',
    why: 'RFC 9110 §10.1.1; only a body has use for it',
    answer: 417,
    reason: 'expect',
    everywhere: true,
    requests: [
      { what: '`Expect: 100-continue`', bytes: withHeaders('Expect: 100-continue') },
      {
        what: 'with `POST` and a length',
        bytes: byMethod('POST', 'Content-Length: 9', 'Expect: 100-continue'),
      },
      { what: 'any other `Expect`', bytes: withHeaders('Expect: something') },
    ],
  },
  {
    what: 'A target that is too long',
    why: 'exhaustion',
    answer: 414,
    reason: 'target',
    requests: [
      { what: '8,193 characters', bytes: forTarget((given) => targetOf(8193, given)) },
      { what: '11 kB', bytes: forTarget((given) => targetOf(11_000, given)) },
      { what: '13 kB', bytes: forTarget((given) => targetOf(13_000, given)) },
      {
        what: '10,000 parameters',
        bytes: withQuery(`state=STATE&code=x&${repeat(10_000, (index) => `a${index}`).join('&')}`),
      },
    ],
  },
  {
    what: 'A target that is no plain path',
    why: 'absolute targets fool what builds a URL from the `Host`',
    answer: 400,
    reason: 'target',
    requests: [
      {
        what: 'an absolute URL',
        bytes: forTarget(({ host, target }) => `http://${host}${target}`),
      },
      {
        what: "an absolute URL on another's host",
        bytes: forTarget(({ target }) => `http://evil.example${target}`),
      },
      { what: 'a fragment', bytes: forTarget(({ target }) => `${target}#x`) },
      { what: '`*`', bytes: forTarget(() => '*') },
    ],
  },
  {
    what: 'More than 64 headers',
    why: 'exhaustion; a browser sends about fifteen',
    answer: 431,
    reason: 'headers',
    everywhere: true,
    requests: [
      { what: '65 of them', bytes: withHeaders(...repeat(64, (index) => `X-${index}: 1`)) },
    ],
  },
  {
    what: 'Many more headers, or a head of more than 64 kB',
    why: 'exhaustion; the page says what to do about cookies of other local servers',
    answer: 431,
    reason: 'too large',
    requests: [
      { what: 'a target of 64 kB', bytes: forTarget((given) => targetOf(65_536, given)) },
      { what: 'a target of 1 MB', bytes: forTarget((given) => targetOf(1_048_576, given)) },
      {
        what: '20,000 parameters',
        bytes: withQuery(`state=STATE&code=x&${repeat(20_000, (index) => `a${index}`).join('&')}`),
      },
      { what: 'one header of 65 kB', bytes: withHeaders(`Cookie: ${'x'.repeat(66_000)}`) },
      { what: 'one header of 1 MB', bytes: withHeaders(`Cookie: ${'x'.repeat(1_048_576)}`) },
      { what: '100 headers', bytes: withHeaders(...repeat(99, () => 'X: 1')) },
      { what: '1,500 headers', bytes: withHeaders(...repeat(1499, () => 'X: 1')) },
      { what: '10,000 headers', bytes: withHeaders(...repeat(9999, () => 'X: 1')) },
    ],
  },
  {
    what: 'What is not HTTP/1 to the letter',
    why: 'request smuggling (RFC 9112 §11.2, CVE-2022-35256, CVE-2023-30589); a browser that tries https',
    answer: 400,
    reason: 'not HTTP',
    requests: [
      { what: 'a TLS hello', bytes: () => '\x16\x03\x01\0\xC8\x01\0\0\xC4\x03\x03' },
      { what: 'the preface of HTTP/2', bytes: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
      {
        what: 'random bytes',
        bytes: () => String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => 255 - byte)),
      },
      { what: 'an unknown method', bytes: byMethod('BREW') },
      { what: 'a method in small letters', bytes: byMethod('get') },
      { what: 'an unknown version', bytes: changed((all) => all.replace('/1.1', '/1.2')) },
      { what: 'a NUL in the target', bytes: forTarget(({ target }) => `${target}\0`) },
      { what: 'a tab in the target', bytes: forTarget(({ target }) => `${target}\tx`) },
      { what: 'a raw byte above 127', bytes: forTarget(({ target }) => `${target}\xE6`) },
      { what: 'a target without a slash', bytes: forTarget(({ target }) => target.slice(1)) },
      { what: 'a space before a colon', bytes: changed((all) => all.replace('Host:', 'Host :')) },
      { what: 'a NUL in a header', bytes: withHeaders('X: a\0b') },
      { what: 'a header without a name', bytes: withHeaders(': x') },
      { what: 'a header over two lines', bytes: withHeaders('X: a', ' b') },
      {
        what: 'the `Host` over two lines',
        bytes: withHost((port) => ['Host:', ` 127.0.0.1:${port}`]),
      },
      { what: 'lines without CR', bytes: changed((all) => all.replaceAll('\r\n', '\n')) },
      { what: 'a first line without CR', bytes: changed((all) => all.replace('\r\n', '\n')) },
      { what: 'a last line without CR', bytes: changed((all) => `${all.slice(0, -2)}\n`) },
      { what: 'lines without LF', bytes: changed((all) => all.replaceAll('\r\n', '\r')) },
      { what: 'a CR before the end', bytes: changed((all) => `${all.slice(0, -1)}X`) },
      {
        what: 'a length and chunks',
        bytes: withHeaders('Content-Length: 3', 'Transfer-Encoding: chunked'),
      },
      {
        what: 'two lengths',
        bytes: withHeaders('Content-Length: 0', 'Content-Length: 3'),
      },
      {
        what: 'the same length twice',
        bytes: withHeaders('Content-Length: 0', 'Content-Length: 0'),
      },
      { what: 'a length that is no number', bytes: withHeaders('Content-Length: +0') },
      {
        what: 'two codings',
        bytes: withHeaders('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
      },
    ],
  },
  {
    what: 'A version that no browser speaks here',
    why: 'RFC 9112 §2.3; its rules are not those of HTTP/1.1',
    answer: 505,
    reason: 'version',
    requests: ['HTTP/0.9', 'HTTP/1.0', 'HTTP/2.0', 'RTSP/1.0'].map((version) => ({
      what: `\`${version}\``,
      bytes: changed((all) => all.replace('HTTP/1.1', version)),
    })),
  },
  {
    what: 'A right callback behind another request on the same connection',
    why: 'request smuggling; nobody would see its answer',
    answer: 404,
    reason: 'path',
    requests: [
      { what: 'in the same packet', bytes: changed((all, given) => onPath('/other')(given) + all) },
      {
        what: 'with `Connection: keep-alive`',
        bytes: changed(
          (all, { host }) =>
            lines('GET /other HTTP/1.1', `Host: ${host}`, 'Connection: keep-alive') + all,
        ),
      },
    ],
  },
  {
    what: 'Another protocol on the same connection',
    why: 'there is none; a local port must be no proxy',
    answer: 'closed',
    reason: null,
    requests: [
      {
        what: 'a tunnel',
        bytes: ({ host }) => lines(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`),
      },
      {
        what: 'a web socket',
        bytes: withHeaders(
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ),
      },
      {
        what: 'HTTP/2 without TLS',
        bytes: withHeaders(
          'Connection: Upgrade, HTTP2-Settings',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABk',
        ),
      },
    ],
  },
]

function swapCase(text: string): string {
  return text.replaceAll(/[a-z]/gi, (letter) => {
    const upper = letter.toUpperCase()
    return letter === upper ? letter.toLowerCase() : upper
  })
}

function escapedTwice({ state }: Given): string {
  const escape = (text: string): string => `%${text.charCodeAt(0).toString(16)}`
  return `/callback?code=x&state=${encodeURIComponent(escape(state))}${state.slice(1)}`
}

/** A right target of that length. */
function targetOf(length: number, { state }: Given): string {
  return `/callback?code=x&state=${state}&x=`.padEnd(length, 'x')
}
