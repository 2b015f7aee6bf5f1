import { either, good } from './outcome.ts'
import type { Scenario } from './scenario.ts'

/** Nonces in DPoP proofs, and proofs that are ignored. */
export const dpop = {
  'dpop-nonce-required': good('DPoP proofs need a nonce; each answer brings a new one.', {
    dpopNonce: 'recent',
  }),
  'dpop-nonce-newest': good('DPoP proofs need the newest nonce; each works once.', {
    dpopNonce: 'newest',
  }),
  'dpop-nonce-endless': either('No nonce is ever good enough.', { dpopNonce: 'never' }),
  'dpop-answered-with-bearer': either('Proofs are ignored, and the tokens are bound to no key.', {
    ignoresDpop: true,
  }),
} as const satisfies Record<string, Scenario>
