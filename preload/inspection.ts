/** What the inspector shows: made and redacted in main, fetched by the renderer when it is opened. Part of the contract. */
import * as v from 'valibot'
import { check, count, milliseconds, text } from './shapes.ts'

export const attemptKinds = ['login', 'renewal', 'restore'] as const
export type AttemptKind = (typeof attemptKinds)[number]

/** A parameter, a header or a member; of a `hidden` one the value says what it is and how long. */
const traceValue = v.strictObject({ name: text, value: text, hidden: v.boolean() })
export type TraceValue = v.InferOutput<typeof traceValue>

export const traceSteps = [
  'metadata',
  'keys',
  'push',
  'authorization-request',
  'start-address',
  'callback',
  'token-request',
  'verification',
  'userinfo',
  'refresh',
  'api-call',
  'revocation',
  'logout',
] as const

/** One step of the protocol that has ended. */
const step = v.strictObject({
  /** Rises within the attempt. */
  id: count,
  step: v.picklist(traceSteps),
  /** Since the attempt began. */
  startedAtMs: milliseconds,
  durationMs: milliseconds,
  source: text,
  request: v.nullable(
    v.strictObject({
      method: text,
      address: text,
      headers: v.array(traceValue),
      parameters: v.array(traceValue),
    }),
  ),
  response: v.nullable(
    v.strictObject({ status: count, headers: v.array(traceValue), members: v.array(traceValue) }),
  ),
  checks: v.array(check),
  outcome: v.picklist(['done', 'from-memory', 'refused', 'failed', 'cancelled']),
  error: v.nullable(v.strictObject({ code: text, reason: text })),
})
export type Step = v.InferOutput<typeof step>

const attempt = v.strictObject({
  attempt: count,
  kind: v.picklist(attemptKinds),
  /** As the window, the page in the browser and the log tell it. */
  reference: text,
  /** Unix milliseconds. */
  startedAt: v.pipe(v.number(), v.finite()),
  /** `done`, `cancelled` or the code of its failure; null while it is under way. */
  result: v.nullable(text),
  steps: v.array(step),
})
export type Attempt = v.InferOutput<typeof attempt>

/** A JWT as JSON text. */
const jwt = v.strictObject({ header: text, payload: text })

export const inspectionSchema = v.strictObject({
  /** The latest last. */
  attempts: v.array(attempt),
  /** The tokens of the session that is on. */
  tokens: v.nullable(
    v.strictObject({ id: v.nullable(jwt), access: v.nullable(jwt), userinfo: v.nullable(text) }),
  ),
  /** Names of claims whose values differ from the login or renewal before; each null at the first. */
  changedClaims: v.nullable(
    v.strictObject({
      id: v.nullable(v.array(text)),
      access: v.nullable(v.array(text)),
      userinfo: v.nullable(v.array(text)),
    }),
  ),
  provider: v.strictObject({
    metadata: v.array(traceValue),
    /** One for each key, with the dates of its certificate where it has one. */
    keys: v.array(traceValue),
    /** Where the metadata are not what the app expects of ID-porten. */
    /** Null where nobody is signed in, and it is not known. */
    differences: v.nullable(v.array(v.strictObject({ member: text, expected: text, got: text }))),
  }),
  profile: v.array(v.strictObject({ key: text, value: text })),
})
export type Inspection = v.InferOutput<typeof inspectionSchema>
