import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError } from '../errors.ts'
import {
  type CallbackPage,
  type CallbackTexts,
  type LocalPage,
  callbackPage,
  pageHeaders,
} from './callback-pages.ts'
import type { Clock } from './clock.ts'
import type { Secret } from './secret.ts'

/** What is left of an attempt for the browser to see: the last page. */
export type Outcome = Extract<
  CallbackPage,
  'signed-in' | 'denied' | 'failed' | 'cancelled' | 'logged-out'
>

export interface LoopbackListener {
  readonly port: number
  readonly redirectUri: string
  /** The parameters of the one callback that carried the pending state. */
  readonly callback: Promise<URLSearchParams>
  /** Says which state is pending; before that every callback is a stranger's. */
  readonly expect: (state: Secret) => void
  /** Mints a one-time local address that redirects the browser to the address given then, or shows the page. */
  readonly startAddress: (target: () => Promise<string | LocalPage>) => string
  /** Shows the outcome to the browser that waits for it, then closes. Resolves when the port is free. */
  readonly finish: (outcome: Outcome) => Promise<void>
}

export interface ListenerOptions {
  readonly redirectPath: string
  readonly texts: CallbackTexts
  readonly reference: string
  readonly clock: Clock
  /** A browser came to a start address. */
  readonly onArrival: () => void
  /** Something that is not the login's own browser knocked; the reason is for the log. */
  readonly onStray: (reason: string) => void
}

/** Limits far below Node's own: the one request that counts is small and comes at once. */
const maxTargetLength = 8192
/** The whole head in bytes: room for cookies of other local servers, which know no port. */
const maxHeadLength = 12_288
const maxHeaders = 64
const maxConnections = 256
const requestTimeLimit = 5000
/** How long a browser that brings the callback is not sent on, in ms: the tokens go first, and often suffice. */
export const tokensFirst = 100
/** How long it then waits there for the verified result before a page that asks again, in ms. */
const holdLimit = 10_000
/** How long a browser may take to fetch the last page, in ms; the port is free within a second. */
const lastPageLimit = 700

interface Parsed {
  readonly path: string
  readonly query: string
}

/**
 * Opens the listener that the browser comes back to: 127.0.0.1 only, a port of the system's choice.
 * A request that does not carry the pending state never settles anything.
 * Throws `AppError` `E_LISTENER_BIND`. Source: RFC 8252 §7.3 and §8.3, RFC 9700 §4.
 */
