import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Answers } from './answers.ts'
import { maxHeaders, type RejectionReason } from './judge.ts'
import type { Owners } from './owners.ts'
import type { WaitingBrowsers } from './waiting-browsers.ts'

/** The whole head in bytes: cookies of all other servers on 127.0.0.1 come along, because they know no port. */
const maxHeadLength = 65_536
/** How much of a head beyond that is read, in bytes and ms, before the page about it is given up. */
const maxDrained = 2_097_152
const drainTimeLimit = 5000
const maxConnections = 256
const requestTimeLimit = 5000

interface ConnectionOptions {
  readonly clock: Clock
  readonly answers: Answers
  readonly onRejected: (reason: RejectionReason) => void
  /** Answers the one request of a connection. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  readonly owners: Owners
  readonly browsers: WaitingBrowsers
}

/**
 * Creates the server of the listener, with limits far below Node's own: the one request that counts is small
 * and comes at once. A connection gets one answer: what comes behind its first request is ignored.
 */
export function createLoopbackServer(options: ConnectionOptions): Server {
  const { answers, handle, owners, browsers } = options
  const answered = new WeakSet<Socket>()
  const isFirst = (request: IncomingMessage): boolean => {
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
      // The judge rejects a request without one, with the same answer as for a wrong one.
      requireHostHeader: false,
    },
    (request, response) => {
      if (isFirst(request)) handle(request, response)
    },
  )
  const rejectExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    if (isFirst(request)) answers.reject(response, 417, 'expect')
  }
  makeRoom(server)
  // A browser that closes its half is answered all the same, also when it is not known yet whose it is.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.requestTimeout = requestTimeLimit
  // Older versions of Node drop what is beyond this without a word: one more tells that there was more.
  server.maxHeadersCount = maxHeaders + 1
  server.on('checkContinue', rejectExpectation)
  server.on('checkExpectation', rejectExpectation)
  // Not at once: the answer to what came before on the same connection may be on its way.
  server.on('upgrade', (_request, socket) => {
    owners.afterCheck(socket, () => {
      browsers.letGoOn(socket)
      setImmediate(() => socket.destroy())
    })
  })
  answerWhatIsNoRequest(server, answered, options)
  return server
}

/** Answers bytes that are no request, or a head that is too large. */
function answerWhatIsNoRequest(
  server: Server,
  answered: WeakSet<Socket>,
  { clock, answers, onRejected, owners, browsers }: ConnectionOptions,
): void {
  const drained = new WeakSet<Socket>()
  /** Reads the rest of a head that is too large: a connection that is closed over it takes the page away. */
  const rejectHead = (socket: Socket): void => {
    onRejected('too large')
    drained.add(socket)
    const stop = clock.after(drainTimeLimit, () => socket.destroy())
    socket.once('close', stop)
    socket.end(answers.withoutRequest('431 Request Header Fields Too Large', 'too-large'))
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Stryker disable next-line EqualityOperator: a byte more or less of two megabytes makes no difference
    if (drained.has(socket)) return socket.bytesRead > maxDrained && socket.destroy()
    if (!socket.writable) return socket.destroy()
    if (answered.has(socket)) {
      return owners.afterCheck(socket, () => {
        browsers.letGoOn(socket)
        setImmediate(() => socket.destroySoon())
      })
    }
    // A browser opens connections ahead. An answer on one would be taken for that of the request which it
    // sends there at the same moment, and a one-time address would be spent for nothing.
    answered.add(socket)
    if (socket.bytesRead === 0) return socket.destroy()
    if (error.code === 'HPE_HEADER_OVERFLOW') return rejectHead(socket)
    onRejected('not HTTP')
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    return socket.end(
      answers.withoutRequest(isLate ? '408 Request Timeout' : '400 Bad Request', null),
    )
  })
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
    // Stryker disable next-line OptionalChaining: there is an oldest of so many, so the compiler alone needs this
    if (silent.size > maxConnections) oldest?.destroy()
  })
  server.on('request', (request) => silent.delete(request.socket))
}
