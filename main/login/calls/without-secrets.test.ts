import { expect, it } from 'vitest'
import { failureOf } from '../../../test/support/login.ts'
import { Secret } from '../base/secret.ts'
import { LoginError } from '../errors.ts'
import { withoutSecrets } from './without-secrets.ts'

const token = 'token-that-must-not-be-told'
const failing = (error: unknown, secrets: Secret[], signal?: AbortSignal) =>
  withoutSecrets(secrets, { signal }, async () => {
    secrets.push(new Secret(token))
    throw error
  })

it('a call that fails tells no secret, not even one that it got on the way', async () => {
  const former = 'former-token-that-must-not-be-told'
  const named = new LoginError('E_API_RESPONSE', `x ${token} ${former}`)
  const error = await failureOf(failing(named, [new Secret(former)]), LoginError)
  expect([error.code, error.message]).toEqual(['E_API_RESPONSE', 'x [secret] [secret]'])
})

it('a call that fails without a name gets one, and still tells no secret', async () => {
  const error = await failureOf(failing(new Error(token), []), LoginError)
  expect([error.code, error.message]).toEqual(['E_UNEXPECTED', '[secret]'])
})

it('a call that was ended rejects with the reason, and one that failed before that with its failure', async () => {
  const reason = new Error('ended')
  const ended = AbortSignal.abort(reason)
  await expect(failing(reason, [], ended)).rejects.toBe(reason)
  const named = new LoginError('E_API_RESPONSE', token)
  expect((await failureOf(failing(named, [], ended), LoginError)).message).toBe('[secret]')
})

it('a call that succeeds gives what it gave', async () => {
  expect(await withoutSecrets([], {}, async () => 'answer')).toBe('answer')
})
