import { expect, it } from 'vitest'
import { initialState, type ProviderLogout, type SignedIn, type State } from './state.ts'
import { toSnapshot } from './view.ts'

const pid = '12838540137'
const masked = '128385•••••'
const session: SignedIn = {
  login: 1,
  claims: { sub: 'subject' },
  accessTokenClaims: null,
  userinfo: null,
  checks: [],
  endsAt: 1,
  accessTokenEndsAt: null,
  refusedScopes: ['a', 'b'],
  refreshableUntil: null,
  remembered: 'off',
  apis: [],
  problem: null,
}
const show = (change: Partial<State>, now = 0) =>
  toSnapshot({ ...initialState('nb'), ...change }, null, now)
const showSession = (change: Partial<SignedIn>, now = 0) =>
  show({ session: { ...session, ...change } }, now).session

it.each([
  [null, 'browser'],
  [99, 'browser'],
  [100, 'browser'],
  [101, 'refresh-token'],
])(
  'a session that can be renewed until %j is renewed at 100 by %s',
  (refreshableUntil, renewal) => {
    expect(showSession({ refreshableUntil }, 100)?.renewal).toBe(renewal)
    // Before anything had a time, the clock of the process was at zero.
    expect(showSession({ refreshableUntil: null }, -1)?.renewal).toBe('browser')
  },
)

it.each([
  ['idporten-loa-high', 'idporten-loa-high'],
  [`level ${pid}`, `level ${masked}`],
  [null, ''],
  [['high'], ''],
])('of the level %j is shown %j', (acr, shown) => {
  expect(showSession({ claims: { acr } })?.acr).toBe(shown)
})

it('the scopes that were refused are all told', () => {
  expect(showSession({})?.refusedScopes).toEqual(['a', 'b'])
})

it.each([
  [null, null],
  [170, 70],
  [99, 0],
])('a provider that wants to be left alone until %j is told with %j ms', (retryAt, left) => {
  expect(show({ retryAt }, 100).retryInMs).toBe(left)
})

it('what the provider said to a pushed request is told, without a personal number', () => {
  const waiting = {
    deadline: 100,
    browserArrived: false,
    hint: null,
    requestRejected: false,
    linkReused: false,
    pushRefused: { reason: `not ${pid}`, explanation: null },
  }
  expect(show({ waiting }).waiting?.pushRefused).toEqual({
    reason: `not ${masked}`,
    explanation: null,
  })
})

it('a newer version is told when it is ready, and not while anything is in progress', () => {
  const update = '2.0.0'
  expect(show({ status: 'signed-out', update }).update).toEqual({
    version: update,
    canRestart: true,
  })
  expect(show({ status: 'signed-out', update: null }).update).toBeNull()
  expect(show({ status: 'exchanging', update }).update?.canRestart).toBe(false)
  expect(
    show({ status: 'signed-in', session, update, renewing: 'browser' }).update?.canRestart,
  ).toBe(false)
})

it('what is left at the provider is told, as a copy', () => {
  const providerLogout: ProviderLogout = {
    revocation: 'running',
    browser: 'done',
    requestRejected: false,
    linkReused: true,
  }
  const shown = show({ providerLogout }).providerLogout
  expect(shown).toEqual(providerLogout)
  expect(shown).not.toBe(providerLogout)
})
