import { describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import type { Provider } from '../provider/metadata.ts'
import { Secret } from '../base/secret.ts'
import { failureOf } from '../../../test/support/login.ts'
import { checkCallback } from './response.ts'
import { issuer, policy, provider as plain, request } from '../../../test/support/provider.ts'

const provider: Provider = { ...plain, authorization_response_iss_parameter_supported: true }

type Parameters = Readonly<Record<string, string | undefined>>
const good: Parameters = { iss: issuer, state: request.state.reveal(), code: 'the-code' }

const check = (change: Parameters = {}) => {
  const named = Object.entries({ ...good, ...change })
  const parameters = new URLSearchParams()
  for (const [name, value] of named) if (value !== undefined) parameters.set(name, value)
  return checkCallback(provider, policy, new Secret(parameters), request)
}
const refusal = (change: Parameters) => failureOf((async () => check(change))(), LoginError)

it('a callback with all that was asked for is taken, and leaves a line for each check', () => {
  const { parameters, checks } = check()
  expect(parameters.reveal().get('code')).toBe('the-code')
  expect(checks).toMatchObject([
    { rule: 'state', expected: 'equal to the one sent', got: 'equal', result: 'pass' },
    { rule: 'callback-iss', expected: issuer, got: issuer, result: 'pass' },
  ])
  expect(JSON.stringify(checks)).not.toContain(request.state.reveal())
})

describe('a callback is refused for its issuer', () => {
  const other = 'https://evil.example'
  it.each<readonly [string, Parameters, string]>([
    ['that is absent', { iss: undefined }, 'is absent'],
    ['that is another', { iss: other }, `is another issuer: expected ${issuer}, got ${other}`],
    [
      'that is another, of an error as well',
      { iss: other, code: undefined, error: 'server_error' },
      `is another issuer: expected ${issuer}, got ${other}`,
    ],
    ['that is absent beside code and error', { iss: undefined, error: 'x' }, 'is absent'],
  ])('%s', async (_, change, reason) => {
    expect(await refusal(change)).toMatchObject({
      code: 'E_CALLBACK_ISSUER',
      message: `callback: iss: ${reason}`,
      detail: { key: 'iss', reason },
    })
  })
})

describe('a callback is refused that', () => {
  it.each<readonly [string, Parameters, string, string]>([
    ['brings an access token', { access_token: 'x' }, 'access_token', 'was not asked for'],
    ['brings an ID token', { id_token: 'x' }, 'id_token', 'was not asked for'],
    ['brings a type of token', { token_type: 'x' }, 'token_type', 'was not asked for'],
    ['brings a response in a JWT', { response: 'x' }, 'response', 'was not asked for'],
    ['is a code and an error', { error: 'x' }, 'code', 'came together with an error'],
    ['is neither', { code: undefined }, 'code', 'is absent'],
    ['has an empty code', { code: '' }, 'code', 'is absent'],
    ['has an empty error', { code: undefined, error: '' }, 'code', 'is absent'],
  ])('%s', async (_, change, key, reason) => {
    expect(await refusal(change)).toMatchObject({
      code: 'E_CALLBACK_INVALID',
      message: `callback: ${key}: ${reason}`,
      detail: { key, reason },
    })
  })

  it('has another state, in the words of the library', async () => {
    const error = await refusal({ state: 'another' })
    expect([error.code, error.detail?.key]).toEqual(['E_CALLBACK_INVALID', 'response'])
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.detail?.reason).not.toBe('')
  })
})

describe('an error of the provider', () => {
  it.each<readonly [string, Parameters, string, object]>([
    [
      'is the no of the person, which needs no explanation',
      { error: 'access_denied', error_description: 'no' },
      'E_LOGIN_DENIED',
      {
        message: 'authorization response: access_denied',
        detail: { key: 'error', reason: 'access_denied: no' },
        explanation: null,
      },
    ],
    [
      'is a refusal with what is known of it',
      { error: 'server_error' },
      'E_LOGIN_REFUSED',
      {
        message: 'authorization response: server_error',
        detail: { key: 'error', reason: 'server_error' },
        explanation: { kind: 'oauth', error: 'server_error' },
      },
    ],
    [
      'is told as such without an issuer too, although the metadata promise one',
      { iss: undefined, error: 'server_error' },
      'E_LOGIN_REFUSED',
      { detail: { key: 'error', reason: 'server_error' } },
    ],
  ])('%s', async (_, change, code, told) => {
    const error = await refusal({ code: undefined, ...change })
    expect(error).toMatchObject({ code, ...told })
    expect(error.cause).toBeInstanceOf(Error)
  })
})
