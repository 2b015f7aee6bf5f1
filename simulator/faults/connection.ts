import type { OutgoingHttpHeaders } from 'node:http'
import { TLSSocket } from 'node:tls'
import { json } from './fault.ts'
import type { Fault, Wire } from './fault.ts'
import { jsonSteps, steps } from './steps.ts'

/** Milliseconds between two drops of an answer that never ends. */
const dripInterval = 200

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

/** Writes a part of the answer and closes the connection. */
function cut({ request, response, answer }: Wire, headers: OutgoingHttpHeaders): void {
  response.writeHead(answer.status, { ...answer.headers, ...headers })
  const body = Buffer.from(answer.body)
  response.write(body.subarray(0, Math.ceil(body.length / 2)))
  request.socket.destroySoon()
}

/** Connections that break, hang, or end too early. */
export const connectionFaults = {
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
} as const satisfies Record<string, Fault>
