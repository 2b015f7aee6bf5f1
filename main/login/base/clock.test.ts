import os from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Clock } from './clock.ts'

let awake = 0
let uptime = 0
let set = 0
let clock: Clock
const monotonic = () => clock.monotonic()

/** Lets time pass: Node's own clock counts what the computer is awake, the time since its start counts all. */
function pass(milliseconds: number, { asleep = 0, drift = 0 } = {}): void {
  awake += milliseconds
  uptime += milliseconds + asleep + drift
}

beforeEach(async () => {
  ;[awake, uptime, set] = [5000, 3_600_000, 0]
  vi.spyOn(performance, 'now').mockImplementation(() => awake)
  // As coarse as it is where it is coarsest.
  vi.spyOn(os, 'uptime').mockImplementation(() => Math.floor(uptime / 1000))
  vi.spyOn(Date, 'now').mockImplementation(() => 1_800_000_000_000 + uptime + set)
  vi.resetModules()
  clock = (await import('./clock.ts')).systemClock
})
afterEach(() => vi.restoreAllMocks())

describe('the clock of the system counts', () => {
  it('a sleep that its timers do not count, once', () => {
    const before = monotonic()
    pass(1000, { asleep: 60_000 })
    const woken = monotonic() - before
    expect(woken).toBeGreaterThanOrEqual(60_000)
    expect(woken).toBeLessThanOrEqual(62_000)
    pass(5000)
    expect(monotonic() - before).toBe(woken + 5000)
  })

  it('a sleep after weeks in which one clock has run slower than the other', () => {
    for (let day = 0; day < 28; day += 1) {
      pass(86_400_000, { drift: -900 })
      monotonic()
    }
    const before = monotonic()
    pass(1000, { asleep: 1_800_000 })
    expect(monotonic() - before).toBeGreaterThanOrEqual(1_800_000)
  })

  it('no sleep when the wall clock is set, although the time since the start is rounded and runs a little faster', () => {
    const before = monotonic()
    for (let step = 1; step <= 5000; step += 1) {
      pass(130, { drift: 0.05 })
      set = step % 2 === 0 ? 0 : 86_400_000
      expect(monotonic() - before).toBe(step * 130)
    }
  })

  it('a sleep of two seconds, and not one that the rounding of a clock explains', () => {
    const before = monotonic()
    pass(0, { asleep: 1000 })
    expect(monotonic() - before).toBe(0)
    pass(0, { asleep: 2000 })
    expect(monotonic() - before).toBe(2000)
  })

  it('without asking the system while the wall clock goes as it should', () => {
    const asked = vi.mocked(os.uptime)
    asked.mockClear()
    pass(3_600_000)
    monotonic()
    set = 999
    monotonic()
    expect(asked).not.toHaveBeenCalled()
    set = 1000
    monotonic()
    expect(asked).toHaveBeenCalledOnce()
  })
})

it("the wall clock is the system's", () => {
  set = 77
  expect(clock.now()).toBe(Date.now())
})

it('a call back comes after its time, unless it was stopped', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const came: string[] = []
    clock.after(100, () => came.push('kept'))
    const stop = clock.after(100, () => came.push('stopped'))
    stop()
    vi.advanceTimersByTime(99)
    expect(came).toEqual([])
    vi.advanceTimersByTime(1)
    expect(came).toEqual(['kept'])
  } finally {
    vi.useRealTimers()
  }
})
