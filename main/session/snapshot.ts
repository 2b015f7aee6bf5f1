import type { Claim, Failure, Snapshot } from '../../preload/contract.ts'
import type { Claims } from '../login/id-token.ts'
import type { State } from './machine.ts'
import type { Profile } from './profile.ts'

/** Claims that never leave main. */
const withheld = new Set(['nonce'])
const personalNumber = /(?<!\d)\d{11}(?!\d)/g

/** Hides the last five digits of every personal number in a text; the birth date stays to know it by. */
export function maskPersonalNumbers(text: string): string {
  return text.replace(personalNumber, (number) => `${number.slice(0, 6)}•••••`)
}

/**
 * Makes what the renderer sees of a state: masked, without tokens.
 * `monotonic` is the present in monotonic milliseconds, for the time that is left.
 */
export function toSnapshot(state: State, profile: Profile | null, monotonic: number): Snapshot {
  const { waiting, session, pidRevealed } = state
  const show = (text: string): string => (pidRevealed ? text : maskPersonalNumbers(text))
  const rows = (claims: Claims): Claim[] =>
    Object.entries(claims)
      .filter(([name]) => !withheld.has(name))
      .map(([name, value]) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value)
        return { name: maskPersonalNumbers(name), value: show(text), masked: show(text) !== text }
      })
  const given = session === null ? null : fullName(session.claims)

  return {
    revision: state.revision,
    status: state.status,
    attempt: state.attempt,
    renewing: null,
    language: state.language,
    profile: profile && {
      name: profile.name,
      issuer: profile.issuer,
      clientId: profile.clientId,
      scope: profile.scope,
      acrValues: [...profile.acrValues],
    },
    waiting: waiting && {
      remainingMs: Math.max(0, waiting.deadline - monotonic),
      browserArrived: waiting.browserArrived,
      hint: waiting.hint,
      strangerRefused: waiting.strangerRefused,
    },
    session: session && {
      name: given === null ? null : maskPersonalNumbers(given),
      pid: typeof session.claims['pid'] === 'string' ? show(session.claims['pid']) : null,
      pidRevealed,
      acr:
        typeof session.claims['acr'] === 'string' ? maskPersonalNumbers(session.claims['acr']) : '',
      endsAt: session.endsAt,
      accessTokenExpiresAt: session.accessTokenExpiresAt,
      idToken: rows(session.claims),
      accessToken: session.accessTokenClaims && rows(session.accessTokenClaims),
      checks: session.checks.map((check) => ({
        ...check,
        expected: maskPersonalNumbers(check.expected),
        got: maskPersonalNumbers(check.got),
      })),
    },
    error: state.error && maskFailure(state.error),
    retryInMs: state.retryAt === null ? null : Math.max(0, state.retryAt - monotonic),
  }
}

function fullName(claims: Claims): string | null {
  const parts = [claims['given_name'], claims['family_name']].filter(
    (part) => typeof part === 'string',
  )
  const name = parts.length > 0 ? parts.join(' ') : claims['name']
  return typeof name === 'string' && name.trim() !== '' ? name : null
}

function maskFailure(failure: Failure): Failure {
  return {
    ...failure,
    detail: failure.detail && {
      key: failure.detail.key,
      reason: maskPersonalNumbers(failure.detail.reason),
    },
    checks: failure.checks.map((check) => ({
      ...check,
      expected: maskPersonalNumbers(check.expected),
      got: maskPersonalNumbers(check.got),
    })),
  }
}
