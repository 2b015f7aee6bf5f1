import { Provider } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { rememberAuthorization } from './authorization.ts'
import { createConfiguration } from './configuration.ts'
import { createProofChecker } from './dpop.ts'
import { createMiddleware } from './middleware.ts'
import type { ProviderOptions, ProviderParts } from './parts.ts'

/** Builds an oidc-provider that answers as ID-porten does. */
export function createProvider(options: ProviderOptions): Provider {
  const parts: ProviderParts = {
    ...options,
    issues: new Map(),
    headless: new WeakSet(),
    proofs: createProofChecker(),
    provenKeys: new WeakMap(),
  }
  const provider = new Provider(options.issuer, createConfiguration(parts))
  // Koa would write these to the console; it is no event target of the web.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  provider.onerror = (error) => {
    // A client that goes away in the middle of an answer is no fault of the provider.
    if (!('code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))) {
      process.emitWarning(error)
    }
  }
  provider.on('server_error', (_ctx: KoaContextWithOIDC, error: Error) => {
    process.emitWarning(error)
  })
  provider.on('authorization.success', (ctx: KoaContextWithOIDC) => {
    rememberAuthorization(ctx, parts)
  })
  provider.use(createMiddleware(provider, parts))
  return provider
}
