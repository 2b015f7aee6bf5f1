import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Secret } from '../base/secret.ts'
import { LoginError } from '../errors.ts'
import { createAnswers } from './answers.ts'
import { createLoopbackServer } from './connections.ts'
import { digest, judge, type RejectionReason } from './judge.ts'
import { createOwners } from './owners.ts'
import type { CallbackTexts, LocalPage, Outcome } from './pages.ts'
import type { PeerCheck } from './peer.ts'
import { createWaitingBrowsers } from './waiting-browsers.ts'

export interface LoopbackListener {
  readonly port: number
  readonly redirectUri: string
  /** The parameters of the one callback that carried the pending state. */
  readonly callback: Promise<Secret<URLSearchParams>>
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
  /** A request was rejected; the reason is for the log. */
  readonly onRejected: (reason: RejectionReason) => void
  /** Tells whose connection it is; nothing is spent for, or shown to, another user of the computer. */
  readonly peer: PeerCheck
}

/** How long a browser that brings the callback is not sent on, in ms: the tokens go first, and often suffice. */
export const callbackRedirectDelay = 100

/**
 * Opens the listener that the browser comes back to: 127.0.0.1 only, a port of the system's choice.
 * A request that does not carry the pending state never settles anything.
 *
 * @throws {LoginError} `E_LISTENER_BIND`
 * @see RFC 8252 §7.3 and §8.3, RFC 9700 §4
 */
export async function openLoopbackListener(options: ListenerOptions): Promise<LoopbackListener> {
  const { redirectPath, clock, onRejected } = options
  const resultPath = randomPath()
  const starts = createStartAddresses()
  const accepted = Promise.withResolvers<Secret<URLSearchParams>>()
  // Nothing has this digest: no login pending looks just like a wrong state, in time too.
  let stateDigest: Buffer = randomBytes(32)

  const answers = createAnswers(options)
  const owners = createOwners({
    peer: options.peer,
    answers,
    onChecked: () => browsers.tellWhenShown(),
  })
  const browsers = createWaitingBrowsers({ clock, answers, isChecking: () => owners.isChecking() })

  const startIsSpent = (response: ServerResponse): void => {
    options.onStartReused()
    answers.page(response, 410, 'start-used')
  }
  /** Sends the first browser of this user on from a start address; of several at once the first counts. */
  const start = (response: ServerResponse, path: string): void => {
    if (browsers.hasOutcome()) return browsers.showLastPage(response)
    const target = starts.spend(path)
    if (target === null) return startIsSpent(response)
    options.onArrival()
    browsers.leadOn(response, target)
  }
  /** A reload or the back button comes here again: the promise settles once, the page is the same. */
  const accept = (response: ServerResponse, parameters: Secret<URLSearchParams>): void => {
    starts.spendAll()
    accepted.resolve(parameters)
    browsers.sendToLastPage(response, resultPath, callbackRedirectDelay)
  }
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const verdict = judge(request, { port, redirectPath, resultPath, starts, stateDigest })
    switch (verdict.type) {
      case 'rejected':
        return answers.reject(response, verdict.status, verdict.reason, verdict.headers)
      case 'spent-start':
        return startIsSpent(response)
      // Whose connection it is comes last, because to find out takes longer than all the checks together.
      case 'start':
        return owners.whenOurs(request, response, () => start(response, verdict.path))
      case 'result':
        return owners.whenOurs(request, response, () => browsers.arriveAtLastPage(response))
      case 'callback':
        return owners.whenOurs(request, response, () => accept(response, verdict.parameters))
    }
  }

  const server = createLoopbackServer({ clock, answers, onRejected, handle, owners, browsers })
  const port = await listen(server)
  // Too many open files, for example: the attempt ends, the app goes on.
  server.on('error', (error: NodeJS.ErrnoException) => accepted.reject(bindError(error)))
  accepted.promise.catch(() => {})

  let finished: Promise<void> | null = null
  const finish = async (outcome: Outcome): Promise<void> => {
    starts.forget()
    const closed = new Promise((resolve) => server.once('close', resolve))
    // Free at once unless a browser is on its way to the last page: who waits is connected already.
    if (!browsers.isAnyOnTheWay() && !owners.isChecking()) server.close()
    await browsers.finish(outcome)
    server.close()
    server.closeAllConnections()
    await closed
  }

  return {
    port,
    redirectUri: `http://127.0.0.1:${port}${redirectPath}`,
    callback: accepted.promise,
    expect: (state) => {
      stateDigest = digest(state.reveal())
    },
    startAddress: (target) => `http://127.0.0.1:${port}${starts.mint(target)}`,
    finish: (outcome) => (finished ??= finish(outcome)),
  }
}

/** Where a start address leads: to an address, or to a page of its own kind. */
type StartTarget = () => Promise<string | LocalPage>

/** The paths of the start addresses, each of which leads one browser on. */
function createStartAddresses() {
  const fresh = new Map<string, StartTarget>()
  const spent = new Set<string>()
  const spend = (path: string): StartTarget | null => {
    const target = fresh.get(path) ?? null
    if (fresh.delete(path)) spent.add(path)
    return target
  }
  return {
    stateOf: (path: string) => (fresh.has(path) ? 'fresh' : spent.has(path) ? 'spent' : null),
    mint: (target: StartTarget): string => {
      const path = randomPath()
      fresh.set(path, target)
      return path
    },
    /** Gives the target of a fresh one, once. */
    spend,
    spendAll: (): void => {
      for (const path of fresh.keys()) spend(path)
    },
    forget: (): void => {
      fresh.clear()
      spent.clear()
    },
  }
}

async function listen(server: Server): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error)))
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(addressOf(server.address()).port))
  })
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  // Stryker disable next-line ConditionalExpression,LogicalOperator,StringLiteral,CallExpression: a server on a port has such an address, so the compiler alone needs this
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP listener')
  return address
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
