import { errors } from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { paths } from './discovery.ts'
import type { Store } from './store.ts'

/** The rules for who may revoke a token or ask about one. */
export const revocationFeatures: Configuration['features'] = {
  introspection: {
    enabled: true,
    allowedPolicy: () => {
      throw new errors.InvalidClientAuth('a public client cannot introspect tokens')
    },
  },
  revocation: {
    enabled: true,
    allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
  },
}

/** Puts the opaque token in place of its JWT in a form for the revocation or introspection endpoint. */
export function mapToken(path: string, form: URLSearchParams, store: Store): void {
  const token = form.get('token')
  if ((path === paths.revocation || path === paths.introspection) && token) {
    // oidc-provider refuses every JWT here; one that is unknown must count as an unknown token.
    const opaque = store.resolve(token)
    form.set('token', opaque.includes('.') ? 'unknown' : opaque)
  }
}
