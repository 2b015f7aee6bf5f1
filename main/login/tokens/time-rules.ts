import {
  type Claims,
  clockTolerance,
  core,
  type RenewedIdToken,
  type Rule,
  seconds,
  show,
} from './rules.ts'

/**
 * How old an ID token may be that came straight from the token endpoint, in seconds: the provider
 * makes it when it is asked, so five minutes for the clocks and five for the way suffice.
 */
const maximumAge = 600

/** Seconds by which two times in one token may be off: both are rounded, and may be of two computers. */
const roundingSlack = 5

/** Judges when a token was made and how long it counts; `now` is in Unix seconds. */
export function validityRules({ exp, iat, nbf }: Claims, now: number): Rule[] {
  const failure = 'E_ID_TOKEN_CLAIM'
  const times = { exp: seconds(exp), iat: seconds(iat), nbf: seconds(nbf) }
  return [
    {
      rule: 'exp',
      source: core('3.1.3.7 (9)'),
      expected: `after ${now - clockTolerance}`,
      got: show(exp),
      // Stryker disable next-line ConditionalExpression: no time counts as the first second of 1970, which is past
      holds: times.exp !== null && times.exp > now - clockTolerance,
      failure,
    },
    {
      rule: 'iat',
      source: core('3.1.3.7 (10)'),
      expected: `between ${now - maximumAge} and ${now + clockTolerance}`,
      got: show(iat),
      holds:
        // Stryker disable next-line ConditionalExpression: no time counts as the first second of 1970, which is too old
        times.iat !== null && times.iat <= now + clockTolerance && times.iat >= now - maximumAge,
      failure,
    },
    {
      rule: 'nbf',
      source: 'RFC 7519 §4.1.5',
      expected: `absent or at most ${now + clockTolerance}`,
      got: show(nbf),
      holds: nbf === undefined || (times.nbf !== null && times.nbf <= now + clockTolerance),
      failure,
    },
  ]
}

/**
 * Judges whether the person has logged in after that was asked for. Both times are the provider's, so no clock of
 * this computer is in it: an old session is refused whatever our clock says.
 */
export function freshLoginRule(claims: Claims, attemptLasted: number | null): Rule {
  const { iat, auth_time: authTime } = claims
  const [made, loggedIn] = [seconds(iat), seconds(authTime)]
  const before = made === null || loggedIn === null ? null : made - loggedIn
  return {
    rule: 'auth_time',
    source: core('3.1.3.7 (13)'),
    expected:
      attemptLasted === null ? 'any' : `at most ${attemptLasted + roundingSlack} s before iat`,
    got: before === null ? show(authTime) : `${before} s before iat`,
    holds:
      attemptLasted === null
        ? 'skipped'
        : before !== null && before <= attemptLasted + roundingSlack && before >= -roundingSlack,
    failure: 'E_ID_TOKEN_CLAIM',
  }
}

/** Judges that a renewal is of the same login. A refresh token stands for one login: its time cannot change on the way. */
export function sameLoginRule(
  { auth_time: authTime }: Claims,
  renews: RenewedIdToken | null,
): Rule {
  const former = renews?.by === 'refresh-token' ? renews.claims['auth_time'] : undefined
  const comparable = former !== undefined && authTime !== undefined
  return {
    rule: 'same-login',
    source: core('12.2'),
    expected: former === undefined ? 'any' : `absent or ${show(former)}`,
    got: show(authTime),
    holds: comparable ? authTime === former : 'skipped',
    failure: 'E_ID_TOKEN_CLAIM',
  }
}
