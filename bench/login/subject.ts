/** A process with one client in it, which `run.ts` gives its orders over IPC. */
import { subscribe } from 'node:diagnostics_channel'
import { IncomingMessage } from 'node:http'
import { clientNames, load, redirectPath } from './clients.ts'
import { pid } from './provider.ts'

export interface Order {
  readonly type: 'login'
  /** Whether to forget first what earlier logins have fetched. */
  readonly fresh: boolean
}

export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'open'; readonly address: string }
  | { readonly type: 'done'; readonly times: Times | null; readonly reason: string }

/** Of one login, in ms. */
export interface Times {
  /** From the click to the address for the browser. */
  readonly open: number
  /** From the click to the claims. */
  readonly login: number
  /** From the callback's request to the claims. */
  readonly callback: number
}

function report(message: Report): void {
  process.send?.(message)
}

const [, , argument, issuer = ''] = process.argv
const name = clientNames.find((known) => known === argument)
if (name === undefined) throw new Error('which client?')
const client = await load(name, issuer)

let openedAt = Number.NaN
let calledAt = Number.NaN
// The same clock for all, whatever their listener is: Node's own word that a request has come.
subscribe('http.server.request.start', (message) => {
  if (typeof message !== 'object' || message === null || !('request' in message)) return
  const { request } = message
  if (!(request instanceof IncomingMessage)) return
  if (request.url?.startsWith(`${redirectPath}?`)) calledAt = performance.now()
})

async function login(): Promise<Times> {
  const clickedAt = performance.now()
  const claims = await client.login((address) => {
    openedAt = performance.now()
    report({ type: 'open', address })
  })
  const endedAt = performance.now()
  if (claims['pid'] !== pid) throw new Error('not the claims of this login')
  return {
    open: openedAt - clickedAt,
    login: endedAt - clickedAt,
    callback: endedAt - calledAt,
  }
}

process.on('message', ({ fresh }: Order) => {
  if (fresh) client.forget()
  login().then(
    (times) => report({ type: 'done', times, reason: '' }),
    (error: unknown) => report({ type: 'done', times: null, reason: String(error) }),
  )
})
process.once('disconnect', () => process.exit())
report({ type: 'ready' })
