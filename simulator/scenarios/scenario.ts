import type { JWK } from 'jose'
import type { FaultName } from '../faults/index.ts'
import type { Step } from '../faults/steps.ts'
import type { Algorithm, SigningKey, StrangerKey } from '../keys.ts'

/** A token before it is signed; a text in place of an object stands for its own bytes. */
export interface UnsignedToken {
  readonly header: Readonly<Record<string, unknown>> | string
  readonly claims: unknown
}

/** An ID token as the provider means it. */
export interface IssuedIdToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly accessToken: string
  /** `authorization_code` or `refresh_token`. */
  readonly grant: string
}

/** What a scenario has at hand. */
export interface Tools {
  readonly issuer: string
  /** The same simulator under another host name, so that the journal shows who went there. */
  readonly elsewhere: string
  /** The key that signs now and is published. */
  readonly ownKey: () => SigningKey
  /** A key that is not the provider's; the same one for the whole life of the simulator. */
  readonly strangerKey: (kind: StrangerKey) => Promise<SigningKey>
  /** Makes a new signing key, publishes it and forgets the one before. */
  readonly rotateKeys: () => Promise<void>
  /** Signs as told, with the provider's key and its algorithm unless told otherwise; the header stays. */
  readonly sign: (token: UnsignedToken, key?: SigningKey, algorithm?: Algorithm) => string
  /** Signs with HMAC-SHA256 and a text as the secret; the header stays. */
  readonly signWithSecret: (token: UnsignedToken, secret: string) => string
}

type Maybe<T> = T | Promise<T>

/** Which nonces a DPoP proof may carry: one of the latest, the newest alone, or none that exists. */
export type NoncePolicy = 'recent' | 'newest' | 'never'

/** Whether a refresh token is replaced when it is used, or stays. */
export type RefreshTokenUsage = 'onetime' | 'reusable'

/** What a provider does wrong, or does rarely but rightly. */
export interface Scenario {
  /** What the provider does, in one sentence. */
  readonly summary: string
  /**
   * True: a correct client must log in nevertheless. False: it must not.
   * Absent: it depends on what the client asks for and puts up with.
   */
  readonly good?: boolean
  /** Called before the provider sees a request of a step. */
  readonly request?: (step: Step, tools: Tools) => Maybe<void>
  /** Gives the discovery document that goes out, which may be any JSON value. */
  readonly metadata?: (document: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /** Gives the JWK set that goes out. */
  readonly keys?: (document: { readonly keys: readonly JWK[] }, tools: Tools) => unknown
  /** Gives the answer to a pushed authorization request. */
  readonly pushedRequest?: (body: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /** Changes the redirect to the client: its query, or the whole address. */
  readonly callback?: (parameters: URLSearchParams, url: URL, tools: Tools) => Maybe<void>
  /** Gives the compact ID token that goes out, or the token that the provider's key signs. */
  readonly idToken?: (token: IssuedIdToken, tools: Tools) => Maybe<string | UnsignedToken>
  /** Gives the token response, with the ID token already in it; the grant is that of the request. */
  readonly tokenResponse?: (
    body: Readonly<Record<string, unknown>>,
    tools: Tools,
    grant: string,
  ) => unknown
  /** Gives the userinfo response; a text is sent as a JWT. */
  readonly userinfo?: (body: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /** Gives the answer of an API. */
  readonly api?: (body: Readonly<Record<string, unknown>>, tools: Tools) => unknown
  /**
   * Changes the address that a logout goes back to, or keeps the browser: on the page that follows
   * every logout, or on one that says that another service stopped it.
   */
  readonly afterLogout?: (back: URL, tools: Tools) => Maybe<'page' | 'stopped' | void>
  /**
   * The SameSite of the cookie that a logout needs, as a browser would act on it if the client were
   * another site; `gone` is a session that has ended already.
   */
  readonly logoutCookie?: 'lax' | 'strict' | 'gone'
  /** Demands nonces in DPoP proofs, at the token endpoint, userinfo and the APIs. */
  readonly dpopNonce?: NoncePolicy
  /** Takes no notice of DPoP proofs at the token endpoint. */
  readonly ignoresDpop?: true
  /** In place of what the simulator was told at the start. */
  readonly refreshTokenUsage?: RefreshTokenUsage
  /** Pages of the scenario's own, by path. */
  readonly endpoints?: Readonly<
    Record<string, (tools: Tools) => Maybe<{ readonly type: string; readonly body: string }>>
  >
  /** Seconds that the provider's clock is ahead: `Date`, `iat`, `exp` and `auth_time` shift. */
  readonly clock?: number
  /** What happens to the requests of one step on the wire. */
  readonly fault?: {
    readonly step: Step
    readonly kind: FaultName
    /** Hits only token requests of this grant. */
    readonly grant?: 'authorization_code' | 'refresh_token'
    /** Before the provider has processed the request, the default, or after it (the answer is lost). */
    readonly when?: 'before' | 'after'
    /** How many requests it hits; all when absent. */
    readonly times?: number
  }
}
