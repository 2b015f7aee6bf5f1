import { errors, type Failure } from '../../preload/contract.ts'
import type { Clock } from '../../main/login/index.ts'
import type { SignedIn } from '../../main/session/state.ts'
import { createStore } from '../../main/session/store.ts'

/** The state and what it may hold, for tests of a part alone. */

export const failure: Failure = {
  code: 'E_LOGIN_TIMEOUT',
  ...errors.E_LOGIN_TIMEOUT,
  reference: 'REFREF',
  detail: null,
  explanation: null,
  checks: [],
}

export const api = { name: 'a', granted: true, running: false, answer: null, failure: null }

export const plainSession: SignedIn = {
  login: 1,
  claims: { sub: 's' },
  accessTokenClaims: null,
  userinfo: null,
  checks: [],
  endsAt: 1,
  accessTokenEndsAt: null,
  refusedScopes: [],
  refreshableUntil: null,
  remembered: 'off',
  apis: [api],
  problem: null,
}

/** The state of an app without a profile and a window. */
export const plainStore = (clock: Clock) =>
  createStore({ language: 'nb', profile: null, clock, onSnapshot: () => {}, log: () => {} })
