import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { LoginError } from '../errors.ts'
import {
  type CallbackPage,
  type CallbackTexts,
  type LocalPage,
  callbackPage,
  pageHeaders,
} from './pages.ts'
import type { Clock } from '../base/clock.ts'
import type { PeerCheck } from './peer.ts'
import type { Secret } from '../base/secret.ts'

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
  /** Says which state is pending; before that every callback is rejected. */
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
  /** Somebody came to a start address that is spent: the person, or whoever else has read it. */
  readonly onStartReused: () => void
  /** A request was refused; the reason is for the log. */
  readonly onRejected: (reason: RefusalReason) => void
  /** Tells whose connection it is; nothing is spent for, or shown to, another user of the computer. */
  readonly peer: PeerCheck
}

/** Why a request was refused. */
export type RefusalReason =
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
 * Tells whether a refusal shows that something other than the person's browser tried to answer. A browser
 * itself tries TLS first, fetches ahead, and asks for icons.
 */
export function isForeign(reason: RefusalReason): boolean {
  return reason === 'host' || reason === 'state' || reason === 'other user'
}

/** Limits far below Node's own: the one request that counts is small and comes at once. */
const maxTargetLength = 8192
/** The whole head in bytes: cookies of all other servers on 127.0.0.1 come along, because they know no port. */
const maxHeadLength = 65_536
/** How much of a head beyond that is read, in bytes and ms, before the page about it is given up. */
const maxDrained = 2_097_152
const drainTimeLimit = 5000
const maxHeaders = 64
const maxConnections = 256
const requestTimeLimit = 5000
/** How long a browser that brings the callback is not sent on, in ms: the tokens go first, and often suffice. */
export const callbackRedirectDelay = 100
/** How long it then waits there for the verified result before a page that asks again, in ms. */
const holdLimit = 10_000
/** How long the port stays open for a browser that was sent to the last page and has not come, in ms. */
const lastPageLimit = 5000

interface Parsed {
  readonly path: string
  readonly query: string
}

