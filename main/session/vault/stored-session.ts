import * as v from 'valibot'
import { Secret, type StoredLogin } from '../../login/index.ts'
import { Damaged, vaultUnavailable } from './failures.ts'

/** What is remembered of a login, so that it can be renewed in a later run. */
export interface StoredSession extends StoredLogin {
  readonly issuer: string
  readonly clientId: string
  /** Unix time in milliseconds; null when the provider did not say. */
  readonly refreshTokenExpiresAt: number | null
  /** When the person was active last, Unix time in milliseconds. */
  readonly activeAt: number
}

const text = v.pipe(v.string(), v.nonEmpty())
const time = v.pipe(v.number(), v.finite())
const content = v.object({
  issuer: text,
  clientId: text,
  refreshToken: text,
  refreshTokenExpiresAt: v.nullable(time),
  proofKey: v.nullable(
    v.object({
      kty: v.literal('EC'),
      crv: text,
      x: text,
      y: text,
      d: text,
      alg: v.exactOptional(text),
      use: v.exactOptional(text),
      ext: v.exactOptional(v.boolean()),
      key_ops: v.exactOptional(v.array(text)),
    }),
  ),
  nonce: text,
  scope: v.array(text),
  claims: v.looseObject({ sub: text }),
  activeAt: time,
})

/** Writes a stored session as JSON. Throws `AppError` `E_VAULT_UNAVAILABLE` when it could not be read again. */
export function writeContent(stored: StoredSession): string {
  const parsed = v.safeParse(content, {
    ...stored,
    refreshToken: stored.refreshToken.reveal(),
    nonce: stored.nonce.reveal(),
    proofKey: stored.proofKey?.reveal() ?? null,
  })
  if (parsed.success) return JSON.stringify(parsed.output)
  // The reason names the key alone, because an issue of valibot holds the value too.
  // Stryker disable next-line StringLiteral: what is given is an object, so that a key is what is wrong
  throw vaultUnavailable(`${v.getDotPath(parsed.issues[0]) ?? 'something'} cannot be kept`)
}

/** Reads a stored session from JSON. Throws `Damaged`. */
export function readContent(plain: string): StoredSession {
  let value: unknown
  try {
    value = JSON.parse(plain)
  } catch {
    throw new Damaged('not JSON')
  }
  const parsed = v.safeParse(content, value)
  if (!parsed.success) throw new Damaged('holds something else')
  const { refreshToken, nonce, proofKey, ...others } = parsed.output
  return {
    ...others,
    refreshToken: new Secret(refreshToken),
    nonce: new Secret(nonce),
    proofKey: proofKey && new Secret(proofKey),
  }
}
