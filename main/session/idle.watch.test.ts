import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/support/login.ts'
import { createIdleWatch } from './idle.ts'

const limit = 60_000

/** A watch, what it has told, and a clock that has run for a while before. */
function create() {
  const clock = createTestClock()
  clock.advance(5000)
  const told: (number | 'idle')[] = []
  const watch = createIdleWatch({
    clock,
    onIdle: () => told.push('idle'),
    onMoved: (endsAt) => told.push(endsAt),
  })
  return { clock, told, watch }
}

describe('a person who does nothing', () => {
  it('is idle when the limit is over, is told so once, and is not watched any more', () => {
    const { clock, told, watch } = create()
    expect(watch.begin(limit)).toBe(5000 + limit)
    for (const wait of [15_000, 15_000, 15_000, 14_999]) clock.advance(wait)
    expect([told, clock.timers()]).toEqual([[], [15_000]])
    clock.advance(1)
    expect([told, clock.timers()]).toEqual([['idle'], []])
    watch.checkDeadline()
    watch.input()
    expect([watch.touch(), told, watch.lastActivity()]).toEqual([null, ['idle'], 5000])
  })

  it('is looked at when the limit is over, where that is before the next look', () => {
    const { clock, told, watch } = create()
    watch.begin(20_000)
    clock.advance(15_000)
    expect(clock.timers()).toEqual([5000])
    clock.advance(5000)
    expect(told).toEqual(['idle'])
  })

  it.each(['checkDeadline', 'input', 'touch'] as const)(
    'while the computer slept is found idle by %s',
    (by) => {
      const { clock, told, watch } = create()
      watch.begin(limit)
      clock.sleep(limit - 1)
      watch.checkDeadline()
      expect(told).toEqual([])
      clock.sleep(1)
      watch[by]()
      expect([told, clock.timers(), watch.lastActivity()]).toEqual([['idle'], [], 5000])
    },
  )
})

describe('a person who does something', () => {
  it('has the whole limit again, which is told with the next look', () => {
    const { clock, told, watch } = create()
    watch.begin(limit)
    clock.advance(10_000)
    watch.input()
    expect([told, watch.lastActivity()]).toEqual([[], 15_000])
    clock.advance(5000)
    expect(told).toEqual([15_000 + limit])
    clock.advance(5000)
    watch.checkDeadline()
    expect([told, clock.timers()]).toEqual([[15_000 + limit], [15_000]])
  })

  it('late in the limit has the whole of it again, too', () => {
    const { clock, told, watch } = create()
    watch.begin(limit)
    clock.advance(limit - 1)
    watch.input()
    expect([told, watch.lastActivity()]).toEqual([[], 5000 + limit - 1])
  })

  it('moves the end by a second at least, or it is not told', () => {
    const { clock, told, watch } = create()
    watch.begin(limit)
    clock.advance(999)
    watch.input()
    watch.checkDeadline()
    expect(told).toEqual([])
    clock.advance(1)
    watch.input()
    watch.checkDeadline()
    expect(told).toEqual([6000 + limit])
  })

  it('by a button knows the new end at once', () => {
    const { clock, told, watch } = create()
    watch.begin(limit)
    clock.advance(10_000)
    expect(watch.touch()).toBe(15_000 + limit)
    expect([told, watch.lastActivity(), clock.timers()]).toEqual([[], 15_000, [15_000]])
  })
})

it('nobody is watched before it begins, nor after it was stopped', () => {
  const { clock, told, watch } = create()
  watch.input()
  watch.checkDeadline()
  expect([watch.touch(), watch.lastActivity(), clock.timers()]).toEqual([null, 0, []])
  watch.begin(limit)
  watch.stop()
  expect(clock.timers()).toEqual([])
  clock.advance(limit)
  watch.checkDeadline()
  expect([watch.touch(), told]).toEqual([null, []])
})
