import { describe, expect, it } from 'vitest'
import { LoginError, cleanError, toLoginError } from './errors.ts'
import { Secret, secretRemover } from './base/secret.ts'

describe('a failure', () => {
  it('keeps its name, or is unexpected', () => {
    const named = new LoginError('E_LOGIN_DENIED', 'x')
    expect(toLoginError(named)).toBe(named)
    expect(toLoginError(new Error('boom'))).toMatchObject({ code: 'E_UNEXPECTED', message: 'boom' })
    expect(toLoginError('boom')).toMatchObject({ code: 'E_UNEXPECTED', message: 'boom' })
  })

  it('of another name than the login has is unexpected, with itself as the cause', () => {
    for (const other of [new LoginError<string>('E_OTHER', 'x'), { code: 'E_LOGIN_DENIED' }]) {
      expect(toLoginError(other)).toMatchObject({ code: 'E_UNEXPECTED', cause: other })
    }
  })

  it('says what it is and what caused it, and holds nothing that it was not given', () => {
    const cause = new Error('why')
    expect(new LoginError('E_LOGIN_DENIED', 'x', { cause })).toMatchObject({
      name: 'LoginError',
      cause,
      detail: null,
      explanation: null,
      checks: [],
      retryAfter: null,
    })
  })

  it('is told without the values that it must not tell, wherever they are', () => {
    const check = {
      rule: 'x',
      source: 's',
      expected: 'e',
      got: 'a.b+c-0123456789',
      result: 'fail',
    } as const
    const error = new LoginError('E_TOKEN_REFUSED', 'a.b+c-0123456789 and a.b+c-0123456789', {
      detail: { key: 'a.b+c-0123456789', reason: 'not axb+c but a.b+c-0123456789' },
      checks: [check],
      explanation: { kind: 'oauth', error: 'invalid_grant' },
      retryAfter: 3,
    })
    expect(cleanError(error, secretRemover([new Secret('a.b+c-0123456789')]))).toMatchObject({
      code: 'E_TOKEN_REFUSED',
      message: '[secret] and [secret]',
      detail: { key: '[secret]', reason: 'not axb+c but [secret]' },
      checks: [{ ...check, got: '[secret]' }],
      explanation: { kind: 'oauth', error: 'invalid_grant' },
      retryAfter: 3,
    })
  })
})
