import type { JWK } from 'jose'
import type { Algorithm, SigningKey, StrangerKey } from '../keys.ts'
import { persons } from '../persons.ts'
import type { IssuedIdToken, Tools } from './scenario.ts'

/** The claims of an ID token. */
export type Claims = IssuedIdToken['claims']

/** A value as text, whatever it is. */
export const text = (value: unknown): string => String(value)
/** The real time, in seconds. */
export const now = () => Math.floor(Date.now() / 1000)
/** The number of another person than the one who logs in. */
export const otherPid = persons[1]?.pid ?? ''

/** Other claims, under a right signature. */
export const claims = (
  change: (claims: Claims, token: IssuedIdToken, tools: Tools) => unknown,
) => ({
  idToken: (token: IssuedIdToken, tools: Tools) => ({
    header: token.header,
    claims: change(token.claims, token, tools),
  }),
})
/** Claims more, or other values of some. */
export const set = (members: Readonly<Record<string, unknown>>) =>
  claims((former) => ({ ...former, ...members }))
/** One claim with a character more. */
export const append = (name: string) =>
  claims((former) => ({ ...former, [name]: `${text(former[name])}1` }))
/** The claims but some. */
export const without = (...names: readonly string[]) => claims((former) => omit(former, ...names))

/** The members of an object but some. */
export function omit(object: Readonly<Record<string, unknown>>, ...names: readonly string[]) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

/** Another header, under a right signature. */
export const header = (members: Readonly<Record<string, unknown>>) => ({
  idToken: (token: IssuedIdToken) => ({ ...token, header: { ...token.header, ...members } }),
})

/** Signed by a key that is not the provider's, with a header that says what it likes. */
export const byStranger = (
  kind: StrangerKey,
  change: (header: IssuedIdToken['header'], key: SigningKey, tools: Tools) => object,
) => ({
  idToken: async (token: IssuedIdToken, tools: Tools) => {
    const key = await tools.strangerKey(kind)
    const changed = { ...token.header, ...change(token.header, key, tools) }
    return tools.sign({ header: changed, claims: token.claims }, key)
  },
})

/** Another algorithm with the provider's key. */
export const algorithm = (alg: Algorithm) => ({
  idToken: (token: IssuedIdToken, tools: Tools) =>
    tools.sign({ header: { ...token.header, alg }, claims: token.claims }, tools.ownKey(), alg),
})

/** Changes the first character of the signature. */
export function corrupted(token: string): string {
  const start = token.lastIndexOf('.') + 1
  return `${token.slice(0, start)}${token[start] === 'A' ? 'B' : 'A'}${token.slice(start + 1)}`
}

/** The published keys with those of a stranger among them. */
export const keysWith = (kind: StrangerKey) => ({
  keys: async ({ keys }: { readonly keys: readonly JWK[] }, tools: Tools) => ({
    keys: [...keys, (await tools.strangerKey(kind)).publicJwk],
  }),
})
