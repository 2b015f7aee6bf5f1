import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { Answers } from './answers.ts'
import type { LocalPage, Outcome } from './pages.ts'

/** How long a browser waits for the outcome before it gets a page that asks again, in ms. */
const holdLimit = 10_000
/** How long the port stays open for a browser that was sent to the last page and has not come, in ms. */
const lastPageLimit = 5000

/** The browsers that wait for what comes next, from a start address or the callback to the last page. */
export interface WaitingBrowsers {
  hasOutcome(): boolean
  /** Leads the browser of a start address on when its way is known, or shows it the outcome if that is first. */
  leadOn(response: ServerResponse, target: () => Promise<string | LocalPage>): void
  /** Sends a browser to the last page at that path when there is an outcome, after `delay` ms at the latest. */
  sendToLastPage(response: ServerResponse, path: string, delay: number): void
  /** Shows the last page to a browser that has come to its path. */
  arriveAtLastPage(response: ServerResponse): void
  /** Shows the last page, which waits for the outcome. */
  showLastPage(response: ServerResponse): void
  /** Lets the browser on this connection go on before there is an outcome. */
  letGoOn(socket: Duplex): void
  isAnyOnTheWay(): boolean
  /** Ends `finish` if nobody is left to wait for; to be called when a connection has been checked. */
  tellWhenShown(): void
  /** Shows the outcome to all of them. Resolves when they have it, after five seconds at the latest. */
  finish(outcome: Outcome): Promise<void>
}

/** Starts with no browser and no outcome; while `isChecking`, one that is not known yet may still be ours. */
export function createWaitingBrowsers(options: {
  readonly clock: Clock
  readonly answers: Answers
  readonly isChecking: () => boolean
}): WaitingBrowsers {
  const { clock, answers } = options
  const held = createHeldResponses(clock)
  /** Tabs at a start address whose way on is not known yet. */
  const starting = new Set<ServerResponse>()
  /** Browsers that were sent to the last page and have not come to it yet. */
  let onTheWay = 0
  /** Last pages that are not out yet. */
  let showing = 0
  let outcome: Outcome | null = null
  let allShown = (): void => {}

  const tellWhenShown = (): void => {
    if (onTheWay === 0 && showing === 0 && !options.isChecking()) allShown()
  }
  const arrived = (): void => {
    onTheWay = Math.max(0, onTheWay - 1)
    tellWhenShown()
  }
  /** Counts a browser as on its way to the last page, unless it closes before it is told to go there. */
  const expectAtLastPage = (response: ServerResponse): void => {
    onTheWay += 1
    response.once('close', () => {
      if (!response.writableFinished) arrived()
    })
  }

  const showLastPage = (response: ServerResponse): void => {
    if (outcome !== null) {
      showing += 1
      response.once('close', () => {
        showing -= 1
        tellWhenShown()
      })
      return answers.page(response, outcome === 'failed' ? 400 : 200, outcome)
    }
    held.hold(response, holdLimit, () => {
      if (outcome !== null) return showLastPage(response)
      expectAtLastPage(response)
      answers.page(response, 200, 'working')
    })
  }

  const finish = async (result: Outcome): Promise<void> => {
    outcome = result
    const shown = Promise.withResolvers<void>()
    allShown = shown.resolve
    const stopWaiting = clock.after(lastPageLimit, shown.resolve)
    held.letAllGoOn()
    for (const response of starting) showLastPage(response)
    starting.clear()
    tellWhenShown()
    await shown.promise
    stopWaiting()
  }

  return {
    hasOutcome: () => outcome !== null,
    leadOn: (response, target) => {
      starting.add(response)
      response.once('close', () => starting.delete(response))
      target().then(
        (way) => starting.delete(response) && answers.leadOn(response, way),
        () => starting.delete(response) && answers.page(response, 502, 'failed'),
      )
    },
    sendToLastPage: (response, path, delay) => {
      expectAtLastPage(response)
      const goOn = (): void => answers.redirect(response, path)
      if (outcome === null) held.hold(response, delay, goOn)
      else goOn()
    },
    arriveAtLastPage: (response) => {
      showLastPage(response)
      arrived()
    },
    showLastPage,
    letGoOn: held.letGoOn,
    isAnyOnTheWay: () => onTheWay > 0,
    tellWhenShown,
    finish,
  }
}

/** Responses that are held back, each with what lets it go on. */
function createHeldResponses(clock: Clock) {
  const ways = new Map<ServerResponse, () => void>()
  return {
    /** Holds a response back until somebody lets it go on, or for so many milliseconds. */
    hold: (response: ServerResponse, limit: number, way: () => void): void => {
      // Stryker disable next-line OptionalChaining: a response that is held has its connection, so the compiler alone needs this
      if (response.socket?.readableEnded === true) return way()
      const stop = clock.after(limit, () => ways.delete(response) && way())
      ways.set(response, way)
      // Node closes its half too when the client has closed its own.
      // Stryker disable next-line OptionalChaining: as above
      response.socket?.prependOnceListener('end', () => ways.delete(response) && way())
      // Stryker disable next-line CallExpression: what is left of a response that has closed goes with the listener
      response.once('close', () => {
        ways.delete(response)
        stop()
      })
    },
    letGoOn: (socket: Duplex): void => {
      for (const [response, way] of ways) {
        if (response.socket === socket && ways.delete(response)) way()
      }
    },
    letAllGoOn: (): void => {
      const all = [...ways.values()]
      ways.clear()
      for (const way of all) way()
    },
  }
}
