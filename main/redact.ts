import { LoginError } from './login/index.ts'

const secretKeys =
  /^(?:.*_token|.*token|code|state|nonce|code_verifier|codeverifier|code_challenge|authorization|cookie|set-cookie|dpop|request_uri|client_assertion|id_token_hint|login_hint|pid|sub|claims|parameters|body)$/i

const patterns: readonly (readonly [RegExp, string])[] = [
  // Compact JWS and JWE.
  [/(?<![\w-])eyJ[\w-]+\.[\w-]*\.[\w-]*(?:\.[\w-]*\.[\w-]*)?/g, '[jwt]'],
  [
    /\b(code|state|nonce|code_verifier|code_challenge|request_uri|\w*token|id_token_hint|login_hint)=[^&\s"']+/gi,
    '$1=[secret]',
  ],
  // Not the parameters of a challenge, such as `Bearer error="invalid_token"`.
  [/\b(Bearer|DPoP|Basic)\s+(?!\w+=\\?")[\w.~+/=-]+/gi, '$1 [secret]'],
  [/(?<!\d)\d{11}(?!\d)/g, '[personal number]'],
  // The one-time start address and the page of the result.
  [/(http:\/\/127\.0\.0\.1:\d+)\/[\w-]{32}\b/g, '$1/[one-time]'],
]
const maxInput = 100_000
const maxText = 2000
const maxDepth = 6

/** Takes secrets out of a text by their shape. */
export function hideSecrets(text: string): string {
  return patterns.reduce((left, [pattern, by]) => left.replace(pattern, by), text)
}

/** The same for a line of the log, which is not to be long. */
export function redactText(text: string): string {
  // Cut between words, and to length only afterwards: half a token is not known by its shape.
  const clean = hideSecrets(
    text.length > maxInput ? text.slice(0, Math.max(0, text.lastIndexOf(' ', maxInput))) : text,
  )
  return clean.length > maxText ? `${clean.slice(0, maxText)}…` : clean
}

/** Takes secrets out of anything that is about to be logged: by key and by shape, causes included. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint' || ArrayBuffer.isView(value)) return '[hidden]'
  if (value === null || typeof value !== 'object') {
    return typeof value === 'function' || typeof value === 'symbol' ? '[hidden]' : value
  }
  if (depth >= maxDepth) return '[deep]'
  if (value instanceof Error) return redactError(value, depth)
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1))
  if ('reveal' in value) return '[secret]'
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      redactText(key),
      secretKeys.test(key) ? '[secret]' : redact(item, depth + 1),
    ]),
  )
}

/** A library's error carries the claims or parameters that it refused in its cause: only names are kept. */
function redactError(error: Error, depth: number): unknown {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const detail =
    error instanceof LoginError && error.detail ? { detail: redact(error.detail, depth + 1) } : {}
  const cause = error.cause instanceof Error ? { cause: redact(error.cause, depth + 1) } : {}
  return { name: error.name, ...code, message: redactText(error.message), ...detail, ...cause }
}