export async function openLoopbackListener(options: ListenerOptions): Promise<LoopbackListener> {
  const { redirectPath, texts, reference, clock } = options
  const resultPath = randomPath()
  const startTargets = new Map<string, (() => Promise<string | LocalPage>) | 'used'>()
  /** Browsers that wait for the outcome, and how each goes on. */
  const waiting = new Map<ServerResponse, () => void>()
  const accepted = Promise.withResolvers<URLSearchParams>()
  // Nothing has this digest: no login pending looks just like a wrong state, in time too.
  let pending: Buffer = randomBytes(32)
  /** Tabs at a start address whose way on is not known yet. */
  const starting = new Set<ServerResponse>()
  /** Browsers that were sent to the last page and have not come to it yet. */
  let onTheWay = 0
  /** Last pages that are not out yet. */
  let showing = 0
  let outcome: Outcome | null = null
  let allShown = (): void => {}
  const tellWhenShown = (): void => {
    if (onTheWay === 0 && showing === 0) allShown()
  }

  const answer = (
    response: ServerResponse,
    status: number,
    page: CallbackPage,
    headers = {},
  ): void => {
    const html = callbackPage(page, texts, reference)
    response.writeHead(status, {
      ...pageHeaders,
      ...headers,
      'Content-Length': Buffer.byteLength(html),
    })
    response.end(html)
  }

  const refuse = (response: ServerResponse, status: number, reason: string, headers = {}): void => {
    options.onStray(reason)
    answer(response, status, 'unknown', headers)
  }

  const redirect = (response: ServerResponse, location: string): void => {
    response.writeHead(303, { ...pageHeaders, Location: location, 'Content-Length': 0 })
    response.end()
  }

  const show = (response: ServerResponse, way: string | LocalPage): void => {
    if (typeof way === 'string') return redirect(response, way)
    const length = { 'Content-Length': Buffer.byteLength(way.html) }
    response.writeHead(200, { ...way.headers, ...length })
    response.end(way.html)
  }

  /** Keeps a browser waiting until there is an outcome, or for so many milliseconds. */
  const hold = (response: ServerResponse, limit: number, way: () => void): void => {
    if (outcome !== null) return way()
    const stop = clock.after(limit, () => waiting.delete(response) && way())
    waiting.set(response, way)
    // Node closes its half too when the client has closed its own.
    response.socket?.prependOnceListener('end', () => waiting.delete(response) && way())
    response.once('close', () => {
      waiting.delete(response)
      stop()
    })
  }

  /** Lets the browser on this connection go on before there is an outcome. */
  const goOn = (socket: Duplex): void => {
    for (const [response, way] of waiting) {
      if (response.socket === socket && waiting.delete(response)) way()
    }
  }

  const showResult = (response: ServerResponse): void => {
    if (outcome !== null) {
      showing += 1
      response.once('close', () => {
        showing -= 1
        tellWhenShown()
      })
      answer(response, outcome === 'failed' ? 400 : 200, outcome)
      return
    }
    hold(response, holdLimit, () =>
      outcome === null ? answer(response, 200, 'working') : showResult(response),
    )
  }

  const start = (response: ServerResponse, path: string): void => {
    const target = startTargets.get(path)
    if (target === undefined || target === 'used') {
      answer(response, 410, 'start-used')
      return
    }
    startTargets.set(path, 'used')
    options.onArrival()
    starting.add(response)
    response.once('close', () => starting.delete(response))
    target().then(
      (way) => starting.delete(response) && show(response, way),
      () => starting.delete(response) && answer(response, 502, 'failed'),
    )
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.rawHeaders.length / 2 > maxHeaders) return refuse(response, 431, 'headers')
    const host = headerValues(request, 'host')
    if (host.length !== 1 || host[0] !== `127.0.0.1:${port}`) return refuse(response, 421, 'host')
    if (request.httpVersion !== '1.1') return refuse(response, 505, 'version')
    if (request.method !== 'GET') return refuse(response, 405, 'method', { Allow: 'GET' })
    if (hasBody(request)) return refuse(response, 400, 'body')
    const { url = '' } = request
    if (url.length > maxTargetLength) return refuse(response, 414, 'target')
    const target = parseTarget(url)
    if (target === null) return refuse(response, 400, 'target')
    const known = startTargets.has(target.path) || target.path === resultPath
    if (!known && target.path !== redirectPath) return refuse(response, 404, 'path')
    if (!isTopLevelNavigation(request)) return refuse(response, 403, 'not a navigation')
    if (startTargets.has(target.path)) return start(response, target.path)
    if (target.path === resultPath) {
      onTheWay = Math.max(0, onTheWay - 1)
      return showResult(response)
    }

    const parameters = parseQuery(target.query)
    if (parameters === null) return refuse(response, 400, 'malformed or doubled parameters')
    if (!timingSafeEqual(digest(parameters.get('state') ?? ''), pending)) {
      return refuse(response, 400, 'state')
    }
    // A reload or the back button comes here again: the promise settles once, the page is the same.
    onTheWay += 1
    for (const path of startTargets.keys()) startTargets.set(path, 'used')
    accepted.resolve(parameters)
    hold(response, tokensFirst, () => redirect(response, resultPath))
  }

  // One request per connection: what comes behind it, in whatever form, is nobody's answer.
  const answered = new WeakSet<Socket>()
  const first = (request: IncomingMessage): boolean => {
    request.resume()
    if (answered.has(request.socket)) return false
    answered.add(request.socket)
    return true
  }

  const server = createServer(
    {
      maxHeaderSize: maxHeadLength,
      connectionsCheckingInterval: 1000,
      insecureHTTPParser: false,
      // Checked below, with the same answer as for a wrong one.
      requireHostHeader: false,
    },
    (request, response) => {
      if (first(request)) handle(request, response)
    },
  )
  const refuseExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    if (first(request)) refuse(response, 417, 'expect')
  }
  makeRoom(server)
  server.requestTimeout = requestTimeLimit
  // Older versions of Node drop what is beyond this without a word: one more tells that there was more.
  server.maxHeadersCount = maxHeaders + 1
  server.on('checkContinue', refuseExpectation)
  server.on('checkExpectation', refuseExpectation)
  // Not at once: the answer to what came before on the same connection may be on its way.
  server.on('upgrade', (_request, socket) => {
    goOn(socket)
    setImmediate(() => socket.destroy())
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable) return socket.destroy()
    if (answered.has(socket)) {
      goOn(socket)
      return void setImmediate(() => socket.destroySoon())
    }
    // A browser opens connections ahead. An answer on one would be taken for that of the request which it
    // sends there at the same moment, and a one-time address would be spent for nothing.
    answered.add(socket)
    if (socket.bytesRead === 0) return socket.destroy()
    options.onStray('not HTTP')
    return socket.end(refusalBeforeRequest(error.code))
  })

  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error)))
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(addressOf(server.address()).port))
  })

  // Too many open files, for example: the attempt ends, the app goes on.
  server.on('error', (error: NodeJS.ErrnoException) => accepted.reject(bindError(error)))
  accepted.promise.catch(() => {})

  let finished: Promise<void> | null = null
  const finish = async (result: Outcome): Promise<void> => {
    outcome = result
    startTargets.clear()
    const held = [...waiting.values()]
    waiting.clear()
    const closed = new Promise((resolve) => server.once('close', resolve))
    const shown = Promise.withResolvers<void>()
    allShown = shown.resolve
    const stopWaiting = clock.after(lastPageLimit, shown.resolve)
    // Free at once unless a browser is on its way to the last page: who waits is connected already.
    if (onTheWay === 0) server.close()
    for (const way of held) way()
    for (const response of starting) showResult(response)
    starting.clear()
    tellWhenShown()
    await shown.promise
    stopWaiting()
    if (server.listening) server.close()
    server.closeAllConnections()
    await closed
  }

  return {
    port,
    redirectUri: `http://127.0.0.1:${port}${redirectPath}`,
    callback: accepted.promise,
    expect: (state) => {
      pending = digest(state.reveal())
    },
    startAddress: (target) => {
      const path = randomPath()
      startTargets.set(path, target)
      return `http://127.0.0.1:${port}${path}`
    },
    finish: (result) => (finished ??= finish(result)),
  }
}

