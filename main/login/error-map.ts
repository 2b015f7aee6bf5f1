/**
 * The one mapping from what Chromium, Node, oauth4webapi and jose call a failure to our names.
 * error-map.test.ts and e2e/network.spec.ts take the names from Node, the libraries and Chromium, and fail when
 * one is new.
 */
import {
  AuthorizationResponseError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import {
  type Explanation,
  failure,
  LoginError,
  type LoginErrorCode,
  oauthErrors,
  type OauthError,
} from './errors.ts'

/** A request of a login: what it is called, and what it means when its answer is not valid or a refusal. */
export interface Step {
  readonly name: string
  readonly invalid: LoginErrorCode
  readonly refused: LoginErrorCode
}

/** Names of Chromium (without `ERR_`) and of Node, OpenSSL and undici, each by the first pattern that fits. */
const networkNames: readonly (readonly [RegExp, LoginErrorCode])[] = [
  [/TIMED_?OUT|TIMEOUT/, 'E_NETWORK_TIMEOUT'],
  [
    /PROX(Y|IES)|^PAC_|^SOCKS_|TUNNEL_CONNECTION_FAILED|AUTH_(CREDENTIALS|SCHEME|ENVIRONMENT)/,
    'E_NETWORK_PROXY',
  ],
  [
    /^(CERT_|CERTIFICATE_|SSL_|TLS|CT_|CLIENT_AUTH_|CRL_)|_SSL_|ECH_|SELF_SIGNED|ALTNAME|UNABLE_TO_(VERIFY|GET|DECRYPT|DECODE)|^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|OCSP\w*)$|SECURITY|ALPN_|EARLY_DATA|ROOT_NOT_KNOWN|INSECURE_RESPONSE|CLEARTEXT|^EPROTO$/,
    'E_NETWORK_TLS',
  ],
  [
    /INTERNET_DISCONNECTED|^NAME_|NETWORK_CHANGED|NETWORK_IO_SUSPENDED|^DNS_|HOST_RESOLVER|ICANN_NAME|^(ENOTFOUND|EAI_\w+|ENETUNREACH|ENETDOWN|ENONET)$/,
    'E_NETWORK_OFFLINE',
  ],
  [/REDIRECT/, 'E_NETWORK_REDIRECT'],
  [
    /^(CONTENT_|ENCODING_DETECTION|INCOMPLETE_|RESPONSE_|ZSTD_|HPE_|Z_)|INVALID_(CHUNKED_ENCODING|HTTP_RESPONSE|RESPONSE)|HTTP_RESPONSE_CODE|CONTENT_DICTIONARY|HEADERS_OVERFLOW|^UND_ERR_RES|^(HTTP2|QUIC)_\w*(COMPRESSION|FLOW_CONTROL|FRAME_SIZE|PROTOCOL)_ERROR/,
    'E_NETWORK_BODY',
  ],
  [
    /^(CONNECTION_|ADDRESS_|SOCKET_|HTTP2_|QUIC_|BLOCKED_|LOCAL_NETWORK_|NETWORK_ACCESS_|EMPTY_RESPONSE|HTTP_1_1_REQUIRED|TEMPORARILY_THROTTLED|TOO_MANY_RETRIES|UNSAFE_PORT|FAILED|CACHED_IP_ADDRESS|INCONSISTENT_IP_ADDRESS|PRECONNECT_|ACCESS_DENIED)|^UND_ERR_|^(ECONN\w+|EHOST\w+|EPIPE|EADDR\w+|ENOTCONN|EISCONN|ESHUTDOWN|EALREADY|ENOTSOCK|EDESTADDRREQ|EPROTO\w+|ENOPROTOOPT|EAFNOSUPPORT|ESOCKTNOSUPPORT|EACCES|EPERM)$/,
    'E_NETWORK_UNREACHABLE',
  ],
  [/^EMFILE$|^ENFILE$|^ENOMEM$|^ENOBUFS$|OUT_OF_MEMORY|INSUFFICIENT_RESOURCES/, 'E_UNEXPECTED'],
]

