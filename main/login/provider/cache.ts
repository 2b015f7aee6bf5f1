import type { Clock } from '../base/clock.ts'
import type { Http } from '../base/http.ts'
import { createKeyCache, type KeySource } from './keys.ts'
import { discover, type Provider } from './metadata.ts'

/** Digdir, "Well-known endepunkt": keep the metadata for 24 hours at most. */
const lifetime = 24 * 60 * 60 * 1000

export interface ProviderCache {
  /** The metadata of the issuer, from memory when it is fresh enough. Throws as `discover` does. */
  find(issuer: string, http: Http): Promise<Provider>
  /** The provider's keys for one attempt; kept from one to the next. */
  keys(provider: Provider, http: Http): KeySource
  /** Forgets what was fetched, so that a failed login cannot be held up by old metadata. */
  forget(): void
}

/** Keeps good metadata for at most 24 hours and keys for one; a failed fetch is never kept. */
export function createProviderCache(clock: Clock): ProviderCache {
  let kept: { provider: Provider; until: number } | null = null
  let forgotten = 0
  const keys = createKeyCache(clock)
  return {
    find: async (issuer, http) => {
      if (kept?.provider.issuer === issuer && clock.monotonic() < kept.until) {
        http.tracer.fromMemory('metadata', issuer)
        return kept.provider
      }
      const at = forgotten
      const provider = await discover(issuer, http)
      // An attempt that ended meanwhile has made everything be forgotten: it cannot bring it back.
      if (at === forgotten) kept = { provider, until: clock.monotonic() + lifetime }
      return provider
    },
    keys: (provider, http) => keys.forAttempt(provider, http),
    forget: () => {
      // Stryker disable next-line AssignmentOperator: any other number tells an attempt that it was forgotten
      forgotten += 1
      kept = null
      keys.forget()
    },
  }
}
