import { describe, expect, it } from 'vitest'
import { createMailbox, createTestClock, failureOf } from '../../test/support/login.ts'
import { request } from '../../test/support/provider.ts'
import { type BrowserTripEvent, createBrowserTrip } from './browser-trip.ts'
import { failure, LoginError } from './errors.ts'
import type { AuthorizationAddress } from './request/authorization.ts'
import { noTracer } from './tracer.ts'

/** A trip whose provider gives a new address each time, and whose browser only notes where it was sent. */
function prepare(
  options: {
    readonly address?: () => Promise<AuthorizationAddress>
    readonly openBrowser?: (address: string) => unknown
  } = {},
) {
  const clock = createTestClock()
  const opened: string[] = []
  const events: BrowserTripEvent[] = []
  const failed: unknown[] = []
  const targets: (() => Promise<string>)[] = []
  let asked = 0
  const trip = createBrowserTrip({
    request: {
      ...request,
      address: async () => {
        asked += 1
        if (options.address !== undefined) return await options.address()
        return { url: `there/${asked}`, goodUntil: clock.monotonic() + 1000 }
      },
    },
    startAddress: (target) => `start/${targets.push(target)}`,
    openBrowser: options.openBrowser ?? ((address) => opened.push(address)),
    loginTimeout: 300_000,
    clock,
    nameFailure: (error) => error,
    onFailed: (error) => failed.push(error),
    onEvent: (event) => events.push(event),
    tracer: noTracer,
  })
  /** Goes to a start address, counted from 1. */
  const visit = async (start: number): Promise<string> => {
    const target = targets[start - 1]
    if (target === undefined) throw new Error('there is no such start address')
    return await target()
  }
  const hints = () => events.flatMap((event) => (event.type === 'hint' ? event.hint : []))
  return { trip, clock, opened, events, failed, visit, hints, asked: () => asked }
}
const busy = (seconds: number | null) =>
  failure('E_NETWORK_STATUS', 'pushed authorization request', 'HTTP 503', { retryAfter: seconds })
const codeOf = (error: unknown) => (error instanceof LoginError ? error.code : error)

describe('a provider that does not give an address', () => {
  it('is not asked again before the time that it named, and is then', async () => {
    const answers = [busy(30), busy(null)]
    const { trip, clock, asked } = prepare({
      address: async () => await Promise.reject(answers.shift() ?? new Error('no more')),
    })
    const first = await failureOf(trip.prepare(), LoginError)
    clock.advance(29_999)
    expect([await failureOf(trip.prepare(), LoginError), asked()]).toEqual([first, 1])
    clock.advance(1)
    const second = await failureOf(trip.prepare(), LoginError)
    expect([second.retryAfter, asked()]).toEqual([null, 2])
  })

  it('is asked again at once when it named no time', async () => {
    const { trip, asked } = prepare({ address: async () => await Promise.reject(busy(null)) })
    await failureOf(trip.prepare(), LoginError)
    await failureOf(trip.prepare(), LoginError)
    expect(asked()).toBe(2)
  })

  it('fails as it is when the failure has no name', async () => {
    const { trip } = prepare({ address: async () => await Promise.reject(new TypeError('no')) })
    await expect(trip.prepare()).rejects.toThrow(TypeError)
  })
})

describe('a start address', () => {
  it('leads to the address it was made with, and to a new one when that is too old', async () => {
    const { trip, clock, visit } = prepare()
    expect([await trip.prepare(), await trip.prepare()]).toEqual(['start/1', 'start/2'])
    clock.advance(999)
    expect(await visit(1)).toBe('there/1')
    clock.advance(1)
    expect(await visit(2)).toBe('there/3')
  })

  it('that leads nowhere ends the trip, but not when another has led a browser on', async () => {
    const answers = ['there/1', 'there/2']
    const { trip, clock, failed, visit } = prepare({
      address: async () => {
        const url = answers.shift()
        if (url === undefined) throw busy(null)
        return { url, goodUntil: clock.monotonic() + 1000 }
      },
    })
    await trip.prepare()
    clock.advance(1)
    await trip.prepare()
    clock.advance(999)
    await expect(visit(1)).rejects.toThrow('HTTP 503')
    expect(failed.map(codeOf)).toEqual(['E_NETWORK_STATUS'])
    expect(await visit(2)).toBe('there/2')
    await expect(visit(1)).rejects.toThrow('HTTP 503')
    expect(failed).toHaveLength(1)
  })
})