/** Chromium's names (without `ERR_`) for what no request of ours can end with: other protocols, files, certificates of a client. */
const foreignNames = new Set(
  `ADD_USER_CERT_FAILED BLOB_DEREFERENCED_WHILE_BUILDING BLOB_FILE_WRITE_FAILED
    BLOB_INVALID_CONSTRUCTION_ARGUMENTS BLOB_REFERENCED_BLOB_BROKEN
    BLOB_REFERENCED_FILE_UNAVAILABLE BLOB_SOURCE_DIED_IN_TRANSIT
    CACHE_AUTH_FAILURE_AFTER_READ CACHE_CHECKSUM_MISMATCH CACHE_CHECKSUM_READ_FAILURE
    CACHE_COMPRESSION_FAILURE CACHE_CREATE_FAILURE CACHE_DOOM_FAILURE
    CACHE_ENTRY_NOT_SUITABLE CACHE_MISS CACHE_OPEN_FAILURE CACHE_OPEN_OR_CREATE_FAILURE
    CACHE_OPERATION_NOT_SUPPORTED CACHE_RACE CACHE_READ_FAILURE CACHE_WRITE_FAILURE
    CONTEXT_SHUT_DOWN CONTROL_MSG_TOO_BIG DICTIONARY_LOAD_FAILED DISALLOWED_URL_SCHEME
    FILE_EXISTS FILE_NOT_FOUND FILE_NO_SPACE FILE_PATH_TOO_LONG FILE_TOO_BIG
    FILE_VIRUS_INFECTED HTTPENGINE_PROVIDER_IN_USE IMPORT_CA_CERT_FAILED
    IMPORT_CA_CERT_NOT_CA IMPORT_CERT_ALREADY_EXISTS IMPORT_SERVER_CERT_FAILED
    INVALID_ARGUMENT INVALID_HANDLE INVALID_SIGNED_EXCHANGE INVALID_URL INVALID_WEB_BUNDLE
    KEY_GENERATION_FAILED MALFORMED_IDENTITY METHOD_NOT_SUPPORTED MSG_TOO_BIG
    MULTICAST_NOT_ALLOWED NOT_IMPLEMENTED NO_BUFFER_SPACE NO_PRIVATE_KEY_FOR_CERT
    PKCS12_IMPORT_BAD_PASSWORD PKCS12_IMPORT_FAILED PKCS12_IMPORT_INVALID_FILE
    PKCS12_IMPORT_INVALID_MAC PKCS12_IMPORT_UNSUPPORTED PRIVATE_KEY_EXPORT_FAILED
    READ_IF_READY_NOT_IMPLEMENTED REQUEST_RANGE_NOT_SATISFIABLE TOO_MANY_ACCEPT_CH_RESTARTS
    TRUST_TOKEN_OPERATION_FAILED TRUST_TOKEN_OPERATION_SUCCESS_WITHOUT_SENDING_REQUEST
    UNEXPECTED UNKNOWN_URL_SCHEME UPLOAD_FILE_CHANGED UPLOAD_STREAM_REWIND_NOT_SUPPORTED
    WINSOCK_UNEXPECTED_WRITTEN_BYTES WS_PROTOCOL_ERROR WS_THROTTLE_QUEUE_TOO_LARGE WS_UPGRADE`.split(
    /\s+/,
  ),
)

type TlsProblem = (Explanation & { kind: 'tls' })['problem']
const tlsNames: readonly (readonly [RegExp, TlsProblem])[] = [
  [/CERT_(DATE_INVALID|HAS_EXPIRED|NOT_YET_VALID)/, 'expired'],
  [/COMMON_NAME_INVALID|ALTNAME_INVALID|HOSTNAME_MISMATCH|UNRECOGNIZED_NAME/, 'wrong-host'],
  [
    /AUTHORITY_INVALID|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_UNTRUSTED|INVALID_CA|ROOT_NOT_KNOWN/,
    'unknown-authority',
  ],
  [/VERSION_OR_CIPHER_MISMATCH|UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|OBSOLETE/, 'old-version'],
]

