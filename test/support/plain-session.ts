import { errors, type Failure } from '../../preload/contract.ts'
import type { SignedIn } from '../../main/session/state.ts'

/** What the state may hold, for tests of the state alone. */

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
