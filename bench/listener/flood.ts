/**
 * A process that floods one port of 127.0.0.1: idle sockets, opened again when they are closed, and
 * rejected requests on new connections. Both at a bounded rate, which is the same for every listener.
 */
import { connect, type Socket } from 'node:net'

export type FloodOrder =
  | { readonly type: 'start'; readonly port: number; readonly path: string }
  | { readonly type: 'stop' }

export type FloodReport =
  | { readonly type: 'flooding' }
  | {
      readonly type: 'stopped'
      readonly sent: number
      readonly answered: number
      /** How long rejections were sent, in ms. */
      readonly lasted: number
    }

export const idleSockets = 500
export const straysPerSecond = 1000
const reopenedPerSecond = 500
const tick = 10
/** How long the flood runs before the callback comes, in ms. */
const leadTime = 150
const maxOpenStrays = 200

function straysFor(port: number, path: string): Buffer[] {
  const request = (line: string, more = '', body = ''): Buffer =>
    Buffer.from(`${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${more}\r\n${body}`)
  const body = 'code=stray&state=wrong'
  const form = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n`
  return [
    request('GET /favicon.ico'),
    request(`GET ${path}?${body}`),
    request(`POST ${path}`, form, body),
    request(`GET ${path}?${'a'.repeat(9000)}`),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0d, 0x0a]),
  ]
}

function report(message: FloodReport): void {
  process.send?.(message)
}

function start(port: number, path: string): () => void {
  const rejections = straysFor(port, path)
  const idle = new Set<Socket>()
  const open = new Set<Socket>()
  let turn = 0
  let sent = 0
  let answered = 0

  const dial = (into: Set<Socket>): Socket => {
    // Reset at the end: thousands of closed connections that the kernel remembers for a minute would slow down
    // every later row.
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    into.add(socket)
    socket.on('error', () => {})
    socket.once('end', () => socket.resetAndDestroy())
    socket.resume()
    socket.once('close', () => into.delete(socket))
    return socket
  }
  const opened = Array.from({ length: idleSockets }, () => {
    const socket = dial(idle)
    return new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  })

  const stray = (): void => {
    const bytes = rejections[turn % rejections.length]
    turn += 1
    if (bytes === undefined || open.size >= maxOpenStrays) return
    const socket = dial(open)
    socket.setTimeout(2000, () => socket.destroy())
    socket.once('connect', () => {
      sent += 1
      socket.write(bytes)
    })
    socket.once('data', () => {
      answered += 1
      socket.resetAndDestroy()
    })
  }

  let timer: NodeJS.Timeout | undefined
  let ready: NodeJS.Timeout | undefined
  let startedAt = performance.now()
  let done = 0
  const begin = (): void => {
    startedAt = performance.now()
    timer = setInterval(() => {
      // Timers come late on a busy machine: the rate is kept by the clock.
      const due = Math.floor(((performance.now() - startedAt) * straysPerSecond) / 1000)
      const now = Math.min(due - done, (5 * straysPerSecond * tick) / 1000)
      done = due
      for (let count = 0; count < now; count += 1) stray()
      const missing = Math.min(idleSockets - idle.size, (reopenedPerSecond * tick) / 1000)
      for (let count = 0; count < missing; count += 1) dial(idle)
    }, tick)
    // At any moment of a tick: its rejections come together.
    const wait = leadTime + Math.random() * tick
    ready = setTimeout(() => report({ type: 'flooding' }), wait)
  }
  void Promise.all(opened).then(begin)

  return () => {
    clearInterval(timer)
    clearTimeout(ready)
    for (const socket of [...idle, ...open]) socket.resetAndDestroy()
    report({ type: 'stopped', sent, answered, lasted: performance.now() - startedAt })
  }
}

if (process.argv[2] === 'flood') {
  let stop = (): void => {}
  process.on('message', (order: FloodOrder) => {
    if (order.type === 'start') stop = start(order.port, order.path)
    else stop()
  })
  process.once('disconnect', () => process.exit())
}
