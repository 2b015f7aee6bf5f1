import type { Clock } from './base/clock.ts'
import { type Explanation, failure, isLoginError, LoginError } from './errors.ts'
import type { AuthorizationAddress, AuthorizationRequest } from './request/authorization.ts'
import { noStep, type OpenStep, type Tracer } from './tracer.ts'

/**
 * What may be wrong with the browser: the system refused to open it, none has come to a start address
 * for a while, or one came and has not returned for a while.
 */
export type BrowserHint = 'browser-failed' | 'browser-missing' | 'not-returned'

/** What is told while the person is in the browser; `deadline` is monotonic milliseconds. */
export type BrowserTripEvent =
  | { readonly type: 'waiting'; readonly deadline: number }
  | { readonly type: 'browser-arrived' }
  | { readonly type: 'hint'; readonly hint: BrowserHint }
  /** The provider refused the pushed request, and the browser was sent there with the ordinary one. */
  | {
      readonly type: 'push-refused'
      readonly reason: string
      readonly explanation: Explanation | null
    }
  | { readonly type: 'prolonged'; readonly deadline: number }

/** Milliseconds until a hint is given. On Linux the system says that a browser opened when none did. */
const missingAfter = 6000
const notReturnedAfter = 60_000
/** Milliseconds within which a second press to open the browser is taken for the first. */
const reopenPause = 300

export interface BrowserTripOptions {
  readonly request: AuthorizationRequest
  /** Mints a one-time local address that leads to the address given then. */
  readonly startAddress: (target: () => Promise<string>) => string
  readonly openBrowser: (address: string) => unknown
  /** Time for the person to log in, in milliseconds. */
  readonly loginTimeout: number
  readonly clock: Clock
  /** Names a failure of a request, without the secrets that a provider may repeat in it. */
  readonly nameFailure: (error: unknown) => unknown
  /** The login cannot go on: the browser does not open, or the time is up. */
  readonly onFailed: (error: unknown) => void
  readonly onEvent: (event: BrowserTripEvent) => void
  readonly tracer: Tracer
}

/** The way of the person through the browser: links to it, its deadline, and hints when it takes long. */
export interface BrowserTrip {
  /** Mints the first link; a request that cannot be pushed fails here, before a browser is opened. */
  prepare(): Promise<string>
  /** Opens the browser, and gives the person their time. */
  begin(link: string): void
  /** A browser came to a start address. */
  arrived(): void
  /**
   * The browser has returned with the pending state; gives the step of the callback in the trace, to be ended. Throws
   * `LoginError` `E_LOGIN_TIMEOUT` when that was too late.
   */
  returned(): OpenStep
  /** The provider refused a push. */
  pushRefused(refusal: LoginError): void
  /** Opens the browser once more for the same login. */
  reopen(): Promise<void>
  /** A fresh one-time link; null when there is none yet or none any more. */
  link(): Promise<string | null>
  /** Gives the person the whole time once more, from now. */
  prolong(): void
  /** Ends the login when its time is up. */
  checkDeadline(): void
  /** Ends all waiting; no link is given from here on. */
  stop(): void
}

/** Makes the links of one trip; a back-off that the provider asked for counts for all of them. */
function createLinks({
  request,
  startAddress,
  clock,
  nameFailure,
  onFailed,
}: BrowserTripOptions): () => Promise<string> {
  /** What a push was refused with, and until when none is tried, in monotonic milliseconds. */
  let backOff: { readonly error: LoginError; readonly until: number } | null = null
  let handedOut = false

  const freshAddress = async (): Promise<AuthorizationAddress> => {
    if (backOff !== null && clock.monotonic() < backOff.until) throw backOff.error
    try {
      return await request.address()
    } catch (error) {
      const named = nameFailure(error)
      // Stryker disable next-line ConditionalExpression: only a failure that is a LoginError can name a time
      if (named instanceof LoginError) {
        backOff = { error: named, until: clock.monotonic() + (named.retryAfter ?? 0) * 1000 }
      }
      throw named
    }
  }

  return async () => {
    let address = await freshAddress()
    return startAddress(async () => {
      try {
        if (clock.monotonic() >= address.goodUntil) address = await freshAddress()
        handedOut = true
        return address.url
      } catch (error) {
        // Another tab may be in the middle of this login.
        if (!handedOut) onFailed(error)
        throw error
      }
    })
  }
}

