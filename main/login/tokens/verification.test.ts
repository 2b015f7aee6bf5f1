import { CompactSign, type CryptoKey, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { LoginError } from '../errors.ts'
import type { KeySource, VerificationKey } from '../provider/keys.ts'
import { Secret } from '../base/secret.ts'
import { failureOf } from '../../../test/support/login.ts'
import type { IdTokenExpectation } from './rules.ts'
import { verifyWithKeys } from './verification.ts'

const now = 1_800_000_000
const expectation: IdTokenExpectation = {
  issuer: 'https://issuer.test',
  clientId: 'client',
  accessToken: new Secret('access'),
  nonce: new Secret('nonce'),
  renews: null,
  acrValues: [],
  attemptLasted: null,
  now,
  clockSkew: null,
}
const claims = {
  iss: expectation.issuer,
  sub: 'subject',
  aud: 'client',
  exp: now + 60,
  iat: now,
  nonce: 'nonce',
}

let own: { publicKey: CryptoKey; privateKey: CryptoKey }
let former: { publicKey: CryptoKey; privateKey: CryptoKey }
beforeAll(async () => {
  ;[own, former] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
})

const sign = async (change: object = {}): Promise<Secret> => {
  const payload = new TextEncoder().encode(JSON.stringify({ ...claims, ...change }))
  const signer = new CompactSign(payload).setProtectedHeader({ alg: 'RS256', kid: 'name' })
  return new Secret(await signer.sign(own.privateKey))
}
const keyOf = ({ publicKey }: { publicKey: CryptoKey }): readonly VerificationKey[] => [
  { kid: 'name', key: publicKey },
]
/** Keys from memory, and what one more look brings. */
const source = (
  kept: readonly VerificationKey[],
  lookAgain: KeySource['lookAgain'],
): KeySource => ({
  prepare: async () => {},
  forToken: async () => kept,
  lookAgain,
})
const neverAgain = async (): Promise<never> => {
  throw new Error('looked once more')
}

describe('one more look for keys', () => {
  it('is made for a signature that fails, and its keys decide', async () => {
    const token = await sign()
    const replaced = source(keyOf(former), async () => keyOf(own))
    const { checks } = await verifyWithKeys(token, replaced, expectation)
    expect(checks.find(({ rule }) => rule === 'signature')?.result).toBe('pass')
    const same = source(keyOf(former), async () => keyOf(former))
    const error = await failureOf(verifyWithKeys(token, same, expectation), LoginError)
    expect(error.detail?.key).toBe('signature')
  })

  it.each<readonly [string, KeySource['lookAgain']]>([
    ['was made already', async () => null],
    ['fails', neverAgain],
  ])('that %s leaves the failure as it is', async (_, lookAgain) => {
    const keys = source(keyOf(former), lookAgain)
    const error = await failureOf(verifyWithKeys(await sign(), keys, expectation), LoginError)
    expect([error.code, error.detail?.key]).toEqual(['E_ID_TOKEN_SIGNATURE', 'signature'])
  })

  it('is not made for a good token, nor for another failure', async () => {
    let looks = 0
    const keys = source(keyOf(own), async () => {
      looks += 1
      return keyOf(own)
    })
    await expect(verifyWithKeys(await sign(), keys, expectation)).resolves.toBeTruthy()
    const another = verifyWithKeys(await sign({ aud: 'another' }), keys, expectation)
    expect((await failureOf(another, LoginError)).detail?.key).toBe('aud')
    const broken = { ...keys, forToken: neverAgain }
    await expect(verifyWithKeys(await sign(), broken, expectation)).rejects.toThrow('looked once')
    const nameless = new LoginError('E_NETWORK_TIMEOUT', 'x')
    const unreachable = { ...keys, forToken: async () => Promise.reject(nameless) }
    await expect(verifyWithKeys(await sign(), unreachable, expectation)).rejects.toBe(nameless)
    expect(looks).toBe(0)
  })
})