describe('before the browser is opened', () => {
  it('nothing is told, opened, copied or prolonged, and no time is up', async () => {
    const { trip, clock, opened, events, failed, asked } = prepare()
    trip.pushRefused(busy(null))
    trip.prolong()
    trip.checkDeadline()
    await trip.reopen()
    expect(await trip.link()).toBeNull()
    expect([opened, events, failed, asked(), clock.timers()]).toEqual([[], [], [], 0, []])
  })

  it('a refused push is kept, and told with the reason when it is; a later one is told at once', () => {
    const { trip, events } = prepare()
    trip.pushRefused(busy(null))
    trip.begin('start')
    trip.pushRefused(new LoginError('E_PAR_REFUSED', 'no detail'))
    const told = { type: 'push-refused', explanation: null }
    expect(events).toEqual([
      { type: 'waiting', deadline: 300_000 },
      { ...told, reason: 'HTTP 503' },
      { ...told, reason: 'no detail' },
    ])
  })
})

describe('the browser', () => {
  it('is opened with the link, missed after six seconds, and after a minute when it came', () => {
    const { trip, clock, opened, events, hints } = prepare()
    trip.begin('start')
    clock.advance(5999)
    expect([opened, hints()]).toEqual([['start'], []])
    clock.advance(1)
    expect(hints()).toEqual(['browser-missing'])
    trip.arrived()
    expect(events.at(-1)).toEqual({ type: 'browser-arrived' })
    clock.advance(59_999)
    expect(hints()).toHaveLength(1)
    clock.advance(1)
    expect(hints()).toEqual(['browser-missing', 'not-returned'])
  })

  const turn = () => new Promise((resolve) => setImmediate(resolve))
  it('that the system refuses to open ends the trip, with the reason and a name', async () => {
    const reason = new Error('no browser here')
    const { trip, failed } = prepare({
      openBrowser: () => {
        throw reason
      },
    })
    trip.begin('start')
    await turn()
    expect(failed).toEqual([
      expect.objectContaining({
        code: 'E_BROWSER_OPEN',
        detail: { key: 'browser', reason: 'the system refused' },
        cause: reason,
      }),
    ])
  })

  it('that came was opened, whatever the system says later; its own name is kept otherwise', async () => {
    const reason = failure('E_BROWSER_OPEN', 'browser', 'no handler')
    const { trip, failed } = prepare({ openBrowser: async () => await Promise.reject(reason) })
    trip.begin('start')
    trip.arrived()
    await turn()
    expect(failed).toEqual([])
    const named = prepare({ openBrowser: async () => await Promise.reject(reason) })
    named.trip.begin('start')
    await turn()
    expect(named.failed).toEqual([reason])
  })
})

describe('a link to copy', () => {
  it('is the same for all who ask before it is there, and a new one then', async () => {
    const { trip, asked } = prepare()
    trip.begin('start')
    expect(await Promise.all([trip.link(), trip.link()])).toEqual(['start/1', 'start/1'])
    expect([await trip.link(), asked()]).toEqual(['start/2', 2])
  })

  it('is asked for again when it failed', async () => {
    const { trip, asked } = prepare({ address: async () => await Promise.reject(busy(null)) })
    trip.begin('start')
    await expect(trip.link()).rejects.toThrow('HTTP 503')
    await expect(trip.link()).rejects.toThrow('HTTP 503')
    expect(asked()).toBe(2)
  })

  it.each([
    ['comes', async () => ({ url: 'there', goodUntil: 0 })],
    ['fails', async () => await Promise.reject(busy(null))],
  ])('is none when the trip is over before it %s', async (_, address) => {
    const { trip } = prepare({ address })
    trip.begin('start')
    const link = trip.link()
    trip.stop()
    expect(await link).toBeNull()
    expect(await trip.link()).toBeNull()
  })
})

