import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/login.ts'
import { createProofKey, type ProofKey, restoreProofKey } from './dpop.ts'

const at = 1_800_000_000_900

/** The proof that goes along with a request. */
async function proofOf({ handle }: ProofKey): Promise<string> {
  const proof = Promise.withResolvers<string>()
  await oauth.protectedResourceRequest(
    'token',
    'GET',
    new URL('https://api.test/'),
    undefined,
    undefined,
    {
      DPoP: handle,
      [oauth.customFetch]: async (_, { headers }) => {
        proof.resolve(headers['dpop'] ?? '')
        return new Response('{}')
      },
    },
  )
  return await proof.promise
}
const timeOf = async (key: ProofKey) => decodeJwt(await proofOf(key)).iat

describe('the key of a session', () => {
  it('may not leave memory, unless it is to be kept: then it proves the same later', async () => {
    const clock = createTestClock(at)
    expect((await createProofKey(false, clock)).jwk).toBeNull()
    const kept = await createProofKey(true, clock)
    if (kept.jwk === null) throw new Error('not kept')
    const restored = await restoreProofKey(kept.jwk.reveal(), clock)
    expect(restored.jwk?.reveal()).toEqual(kept.jwk.reveal())
    const names = await Promise.all([kept, restored].map((key) => key.handle.calculateThumbprint()))
    expect(names[0]).toBe(names[1])
    expect(decodeProtectedHeader(await proofOf(restored))).toMatchObject({
      alg: 'ES256',
      typ: 'dpop+jwt',
    })
  })

  it('is refused that is none of its kind', async () => {
    const clock = createTestClock(at)
    const { jwk } = await createProofKey(true, clock)
    const { d, ...halfOfIt } = { ...jwk?.reveal() }
    const rsa = await generateKeyPair('RS256', { extractable: true })
    const bad: JWK[] = [
      halfOfIt,
      { ...jwk?.reveal(), d: '' },
      { ...jwk?.reveal(), kty: 'RSA' },
      { ...jwk?.reveal(), crv: 'P-384' },
      await exportJWK(rsa.privateKey),
      { kty: 'oct', k: d ?? '' },
    ]
    const outcomes = await Promise.allSettled(bad.map((each) => restoreProofKey(each, clock)))
    expect(outcomes.map(({ status }) => status)).toEqual(bad.map(() => 'rejected'))
  })
})

describe('the time of a proof', () => {
  it('is that of this computer while no other is known', async () => {
    const key = await createProofKey(false, createTestClock(at))
    expect(key.isCorrected()).toBe(false)
    key.setClockSkew(null)
    expect([await timeOf(key), key.isCorrected()]).toEqual([1_800_000_000, false])
  })

  it.each([
    [90_000, 1_799_999_910, true],
    [-90_000, 1_800_000_090, true],
    [10_000, 1_799_999_990, true],
    [9999, 1_800_000_000, false],
    [-10_000, 1_800_000_010, true],
    [-9999, 1_800_000_000, false],
  ])('of a clock that is %i ms off is %i: corrected %s', async (skew, time, corrected) => {
    const clock = createTestClock(at)
    clock.advance(3_600_000)
    clock.set(-3_600_000)
    const key = await createProofKey(false, clock)
    key.setClockSkew(skew)
    expect([await timeOf(key), key.isCorrected()]).toEqual([time, corrected])
  })

  it('is told as corrected once, and stays so when nothing new is known', async () => {
    const key = await createProofKey(false, createTestClock(at))
    key.setClockSkew(90_000)
    expect(key.isCorrected()).toBe(true)
    key.setClockSkew(90_000)
    expect(key.isCorrected()).toBe(false)
    key.setClockSkew(null)
    expect([await timeOf(key), key.isCorrected()]).toEqual([1_799_999_910, false])
  })

  it('goes on by itself when somebody sets the clock', async () => {
    const clock = createTestClock(at)
    const key = await createProofKey(false, clock)
    key.setClockSkew(90_000)
    clock.set(7_200_000)
    clock.advance(60_000)
    expect(await timeOf(key)).toBe(1_799_999_970)
  })
})
