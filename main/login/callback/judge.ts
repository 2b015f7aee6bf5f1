/** The judge of requests: what a request to the listener is, from its bytes and what is expected, as a value. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Secret } from '../base/secret.ts'

/** Why a request, or what came in its place, was rejected. */
export type RejectionReason =
  | 'headers'
  | 'host'
  | 'version'
  | 'method'
  | 'body'
  | 'target'
  | 'path'
  | 'not a navigation'
  | 'malformed or doubled parameters'
  | 'state'
  | 'expect'
  | 'too large'
  | 'not HTTP'
  | 'other user'
  | 'gone'

/**
 * Tells whether a rejection shows that something other than the person's browser tried to answer. A browser
 * itself tries TLS first, fetches ahead, and asks for icons.
 */
export function isForeign(reason: RejectionReason): boolean {
  return reason === 'host' || reason === 'state' || reason === 'other user'
}

/** The head of a request as Node has parsed it. */
export type RequestHead = Pick<
  IncomingMessage,
  'method' | 'httpVersion' | 'url' | 'headers' | 'rawHeaders'
>

/** What the listener knows when a request comes. */
export interface Expected {
  readonly port: number
  /** The path of the callback. */
  readonly redirectPath: string
  /** The path of the last page. */
  readonly resultPath: string
  readonly starts: {
    /** Tells whether a path is a start address, and whether that has led a browser on; null for any other path. */
    readonly stateOf: (path: string) => 'fresh' | 'spent' | null
  }
  /** The digest of the pending state. While none is pending it is random, and no state has it. */
  readonly stateDigest: Buffer
}

/** What a request is. Whose connection it came on is not judged here. */
export type Verdict =
  | {
      readonly type: 'rejected'
      readonly status: number
      readonly reason: RejectionReason
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly type: 'start'; readonly path: string }
  | { readonly type: 'spent-start' }
  | { readonly type: 'result' }
  | { readonly type: 'callback'; readonly parameters: Secret<URLSearchParams> }

/** How many headers a request may have, far below Node's own limit: a browser sends about fifteen. */
export const maxHeaders = 64
const maxTargetLength = 8192

/**
 * Judges one request, without a side effect. The checks that cost least come first, and the state last of
 * all, so nobody learns from an answer whether a state was right unless everything else was.
 *
 * @see RFC 8252 §8.3, RFC 9700 §4, RFC 9112 §11.2
 */
export function judge(request: RequestHead, expected: Expected): Verdict {
  // Stryker disable next-line StringLiteral: every request of a server has a target, so the compiler alone needs this
  const { method, httpVersion, url = '' } = request
  const { port, redirectPath, resultPath, starts } = expected
  if (request.rawHeaders.length / 2 > maxHeaders) return rejected(431, 'headers')
  const host = headerValues(request, 'host')
  if (host.length !== 1 || host[0] !== `127.0.0.1:${port}`) return rejected(421, 'host')
  if (httpVersion !== '1.1') return rejected(505, 'version')
  if (method !== 'GET') return rejected(405, 'method', { Allow: 'GET' })
  if (hasBody(request)) return rejected(400, 'body')
  if (url.length > maxTargetLength) return rejected(414, 'target')
  const target = parseTarget(url)
  if (target === null) return rejected(400, 'target')
  const { path, query } = target
  const start = starts.stateOf(path)
  if (start === null && path !== resultPath && path !== redirectPath) return rejected(404, 'path')
  if (!isTopLevelNavigation(request)) return rejected(403, 'not a navigation')
  if (start === 'spent') return { type: 'spent-start' }
  if (start === 'fresh') return { type: 'start', path }
  if (path === resultPath) return { type: 'result' }

  const parameters = parseQuery(query)
  if (parameters === null) return rejected(400, 'malformed or doubled parameters')
  // Stryker disable next-line StringLiteral: any text that is not the pending state would do
  if (!timingSafeEqual(digest(parameters.reveal().get('state') ?? ''), expected.stateDigest)) {
    return rejected(400, 'state')
  }
  return { type: 'callback', parameters }
}

function rejected(
  status: number,
  reason: RejectionReason,
  headers: Readonly<Record<string, string>> = {},
): Verdict {
  return { type: 'rejected', status, reason, headers }
}

/** Hashes a state, so that its comparison takes the same time whatever comes. */
export function digest(state: string): Buffer {
  return createHash('sha256').update(state).digest()
}

/** Every value of a header: Node itself keeps only the first of two `Host` lines. */
function headerValues({ rawHeaders }: RequestHead, name: string): string[] {
  return rawHeaders.filter(
    // Stryker disable next-line OptionalChaining: a name stands before every value, so the compiler alone needs this
    (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name,
  )
}

function hasBody({ headers }: RequestHead): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

/** Splits the request target without a URL parser: it must be a plain path with at most one query. */
function parseTarget(target: string): { readonly path: string; readonly query: string } | null {
  if (!target.startsWith('/') || target.includes('#')) return null
  const at = target.indexOf('?')
  // Stryker disable next-line StringLiteral: any query without a state is refused alike
  if (at === -1) return { path: target, query: '' }
  return { path: target.slice(0, at), query: target.slice(at + 1) }
}

/** Decodes a query strictly, and keeps it secret; null when a parameter is doubled or an escape is broken. */
function parseQuery(query: string): Secret<URLSearchParams> | null {
  const parameters = new URLSearchParams()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    try {
      const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
      const name = decode(at === -1 ? pair : pair.slice(0, at))
      if (parameters.has(name)) return null
      parameters.append(name, at === -1 ? '' : decode(pair.slice(at + 1)))
    } catch {
      return null
    }
  }
  return new Secret(parameters)
}

/**
 * Tells whether a tab is navigating. A browser that says what it does must be doing that: images, frames,
 * fetches and prefetches from a hostile page, which carry these headers, are not the person's login. Old
 * browsers are silent.
 */
function isTopLevelNavigation({ headers }: RequestHead): boolean {
  const mode = headers['sec-fetch-mode']
  const destination = headers['sec-fetch-dest']
  if (mode !== undefined && mode !== 'navigate') return false
  if (destination !== undefined && destination !== 'document') return false
  if (headers.origin !== undefined) return false
  return !('sec-purpose' in headers || 'purpose' in headers || 'x-moz' in headers)
}
