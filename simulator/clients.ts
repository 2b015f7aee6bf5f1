import type { ClientMetadata } from 'oidc-provider'
import { scopes } from './scopes.ts'

/** The public native client that the profile of the simulator names. */
export const clientId = '5d1f0a52-6c1e-4a53-9c7b-2f3a6e0b7d10'

/** Another public native client, so that pairwise subjects can be compared. */
export const otherClientId = '0b0b8e63-97f4-4c3d-8a57-6f0d6d2c41ef'

interface Registration {
  /** Path of the redirect URI, on 127.0.0.1 with any port. */
  readonly redirectPath: string
  readonly refreshTokens: boolean
}

/** Lists the clients that are registered, as oidc-provider wants them. */
export function registeredClients({ redirectPath, refreshTokens }: Registration): ClientMetadata[] {
  const client = (id: string, name: string): ClientMetadata => ({
    client_id: id,
    client_name: name,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: [`http://127.0.0.1:0${redirectPath}`],
    post_logout_redirect_uris: ['http://127.0.0.1:0/logged-out'],
    grant_types: ['authorization_code', ...(refreshTokens ? ['refresh_token'] : [])],
    response_types: ['code'],
    subject_type: 'pairwise',
    scope: scopes.join(' '),
  })
  return [
    client(clientId, 'Simulatorens klient'),
    client(otherClientId, 'Simulatorens andre klient'),
  ]
}
