import { createHttp, type HttpOptions } from '../base/http.ts'
import { type LoginError, toLoginError } from '../errors.ts'
import { fetchKeys } from './keys.ts'
import { discover, type Provider } from './metadata.ts'

/** What a provider answers before anybody logs in. */
export interface ProviderProbe {
  /** The metadata, or why a login would not use them. */
  readonly provider: Provider | LoginError
  /** How many keys may verify an ID token, or why none came; null without metadata, which name their address. */
  readonly usableKeys: number | LoginError | null
  /** Milliseconds that this computer's clock is ahead of the provider's `Date`; null without an answer. */
  readonly clockSkew: number | null
}

/** Asks a provider for its metadata and keys, as a login does before it opens a browser. Throws nothing. */
export async function probeProvider(issuer: string, options?: HttpOptions): Promise<ProviderProbe> {
  const http = createHttp(options)
  try {
    const provider = await discover(issuer, http)
    const usableKeys = await fetchKeys(provider.jwks_uri, http).then(
      (keys) => keys.length,
      toLoginError,
    )
    return { provider, usableKeys, clockSkew: http.clockSkew() }
  } catch (error) {
    return { provider: toLoginError(error), usableKeys: null, clockSkew: http.clockSkew() }
  }
}
