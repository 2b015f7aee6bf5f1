/** What the person's browser does with the listener, over real connections. */
import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { type CallbackRequest, machineTime } from './listeners.ts'

/** As Chrome sends them when the provider sends a tab back. */
const navigation = {
  'upgrade-insecure-requests': '1',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'nb-NO,nb;q=0.9,en;q=0.8',
} as const

interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

function send(call: CallbackRequest, agent: Agent, signal: AbortSignal): Promise<Answer> {
  const posted = {
    origin: 'https://idporten.example',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': call.body.length,
  }
  return new Promise((resolve, reject) => {
    const headers = call.method === 'POST' ? { ...navigation, ...posted } : navigation
    const request = httpRequest(
      call.url,
      { agent, method: call.method, headers, signal },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const { statusCode = 0, headers: answered } = response
          const body = Buffer.concat(chunks).toString()
          resolve({ status: statusCode, location: answered.location, body })
        })
      },
    )
    request.once('error', reject)
    // Reset behind the answer: a few thousand closed connections, which the kernel remembers for a minute and no
    // person's computer has, would slow down whoever asks it whose a connection is.
    request.once('socket', (socket) => {
      socket.destroySoon = () => socket.resetAndDestroy()
    })
    request.end(call.body)
  })
}

export interface Visit {
  /** From the callback to its own complete answer, in ms. */
  readonly first: number
  /** From the callback to the complete page that the person sees at the end, in ms. */
  readonly last: number
  readonly body: string
}

/** Brings the callback on a new connection and follows redirects, on the same one where it is kept. */
export async function bringCallback(
  call: CallbackRequest,
  limit: number,
  onFirst: () => unknown = () => {},
): Promise<Visit> {
  const agent = new Agent({ keepAlive: true })
  const signal = AbortSignal.timeout(limit)
  try {
    const sent = performance.now()
    let { url } = call
    let answer = await send(call, agent, signal)
    const first = performance.now() - sent
    onFirst()
    for (let left = 5; left > 0 && answer.location !== undefined; left -= 1) {
      url = new URL(answer.location, url).href
      answer = await send({ method: 'GET', url, body: '' }, agent, signal)
    }
    return { first, last: performance.now() - sent, body: answer.body }
  } finally {
    agent.destroy()
  }
}

/** Opens the local address that the login starts at, and stays here: the provider is not part of this. */
export async function visitStart(start: string | null): Promise<void> {
  if (start === null) return
  const agent = new Agent()
  const call: CallbackRequest = { method: 'GET', url: start, body: '' }
  await send(call, agent, AbortSignal.timeout(2000))
  agent.destroy()
}

/** A socket as browsers open it in advance; resolves when it is open. */
export async function preconnect(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => {})
  return socket
}

export interface Refusal {
  /** When nobody listened any more, in machine-wide milliseconds. */
  readonly at: number
  /** How long the probe before may have been let in earlier than that: what is not known better. */
  readonly uncertainty: number
}

/** Probes until nobody listens any more; null when that does not come in time. */
export async function refused(port: number, limit: number): Promise<Refusal | null> {
  const until = machineTime() + limit
  let letIn = machineTime()
  for (;;) {
    const probed = machineTime()
    if (probed > until) return null
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('connect', () => {
        socket.resetAndDestroy()
        resolve(true)
      })
      // A probe that the system lost in the closing would only be repeated after a second.
      socket.setTimeout(50, () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
    })
    if (!open) return { at: machineTime(), uncertainty: machineTime() - letIn }
    letIn = probed
    await setImmediate()
  }
}
