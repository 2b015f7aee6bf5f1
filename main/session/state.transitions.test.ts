import { describe, expect, it } from 'vitest'
import {
  type Event,
  initialState,
  inProgress,
  isBusy,
  type ProviderLogout,
  reduce,
  type SignedIn,
  type State,
  type Waiting,
} from './state.ts'
import { api, failure, plainSession } from '../../test/support/plain-session.ts'

const session: SignedIn = {
  ...plainSession,
  apis: [api, { ...api, name: 'b' }],
  problem: failure,
}
const providerLogout: ProviderLogout = {
  revocation: 'running',
  browser: 'running',
  requestRejected: false,
  linkReused: false,
}
const began: Waiting = {
  deadline: 100,
  browserArrived: false,
  hint: null,
  requestRejected: false,
  pushRefused: null,
  linkReused: false,
}

const after = (state: State, ...events: Event[]): State => events.reduce(reduce, state)
const restoring = initialState('nb')
const signedOut = after(restoring, { type: 'restored', error: failure, providerLogout })
const preparing = after(signedOut, { type: 'sign-in-started', attempt: 1 })
const waiting = after(preparing, { type: 'waiting', attempt: 1, deadline: 100 })
const exchanging = after(waiting, { type: 'exchanging', attempt: 1 })
const signedIn = after(exchanging, { type: 'signed-in', attempt: 1, session })
const renewing = after(signedIn, { type: 'renewal-started', attempt: 2, by: 'refresh-token' })
const inBrowser = after(signedIn, { type: 'renewal-started', attempt: 2, by: 'browser' })
const waitingAgain = after(inBrowser, { type: 'waiting', attempt: 2, deadline: 100 })
const states = {
  restoring,
  signedOut,
  preparing,
  waiting,
  exchanging,
  signedIn,
  renewing,
  inBrowser,
  waitingAgain,
}

/** What is left when a login or a session is over. */
const empty = {
  status: 'signed-out',
  renewing: null,
  waiting: null,
  session: null,
  pidRevealed: false,
} as const

/** That a state becomes another by an event, which says all that is new of it. */
const becomes = (state: State, event: Event, change: Partial<State>): void => {
  expect(reduce(state, event)).toEqual({ ...state, revision: state.revision + 1, ...change })
}

it('everything begins with nothing known', () => {
  expect(restoring).toEqual({
    revision: 0,
    status: 'restoring',
    attempt: 0,
    renewing: null,
    language: 'nb',
    waiting: null,
    session: null,
    pidRevealed: false,
    providerLogout: null,
    update: null,
    error: null,
    retryAt: null,
  })
})

describe('a login', () => {
  it('goes from step to step, and each says all that is new', () => {
    becomes(
      restoring,
      { type: 'restored', error: failure, providerLogout },
      { ...empty, error: failure, providerLogout },
    )
    becomes(
      signedOut,
      { type: 'sign-in-started', attempt: 1 },
      { status: 'preparing', attempt: 1, error: null, providerLogout: null },
    )
    becomes(
      preparing,
      { type: 'waiting', attempt: 1, deadline: 100 },
      { status: 'waiting-for-browser', waiting: began },
    )
    becomes(waiting, { type: 'exchanging', attempt: 1 }, { status: 'exchanging', waiting: null })
    becomes(
      exchanging,
      { type: 'signed-in', attempt: 1, session },
      { status: 'signed-in', session, pidRevealed: false },
    )
    const cancelled: Event = { type: 'cancelled', attempt: 1 }
    for (const state of [preparing, waiting, exchanging]) {
      becomes(state, cancelled, { ...empty, error: null })
      becomes(
        state,
        { type: 'failed', attempt: 1, error: failure, retryAt: 7 },
        { ...empty, error: failure, retryAt: 7 },
      )
    }
    expect(exchanging.session).toBeNull()
    becomes(restoring, { type: 'signed-in', attempt: 0, session }, { status: 'signed-in', session })
  })

  it('begins only when nothing is under way, and brings a session only where it was to come', () => {
    const start: Event = { type: 'sign-in-started', attempt: 9 }
    for (const state of [restoring, preparing, waiting, exchanging, signedIn, renewing]) {
      expect(reduce(state, start)).toBe(state)
    }
    for (const state of [signedOut, preparing, waiting, signedIn, inBrowser]) {
      const { attempt } = state
      expect(reduce(state, { type: 'signed-in', attempt, session })).toBe(state)
    }
  })

  it('is under way until the tokens are there', () => {
    const named = Object.entries(states).filter(([, { status }]) => inProgress(status))
    expect(named.map(([name]) => name)).toEqual(['preparing', 'waiting', 'exchanging'])
  })

  it('tells of its browser what has happened, and the same only once', () => {
    const told = (change: Partial<Waiting>) => ({ waiting: { ...began, ...change } })
    const hint: Event = { type: 'hint', attempt: 1, hint: 'browser-missing' }
    const arrived: Event = { type: 'browser-arrived', attempt: 1 }
    const rejected: Event = { type: 'request-rejected', attempt: 1 }
    const reused: Event = { type: 'start-address-reused', attempt: 1 }
    const refused: Event = { type: 'push-refused', attempt: 1, reason: 'x', explanation: null }
    becomes(waiting, hint, told({ hint: 'browser-missing' }))
    becomes(waiting, arrived, told({ browserArrived: true }))
    becomes(waiting, rejected, told({ requestRejected: true }))
    becomes(waiting, reused, told({ linkReused: true }))
    becomes(waiting, refused, told({ pushRefused: { reason: 'x', explanation: null } }))
    becomes(waiting, { type: 'prolonged', attempt: 1, deadline: 900 }, told({ deadline: 900 }))
    for (const event of [hint, arrived, rejected, reused]) {
      const once = reduce(waiting, event)
      expect(reduce(once, event)).toBe(once)
      expect(reduce(exchanging, event)).toBe(exchanging)
    }
    expect(reduce(exchanging, refused)).toBe(exchanging)
    const prolonged: Event = { type: 'prolonged', attempt: 1, deadline: 900 }
    expect(reduce(exchanging, prolonged)).toBe(exchanging)
    // A browser that comes makes what was said of it untrue, also one that comes again.
    becomes(after(waiting, hint), arrived, told({ browserArrived: true }))
    becomes(after(waiting, arrived, hint), arrived, told({ browserArrived: true }))
  })
})

