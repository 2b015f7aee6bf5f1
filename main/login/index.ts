/**
 * The only door of the login: whatever another folder, or another program, uses of it stands here. It runs
 * in Node 22 or later and in Electron, and knows nothing of the app around it.
 */

// One login.
export { type LoginAttempt, startLogin } from './login.ts'
export {
  type LoginEvent,
  type LoginOptions,
  policyDefaults,
  type PolicyOptions,
} from './options.ts'
export type { BrowserHint } from './browser-trip.ts'
export type { LoginPolicy } from './request/authorization.ts'
export { isForeign, type RejectionReason } from './callback/judge.ts'

// What it brings.
export type { Login } from './tokens/result.ts'
export type { Claims } from './tokens/rules.ts'
export { Secret } from './base/secret.ts'
export type { ProofKey } from './request/dpop.ts'
export { acrIsEnough } from './tokens/acr.ts'
export { type DecodedJwt, decodeTokens } from './tokens/decoded.ts'

// What goes wrong.
export {
  type Check,
  type ErrorDetail,
  type Explanation,
  failure,
  isLoginError,
  LoginError,
  type LoginErrorCode,
  unexpected,
} from './errors.ts'

// What follows it.
export { type Api, type ApiAnswer, type ApiOptions, callApi } from './calls/api.ts'
export { fetchUserinfo } from './calls/userinfo.ts'
export { renew, type RenewOptions, renewStored, type StoredLogin, toStored } from './calls/renew.ts'
export { outlivesLogout, revokeTokens } from './calls/revoke.ts'
export { type BrowserLogout, type LogoutOptions, logOutInBrowser } from './calls/logout.ts'

// What is told of the protocol.
export {
  type TraceRequest,
  type TraceResponse,
  traceSources,
  type TraceStep,
  type TraceStepName,
  type TraceValue,
} from './trace.ts'
export { maskPersonalNumbers } from './base/personal-number.ts'
export { type ProviderDifference, providerDifferences } from './provider/expectations.ts'
export { type ProviderProbe, probeProvider } from './provider/probe.ts'
export { clockTolerance } from './tokens/rules.ts'
export { plain } from './error-map.ts'

// What it is given of the world.
export type { Fetch, HttpLimits, HttpOptions } from './base/http.ts'
export { type Clock, systemClock } from './base/clock.ts'
export { createProviderCache, type ProviderCache } from './provider/cache.ts'
export { isLoopback, type Provider } from './provider/metadata.ts'
export type { CallbackPage, CallbackTexts } from './callback/pages.ts'
export { createPeerCheck, type Peer, type PeerCheck, type PeerOptions } from './callback/peer.ts'
