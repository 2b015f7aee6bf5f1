import { expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { LoginError, type LoginErrorCode } from '../login/errors.ts'
import { cleanFailure, endsTheSession, sessionExpired } from './failures.ts'

const number = '17814522123'

it('shows no token and no personal number that the provider put into its words', () => {
  const check = {
    rule: 'sub',
    source: 'a page',
    expected: 'somebody else',
    got: `pid ${number}`,
    result: 'fail',
  } as const
  const reason = new LoginError('E_TOKEN_REFUSED', 'refused', {
    detail: { key: `Bearer ${'x'.repeat(20)}`, reason: `token=abc of ${number}` },
    checks: [check],
  })
  expect(cleanFailure(reason, 'ABC')).toEqual({
    error: reason,
    failure: {
      code: 'E_TOKEN_REFUSED',
      category: 'token',
      retryable: true,
      reference: 'ABC',
      detail: { key: 'Bearer [secret]', reason: 'token=[secret] of [personal number]' },
      explanation: null,
      checks: [{ ...check, got: 'pid [personal number]' }],
    },
  })
})

it('has no reference and no detail where there was none, and a name for what nobody expected', () => {
  const { error, failure } = cleanFailure(new TypeError('x is not a function'))
  expect(error.code).toBe('E_UNEXPECTED')
  expect(failure).toMatchObject({ code: 'E_UNEXPECTED', reference: '' })
  expect(cleanFailure(new LoginError('E_LOGIN_TIMEOUT', 'too late')).failure.detail).toBeNull()
  expect(sessionExpired).toMatchObject({ code: 'E_SESSION_EXPIRED', category: 'session' })
})

it.each<readonly [LoginErrorCode, boolean]>([
  ['E_RENEWAL_REFUSED', true],
  ['E_RENEWAL_SUBJECT', true],
  ['E_ID_TOKEN_CLAIM', true],
  ['E_CLOCK_SKEW', true],
  ['E_TOKEN_RESPONSE', false],
  ['E_NETWORK_TIMEOUT', false],
  ['E_LOGIN_DENIED', false],
])('a renewal that failed with %s ends the session: %s', (code, ends) => {
  expect(endsTheSession(new LoginError(code, 'failed'))).toBe(ends)
})

it('a renewal whose answer is malformed ends the session, whatever its code', () => {
  expect(endsTheSession(new LoginError('E_TOKEN_RESPONSE', 'false', { malformed: true }))).toBe(
    true,
  )
  expect(endsTheSession(new AppError('E_VAULT_UNAVAILABLE', 'full'))).toBe(true)
})
