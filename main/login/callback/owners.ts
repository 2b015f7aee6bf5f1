import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answers } from './answers.ts'
import type { PeerCheck } from './peer.ts'

/** Holds back what a request asks for until it is known whose its connection is. */
export interface Owners {
  /** Goes on when the connection is not another user's; until then nothing is spent. */
  whenOurs(request: IncomingMessage, response: ServerResponse, proceed: () => void): void
  /** Does something with a connection as soon as it is known whose it is. */
  afterCheck(socket: Duplex, act: () => void): void
  isChecking(): boolean
}

/** Asks `peer` about each connection, and calls `onChecked` when one is known and has been answered. */
export function createOwners(options: {
  readonly peer: PeerCheck
  readonly answers: Answers
  readonly onChecked: () => void
}): Owners {
  const { peer, answers, onChecked } = options
  /** Connections of which it is not known yet whose they are; what else comes on them waits for that. */
  const checking = new Map<Duplex, Promise<void>>()
  return {
    whenOurs: ({ socket }, response, proceed) => {
      const check = async (): Promise<void> => {
        // A check that fails lets nobody in.
        const owner = await peer(socket).catch(() => 'gone')
        checking.delete(socket)
        if (!response.destroyed) {
          if (owner === 'other') answers.reject(response, 403, 'other user')
          else if (owner === 'gone') answers.reject(response, 403, 'gone')
          else proceed()
        }
        onChecked()
      }
      checking.set(socket, check())
    },
    afterCheck: (socket, act) => {
      const check = checking.get(socket)
      if (check === undefined) act()
      else void check.then(act)
    },
    isChecking: () => checking.size > 0,
  }
}
