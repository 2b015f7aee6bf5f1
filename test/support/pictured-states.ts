/** Every view of the window, as main would tell of it: for the pictures, and for tests that look at all of them. */
import { type ErrorCode, errorCodes, errors, type Snapshot } from '../../preload/contract.ts'
import { apiOf, failed, failureOf, quietLogout, signedIn, signedOut, waiting } from './snapshots.ts'

const inBrowser = (change: Partial<NonNullable<Snapshot['waiting']>>): Snapshot => ({
  ...waiting,
  waiting: { remainingMs: 300_000, ...pending, ...change },
})
const pending = {
  browserArrived: false,
  hint: null,
  requestRejected: false,
  pushRefused: null,
  linkReused: false,
} as const

const person = (
  change: Partial<NonNullable<Snapshot['session']>>,
  around: Partial<Snapshot> = {},
): Snapshot => ({ ...signedIn, ...around, session: { ...signedIn.session, ...change } })

const leaving = (change: Partial<NonNullable<Snapshot['providerLogout']>>): Snapshot => ({
  ...signedOut,
  attempt: 1,
  providerLogout: { ...quietLogout, ...change },
})

/** The failures of which a person sees no page of their own: main says them in another place. */
const elsewhere: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_API_RESPONSE',
  'E_VAULT_UNAVAILABLE',
])

const failures = errorCodes
  .filter((code) => !elsewhere.has(code))
  .map((code): [string, Snapshot] => {
    const { category, retryable } = errors[code]
    const wrong = failed({ code, category, retryable })
    if (category !== 'profile') return [code, wrong]
    const detail = { key: 'clientId', reason: 'is missing' }
    return [
      code,
      {
        ...failed({ code, category, retryable, detail }),
        attempt: 0,
        profile: null,
        canChooseProfile: true,
      },
    ]
  })

/** Every view by its name. */
export const picturedStates: Readonly<Record<string, Snapshot>> = {
  restoring: { ...signedOut, status: 'restoring', profile: null },
  'first run': signedOut,
  preparing: { ...signedOut, status: 'preparing', attempt: 1 },
  waiting,
  'waiting, browser arrived': inBrowser({ browserArrived: true }),
  'waiting, browser failed': inBrowser({ hint: 'browser-failed' }),
  'waiting, no browser yet': inBrowser({ hint: 'browser-missing' }),
  'waiting, not returned': inBrowser({ browserArrived: true, hint: 'not-returned' }),
  'waiting, little time': inBrowser({ browserArrived: true, remainingMs: 80_000 }),
  'waiting, odd requests': inBrowser({
    browserArrived: true,
    requestRejected: true,
    linkReused: true,
  }),
  'waiting, push refused': inBrowser({
    pushRefused: {
      reason: 'invalid_request',
      explanation: { kind: 'oauth', error: 'invalid_request' },
    },
  }),
  exchanging: { ...signedOut, status: 'exchanging', attempt: 1 },
  'signed in': signedIn,
  'signed in, no name': person({ name: null, renewal: 'browser', remembered: 'unavailable' }),
  'signed in, with services': person({
    remembered: 'kept',
    refusedScopes: ['krr:global/kontaktinformasjon.read'],
    apis: [
      apiOf({
        name: 'Kontaktregisteret',
        answer: {
          httpStatus: 200,
          tookMs: 84,
          body: '{\n  "epost": "ola@example.no"\n}',
          masked: false,
        },
      }),
      apiOf({ name: 'Skattekort', granted: false }),
      apiOf({
        name: 'Fullmakter',
        failure: failureOf({ code: 'E_API_RESPONSE', category: 'api' }),
      }),
      apiOf({ name: 'Ekko', running: true }),
    ],
  }),
  'signed in, about to end': person({ endsInMs: 80_000, accessTokenLeftMs: 20_000 }),
  'renewing, silently': person({}, { renewing: 'refresh-token' }),
  'renewing, in the browser': person(
    { renewal: 'browser' },
    { renewing: 'browser', waiting: waiting.waiting },
  ),
  'renewal failed': person({
    problem: failureOf({ code: 'E_RENEWAL_REFUSED', category: 'session' }),
  }),
  'asked to wait': {
    ...failed({ code: 'E_NETWORK_STATUS', category: 'network' }),
    retryInMs: 45_000,
  },
  'signing out': leaving({ browser: 'running', revocation: 'running' }),
  'signing out in the browser': leaving({ browser: 'opened', revocation: 'done' }),
  'signed out': leaving({ browser: 'done', revocation: 'done' }),
  'sign-out failed': leaving({ browser: 'failed', revocation: 'failed' }),
  'clock wrong': failed({
    code: 'E_CLOCK_SKEW',
    explanation: { kind: 'clock', direction: 'behind', seconds: 4000 },
  }),
  'network of a hotel': failed({
    code: 'E_NETWORK_BODY',
    category: 'network',
    explanation: { kind: 'captive-portal' },
  }),
  'certificate expired': failed({
    code: 'E_NETWORK_TLS',
    category: 'network',
    explanation: { kind: 'tls', problem: 'expired' },
  }),
  declined: failed({
    code: 'E_LOGIN_DENIED',
    category: 'login',
    detail: { key: 'error', reason: 'access_denied' },
    explanation: { kind: 'oauth', error: 'access_denied' },
  }),
  'level too low': failed({
    code: 'E_LOGIN_REFUSED',
    category: 'login',
    explanation: { kind: 'oauth', error: 'unmet_authentication_requirements' },
  }),
  'not registered': failed({
    code: 'E_LOGIN_REFUSED',
    category: 'login',
    explanation: { kind: 'oauth', error: 'unauthorized_client' },
  }),
  ...Object.fromEntries(failures),
}