describe('the browser is opened again', () => {
  it('when 300 ms have passed since it was opened, and not before', async () => {
    const { trip, clock, opened } = prepare()
    trip.begin('start')
    clock.advance(299)
    await trip.reopen()
    expect(opened).toEqual(['start'])
    clock.advance(1)
    await trip.reopen()
    clock.advance(299)
    await trip.reopen()
    expect(opened).toEqual(['start', 'start/1'])
    clock.advance(1)
    await trip.reopen()
    expect(opened).toEqual(['start', 'start/1', 'start/2'])
  })

  it('not once more while the way there is asked for, and when that has failed', async () => {
    const answers = createMailbox<(answer: Promise<AuthorizationAddress>) => void>()
    const { trip, clock, opened, asked } = prepare({
      address: () => new Promise((resolve) => answers.put(resolve)),
    })
    trip.begin('start')
    clock.advance(300)
    const first = trip.reopen()
    const answerFirst = await answers.next()
    clock.advance(300)
    await trip.reopen()
    expect(asked()).toBe(1)
    answerFirst(Promise.reject(busy(null)))
    await expect(first).rejects.toThrow('HTTP 503')
    const second = trip.reopen()
    ;(await answers.next())(Promise.resolve({ url: 'there', goodUntil: 0 }))
    await second
    expect(opened).toEqual(['start', 'start/1'])
  })

  it('not when the trip ended while the way there was asked for', async () => {
    const { trip, clock, opened } = prepare()
    trip.begin('start')
    clock.advance(300)
    const reopened = trip.reopen()
    trip.stop()
    await reopened
    expect([opened, clock.timers()]).toEqual([['start'], []])
  })

  it('and is missed six seconds after that', async () => {
    const { trip, clock, hints } = prepare()
    trip.begin('start')
    clock.advance(5999)
    await trip.reopen()
    clock.advance(5999)
    expect(hints()).toEqual([])
    clock.advance(1)
    expect(hints()).toEqual(['browser-missing'])
  })

  /** A trip whose browser was opened, and is being opened again. */
  const reopening = () => {
    const outcome = Promise.withResolvers<void>()
    let openings = 0
    const begun = prepare({
      openBrowser: async () => {
        openings += 1
        if (openings > 1) await outcome.promise
      },
    })
    begun.trip.begin('start')
    begun.trip.arrived()
    begun.clock.advance(300)
    return { ...begun, reopened: begun.trip.reopen(), outcome }
  }

  it('in vain: that is told at once, and then no more is missed', async () => {
    const { reopened, outcome, clock, hints, failed } = reopening()
    outcome.reject(new Error('no'))
    await reopened
    clock.advance(60_000)
    expect([hints(), failed]).toEqual([['browser-failed'], []])
  })

  it('in vain as the system says, although one came by it: that is not told', async () => {
    const { trip, reopened, outcome, clock, hints } = reopening()
    await clock.timer(6000)
    trip.arrived()
    outcome.reject(new Error('no'))
    await reopened
    expect(hints()).toEqual([])
    clock.advance(60_000)
    expect(hints()).toEqual(['not-returned'])
  })
})

describe('the time of the person', () => {
  it('is up when they return too late; when they are in time nothing is left of it', () => {
    const { trip, clock } = prepare()
    trip.begin('start')
    clock.sleep(299_999)
    trip.returned()
    expect(clock.timers()).toEqual([])
    const late = prepare()
    late.trip.begin('start')
    late.clock.sleep(300_000)
    expect(() => late.trip.returned()).toThrow(LoginError)
  })

  it('runs on after a sleep for what is left of it, by one timer', () => {
    const { trip, clock, failed } = prepare()
    trip.begin('start')
    clock.sleep(200_000)
    trip.checkDeadline()
    expect(clock.timers()).toEqual([6000, 100_000])
    clock.advance(99_999)
    expect(failed).toEqual([])
    clock.advance(1)
    expect(failed.map(codeOf)).toEqual(['E_LOGIN_TIMEOUT'])
  })

  it('is up when it was slept through, and not before', () => {
    const { trip, clock, failed } = prepare()
    trip.begin('start')
    clock.sleep(299_999)
    trip.checkDeadline()
    expect(failed).toEqual([])
    clock.sleep(1)
    trip.checkDeadline()
    expect(failed.map(codeOf)).toEqual(['E_LOGIN_TIMEOUT'])
  })

  it('begins anew when it is prolonged, by one timer', () => {
    const { trip, clock, events } = prepare()
    trip.begin('start')
    clock.advance(200_000)
    trip.prolong()
    expect(events.at(-1)).toEqual({ type: 'prolonged', deadline: 500_000 })
    expect(clock.timers()).toEqual([300_000])
  })

  it('is not looked at once the trip is over', () => {
    const { trip, clock, failed, events } = prepare()
    trip.begin('start')
    trip.stop()
    clock.sleep(300_000)
    trip.checkDeadline()
    trip.prolong()
    expect([failed, events.length, clock.timers()]).toEqual([[], 1, []])
  })
})
