import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { LoginError, cleanError, toLoginError } from './errors.ts'
import { Secret, secretRemover } from './base/secret.ts'

describe('the cause of a failure', () => {
  const secret = 'a.b+c-0123456789'
  const clean = secretRemover([new Secret(secret)])
  const causeOf = (cause: unknown) =>
    cleanError(new LoginError('E_UNEXPECTED', 'x', { cause }), clean).cause

  it('is told without the values that it must not tell, however deep they are in it', () => {
    const inner = Object.assign(new Error(`no ${secret}`), {
      name: 'LibraryError',
      body: { secret },
    })
    const named = new LoginError('E_TOKEN_REFUSED', `no ${secret}`, { cause: inner })
    const cause = causeOf(named)
    expect(cause).toMatchObject({ code: 'E_TOKEN_REFUSED', message: 'no [secret]' })
    expect(inspect(cause, { depth: 9 })).not.toContain(secret)
    expect(causeOf(inner)).toMatchObject({ name: 'LibraryError', message: 'no [secret]' })
    expect(causeOf({ secret })).toBeUndefined()
  })

  it('stays as it is when it holds none', () => {
    const cause = new TypeError('fetch failed')
    expect(causeOf(cause)).toBe(cause)
    expect(causeOf(undefined)).toBeUndefined()
  })
})

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
