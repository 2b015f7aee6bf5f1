/**
 * What each fault of the simulator must lead to at each step of a login. Computed from what the
 * fault is and where it happens: the code says whose fault it was, never more than that.
 */
import type { ErrorCode } from '../../preload/contract.ts'
import { type FaultName, type Step, stepsWithFaults } from '../../simulator/faults.ts'

/** The steps of a login, in their order. */
export const loginSteps = [
  'discovery',
  'keys',
  'pushed-request',
  'authorization',
  'token',
] as const satisfies readonly Step[]
export type LoginStep = (typeof loginSteps)[number]

export type CellOutcome = 'signs in' | ErrorCode

export interface Cell {
  readonly step: LoginStep
  readonly fault: FaultName
  readonly expected: CellOutcome
}

/** The name of the test of a cell. */
export const titleOf = ({ step, fault, expected }: Cell): string =>
  `${step}: ${fault} ends as ${expected}, nothing is repeated or left, and a good login follows`

/** What the app's own limit for such an answer is, in milliseconds; null for one that ends by itself. */
export function limitOf({ step, fault }: Cell): number | null {
  if (!/^(black-hole|slow-)/.test(fault)) return null
  if (step === 'authorization') return 300_000
  return fault === 'slow-body' ? 15_000 : 10_000
}

/** How long the provider is left alone then, in milliseconds; null when it can be asked at once. */
export function peaceOf({ step, fault, expected }: Cell): number | null {
  if (step === 'authorization' || expected !== 'E_NETWORK_STATUS') return null
  if (/-retry-after(-date)?$/.test(fault)) return 2000
  return fault.endsWith('-retry-after-huge') ? 60_000 : null
}

/** An answer that is no answer of the step, and a refusal that is one. */
const invalid = {
  discovery: 'E_PROVIDER_METADATA',
  keys: 'E_PROVIDER_KEYS',
  'pushed-request': 'E_PAR_REFUSED',
  token: 'E_TOKEN_RESPONSE',
} as const
const refused = { ...invalid, token: 'E_TOKEN_REFUSED' } as const

/** By the name of the fault; the first that fits says what it means. */
const rules: readonly (readonly [
  RegExp,
  (step: Exclude<LoginStep, 'authorization'>) => CellOutcome,
])[] = [
  [/^(black-hole|slow-)/, () => 'E_NETWORK_TIMEOUT'],
  [/^(reset|close-|truncated$|truncated-chunked)/, () => 'E_NETWORK_UNREACHABLE'],
  [/^(huge-|endless-|gzip-|not-gzip)/, () => 'E_NETWORK_BODY'],
  [/^redirect-/, () => 'E_NETWORK_REDIRECT'],
  [/^http-(429|5\d\d)|-(server-error|temporarily-unavailable)$/, () => 'E_NETWORK_STATUS'],
  // A refusal of the client at the pushed request sends the login the ordinary way (`par: auto`).
  [
    /^oauth-error-(invalid|unauthorized)-client$/,
    (step) => (step === 'pushed-request' ? 'signs in' : refused[step]),
  ],
  [/^oauth-error-(not-a-text|with-status-200)$/, (step) => invalid[step]],
  // A lifetime as text is read at the pushed request (oauth4webapi) and refused with the tokens.
  [/^numbers-as-strings$/, (step) => (step === 'pushed-request' ? 'signs in' : invalid[step])],
  [/^(oauth-error|hostile-error)-/, (step) => refused[step]],
  [/./, (step) => invalid[step]],
]

function expectedAt(step: LoginStep, fault: FaultName): CellOutcome {
  // The browser is where nothing can be seen of it: the person's time runs out.
  if (step === 'authorization') return 'E_LOGIN_TIMEOUT'
  const [, meaning] = rules.find(([pattern]) => pattern.test(fault)) ?? []
  if (meaning === undefined) throw new Error(`no rule for ${fault}`)
  return meaning(step)
}

function isLoginStep(step: Step): step is LoginStep {
  return loginSteps.some((known) => known === step)
}

/** Every fault at every step of a login where it can happen. */
export const cells: readonly Cell[] = Array.from(stepsWithFaults()).flatMap(({ step, name }) =>
  isLoginStep(step) ? { step, fault: name, expected: expectedAt(step, name) } : [],
)
