import { isLoopback } from '../login/index.ts'
import { type Profile, scopesOf } from '../session/profile.ts'

/** What has to be registered at Digdir for the logins that a profile asks for. */
export interface Registration {
  /** The body of `POST /clients` at the self-service API, by the names of its fields. */
  readonly fields: Readonly<Record<string, string | readonly string[]>>
  /** What no profile says, or what Digdir has to agree to, by field. */
  readonly notes: Readonly<Record<string, string>>
}

/**
 * The registration that fits a profile.
 *
 * @see docs/registration.md; Digdir, "Klientregistrering" (`oidc_func_clientreg`)
 */
export function registrationFor(profile: Profile): Registration {
  const scopes = scopesOf(profile)
  const { postLogoutRedirectUri, remember } = profile
  const grants = ['authorization_code', ...(remember ? ['refresh_token'] : [])]
  const leavesOverLoopback =
    postLogoutRedirectUri !== undefined && isLoopback(new URL(postLogoutRedirectUri))
  return {
    fields: {
      client_name: profile.name,
      integration_type: integrationType(profile, scopes),
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      code_challenge_method: 'S256',
      grant_types: grants,
      redirect_uris: [`http://127.0.0.1:0${profile.redirectPath}`],
      post_logout_redirect_uris: postLogoutRedirectUri === undefined ? [] : [postLogoutRedirectUri],
      scopes,
    },
    notes: {
      client_id: `is given by Digdir, and stands in the profile as ${profile.clientId}`,
      client_uri: 'is to be added: one address of yours',
      description: 'is to be added',
      integration_type: 'cannot be changed later',
      grant_types: 'refresh_token only where you are offered it',
      ...(postLogoutRedirectUri === undefined && {
        post_logout_redirect_uris: 'is a required field: an https page of yours',
      }),
      ...(leavesOverLoopback && {
        post_logout_redirect_uris: 'a loopback address only where you are allowed it',
      }),
      ...(scopes.some(isOfOthers) && {
        scopes: "an API's owner must have granted its scopes to your organisation",
      }),
    },
  }
}

const isOfOthers = (scope: string): boolean => scope !== 'openid' && scope !== 'profile'

/** `idporten` has `openid profile` alone, and no access token for APIs. */
function integrationType({ issuer }: Profile, scopes: readonly string[]): string {
  if (new URL(issuer).hostname.endsWith('ansattporten.no')) return 'ansattporten'
  return scopes.some(isOfOthers) ? 'api_klient' : 'idporten'
}
