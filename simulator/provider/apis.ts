import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { apiPaths, paths } from './discovery.ts'
import type { Locale } from './discovery.ts'
import { dpopAlgorithms } from './dpop.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import { contactOf } from '../persons.ts'
import type { TestPerson } from '../persons.ts'
import { consentScope, plainScope } from '../scopes.ts'

/** An access token that is alive. */
export interface LiveToken {
  readonly clientId: string
  readonly person: TestPerson
  readonly scope: string
  readonly locale: Locale
  /** Thumbprint of the key that the token is bound to, if any. */
  readonly jkt: string | undefined
}

interface Surroundings {
  readonly issuer: string
  /** Finds a token that has neither expired nor been revoked. */
  readonly findToken: (token: string) => Promise<LiveToken | undefined>
  /** The key of the DPoP proof of a request. */
  readonly provenKey: (ctx: KoaContextWithOIDC, accessToken: string) => Promise<string>
  readonly userinfo: (token: LiveToken) => Readonly<Record<string, unknown>>
}

interface Api {
  readonly scope: string
  readonly methods: readonly string[]
  readonly answer: (token: LiveToken, ctx: KoaContextWithOIDC) => unknown
}

type Scheme = 'Bearer' | 'DPoP'

function challenge(scheme: Scheme, fields: Readonly<Record<string, string>>): string {
  const quoted = Object.entries(fields).map(([name, value]) => `${name}="${value}"`)
  return `${scheme} ${quoted.join(', ')}`
}

/** The person as the contact register has it; one that cannot be looked up is not there. */
function lookUp({ person, locale }: LiveToken, ctx: KoaContextWithOIDC): unknown {
  const contact = contactOf(person, locale)
  if (contact === undefined) {
    ctx.status = 404
    return { error: 'not_found', error_description: 'the token has no pid to look up' }
  }
  return contact
}

/** What was sent and on whose behalf, without the secrets in the headers. */
function echo({ scope, clientId, jkt }: LiveToken, ctx: KoaContextWithOIDC): unknown {
  const { req } = ctx
  return {
    method: ctx.method,
    query: { ...ctx.query },
    content_type: ctx.get('content-type'),
    body: req instanceof ForwardedRequest ? req.text : '',
    client_id: clientId,
    scope,
    bound: jkt !== undefined,
  }
}

/**
 * Makes userinfo and the APIs of third parties, which take an access token as it was issued.
 * @returns Answers a request; false when its path is none of theirs.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7
 */
export function createApis({ issuer, findToken, provenKey, userinfo }: Surroundings) {
  const apis = new Map<string, Api>([
    [paths.userinfo, { scope: 'profile', methods: ['GET', 'POST'], answer: userinfo }],
    [apiPaths.person, { scope: consentScope, methods: ['GET'], answer: lookUp }],
    [apiPaths.echo, { scope: plainScope, methods: ['GET', 'POST'], answer: echo }],
  ])
  const algs = dpopAlgorithms.join(' ')

  function refuse(
    ctx: KoaContextWithOIDC,
    scheme: Scheme,
    scope: string,
    error: errors.OIDCProviderError,
  ): void {
    const { error: code, error_description: description = code } = error
    ctx.status = code === 'insufficient_scope' ? 403 : 401
    ctx.set(
      'www-authenticate',
      challenge(scheme, {
        realm: issuer,
        error: code,
        error_description: description,
        ...(code === 'insufficient_scope' ? { scope } : {}),
        ...(scheme === 'DPoP' ? { algs } : {}),
      }),
    )
    ctx.body = { error: code, error_description: description }
  }

  async function admit(
    ctx: KoaContextWithOIDC,
    scheme: Scheme,
    value: string,
    scope: string,
  ): Promise<LiveToken> {
    const key = scheme === 'DPoP' ? await provenKey(ctx, value) : undefined
    const token = await findToken(value)
    if (token === undefined) {
      throw new errors.InvalidToken('access token not found, expired or revoked')
    }
    if (token.jkt !== key) {
      throw new errors.InvalidToken('the token is not bound to the key of a DPoP proof sent here')
    }
    if (!token.scope.split(' ').includes(scope)) {
      throw new errors.InsufficientScope('access token missing requested scope', scope)
    }
    return token
  }

  return async (ctx: KoaContextWithOIDC): Promise<boolean> => {
    const api = apis.get(ctx.path)
    if (api === undefined) {
      return false
    }
    ctx.set('cache-control', 'no-store')
    if (!api.methods.includes(ctx.method)) {
      ctx.status = 405
      ctx.set('allow', api.methods.join(', '))
      ctx.body = { error: 'method_not_allowed' }
      return true
    }
    const [, name, value] = /^(bearer|dpop) +(\S+)$/i.exec(ctx.get('authorization')) ?? []
    if (name === undefined || value === undefined) {
      ctx.status = 401
      ctx.append('www-authenticate', challenge('Bearer', { realm: issuer }))
      ctx.append('www-authenticate', challenge('DPoP', { realm: issuer, algs }))
      ctx.body = { error: 'invalid_token', error_description: 'no access token provided' }
      return true
    }
    const scheme = name.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
    try {
      const token = await admit(ctx, scheme, value, api.scope)
      ctx.status = 200
      ctx.body = api.answer(token, ctx)
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) {
        throw error
      }
      const bound = scheme === 'Bearer' && (await findToken(value))?.jkt !== undefined
      refuse(ctx, bound ? 'DPoP' : scheme, api.scope, error)
    }
    return true
  }
}
