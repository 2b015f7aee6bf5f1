/** A process with one listener in it, which `run.ts` gives its orders over IPC. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { listenerNames, load, type Open, type Opened } from './listeners.ts'

export type Order =
  /** `work`: how long the stand-in for the work on the tokens takes, in ms. */
  | { readonly type: 'open'; readonly work: number }
  | { readonly type: 'cancel' }
  /** Asks when it ended: told unasked it would take time from what is measured. */
  | { readonly type: 'ended' }
  | { readonly type: 'memory'; readonly warmUp: number; readonly attempts: number }

export type Report =
  | { readonly type: 'ready' }
  | ({ readonly type: 'opened' } & Pick<Opened, 'port' | 'start' | 'callback' | 'success'>)
  | { readonly type: 'ended'; readonly at: number }
  | { readonly type: 'memory'; readonly first: Growth; readonly next: Growth }

/** What attempts left behind. */
export interface Growth {
  readonly rss: number
  readonly heap: number
  readonly handles: number
}

function report(message: Report): void {
  process.send?.(message)
}

async function measure(): Promise<Growth> {
  // What closes by itself gets the time to do so.
  await setTimeout(50)
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.()
    await setTimeout(5)
  }
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed, handles: process.getActiveResourcesInfo().length }
}

/** What a first series of attempts adds, with the code that V8 compiles in it, and then a second one. */
async function growth(open: Open, warmUp: number, attempts: number) {
  const repeat = async (times: number): Promise<void> => {
    for (let done = 0; done < times; done += 1) {
      const opened = await open(() => Promise.resolve())
      await opened.cancel()
      // A turn of the event loop, as there is between any two attempts: sockets end there.
      await setImmediate()
    }
  }
  const since = (before: Growth, after: Growth): Growth => ({
    rss: after.rss - before.rss,
    heap: after.heap - before.heap,
    handles: after.handles - before.handles,
  })
  await repeat(warmUp)
  const before = await measure()
  await repeat(attempts)
  const between = await measure()
  await repeat(attempts)
  return { first: since(before, between), next: since(between, await measure()) }
}

const name = listenerNames.find((known) => known === process.argv[2])
if (name === undefined) throw new Error('which listener?')
const open = await load(name)
let current: Opened | null = null

async function obey(order: Order): Promise<void> {
  if (order.type === 'memory') {
    report({ type: 'memory', ...(await growth(open, order.warmUp, order.attempts)) })
  } else if (order.type === 'cancel') {
    await current?.cancel()
  } else if (order.type === 'ended') {
    if (current !== null) report({ type: 'ended', at: await current.ended })
  } else {
    const { work } = order
    current = await open(() => (work === 0 ? Promise.resolve() : setTimeout(work)))
    const { port, start, callback, success } = current
    report({ type: 'opened', port, start, callback, success })
  }
}

process.on('message', (order: Order) => void obey(order))
process.once('disconnect', () => process.exit())
report({ type: 'ready' })
