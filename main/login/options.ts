import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from './base/clock.ts'
import type { HttpOptions } from './base/http.ts'
import type { BrowserTripEvent } from './browser-trip.ts'
import type { RejectionReason } from './callback/judge.ts'
import type { CallbackTexts } from './callback/pages.ts'
import type { PeerCheck } from './callback/peer.ts'
import { defaultTexts } from './callback/texts.ts'
import { createProviderCache, type ProviderCache } from './provider/cache.ts'
import type { LoginPolicy } from './request/authorization.ts'
import type { Login } from './tokens/result.ts'

const defaultTimeout = 300_000

/** What happens on the way, in the order in which it can happen. */
export type LoginEvent =
  | BrowserTripEvent
  /** A request to the listener was refused; a few are normal, see `isForeign`. */
  | { readonly type: 'rejected-request'; readonly reason: RejectionReason }
  /** Somebody came to a start address that was spent already. */
  | { readonly type: 'start-address-reused' }
  /** The browser has returned, and the tokens are being requested. */
  | { readonly type: 'exchanging' }

/** Each member may be absent or undefined. */
type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined }

/** What the provider is asked for. The least is `issuer` and `clientId`; what is undefined has its default. */
export interface PolicyOptions extends Optional<Omit<LoginPolicy, 'issuer' | 'clientId'>> {
  /** The provider, exactly as its metadata write it, such as `https://idporten.no`. */
  readonly issuer: string
  /** The client as it is registered; the same for all installations. */
  readonly clientId: string
}

/**
 * What a login needs. The least is `issuer`, `clientId` and `openBrowser`; all else has a default, and
 * options that are undefined count as absent.
 */
export interface LoginOptions extends PolicyOptions, Omit<HttpOptions, 'signal'> {
  /**
   * Opens an address in the person's browser: `shell.openExternal` in Electron, `xdg-open` or `open` in
   * Node. A rejection ends the login with `E_BROWSER_OPEN`, unless a browser came all the same.
   */
  readonly openBrowser: (address: string) => unknown
  /** Time for the person to log in, in milliseconds. Default: five minutes. */
  readonly loginTimeout?: number | undefined
  /** The words of the pages in the browser. Default: bokmål, without the name of an app. */
  readonly texts?: CallbackTexts | undefined
  /** Told of what happens on the way. */
  readonly onEvent?: ((event: LoginEvent) => void) | undefined
  /**
   * The login that this one renews, where `renew` has no refresh token for it: it may only bring the same person.
   * Default: a new session.
   */
  readonly renews?: Login | undefined
  /** Metadata and keys of earlier logins. Default: they are fetched for this login. */
  readonly providerCache?: ProviderCache | undefined
  /** Tells whose a connection to the listener is. Default: Linux is asked, other systems do not say. */
  readonly peer?: PeerCheck | undefined
}

/** The options with every default in its place, and what belongs to this one login. */
export interface LoginSettings extends LoginOptions {
  readonly clock: Clock
  readonly onEvent: (event: LoginEvent) => void
  readonly texts: CallbackTexts
  readonly loginTimeout: number
  readonly policy: LoginPolicy
  readonly providerCache: ProviderCache
  readonly reference: string
}

/** Puts the defaults in where the caller gave nothing. */
export function settingsOf(options: LoginOptions): LoginSettings {
  const { clock = systemClock, texts = defaultTexts, onEvent = () => {} } = options
  return {
    ...options,
    clock,
    texts,
    onEvent,
    loginTimeout: options.loginTimeout ?? defaultTimeout,
    policy: policyOf(options, texts.lang),
    providerCache: options.providerCache ?? createProviderCache(clock),
    reference: createReference(),
  }
}

/** What a login asks for when nobody says anything else. */
export const policyDefaults = {
  redirectPath: '/callback',
  scope: 'openid profile',
  acrValues: ['idporten-loa-substantial'],
  par: 'auto',
  dpop: false,
  remember: false,
} as const

/** Puts the defaults in where the caller gave nothing; `language` is that of the provider's pages. */
export function policyOf(options: PolicyOptions, language: string): LoginPolicy {
  return {
    issuer: options.issuer,
    clientId: options.clientId,
    redirectPath: options.redirectPath ?? policyDefaults.redirectPath,
    scope: options.scope ?? policyDefaults.scope,
    acrValues: options.acrValues ?? policyDefaults.acrValues,
    uiLocales: options.uiLocales ?? language,
    prompt: options.prompt,
    resource: options.resource ?? [],
    authorizationDetails: options.authorizationDetails,
    par: options.par ?? policyDefaults.par,
    dpop: options.dpop ?? policyDefaults.dpop,
    remember: options.remember ?? policyDefaults.remember,
  }
}

/** A short name for the attempt that a person can read aloud; no letters that look alike. */
function createReference(): string {
  // 32, so that each is as likely as the others.
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
  return Array.from(randomBytes(6), (byte) => letters[byte % letters.length]).join('')
}
