import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { languages, statuses } from '../../preload/contract.ts'
import { type Event, initialState, inProgress, reduce, type SignedIn, type State } from './state.ts'
import { failure, plainSession } from '../../test/support/plain-session.ts'
import { runs, seed } from '../../test/support/thorough.ts'

const session: SignedIn = { ...plainSession, login: 3 }
const attempt = fc.integer({ min: -1, max: 4 })
const error = fc.constantFrom(null, failure)
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constant('restored'), error, providerLogout: fc.constant(null) }),
  fc.record({
    type: fc.constant('signed-out'),
    error,
    providerLogout: fc.constantFrom(null, {
      revocation: 'running',
      browser: 'running',
      requestRejected: false,
      linkReused: false,
    } as const),
  }),
  fc.record({
    type: fc.constant('renewal-started'),
    attempt,
    by: fc.constantFrom('refresh-token', 'browser'),
  }),
  fc.record({ type: fc.constant('renewed'), attempt, session: fc.constant(session) }),
  fc.record({
    type: fc.constant('renewal-ended'),
    attempt,
    problem: error,
    retryAt: fc.constantFrom(null, 5),
  }),
  fc.record({
    type: fc.constant('session-changed'),
    login: attempt,
    change: fc.constantFrom({ endsAt: 2 }, { remembered: 'kept' } as const),
  }),
  fc.record({
    type: fc.constant('api-changed'),
    login: attempt,
    index: fc.integer({ min: -1, max: 2 }),
    change: fc.constant({ running: true }),
  }),
  fc.record({
    type: fc.constant('provider-logout-changed'),
    change: fc.constant({ revocation: 'done' } as const),
  }),
  fc.record({ type: fc.constant('language-chosen'), language: fc.constantFrom(...languages) }),
  fc.record({ type: fc.constant('pid-revealed'), revealed: fc.boolean() }),
  fc.record({ type: fc.constantFrom('waiting', 'prolonged'), attempt, deadline: fc.nat() }),
  fc.record({
    type: fc.constantFrom(
      'sign-in-started',
      'browser-arrived',
      'request-rejected',
      'start-address-reused',
      'exchanging',
      'cancelled',
      'retry-allowed',
    ),
    attempt,
  }),
  fc.record({ type: fc.constant('resumed') }),
  fc.record({
    type: fc.constant('hint'),
    attempt,
    hint: fc.constantFrom('browser-failed', 'browser-missing', 'not-returned'),
  }),
  fc.record({ type: fc.constant('signed-in'), attempt, session: fc.constant(session) }),
  fc.record({
    type: fc.constant('failed'),
    attempt,
    error: fc.constant(failure),
    retryAt: fc.constantFrom(null, 5),
  }),
)

/** The events of a login that goes well, so that the deep states are reached often. */
const login = (id: number): Event[] => [
  { type: 'sign-in-started', attempt: id },
  { type: 'waiting', attempt: id, deadline: 100 },
  { type: 'browser-arrived', attempt: id },
  { type: 'exchanging', attempt: id },
  { type: 'signed-in', attempt: id, session },
]
const story = fc
  .tuple(
    fc.array(event, { maxLength: 12 }),
    fc.integer({ min: 0, max: 5 }),
    fc.array(event, { maxLength: 30 }),
  )
  .map(([before, length, after]) => [...before, ...login(3).slice(0, length), ...after])

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null)
    Object.values(Object.freeze(value)).forEach(freeze)
  return value
}
const run = (events: readonly Event[], from = initialState('nb')): State =>
  events.reduce((state, next) => reduce(freeze(state), freeze(next)), from)
const restored: Event = { type: 'restored', error: null, providerLogout: null }

