import os from 'node:os'

/** Time as a login needs it; given from outside so that a test can turn it. */
export interface Clock {
  /** Wall clock, Unix time in milliseconds: for claims. */
  now(): number
  /** Milliseconds that only ever rise: for limits. */
  monotonic(): number
  /** Milliseconds since the computer started, its sleep included, however the clock is set; some systems round them to a second. */
  sinceBoot(): number
  /** Calls back once after that many milliseconds, unless the returned function is called first. */
  after(milliseconds: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sinceBoot: () => os.uptime() * 1000,
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds)
    return () => clearTimeout(timer)
  },
}
