import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/login.ts'
import { plainStore } from '../../test/support/plain-session.ts'
import { createBackOff } from './back-off.ts'

it('leaves no timer behind: none without a time, one of the latest, and none when it was stopped', () => {
  const clock = createTestClock()
  const store = plainStore(clock)
  clock.advance(1000)
  const backOff = createBackOff({ clock, store })
  expect([backOff.begin(1, null), clock.timers()]).toEqual([null, []])
  expect([backOff.begin(1, 20), clock.timers()]).toEqual([21_000, [20_000]])
  // The computer has slept, and the provider asks for the next one.
  clock.sleep(20_000)
  expect([backOff.begin(2, 5), clock.timers()]).toEqual([26_000, [5000]])
  backOff.stop()
  expect(clock.timers()).toEqual([])
})