describe('whatever happens in whatever order', () => {
  it(
    'the machine never throws, and its states never contradict themselves',
    { timeout: 30_000 },
    () => {
      const reached = new Set<string>()
      fc.assert(
        fc.property(story, (events) => {
          let state = initialState('nb')
          for (const next of events) {
            const before = freeze(state)
            state = reduce(before, freeze(next))
            reached.add(state.status)
            expect(state === before || state.revision === before.revision + 1).toBe(true)
            expect(state.attempt).toBeGreaterThanOrEqual(before.attempt)
            expect(state.session !== null).toBe(state.status === 'signed-in')
            expect(state.waiting === null || state.renewing === 'browser').toBe(
              state.status !== 'waiting-for-browser',
            )
            expect(state.renewing === null || state.status === 'signed-in').toBe(true)
            expect(state.providerLogout === null || state.status === 'signed-out').toBe(true)
            expect(state.error === null || state.status === 'signed-out').toBe(true)
            expect(state.retryAt === null || state.status.startsWith('signed-')).toBe(true)
            expect(!state.pidRevealed || state.status === 'signed-in').toBe(true)
            expect(state.status !== 'restoring' || before.status === 'restoring').toBe(true)
          }
        }),
        { numRuns: runs(600, 2000), seed },
      )
      expect([...reached].toSorted()).toEqual([...statuses].toSorted())
    },
  )

  it('an event of another attempt changes nothing, nor does a start with a used number', () => {
    fc.assert(
      fc.property(story, event, (events, next) => {
        const state = run(events)
        fc.pre('attempt' in next)
        const foreign =
          next.type === 'sign-in-started' || next.type === 'renewal-started'
            ? next.attempt <= state.attempt
            : next.attempt !== state.attempt
        fc.pre(foreign)
        expect(reduce(state, next)).toBe(state)
      }),
      { numRuns: runs(100, 1000), seed },
    )
  })

  it('only a login that was waiting and exchanging, or was kept, makes a session', () => {
    fc.assert(
      fc.property(story, event, (events, next) => {
        const before = run(events)
        const after = reduce(before, next)
        const isNew = before.session === null && after.session !== null
        const isDue =
          next.type === 'signed-in' &&
          (before.status === 'exchanging' || before.status === 'restoring')
        expect(!isNew || isDue).toBe(true)
      }),
      { numRuns: runs(100, 1000), seed },
    )
  })
})

