/** Snapshots as main sends them, for whatever shows them without a login. */
import type { ApiState, Failure, Snapshot } from '../../preload/contract.ts'

export const signedOut: Snapshot = {
  revision: 1,
  status: 'signed-out',
  attempt: 0,
  renewing: null,
  language: 'nb',
  profile: {
    name: 'Test',
    issuer: 'https://test.idporten.no',
    clientId: 'client',
    scope: 'openid profile',
    acrValues: ['idporten-loa-substantial'],
  },
  waiting: null,
  session: null,
  providerLogout: null,
  update: null,
  error: null,
  canChooseProfile: false,
  retryInMs: null,
}

export const waiting: Snapshot = {
  ...signedOut,
  status: 'waiting-for-browser',
  attempt: 1,
  waiting: {
    remainingMs: 300_000,
    browserArrived: false,
    hint: null,
    requestRejected: false,
    pushRefused: null,
    linkReused: false,
  },
}

/** Nothing goes on at the provider after a sign-out. */
export const quietLogout = {
  revocation: 'none',
  browser: 'none',
  requestRejected: false,
  linkReused: false,
} as const

export const signedIn: Snapshot & { session: NonNullable<Snapshot['session']> } = {
  ...signedOut,
  status: 'signed-in',
  attempt: 1,
  session: {
    name: 'Ola Nordmann',
    pid: '479067•••••',
    pidRevealed: false,
    acr: 'idporten-loa-substantial',
    endsInMs: 1_800_000,
    accessTokenLeftMs: null,
    idToken: [
      { name: 'pid', value: '479067•••••', masked: true },
      { name: 'exp', value: '1746173341', masked: false },
      { name: 'surprise', value: '<script>alert(1)</script>', masked: false },
    ],
    accessToken: [{ name: 'scope', value: 'openid  profile', masked: false }],
    checks: [
      { rule: 'iss', source: 'OIDC Core', expected: 'a', got: 'a', result: 'pass' },
      { rule: 'azp', source: 'OIDC Core', expected: 'none', got: 'none', result: 'skipped' },
    ],
    userinfo: null,
    refusedScopes: [],
    renewal: 'refresh-token',
    remembered: 'off',
    apis: [],
    problem: null,
  },
}

export function failureOf(failure: Partial<Failure> = {}): Failure {
  return {
    code: 'E_ID_TOKEN_CLAIM',
    category: 'id-token',
    retryable: true,
    reference: '7F3K-92QD',
    detail: null,
    explanation: null,
    checks: [],
    ...failure,
  }
}

export function failed(failure: Partial<Failure> = {}): Snapshot {
  return { ...signedOut, attempt: 1, error: failureOf(failure) }
}

export function apiOf(api: Partial<ApiState> = {}): ApiState {
  return { name: 'tax', granted: true, running: false, answer: null, failure: null, ...api }
}
