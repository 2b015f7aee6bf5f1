import { createHmac, randomBytes } from 'node:crypto'
import type { Attempt, Inspection } from '../../preload/inspection.ts'
import {
  type Claims,
  decodeTokens,
  type Login,
  maskPersonalNumbers,
  providerDifferences,
} from '../login/index.ts'
import type { Profile } from './profile.ts'
import type { TracedAttempt, Traces } from './traces.ts'

/** What the inspector marks the changes of. */
export type ChangedClaims = Readonly<
  Record<keyof NonNullable<Inspection['changedClaims']>, ClaimChanges>
>

/** Remembers the claims of one kind of the latest login well enough to say which of them another one has changed, and no better. */
export interface ClaimChanges {
  /** Takes the claims of a login or a renewal. */
  readonly note: (claims: Claims) => void
  /** Names of claims that differ from those of the login or renewal before; null at the first. */
  readonly changed: () => readonly string[] | null
}

export function createClaimChanges(): ClaimChanges {
  // The app forgets a person who signs out: what is left of their claims is of no use without this key.
  const key = randomBytes(32)
  const digest = (value: unknown): string =>
    createHmac('sha256', key).update(JSON.stringify(value)).digest('base64url')
  let latest: ReadonlyMap<string, string> | null = null
  let changed: readonly string[] | null = null
  return {
    note: (claims) => {
      const next = new Map(Object.entries(claims).map(([name, value]) => [name, digest(value)]))
      const before = latest
      changed =
        before &&
        [...new Set([...before.keys(), ...next.keys()])].filter(
          (name) => before.get(name) !== next.get(name),
        )
      latest = next
    },
    changed: () => changed,
  }
}

/** Makes what the inspector shows: no secret, and personal numbers only while they are revealed. */
export function toInspection(options: {
  readonly traces: Traces
  readonly login: Login | null
  readonly userinfo: Claims | null
  readonly changes: ChangedClaims
  readonly profile: Profile | null
  readonly pidRevealed: boolean
}): Inspection {
  const { traces, login, userinfo, changes, profile, pidRevealed } = options
  const show = (text: string): string => (pidRevealed ? text : maskPersonalNumbers(text))
  const changedIn = (of: ClaimChanges) => of.changed()?.map((name) => show(name)) ?? null
  const { metadata, keys } = traces.provider()
  return {
    attempts: traces.attempts().map((attempt) => toAttempt(attempt)),
    tokens: login && toTokens(login, userinfo, show),
    changedClaims: login && {
      id: changedIn(changes.id),
      access: changedIn(changes.access),
      userinfo: changedIn(changes.userinfo),
    },
    provider: {
      metadata: [...metadata],
      keys: [...keys],
      differences: login && [...providerDifferences(login.provider)],
    },
    profile: Object.entries(profile ?? {}).flatMap(([key, value]) =>
      value === undefined
        ? []
        : { key, value: show(typeof value === 'string' ? value : JSON.stringify(value)) },
    ),
  }
}

function toTokens(
  login: Login,
  userinfo: Claims | null,
  show: (text: string) => string,
): Inspection['tokens'] {
  const { id, access } = decodeTokens(login)
  const shown = (jwt: { readonly header: string; readonly payload: string }) => ({
    header: show(jwt.header),
    payload: show(jwt.payload),
  })
  return {
    id: id && shown(id),
    access: access && shown(access),
    userinfo: userinfo && show(JSON.stringify(userinfo)),
  }
}

function toAttempt(traced: TracedAttempt): Attempt {
  const { attempt, kind, reference, startedAt, origin, result, steps } = traced
  return {
    attempt,
    kind,
    reference,
    startedAt,
    result,
    steps: steps
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .map(({ startedAt: at, duration, ...step }) => ({
        ...step,
        startedAtMs: tenths(Math.max(0, at - origin)),
        durationMs: tenths(duration),
        request: step.request && {
          ...step.request,
          headers: [...step.request.headers],
          parameters: [...step.request.parameters],
        },
        response: step.response && {
          ...step.response,
          headers: [...step.response.headers],
          members: [...step.response.members],
        },
        checks: [...step.checks],
      })),
  }
}

/** Milliseconds to a tenth: more says nothing, and eleven digits would look like a personal number. */
function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
