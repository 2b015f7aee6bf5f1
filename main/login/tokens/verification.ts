import { endRenewal, LoginError } from '../errors.ts'
import type { IdTokenExpectation, VerifiedIdToken } from './rules.ts'
import { verifyIdToken } from './id-token.ts'
import type { KeySource } from '../provider/keys.ts'
import type { Secret } from '../base/secret.ts'
import { noTracer } from '../tracer.ts'

/**
 * Verifies an ID token with the provider's keys. A signature that fails makes it look for keys once
 * more, as an unknown `kid` does: a provider may have put another key under the same name.
 *
 * @throws as `verifyIdToken` and `KeySource` do, and `E_RENEWAL_SUBJECT` when a renewal brought another person
 */
export async function verifyWithKeys(
  idToken: Secret,
  keys: KeySource,
  expectation: IdTokenExpectation,
  tracer = noTracer,
): Promise<VerifiedIdToken> {
  const tracing = tracer.begin('verification')
  try {
    const verified = await verify(idToken, keys, expectation)
    tracing.done({ checks: verified.checks })
    return verified
  } catch (error) {
    tracing.failed(error)
    const isOther = error instanceof LoginError && error.detail?.key === 'same-person'
    throw isOther ? endRenewal('E_RENEWAL_SUBJECT', error) : error
  }
}

async function verify(
  idToken: Secret,
  keys: KeySource,
  expectation: IdTokenExpectation,
): Promise<VerifiedIdToken> {
  try {
    return await verifyIdToken(idToken, await keys.forToken(idToken), expectation)
  } catch (error) {
    if (!(error instanceof LoginError) || error.detail?.key !== 'signature') throw error
    const fresh = await keys.lookAgain().catch(() => null)
    if (fresh === null) throw error
    return await verifyIdToken(idToken, fresh, expectation)
  }
}
