import { createContext, use, useSyncExternalStore } from 'react'
import type { Bridge, ErrorCode, Reply, Snapshot } from '../preload/contract.ts'

declare global {
  interface Window {
    readonly idporten: Bridge
  }
}

/** The bridge that the preload script put into the page; nothing else here reads `window`. */
export function exposedBridge(): Bridge {
  return window.idporten
}

/** The clock that no change of the computer's time can move. */
export function monotonic(): number {
  return performance.now()
}

export interface Received {
  /** Null until main has answered for the first time. */
  readonly snapshot: Snapshot | null
  /** When the snapshot came, by the monotonic clock. */
  readonly receivedAt: number
  /** Why main refused the last intent, until the next snapshot or intent. */
  readonly refused: ErrorCode | null
}

/** The renderer's end of the line to main: the latest snapshot, and a way to ask for something. */
export interface Connection {
  readonly read: () => Received
  readonly subscribe: (listener: () => void) => () => void
  /** Sends one intent; resolves to whether main took it. */
  readonly send: (intent: (bridge: Bridge) => Promise<Reply>) => Promise<boolean>
  /** Fetches what the inspector shows; null when main refuses. */
  readonly inspect: Bridge['inspect']
}

/** Connects to main. A snapshot that cannot be shown yet is held back until `load` has brought what it needs. */
export function connect(
  bridge: Bridge,
  parts: {
    readonly has: (snapshot: Snapshot) => boolean
    readonly load: (snapshot: Snapshot) => Promise<void>
  },
): Connection {
  const listeners = new Set<() => void>()
  let received: Received = { snapshot: null, receivedAt: monotonic(), refused: null }

  const publish = (next: Received) => {
    received = next
    for (const listener of listeners) listener()
  }
  const accept = (snapshot: Snapshot) => {
    const receivedAt = monotonic()
    if (parts.has(snapshot)) return show(snapshot, receivedAt)
    // A part that cannot be read is told like anything else that goes wrong, and never leaves an old view without a word.
    void parts.load(snapshot).then(
      () => show(snapshot, receivedAt),
      () => publish({ ...received, refused: 'E_UNEXPECTED' }),
    )
  }
  const show = (snapshot: Snapshot, receivedAt: number) => {
    // Replies and events overtake each other; only a newer snapshot tells something new.
    if (received.snapshot && snapshot.revision <= received.snapshot.revision) return
    publish({ snapshot, receivedAt, refused: null })
  }
  const send: Connection['send'] = async (intent) => {
    if (received.refused) publish({ ...received, refused: null })
    const reply = await intent(bridge).catch((): Reply => ({ ok: false, code: 'E_UNEXPECTED' }))
    if (reply.ok) accept(reply.snapshot)
    else publish({ ...received, refused: reply.code })
    return reply.ok
  }

  bridge.onSnapshot(accept)
  // A reloaded page knows nothing, and no event comes until something changes.
  void send((main) => main.getSnapshot())

  return {
    read: () => received,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    send,
    inspect: bridge.inspect,
  }
}

/** Fetches what the inspector shows. */
export const InspectContext = createContext<Bridge['inspect']>(() =>
  Promise.reject(new Error('No connection around this component')),
)

export function useInspect(): Bridge['inspect'] {
  return use(InspectContext)
}

export const SendContext = createContext<Connection['send']>(() =>
  Promise.reject(new Error('No connection around this component')),
)

/** The function that sends an intent to main. */
export function useSend(): Connection['send'] {
  return use(SendContext)
}

/** What main said last. */
export function useSnapshot(connection: Connection): Received {
  return useSyncExternalStore(connection.subscribe, connection.read, connection.read)
}