/** What the name of a network error means; null for a name that is not known. */
export function networkCode(name: string): LoginErrorCode | null {
  const bare = name.replace(/^ERR_/, '')
  if (foreignNames.has(bare)) return 'E_UNEXPECTED'
  return networkNames.find(([pattern]) => pattern.test(bare))?.[1] ?? null
}

/**
 * Names what a rejected fetch was, by Chromium's or Node's own name for it, never by wording. Where
 * metadata or keys were to come, a redirect is most likely a network that wants a login of its own.
 */
export function networkError(error: unknown, step: Step, method: string): LoginError {
  // Electron's fetch has no name for a redirect that it was told not to follow.
  const name =
    error instanceof Error && error.message === 'Redirect was cancelled'
      ? 'REDIRECT'
      : nameOf(error)
  const known = name === null ? null : networkCode(name)
  const code = known ?? 'E_NETWORK_UNREACHABLE'
  const reason = name === 'REDIRECT' ? 'a redirect' : (name ?? 'no answer')
  // Stryker disable next-line ConditionalExpression: no pattern fits a name that is not there
  const problem = name === null ? undefined : tlsNames.find(([pattern]) => pattern.test(name))?.[1]
  return failure(code, step.name, reason, {
    cause: error,
    explanation: explain(code, problem, method),
  })
}

function explain(
  code: LoginErrorCode,
  problem: TlsProblem | undefined,
  method: string,
): Explanation | null {
  if (code === 'E_NETWORK_REDIRECT' && method === 'GET') return { kind: 'captive-portal' }
  return code === 'E_NETWORK_TLS' && problem !== undefined ? { kind: 'tls', problem } : null
}

/** The innermost name that is known, else the innermost name; OpenSSL's own reason says more than its code. */
function nameOf(error: unknown): string | null {
  const names: string[] = []
  for (
    let at: unknown = error, depth = 0;
    at instanceof Error && depth < 8;
    at = at.cause, depth += 1
  ) {
    if ('code' in at && typeof at.code === 'string') names.unshift(at.code)
    names.unshift(...(at.message.match(/(?<=net::)ERR_[A-Z0-9_]+/g) ?? []))
    if (at instanceof AggregateError)
      names.unshift(...at.errors.flatMap((inner) => nameOf(inner) ?? []))
  }
  return names.find((name) => networkCode(name) !== null) ?? names[0] ?? null
}

