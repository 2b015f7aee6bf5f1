import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Keys } from '../keys.ts'
import type { Representation } from '../representation.ts'
import type { RefreshTokenUsage } from '../scenarios/scenario.ts'
import type { Stage } from '../stage.ts'
import type { Locale } from './discovery.ts'
import type { ProofChecker } from './dpop.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { Store } from './store.ts'

/** What a provider is told when it is created. */
export interface ProviderOptions {
  readonly issuer: string
  readonly lifetimes: Lifetimes
  readonly redirectPath: string
  readonly refreshTokens: boolean
  readonly refreshTokenUsage: RefreshTokenUsage
  readonly secure: boolean
  readonly store: Store
  readonly keys: Keys
  readonly stage: Stage
}

/** What is remembered of an authorization request until its tokens are issued. */
export interface Issue {
  readonly locale: Locale
  /** One address, or several with spaces between. */
  readonly resource: string | undefined
  /** On whose behalf the person logged in; empty for nobody, absent when that was not asked for. */
  readonly representations: readonly Representation[] | undefined
  /** Thumbprint of the key that a code or a token is bound to. */
  readonly jkt: string | undefined
}

/** What the endpoints of one provider share; each function takes only the members that it needs. */
export interface ProviderParts extends ProviderOptions {
  /** By the `jti` of the code, the access token or the refresh token. */
  readonly issues: Map<string, Issue>
  /** The requests that `login_hint` has logged a person in for, without a page. */
  readonly headless: WeakSet<KoaContextWithOIDC>
  readonly proofs: ProofChecker
  /** The keys that were proven to the token endpoint and the one for pushed requests. */
  readonly provenKeys: WeakMap<KoaContextWithOIDC, string>
}
