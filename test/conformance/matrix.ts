/**
 * What each fault of the simulator must lead to at each step of a login and of a session. Computed from
 * what the fault is and where it happens: the code says whose fault it was, never more than that.
 */
import type { ErrorCode } from '../../preload/contract.ts'
import { type FaultName, stepsWithFaults } from '../../simulator/faults/index.ts'
import type { Step } from '../../simulator/faults/steps.ts'
import type { UserAction, Outcome } from './play.ts'

/** The steps of a login, in their order. */
const loginSteps = [
  'discovery',
  'keys',
  'pushed-request',
  'authorization',
  'token',
] as const satisfies readonly Step[]
type LoginStep = (typeof loginSteps)[number]

/** What follows a login, and what a person does with its session; `refresh` is at the token endpoint. */
const sessionSteps = ['userinfo', 'refresh', 'api', 'revocation', 'end-session'] as const

export const matrixSteps = [...loginSteps, ...sessionSteps] as const
export type MatrixStep = (typeof matrixSteps)[number]

/** What a person does for a step; null for what a login does by itself. */
export const actionAt = {
  discovery: null,
  keys: null,
  'pushed-request': null,
  authorization: null,
  token: null,
  userinfo: null,
  refresh: 'renew',
  api: 'call',
  revocation: 'sign out',
  'end-session': 'sign out',
} as const satisfies Record<MatrixStep, UserAction | null>

export interface Cell {
  readonly step: MatrixStep
  readonly fault: FaultName
  /** How it must end, without what an error is about. */
  readonly expected: Outcome
}

/** The name of the test of a cell. */
export const titleOf = ({ step, fault, expected }: Cell): string =>
  actionAt[step] === null
    ? `${step}: ${fault} ends as ${expected}, nothing is repeated or left, and a good login follows`
    : `${step}: ${fault} ends as ${expected}, nothing is repeated or left, and it goes well later`

/** What the app's own limit for such an answer is, in milliseconds; null for one that ends by itself. */
export function limitOf({ step, fault }: Cell): number | null {
  if (!/^(black-hole|slow-)/.test(fault)) return null
  if (step === 'authorization') return 300_000
  if (step === 'end-session') return 60_000
  return fault === 'slow-body' ? 15_000 : 10_000
}

/** How long the provider is left alone then, in milliseconds; null when it can be asked at once. */
export function backOffOf({ step, fault, expected }: Cell): number | null {
  if (step === 'authorization' || expected !== 'E_NETWORK_STATUS') return null
  if (/-retry-after(-date)?$/.test(fault)) return 2000
  return fault.endsWith('-retry-after-huge') ? 60_000 : null
}

/** How often a step is asked for in all, also when it fails. */
export function timesOf({ step, fault }: Cell): number {
  // The browser is sent once more where it does not come back.
  if (step === 'end-session') return 2
  // A token that an API refuses is renewed, once.
  return step === 'api' && fault === 'oauth-error-invalid-token' ? 2 : 1
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
  (step: Exclude<LoginStep, 'authorization'>) => ErrorCode | 'signs in',
])[] = [
  [/^(black-hole|slow-)/, () => 'E_NETWORK_TIMEOUT'],
  [/^reset/, () => 'E_NETWORK_UNREACHABLE'],
  // It had begun, and does not end as it said.
  [/^(close-|truncated$|truncated-chunked|huge-|endless-|gzip-|not-gzip)/, () => 'E_NETWORK_BODY'],
  [/^redirect-/, () => 'E_NETWORK_REDIRECT'],
  [/^http-(429|5\d\d)|-(server-error|temporarily-unavailable)$/, () => 'E_NETWORK_STATUS'],
  [/^oauth-error-(not-a-text|with-status-200)$/, (step) => invalid[step]],
  // A lifetime as text is read at the pushed request (oauth4webapi) and refused with the tokens.
  [/^numbers-as-strings$/, (step) => (step === 'pushed-request' ? 'signs in' : invalid[step])],
  [/^(oauth-error|hostile-error)-/, (step) => refused[step]],
  [/./, (step) => invalid[step]],
]

function meaningOf(step: Exclude<LoginStep, 'authorization'>, fault: FaultName) {
  if (step === 'pushed-request' && keepsNobodyOut(fault)) return 'signs in'
  const [, meaning] = rules.find(([pattern]) => pattern.test(fault)) ?? []
  if (meaning === undefined) throw new Error(`no rule for ${fault}`)
  return meaning(step)
}

