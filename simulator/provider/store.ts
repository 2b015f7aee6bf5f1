import { UnsecuredJWT, decodeJwt } from 'jose'
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

interface Stored {
  readonly model: string
  readonly payload: AdapterPayload
  readonly expiresAt: number
}

/** Memory of one simulator: what oidc-provider stores, and which JWT stands for which token. */
export interface Store {
  readonly adapter: AdapterFactory
  /** Lets a signed access token be used in place of the opaque one that oidc-provider knows. */
  readonly link: (jwt: string, opaque: string) => void
  /** The opaque token behind a JWT; a value that is not linked is returned as it is. */
  readonly resolve: (token: string) => string
  /** Deletes what is stored and matches. */
  readonly forget: (matches: (payload: AdapterPayload) => boolean) => void
}

/**
 * Creates an empty store for oidc-provider.
 * @param parLifetime Seconds that a pushed authorization request lives.
 */
export function createStore(parLifetime: number): Store {
  const stored = new Map<string, Stored>()
  const links = new Map<string, string>()
  const resolve = (token: string) => links.get(token) ?? token

  // oidc-provider has a constant of 60 seconds for this, also inside the stored request.
  const withLifetime = (payload: AdapterPayload): AdapterPayload => {
    const exp = Math.floor(Date.now() / 1000) + parLifetime
    const request = new UnsecuredJWT({ ...decodeJwt(payload.request ?? ''), exp }).encode()
    return { ...payload, exp, request }
  }

  const forgetWhere = (matches: (entry: Stored) => boolean) => {
    for (const [key, entry] of stored) {
      if (matches(entry)) {
        stored.delete(key)
      }
    }
  }

  const forgetExpired = () => {
    forgetWhere(({ expiresAt }) => expiresAt < Date.now())
    for (const [jwt, opaque] of links) {
      if (!stored.has(`AccessToken:${opaque}`)) {
        links.delete(jwt)
      }
    }
  }

  const adapter = (model: string): Adapter => {
    const find = async (id: string) => stored.get(`${model}:${resolve(id)}`)?.payload
    const findWhere = async (matches: (payload: AdapterPayload) => boolean) =>
      [...stored.values()].find((entry) => entry.model === model && matches(entry.payload))?.payload
    return {
      find,
      findByUid: (uid) => findWhere((payload) => payload.uid === uid),
      findByUserCode: (userCode) => findWhere((payload) => payload.userCode === userCode),
      async upsert(id, payload, expiresIn = Infinity) {
        forgetExpired()
        const isPar = model === 'PushedAuthorizationRequest'
        const seconds = isPar ? parLifetime : expiresIn
        stored.set(`${model}:${id}`, {
          model,
          payload: isPar ? withLifetime(payload) : payload,
          expiresAt: Date.now() + seconds * 1000,
        })
      },
      async consume(id) {
        const payload = await find(id)
        if (payload !== undefined) {
          payload.consumed = Math.floor(Date.now() / 1000)
        }
      },
      async destroy(id) {
        stored.delete(`${model}:${resolve(id)}`)
      },
      async revokeByGrantId(grantId) {
        forgetWhere((entry) => entry.model === model && entry.payload.grantId === grantId)
      },
    }
  }

  return {
    adapter,
    resolve,
    link: (jwt, opaque) => void links.set(jwt, opaque),
    forget: (matches) => forgetWhere(({ payload }) => matches(payload)),
  }
}
