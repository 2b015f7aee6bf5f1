import { secretRemover } from '../base/secret.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import { type Login, secretsOf } from './result.ts'

/** A JWT to look at, as JSON text; nothing may be decided by it. */
export interface DecodedJwt {
  readonly header: string
  readonly payload: string
}

/**
 * Decodes the tokens of a login to show them, without their signatures and without any secret of the login: the nonce
 * in the ID token is written as `[secret]`. A token that is no JWT is null.
 */
export function decodeTokens(login: Login): {
  readonly id: DecodedJwt | null
  readonly access: DecodedJwt | null
} {
  const clean = secretRemover(secretsOf(login))
  const decode = (token: string): DecodedJwt | null => {
    const [header, payload] = token.split('.').map((part) => jsonIn(part))
    return header === undefined || payload === undefined
      ? null
      : { header: clean(header), payload: clean(payload) }
  }
  return { id: decode(login.idToken.reveal()), access: decode(login.accessToken.reveal()) }
}

/** The text of a part of a JWT; undefined for what is no JSON object. */
function jsonIn(part: string): string | undefined {
  const bytes = Buffer.from(part, 'base64url')
  let value: unknown
  try {
    value = parseStrictJson(bytes)
  } catch {
    // What is no JSON is no object either.
  }
  if (typeof value !== 'object' || value === null) return undefined
  const text = bytes.toString()
  // What is written in escapes would hide from those who look for it.
  return text.includes('\\u') ? JSON.stringify(value) : text
}