/**
 * Opens the listener that the browser comes back to: 127.0.0.1 only, a port of the system's choice.
 * A request that does not carry the pending state never settles anything.
 * Throws `LoginError` `E_LISTENER_BIND`. Source: RFC 8252 §7.3 and §8.3, RFC 9700 §4.
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
  /** Connections of which it is not known yet whose they are; what else comes on them waits for that. */
  const checking = new Map<Duplex, Promise<void>>()
  let outcome: Outcome | null = null
  let allShown = (): void => {}
  const tellWhenShown = (): void => {
    if (onTheWay === 0 && showing === 0 && checking.size === 0) allShown()
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

  const refuse = (
    response: ServerResponse,
    status: number,
    reason: RefusalReason,
    headers = {},
  ): void => {
    options.onRejected(reason)
    answer(response, status, 'unknown', headers)
  }

  /** Goes on when the connection is not another user's; until then nothing is spent. */
  const whenOurs = (
    { socket }: IncomingMessage,
    response: ServerResponse,
    proceed: () => void,
  ): void => {
    const check = async (): Promise<void> => {
      const peer = await options.peer(socket)
      checking.delete(socket)
      if (!response.destroyed) {
        if (peer === 'other') refuse(response, 403, 'other user')
        else if (peer === 'gone') refuse(response, 403, 'gone')
        else proceed()
      }
      tellWhenShown()
    }
    checking.set(socket, check())
  }

  /** Does something with a connection as soon as it is known whose it is. */
  const afterCheck = (socket: Duplex, act: () => void): void => {
    const check = checking.get(socket)
    if (check === undefined) act()
    else void check.then(act)
  }

  /** Counts a browser as on its way to the last page, unless it closes before it is told to go there. */
  const expectAtLastPage = (response: ServerResponse): void => {
    onTheWay += 1
    response.once('close', () => {
      if (!response.writableFinished) arrivedAtLastPage()
    })
  }
  const arrivedAtLastPage = (): void => {
    onTheWay = Math.max(0, onTheWay - 1)
    tellWhenShown()
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
    if (outcome !== null || response.socket?.readableEnded === true) return way()
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
    hold(response, holdLimit, () => {
      if (outcome !== null) return showResult(response)
      expectAtLastPage(response)
      answer(response, 200, 'working')
    })
  }

  const startIsSpent = (response: ServerResponse): void => {
    options.onStartReused()
    answer(response, 410, 'start-used')
  }

  /** Sends the first browser of this user on from a start address; of several at once the first counts. */
  const start = (response: ServerResponse, path: string): void => {
    if (outcome !== null) return showResult(response)
    const target = startTargets.get(path)
    if (target === undefined || target === 'used') return startIsSpent(response)
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
    if (startTargets.get(target.path) === 'used') return startIsSpent(response)
    if (startTargets.has(target.path)) {
      return whenOurs(request, response, () => start(response, target.path))
    }
    if (target.path === resultPath) {
      return whenOurs(request, response, () => {
        showResult(response)
        arrivedAtLastPage()
      })
    }

    const parameters = parseQuery(target.query)
    if (parameters === null) return refuse(response, 400, 'malformed or doubled parameters')
    if (!timingSafeEqual(digest(parameters.get('state') ?? ''), pending)) {
      return refuse(response, 400, 'state')
    }
    // Last, because it takes longer than all the others together.
    whenOurs(request, response, () => accept(response, parameters))
  }

  /** A reload or the back button comes here again: the promise settles once, the page is the same. */
  const accept = (response: ServerResponse, parameters: URLSearchParams): void => {
    expectAtLastPage(response)
    for (const path of startTargets.keys()) startTargets.set(path, 'used')
    accepted.resolve(parameters)
    hold(response, callbackRedirectDelay, () => redirect(response, resultPath))
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
  // A browser that closes its half is answered all the same, also when it is not known yet whose it is.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.requestTimeout = requestTimeLimit
  // Older versions of Node drop what is beyond this without a word: one more tells that there was more.
  server.maxHeadersCount = maxHeaders + 1
  server.on('checkContinue', refuseExpectation)
  server.on('checkExpectation', refuseExpectation)
  // Not at once: the answer to what came before on the same connection may be on its way.
  server.on('upgrade', (_request, socket) => {
    afterCheck(socket, () => {
      goOn(socket)
      setImmediate(() => socket.destroy())
    })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (drained.has(socket)) return socket.bytesRead > maxDrained && socket.destroy()
    if (!socket.writable) return socket.destroy()
    if (answered.has(socket)) {
      return afterCheck(socket, () => {
        goOn(socket)
        setImmediate(() => socket.destroySoon())
      })
    }
    // A browser opens connections ahead. An answer on one would be taken for that of the request which it
    // sends there at the same moment, and a one-time address would be spent for nothing.
    answered.add(socket)
    if (socket.bytesRead === 0) return socket.destroy()
    if (error.code === 'HPE_HEADER_OVERFLOW') return refuseHead(socket)
    options.onRejected('not HTTP')
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : undefined
    return socket.end(refusalBeforeRequest(status ?? '400 Bad Request', ''))
  })
  const drained = new WeakSet<Socket>()
  /** Reads the rest of a head that is too large: a connection that is closed over it takes the page away. */
  const refuseHead = (socket: Socket): void => {
    options.onRejected('too large')
    drained.add(socket)
    const stop = clock.after(drainTimeLimit, () => socket.destroy())
    socket.once('close', stop)
    const page = callbackPage('too-large', texts, reference)
    socket.end(refusalBeforeRequest('431 Request Header Fields Too Large', page))
  }

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
    if (onTheWay === 0 && checking.size === 0) server.close()
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
function refusalBeforeRequest(status: string, html: string): string {
  const headers = Object.entries({ ...pageHeaders, 'Content-Length': Buffer.byteLength(html) })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${html}`
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

function bindError(error: NodeJS.ErrnoException): LoginError {
  const reason = error.code ?? 'unknown'
  return new LoginError('E_LISTENER_BIND', `listener: ${reason}`, {
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