/**
 * Keeps the number of connections bounded without shutting the person's browser out: a new one takes
 * the place of the oldest that has not sent a request. Node's own `maxConnections` refuses the new.
 */
function makeRoom(server: Server): void {
  const silent = new Set<Socket>()
  server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
    const [oldest] = silent
    if (silent.size > maxConnections) oldest?.destroy()
  })
  server.on('request', (request) => silent.delete(request.socket))
}

/** The answer to what is no request at all: as constant as the pages, and with the same headers. */
function refusalBeforeRequest(code: string | undefined): string {
  const status =
    code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  const headers = Object.entries({ ...pageHeaders, 'Content-Length': '0' })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

function bindError(error: NodeJS.ErrnoException): AppError {
  const reason = error.code ?? 'unknown'
  return new AppError('E_LISTENER_BIND', `listener: ${reason}`, {
    cause: error,
    detail: { key: '127.0.0.1', reason },
  })
}

function randomPath(): string {
  return `/${randomBytes(24).toString('base64url')}`
}

/** Hashed first, so that the comparison takes the same time whatever comes. */
function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP listener')
  return address
}

/** Every value of a header: Node itself keeps only the first of two `Host` lines. */
function headerValues(request: IncomingMessage, name: string): string[] {
  return request.rawHeaders.filter(
    (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name,
  )
}

/** Splits the request target without a URL parser: it must be a plain path with at most one query. */
function parseTarget(target: string): Parsed | null {
  if (!target.startsWith('/') || target.includes('#')) return null
  const at = target.indexOf('?')
  return at === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, at), query: target.slice(at + 1) }
}

/** Decodes a query strictly; null when a parameter is doubled or an escape is broken. */
function parseQuery(query: string): URLSearchParams | null {
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
  return parameters
}

/**
 * A browser that says what it does must be navigating a tab: images, frames, fetches and prefetches
 * from a hostile page, which carry these headers, are not the person's login. Old browsers are silent.
 */
function isTopLevelNavigation(request: IncomingMessage): boolean {
  const { headers } = request
  const mode = headers['sec-fetch-mode']
  const destination = headers['sec-fetch-dest']
  if (mode !== undefined && mode !== 'navigate') return false
  if (destination !== undefined && destination !== 'document') return false
  if (headers.origin !== undefined) return false
  return !('sec-purpose' in headers || 'purpose' in headers || 'x-moz' in headers)
}
