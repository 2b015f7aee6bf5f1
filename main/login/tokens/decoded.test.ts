import { describe, expect, it } from 'vitest'
import { plainLogin } from '../../../test/support/plain-login.ts'
import { Secret } from '../base/secret.ts'
import { decodeTokens } from './decoded.ts'

const part = (text: string) => Buffer.from(text).toString('base64url')
/** Decodes an access token of these parts. */
const decode = (...parts: readonly string[]) => {
  const accessToken = new Secret(parts.map((text) => part(text)).join('.'))
  return decodeTokens({ ...plainLogin, accessToken }).access
}

describe('a token to look at', () => {
  it('is what stands in it, as it is written, without the signature', () => {
    expect(decode('{"alg" : "RS256"}', '{"a":1}', 'signature')).toEqual({
      header: '{"alg" : "RS256"}',
      payload: '{"a":1}',
    })
  })

  it('is without the nonce, also where that is written in escapes', () => {
    const nonce = new Secret('a-nonce-that-nobody-may-see')
    const escaped = nonce.reveal().replace('a', '\\u0061')
    const idToken = new Secret(`${part('{}')}.${part(`{"nonce":"${escaped}"}`)}.x`)
    const { id } = decodeTokens({ ...plainLogin, nonce, idToken })
    expect(id).toEqual({ header: '{}', payload: '{"nonce":"[secret]"}' })
  })

  it.each([
    ['one part', ['{}']],
    ['a header that is no JSON', ['a', '{}']],
    ['claims that are no JSON', ['{}', 'a']],
    ['claims that are null', ['{}', 'null']],
    ['claims that are a number', ['{}', '1']],
    ['a text for claims', ['{}', '"a"']],
  ])('is none with %s', (_, parts) => {
    expect(decode(...parts)).toBeNull()
  })
})
