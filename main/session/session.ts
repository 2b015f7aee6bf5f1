import type { Clock, Login, Secret } from '../login/index.ts'
import { type Profile, scopesOf } from './profile.ts'
import type { SignedIn } from './state.ts'

/** The session of one person, with its tokens. They are in no state, and are taken from here for requests only. */
export interface Session {
  /** The attempt that it began with. */
  readonly id: number
  readonly profile: Profile
  /** Aborted when the session ends: its requests end with it, and an answer that comes later does not count. */
  readonly ended: AbortSignal
  /** The last login or renewal, with the tokens that count now. */
  readonly login: Login
  /** In monotonic milliseconds; null when the provider did not say. Means nothing without a refresh token. */
  readonly refreshTokenEndsAt: number | null
  /** When the person did something last, in monotonic milliseconds. */
  readonly lastActivity: () => number
  /** Takes what a renewal brought. */
  readonly replaceLogin: (login: Login) => void
  /** Takes a new refresh token; its life is in seconds, null when the provider did not say. */
  readonly replaceRefreshToken: (refreshToken: Secret, life: number | null) => void
}

export function createSession(options: {
  readonly id: number
  readonly profile: Profile
  readonly login: Login
  readonly ended: AbortSignal
  readonly lastActivity: () => number
  readonly clock: Clock
}): Session {
  const { id, profile, ended, lastActivity, clock } = options
  let { login } = options
  let refreshTokenEndsAt = endOf(login.refreshTokenLife, clock)
  return {
    id,
    profile,
    ended,
    get login() {
      return login
    },
    get refreshTokenEndsAt() {
      return refreshTokenEndsAt
    },
    lastActivity,
    replaceLogin: (next) => {
      login = next
      refreshTokenEndsAt = endOf(next.refreshTokenLife, clock)
    },
    replaceRefreshToken: (refreshToken, life) => {
      login = { ...login, refreshToken }
      refreshTokenEndsAt = endOf(life, clock)
    },
  }
}

/**
 * What the state says of a login: claims, never a token. `before` is what it said of the session so far,
 * null at its beginning: userinfo, `remembered` and the answers of APIs stay as they were.
 */
export function toSignedIn(
  login: Login,
  about: { readonly id: number; readonly profile: Profile; readonly clock: Clock },
  before: SignedIn | null,
): Omit<SignedIn, 'endsAt'> {
  const { id, profile, clock } = about
  return {
    login: id,
    claims: login.claims,
    accessTokenClaims: login.accessTokenClaims,
    userinfo: before?.userinfo ?? null,
    checks: login.checks,
    accessTokenEndsAt: endOf(login.accessTokenLife, clock),
    refusedScopes: scopesOf(profile).filter((scope) => !login.scope.includes(scope)),
    refreshableUntil:
      login.refreshToken === null
        ? null
        : (endOf(login.refreshTokenLife, clock) ?? Number.POSITIVE_INFINITY),
    remembered: before?.remembered ?? 'off',
    apis: profile.apis.map((api, index) => ({
      running: false,
      answer: null,
      failure: null,
      ...before?.apis[index],
      name: api.name,
      granted: api.scope.split(' ').every((scope) => login.scope.includes(scope)),
    })),
    problem: null,
  }
}

/** The end of a life in seconds, in monotonic milliseconds; null when the provider did not say. */
function endOf(life: number | null, clock: Clock): number | null {
  return life === null ? null : clock.monotonic() + life * 1000
}
