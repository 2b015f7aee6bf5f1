import os from 'node:os'

/** Time as a login needs it; given from outside so that a test can turn it. */
export interface Clock {
  /** Wall clock, Unix time in milliseconds: for claims. */
  now(): number
  /** Milliseconds that only ever rise, in a sleep of the computer too, however the wall clock is set: for limits. */
  monotonic(): number
  /** Calls back once after that many milliseconds without sleep, unless the returned function is called first. */
  after(milliseconds: number, callback: () => void): () => void
}

/** Milliseconds that a sleep lasts at least; some systems round the time since they started to a second. */
const leastSleep = 2000
const leastStep = 1000

/** Milliseconds beyond which Node would call back at once: some 24 days. */
const longestTimer = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: createMonotonic(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, longestTimer))
    return () => clearTimeout(timer)
  },
}

/**
 * Node's own clock stands still in a sleep on some systems; the time since the start goes on. The
 * system is asked for it, which takes longer, only when the wall clock has gone ahead or back too.
 */
function createMonotonic(): () => number {
  const difference = (): number => os.uptime() * 1000 - performance.now()
  let last = difference()
  let lastWall = Date.now() - performance.now()
  let slept = 0
  return () => {
    const now = performance.now()
    const wall = Date.now() - now
    if (Math.abs(wall - lastWall) >= leastStep) {
      const uncounted = difference() - last
      last += uncounted
      lastWall = wall
      if (uncounted >= leastSleep) slept += uncounted
    }
    return now + slept
  }
}
