/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly idToken: number
  readonly accessToken: number
  /** Time without use after which a refresh token is dead. */
  readonly refreshToken: number
  /** Time after which nothing can be refreshed any more. */
  readonly authorization: number
  readonly code: number
  readonly par: number
  /** Time between two authorization requests after which the SSO session is dead. */
  readonly ssoIdle: number
  /** Time from the login after which the SSO session is dead. */
  readonly ssoMax: number
}

/**
 * ID-porten's lifetimes; the one of the code is not documented and is a guess.
 * @see https://docs.digdir.no/docs/idporten/oidc/oidc_func_clientreg
 */
export const defaultLifetimes: Lifetimes = {
  idToken: 120,
  accessToken: 120,
  refreshToken: 600,
  authorization: 7200,
  code: 60,
  par: 120,
  ssoIdle: 30 * 60,
  ssoMax: 120 * 60,
}
