import type { Claim, Failure, Snapshot } from '../../preload/contract.ts'
import { isBusy, type State } from './state.ts'
import type { Profile } from './profile.ts'
import { type Claims, maskPersonalNumbers } from '../login/index.ts'

/** Claims that never leave main. */
const withheld = new Set(['nonce'])
/**
 * Makes what the renderer sees of a state: masked, without tokens.
 * What has a time is told as the time that is left: a wall clock may be changed. `now` is monotonic milliseconds.
 */
export function toSnapshot(
  state: State,
  profile: Profile | null,
  now: number,
  canChooseProfile = false,
): Snapshot {
  const { waiting, session, pidRevealed } = state
  const left = (until: number): number => Math.max(0, until - now)
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
    canChooseProfile,
    status: state.status,
    attempt: state.attempt,
    renewing: state.renewing,
    language: state.language,
    profile: profile && {
      name: profile.name,
      issuer: profile.issuer,
      clientId: profile.clientId,
      scope: profile.scope,
      acrValues: [...profile.acrValues],
    },
    waiting: waiting && {
      remainingMs: left(waiting.deadline),
      browserArrived: waiting.browserArrived,
      hint: waiting.hint,
      requestRejected: waiting.requestRejected,
      pushRefused: waiting.pushRefused && {
        ...waiting.pushRefused,
        reason: maskPersonalNumbers(waiting.pushRefused.reason),
      },
      linkReused: waiting.linkReused,
    },
    session: session && {
      name: given === null ? null : maskPersonalNumbers(given),
      pid: typeof session.claims['pid'] === 'string' ? show(session.claims['pid']) : null,
      pidRevealed,
      acr:
        typeof session.claims['acr'] === 'string' ? maskPersonalNumbers(session.claims['acr']) : '',
      endsInMs: left(session.endsAt),
      accessTokenLeftMs:
        session.accessTokenEndsAt === null ? null : left(session.accessTokenEndsAt),
      idToken: rows(session.claims),
      accessToken: session.accessTokenClaims && rows(session.accessTokenClaims),
      userinfo: session.userinfo && rows(session.userinfo),
      checks: session.checks.map((check) => ({
        ...check,
        expected: maskPersonalNumbers(check.expected),
        got: maskPersonalNumbers(check.got),
      })),
      refusedScopes: [...session.refusedScopes],
      renewal:
        session.refreshableUntil !== null && session.refreshableUntil > now
          ? 'refresh-token'
          : 'browser',
      remembered: session.remembered,
      apis: session.apis.map(({ name, granted, running, answer, failure }) => ({
        name,
        granted,
        running,
        answer: answer && {
          ...answer,
          body: show(answer.body),
          masked: show(answer.body) !== answer.body,
        },
        failure: failure && maskFailure(failure),
      })),
      problem: session.problem && maskFailure(session.problem),
    },
    providerLogout: state.providerLogout && { ...state.providerLogout },
    update: state.update === null ? null : { version: state.update, canRestart: !isBusy(state) },
    error: state.error && maskFailure(state.error),
    retryInMs: state.retryAt === null ? null : left(state.retryAt),
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