describe('a renewal', () => {
  it('keeps the session, whose problem is over when it begins', () => {
    const event: Event = { type: 'renewal-started', attempt: 2, by: 'browser' }
    becomes(signedIn, event, {
      attempt: 2,
      renewing: 'browser',
      session: { ...session, problem: null },
    })
    expect(renewing.renewing).toBe('refresh-token')
  })

  it('does not begin without a session, twice, with a used number, or while the provider asks for a back-off', () => {
    const start = (attempt: number): Event => ({ type: 'renewal-started', attempt, by: 'browser' })
    const paused = after(renewing, { type: 'renewal-ended', attempt: 2, problem: null, retryAt: 7 })
    expect(reduce(signedOut, start(2))).toBe(signedOut)
    expect(reduce(renewing, start(3))).toBe(renewing)
    expect(reduce(signedIn, start(1))).toBe(signedIn)
    expect(reduce(paused, start(3))).toBe(paused)
    expect(reduce(after(paused, { type: 'retry-allowed', attempt: 2 }), start(3)).renewing).toBe(
      'browser',
    )
  })

  it('in the browser waits as a login does, and one by the refresh token does not', () => {
    const waits: Event = { type: 'waiting', attempt: 2, deadline: 100 }
    becomes(inBrowser, waits, { waiting: began })
    expect(reduce(waitingAgain, waits)).toBe(waitingAgain)
    expect(reduce(renewing, waits)).toBe(renewing)
    becomes(waitingAgain, { type: 'exchanging', attempt: 2 }, { waiting: null })
    expect(reduce(renewing, { type: 'exchanging', attempt: 2 })).toBe(renewing)
  })

  it('ends with another session, or with a problem beside the one that goes on', () => {
    const next = { ...session, endsAt: 2 }
    const renewed: Event = { type: 'renewed', attempt: 2, session: next }
    const ended: Event = { type: 'renewal-ended', attempt: 2, problem: failure, retryAt: 7 }
    for (const state of [renewing, waitingAgain]) {
      becomes(state, renewed, { renewing: null, waiting: null, session: next })
      becomes(state, ended, { renewing: null, waiting: null, retryAt: 7, session })
    }
    expect(reduce(signedIn, { ...renewed, attempt: 1 })).toBe(signedIn)
    expect(reduce(signedIn, { ...ended, attempt: 1 })).toBe(signedIn)
  })
})