/** What a code of oauth4webapi or jose means: `invalid` and `refused` are the step's own names for it. */
const libraryCodes: Readonly<Record<string, LoginErrorCode | 'invalid' | 'refused'>> = {
  OAUTH_AUTHORIZATION_RESPONSE_ERROR: 'E_LOGIN_REFUSED',
  OAUTH_HTTP_REQUEST_FORBIDDEN: 'E_PROVIDER_METADATA',
  OAUTH_INVALID_REQUEST: 'E_UNEXPECTED',
  OAUTH_INVALID_RESPONSE: 'invalid',
  OAUTH_INVALID_SERVER_METADATA: 'E_PROVIDER_METADATA',
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: 'invalid',
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: 'E_ID_TOKEN_CLAIM',
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'E_ID_TOKEN_CLAIM',
  OAUTH_JWT_USERINFO_EXPECTED: 'invalid',
  OAUTH_KEY_SELECTION_FAILED: 'E_ID_TOKEN_SIGNATURE',
  OAUTH_MISSING_SERVER_METADATA: 'E_PROVIDER_METADATA',
  OAUTH_PARSE_ERROR: 'invalid',
  OAUTH_REQUEST_PROTOCOL_FORBIDDEN: 'E_PROVIDER_METADATA',
  OAUTH_RESPONSE_BODY_ERROR: 'refused',
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'invalid',
  OAUTH_RESPONSE_IS_NOT_JSON: 'invalid',
  OAUTH_UNSUPPORTED_OPERATION: 'invalid',
  OAUTH_WWW_AUTHENTICATE_CHALLENGE: 'refused',
  ERR_JOSE_ALG_NOT_ALLOWED: 'E_ID_TOKEN_SIGNATURE',
  ERR_JOSE_GENERIC: 'E_UNEXPECTED',
  ERR_JOSE_NOT_SUPPORTED: 'E_ID_TOKEN_SIGNATURE',
  ERR_JWE_DECRYPTION_FAILED: 'invalid',
  ERR_JWE_INVALID: 'invalid',
  ERR_JWK_INVALID: 'E_PROVIDER_KEYS',
  ERR_JWKS_INVALID: 'E_PROVIDER_KEYS',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'E_ID_TOKEN_SIGNATURE',
  ERR_JWKS_NO_MATCHING_KEY: 'E_ID_TOKEN_SIGNATURE',
  ERR_JWKS_TIMEOUT: 'E_NETWORK_TIMEOUT',
  ERR_JWS_INVALID: 'E_ID_TOKEN_SIGNATURE',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'E_ID_TOKEN_SIGNATURE',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'E_ID_TOKEN_CLAIM',
  ERR_JWT_EXPIRED: 'E_ID_TOKEN_CLAIM',
  ERR_JWT_INVALID: 'E_TOKEN_RESPONSE',
}

/** What a code of a library means at a step; null for one that is not known. */
export function libraryCode(code: string, step: Step): LoginErrorCode | null {
  const meaning = Object.hasOwn(libraryCodes, code) ? libraryCodes[code] : undefined
  if (meaning === undefined) return null
  return meaning === 'invalid' ? step.invalid : meaning === 'refused' ? step.refused : meaning
}

/** Names what a library found wrong with an answer; an error that has a name already keeps it. */
export function libraryError(error: unknown, step: Step): LoginError {
  if (error instanceof LoginError) return error
  // Stryker disable next-line StringLiteral: no library has a code like any other text either
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const { reason, explanation } = oauthReason(error)
  return failure(libraryCode(code, step) ?? step.invalid, step.name, reason, {
    cause: error,
    explanation,
  })
}

/**
 * As `libraryError` for what a library threw; anything else, the end of an attempt above all, stays what
 * it is.
 */
export function nameLibraryError(error: unknown, step: Step): unknown {
  // Stryker disable next-line StringLiteral: no library has a code like any other text either
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return libraryCode(code, step) === null ? error : libraryError(error, step)
}

/** The OAuth error that an answer names, with its explanation, or what the library found wrong with it. */
export function oauthReason(error: unknown): {
  readonly reason: string
  readonly explanation: Explanation | null
} {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    return named(error.error, error.error_description)
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    // RFC 6750 §3.1 and RFC 9449 §7.1: of several challenges, the first that names an error.
    const challenge = error.cause.find(({ parameters }) => parameters.error !== undefined)
    const { error: name, error_description: description } = challenge?.parameters ?? {}
    if (name !== undefined) return named(name, description)
  }
  return { reason: plain(error instanceof Error ? error.message : 'not valid'), explanation: null }
}

/** What is no text is nothing to tell, and may not even be a value that can be made one. */
function named(name: string, description: unknown): ReturnType<typeof oauthReason> {
  return {
    reason: plain(typeof description === 'string' ? `${name}: ${description}` : name),
    explanation: isOauthError(name) ? { kind: 'oauth', error: name } : null,
  }
}

/** Characters of somebody else's text that would turn other text around, hide it or end its line. */
const invisible = /[\p{Cc}\p{Cf}\u2028\u2029]/gu
const longestReason = 300

/** Somebody else's words as one short line that shows what is in it. */
export function plain(text: string): string {
  const line = text.replace(invisible, '\uFFFD')
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line
}

function isOauthError(name: string): name is OauthError {
  return oauthErrors.some((known) => known === name)
}
