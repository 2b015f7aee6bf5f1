import os from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

let awake = 0
let uptime = 0
let set = 0
let monotonic: () => number

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
  const { systemClock } = await import('./clock.ts')
  monotonic = () => systemClock.monotonic()
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
})