describe('a session', () => {
  it('changes only by what belongs to it', () => {
    const change = { remembered: 'kept' } as const
    becomes(
      signedIn,
      { type: 'session-changed', login: 1, change },
      { session: { ...session, ...change } },
    )
    becomes(
      signedIn,
      { type: 'api-changed', login: 1, index: 1, change: { running: true } },
      { session: { ...session, apis: [api, { ...api, name: 'b', running: true }] } },
    )
    for (const event of [
      { type: 'session-changed', login: 2, change },
      { type: 'api-changed', login: 2, index: 0, change: { running: true } },
    ] as const) {
      expect(reduce(signedIn, event)).toBe(signedIn)
      expect(reduce(signedOut, event)).toBe(signedOut)
    }
  })

  it('shows the number and hides it', () => {
    const reveal = (revealed: boolean): Event => ({ type: 'pid-revealed', revealed })
    becomes(signedIn, reveal(true), { pidRevealed: true })
    const revealed = reduce(signedIn, reveal(true))
    expect(reduce(revealed, reveal(true))).toBe(revealed)
    becomes(revealed, reveal(false), { pidRevealed: false })
    expect(reduce(exchanging, reveal(true))).toBe(exchanging)
  })

  it('ends with what is left at the provider, which can change until the next login', () => {
    const end: Event = { type: 'signed-out', error: failure, providerLogout }
    const revealed = reduce(waitingAgain, { type: 'pid-revealed', revealed: true })
    becomes(revealed, end, { ...empty, error: failure, providerLogout })
    expect(reduce(exchanging, end)).toBe(exchanging)
    const change: Event = { type: 'provider-logout-changed', change: { browser: 'done' } }
    becomes(signedOut, change, { providerLogout: { ...providerLogout, browser: 'done' } })
    expect(reduce(preparing, change)).toBe(preparing)
  })
})

it.each(Object.keys(states))('while %s a newer version can be ready, once', (name) => {
  const state = Object.entries(states).find(([each]) => each === name)?.[1] ?? restoring
  const event: Event = { type: 'update-ready', version: '2.0.0' }
  becomes(state, event, { update: '2.0.0' })
  const ready = reduce(state, event)
  expect(reduce(ready, event)).toBe(ready)
})

it('a restart would break off a login, a renewal, a call of an API and a sign-out, and nothing else', () => {
  const quiet = after(restoring, { type: 'restored', error: failure, providerLogout: null })
  const named: Readonly<Record<string, State>> = {
    quiet,
    restoring,
    preparing,
    waiting,
    exchanging,
    signedIn,
    renewing,
    inBrowser,
    calling: after(signedIn, {
      type: 'api-changed',
      login: 1,
      index: 1,
      change: { running: true },
    }),
    revoking: {
      ...quiet,
      providerLogout: { ...providerLogout, revocation: 'running', browser: 'opened' },
    },
    endingInBrowser: { ...quiet, providerLogout: { ...providerLogout, revocation: 'done' } },
    loggedOut: {
      ...quiet,
      providerLogout: { ...providerLogout, revocation: 'failed', browser: 'opened' },
    },
  }
  const busy = Object.entries(named).filter(([, state]) => isBusy(state))
  expect(busy.map(([name]) => name)).toEqual([
    'restoring',
    'preparing',
    'waiting',
    'exchanging',
    'renewing',
    'inBrowser',
    'calling',
    'revoking',
    'endingInBrowser',
  ])
})

it.each(Object.keys(states))('while %s an event of no meaning changes nothing', (name) => {
  const state = Object.entries(states).find(([each]) => each === name)?.[1] ?? restoring
  const attempt = state.attempt
  expect(reduce(state, { type: 'language-chosen', language: 'nb' })).toBe(state)
  expect(reduce(state, { type: 'retry-allowed', attempt })).toBe(state)
  expect(reduce(state, { type: 'cancelled', attempt: attempt + 1 })).toBe(state)
  expect(reduce(state, { type: 'sign-in-started', attempt })).toBe(state)
  becomes(state, { type: 'resumed' }, {})
  becomes(state, { type: 'language-chosen', language: 'en' }, { language: 'en' })
})

it.each(Object.keys(states).filter((name) => name !== 'restoring'))(
  'while %s it is too late to take up a stored session',
  (name) => {
    const state = Object.entries(states).find(([each]) => each === name)?.[1] ?? restoring
    expect(reduce(state, { type: 'restored', error: null, providerLogout: null })).toBe(state)
  },
)

it('a time that the provider wants to be left alone is over when it says so', () => {
  const failed = after(preparing, { type: 'failed', attempt: 1, error: failure, retryAt: 7 })
  becomes(failed, { type: 'retry-allowed', attempt: 1 }, { retryAt: null })
  expect(reduce(failed, { type: 'sign-in-started', attempt: 2 })).toBe(failed)
})
