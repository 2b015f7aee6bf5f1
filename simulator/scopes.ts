/** The scopes of a login; a token with these alone ends at logout. */
export const loginScopes: readonly string[] = ['openid', 'profile']

/** A scope of a third party for which the person is asked. */
export const consentScope = 'krr:user/kontaktinformasjon.read'

/** A scope of a third party for which the person is not asked. */
export const plainScope = 'altinn:lookup'

/** Every scope that is registered. */
export const scopes: readonly string[] = [...loginScopes, consentScope, plainScope]