/** Whole answers that are no token response: nobody but the provider sends such a thing. */
const falseAnswer =
  /^(json-(null|array|string|number)|numbers-as-strings|oauth-error-with-status-200)$/

/** A renewal that brought nothing leaves the session; a final refusal or something false ends it. */
function afterRefresh(fault: FaultName): Outcome {
  const final = /^oauth-error-(invalid-grant|(invalid|unauthorized)-client)$/.test(fault)
  const code = final ? 'E_RENEWAL_REFUSED' : meaningOf('token', fault)
  if (code === 'signs in') throw new Error(`no fault at a refresh: ${fault}`)
  return final || falseAnswer.test(fault) ? `ends: ${code}` : `stays: ${code}`
}

/** The status that a fault answers with; 200 for one that changes the body of a good answer. */
function statusOf(fault: FaultName): number {
  const named = /^(?:http-)?([1-5]\d\d)(?:-|$)/.exec(fault)?.[1]
  if (named !== undefined) return Number(named)
  if (/^(oauth|hostile)-error-/.test(fault)) {
    if (/-(invalid-token|invalid-client)$/.test(fault)) return 401
    if (fault.endsWith('-insufficient-scope')) return 403
    if (fault.endsWith('-server-error')) return 500
    return fault.endsWith('-temporarily-unavailable') ? 503 : 400
  }
  return 200
}

/** A refused push sends the login the ordinary way (`par: auto`), and 200 is taken for 201. */
function keepsNobodyOut(fault: FaultName): boolean {
  if (fault === 'oauth-error-with-status-200') return false
  const status = statusOf(fault)
  return fault === 'http-200' || (status >= 400 && status < 500)
}

/** What is on the wire wherever it happens; null when an answer comes whole. */
function wireError(fault: FaultName): ErrorCode | null {
  const meaning = meaningOf('discovery', fault)
  return /^E_NETWORK_(TIMEOUT|UNREACHABLE|BODY|REDIRECT)$/.test(meaning) && meaning !== 'signs in'
    ? meaning
    : null
}

/** Bodies with status 200 that are not one JSON value. */
const notJson = /^(html-|json-and-more|truncated-json|utf-16|nan$)/

/** What an API says is shown, with any status; only JSON is shown as JSON. */
function afterApi(fault: FaultName): Outcome {
  const wire = wireError(fault)
  if (wire !== null) return `shows ${wire}`
  return notJson.test(fault) ? 'shows E_API_RESPONSE' : `shows HTTP ${statusOf(fault)}`
}

/** RFC 7009 §2.2: the status alone says that a token is revoked. */
function afterRevocation(fault: FaultName): Outcome {
  const done = wireError(fault) === null && statusOf(fault) === 200
  return `signs out: revocation ${done ? 'done' : 'failed'}, browser done`
}

function expectedAt(step: MatrixStep, fault: FaultName): Outcome {
  switch (step) {
    // The browser is where nothing can be seen of it: the person's time runs out.
    case 'authorization':
      return 'E_LOGIN_TIMEOUT'
    case 'userinfo':
      return 'signs in without userinfo'
    case 'refresh':
      return afterRefresh(fault)
    case 'api':
      return afterApi(fault)
    case 'revocation':
      return afterRevocation(fault)
    case 'end-session':
      return 'signs out: revocation none, browser opened'
    default:
      return meaningOf(step, fault)
  }
}

/** Every fault at every step where it can happen. */
export const cells: readonly Cell[] = matrixSteps.flatMap((step) => {
  const at: Step = step === 'refresh' ? 'token' : step
  return Array.from(stepsWithFaults())
    .filter((possible) => possible.step === at)
    .map(({ name }) => ({ step, fault: name, expected: expectedAt(step, name) }))
})

/** Spoils nothing but the good answer to a form, which the provider gives at the end of a login alone. */
const needsLogin = (fault: FaultName): boolean =>
  fault === 'http-200' || fault === 'numbers-as-strings'

/** One cell of each fault, with a step whose request needs no login before it. */
export const httpCells: readonly Cell[] = cells.filter(
  ({ fault }, index) =>
    !needsLogin(fault) && cells.findIndex((other) => other.fault === fault) === index,
)

/**
 * What a merge logs in for: one cell for each pair of a step and an outcome. What becomes of each fault
 * where answers are read is tested there, without a login (main/login/base/http.faults.test.ts).
 */
export const mergeCells: readonly Cell[] = cells.filter(
  (cell, index) =>
    needsLogin(cell.fault) ||
    cells.findIndex(({ step, expected }) => step === cell.step && expected === cell.expected) ===
      index,
)