/** A time until which something must have happened. */
function createDeadline(clock: Clock, onOver: () => void) {
  let deadline = Number.POSITIVE_INFINITY
  let stopTimer = (): void => {}
  const waitUntil = (time: number): number => {
    deadline = time
    stopTimer()
    stopTimer = clock.after(deadline - clock.monotonic(), onOver)
    return deadline
  }
  const isOver = (): boolean => clock.monotonic() >= deadline
  return {
    /** Gives that many milliseconds from now, and returns the deadline in monotonic milliseconds. */
    start: (milliseconds: number): number => waitUntil(clock.monotonic() + milliseconds),
    isOver,
    /** No timer counts a sleep: it is over at once, or the timer is set anew. */
    check: (): void => {
      if (isOver()) onOver()
      else waitUntil(deadline)
    },
    stop: (): void => stopTimer(),
  }
}

/** Prepares one trip through the browser, for one authorization request. */
export function createBrowserTrip(options: BrowserTripOptions): BrowserTrip {
  const { clock, loginTimeout, onEvent, onFailed, tracer } = options
  const newLink = createLinks(options)
  let underWay = false
  const deadline = createDeadline(clock, () => onFailed(tooLate()))
  let stopHint = (): void => {}
  let arrivals = 0
  let lastOpened = Number.NEGATIVE_INFINITY
  let reopening = false
  /** Whoever asks for a link again before there is one gets the same. */
  let copying: Promise<string | null> | null = null
  let refusal: LoginError | null = null
  let arriving = noStep
  let returning = noStep

  const hintAfter = (milliseconds: number, hint: BrowserHint): void => {
    stopHint()
    stopHint = clock.after(milliseconds, () => onEvent({ type: 'hint', hint }))
  }

  /** Before the browser is opened there is nobody to tell it to. */
  const tellRefusal = (): void => {
    if (refusal === null || !underWay) return
    const { detail, message, explanation } = refusal
    onEvent({ type: 'push-refused', reason: detail?.reason ?? message, explanation })
  }

  const freshLink = async (): Promise<string | null> => {
    if (!underWay) return null
    try {
      const link = await newLink()
      return underWay ? link : null
    } catch (error) {
      if (!underWay) return null
      throw error
    }
  }

  const stop = (): void => {
    underWay = false
    deadline.stop()
    stopHint()
  }

  return {
    prepare: newLink,
    begin: (link) => {
      underWay = true
      lastOpened = clock.monotonic()
      arriving = tracer.begin('start-address')
      returning = tracer.begin('callback')
      openBrowser(options, link).catch((error: unknown) => {
        // The system may say so late, and wrongly: a browser that came has been opened.
        if (arrivals === 0) onFailed(error)
      })
      onEvent({ type: 'waiting', deadline: deadline.start(loginTimeout) })
      tellRefusal()
      hintAfter(missingAfter, 'browser-missing')
    },
    arrived: () => {
      arrivals += 1
      arriving.done()
      onEvent({ type: 'browser-arrived' })
      hintAfter(notReturnedAfter, 'not-returned')
    },
    returned: () => {
      // No timer counts a sleep.
      if (deadline.isOver()) throw tooLate()
      stop()
      return returning
    },
    pushRefused: (error) => {
      refusal = error
      tellRefusal()
    },
    reopen: async () => {
      if (reopening || clock.monotonic() - lastOpened < reopenPause) return
      lastOpened = clock.monotonic()
      reopening = true
      const link = await freshLink().finally(() => {
        reopening = false
      })
      if (link === null) return
      // Not the end this time: a browser may be open already, and the link can still be copied.
      hintAfter(missingAfter, 'browser-missing')
      const before = arrivals
      await openBrowser(options, link).catch(() => {
        if (arrivals > before) return
        stopHint()
        onEvent({ type: 'hint', hint: 'browser-failed' })
      })
    },
    link: () =>
      (copying ??= freshLink().finally(() => {
        copying = null
      })),
    prolong: () => {
      if (underWay) onEvent({ type: 'prolonged', deadline: deadline.start(loginTimeout) })
    },
    checkDeadline: () => {
      if (underWay) deadline.check()
    },
    stop,
  }
}

function tooLate(): LoginError {
  return new LoginError('E_LOGIN_TIMEOUT', 'login: no answer from the browser in time')
}

/** Opens an address in the browser. A failure without a name becomes `LoginError` `E_BROWSER_OPEN`. */
export async function openBrowser(
  options: { readonly openBrowser: (address: string) => unknown },
  address: string,
): Promise<void> {
  try {
    await options.openBrowser(address)
  } catch (cause) {
    throw isLoginError(cause)
      ? cause
      : failure('E_BROWSER_OPEN', 'browser', 'the system refused', { cause })
  }
}