describe('a transition', () => {
  const at = (length: number) => run([restored, ...login(1).slice(0, length)])
  const [signedOut, preparing, waiting, , exchanging, signedIn] = [0, 1, 2, 3, 4, 5].map(at)
  const all = { signedOut, preparing, waiting, exchanging, signedIn }
  const cases: [string, keyof typeof all, Event, Partial<State> | null][] = [
    [
      'start',
      'signedOut',
      { type: 'sign-in-started', attempt: 2 },
      { status: 'preparing', attempt: 2 },
    ],
    ['start twice', 'preparing', { type: 'sign-in-started', attempt: 2 }, null],
    ['start while signed in', 'signedIn', { type: 'sign-in-started', attempt: 2 }, null],
    ['restore late', 'signedOut', { type: 'restored', error: failure, providerLogout: null }, null],
    ['wait twice', 'waiting', { type: 'waiting', attempt: 1, deadline: 900 }, null],
    [
      'prolong',
      'waiting',
      { type: 'prolonged', attempt: 1, deadline: 900 },
      {
        waiting: {
          deadline: 900,
          browserArrived: false,
          hint: null,
          requestRejected: false,
          pushRefused: null,
          linkReused: false,
        },
      },
    ],
    ['prolong too late', 'exchanging', { type: 'prolonged', attempt: 1, deadline: 900 }, null],
    [
      'hint',
      'waiting',
      { type: 'hint', attempt: 1, hint: 'browser-missing' },
      {
        waiting: {
          deadline: 100,
          browserArrived: false,
          hint: 'browser-missing',
          requestRejected: false,
          pushRefused: null,
          linkReused: false,
        },
      },
    ],
    ['hint too late', 'exchanging', { type: 'hint', attempt: 1, hint: 'not-returned' }, null],
    ['resume', 'waiting', { type: 'resumed' }, {}],
    [
      'request rejected',
      'waiting',
      { type: 'request-rejected', attempt: 1 },
      {
        waiting: {
          deadline: 100,
          browserArrived: false,
          hint: null,
          requestRejected: true,
          pushRefused: null,
          linkReused: false,
        },
      },
    ],
    [
      'link opened a second time',
      'waiting',
      { type: 'start-address-reused', attempt: 1 },
      {
        waiting: {
          deadline: 100,
          browserArrived: false,
          hint: null,
          requestRejected: false,
          pushRefused: null,
          linkReused: true,
        },
      },
    ],
    [
      'link opened a second time, too late',
      'exchanging',
      { type: 'start-address-reused', attempt: 1 },
      null,
    ],
    [
      'browser arrived',
      'waiting',
      { type: 'browser-arrived', attempt: 1 },
      {
        waiting: {
          deadline: 100,
          browserArrived: true,
          hint: null,
          requestRejected: false,
          pushRefused: null,
          linkReused: false,
        },
      },
    ],
    ['exchange before waiting', 'preparing', { type: 'exchanging', attempt: 1 }, null],
    [
      'exchange',
      'waiting',
      { type: 'exchanging', attempt: 1 },
      { status: 'exchanging', waiting: null },
    ],
    ['session before exchange', 'waiting', { type: 'signed-in', attempt: 1, session }, null],
    [
      'session',
      'exchanging',
      { type: 'signed-in', attempt: 1, session },
      { status: 'signed-in', session },
    ],
    ['reveal', 'signedIn', { type: 'pid-revealed', revealed: true }, { pidRevealed: true }],
    ['hide what is hidden', 'signedIn', { type: 'pid-revealed', revealed: false }, null],
    ['reveal without session', 'exchanging', { type: 'pid-revealed', revealed: true }, null],
    [
      'sign out',
      'signedIn',
      { type: 'signed-out', error: null, providerLogout: null },
      { status: 'signed-out', session: null },
    ],
    [
      'end of session',
      'signedIn',
      { type: 'signed-out', error: failure, providerLogout: null },
      { status: 'signed-out', error: failure },
    ],
    [
      'sign out of nothing',
      'exchanging',
      { type: 'signed-out', error: failure, providerLogout: null },
      null,
    ],
    [
      'late failure',
      'signedIn',
      { type: 'failed', attempt: 1, error: failure, retryAt: null },
      null,
    ],
    ['late cancel', 'signedIn', { type: 'cancelled', attempt: 1 }, null],
    ['same language', 'signedOut', { type: 'language-chosen', language: 'nb' }, null],
    [
      'language while waiting',
      'waiting',
      { type: 'language-chosen', language: 'se' },
      { language: 'se' },
    ],
  ]
  it.each(cases)('%s when %s', (_, from, next, change) => {
    const state = all[from] ?? initialState('nb')
    const after = reduce(state, next)
    expect(after === state).toBe(change === null)
    expect(after).toMatchObject(change ?? {})
  })

  it.each(['preparing', 'waiting', 'exchanging'] as const)(
    'out of %s is a failure that stays until the next attempt, or a cancel that leaves none',
    (from) => {
      const state = all[from] ?? initialState('nb')
      expect(inProgress(state.status)).toBe(true)
      const failed = reduce(state, { type: 'failed', attempt: 1, error: failure, retryAt: null })
      expect(failed).toMatchObject({ status: 'signed-out', error: failure, waiting: null })
      expect(reduce(failed, { type: 'sign-in-started', attempt: 2 }).error).toBeNull()
      const cancelled = reduce(state, { type: 'cancelled', attempt: 1 })
      expect(cancelled).toMatchObject({ status: 'signed-out', error: null, waiting: null })
    },
  )

  it('after a failure whose provider asks for a back-off is no login until that is over', () => {
    const failed = reduce(run([restored, ...login(1).slice(0, 1)]), {
      type: 'failed',
      attempt: 1,
      error: failure,
      retryAt: 7,
    })
    expect(failed).toMatchObject({ status: 'signed-out', retryAt: 7 })
    const start = { type: 'sign-in-started', attempt: 2 } as const
    expect(reduce(failed, start)).toBe(failed)
    const allowed = reduce(failed, { type: 'retry-allowed', attempt: 1 })
    expect(allowed).toMatchObject({ error: failure, retryAt: null })
    expect(reduce(allowed, start).status).toBe('preparing')
  })

  it('to a second person hides the number again', () => {
    const revealed = reduce(run([restored, ...login(1)]), { type: 'pid-revealed', revealed: true })
    const second = run(
      [{ type: 'signed-out', error: null, providerLogout: null }, ...login(2)],
      revealed,
    )
    expect([revealed.pidRevealed, second.pidRevealed]).toEqual([true, false])
  })
})
