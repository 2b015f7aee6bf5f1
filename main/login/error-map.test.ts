import { getSystemErrorMap } from 'node:util'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { LoginError, loginErrorCodes, oauthErrors } from './errors.ts'
import {
  libraryCode,
  libraryError,
  nameLibraryError,
  networkCode,
  networkError,
  oauthReason,
  plain,
} from './error-map.ts'
import { steps } from './base/http.ts'

const node = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(`x ${code}`), { code }) })
const chromium = (name: string) => new Error(`net::${name}`)

describe('a request that failed is named', () => {
  it.each([
    [node('ENOTFOUND'), 'E_NETWORK_OFFLINE', 'ENOTFOUND'],
    [node('EAI_AGAIN'), 'E_NETWORK_OFFLINE', 'EAI_AGAIN'],
    [chromium('ERR_INTERNET_DISCONNECTED'), 'E_NETWORK_OFFLINE', 'ERR_INTERNET_DISCONNECTED'],
    [chromium('ERR_NAME_NOT_RESOLVED'), 'E_NETWORK_OFFLINE', 'ERR_NAME_NOT_RESOLVED'],
    [chromium('ERR_PROXY_CONNECTION_FAILED'), 'E_NETWORK_PROXY', 'ERR_PROXY_CONNECTION_FAILED'],
    [chromium('ERR_TUNNEL_CONNECTION_FAILED'), 'E_NETWORK_PROXY', 'ERR_TUNNEL_CONNECTION_FAILED'],
    [chromium('ERR_CONNECTION_TIMED_OUT'), 'E_NETWORK_TIMEOUT', 'ERR_CONNECTION_TIMED_OUT'],
    [node('ETIMEDOUT'), 'E_NETWORK_TIMEOUT', 'ETIMEDOUT'],
    [chromium('ERR_CERT_AUTHORITY_INVALID'), 'E_NETWORK_TLS', 'ERR_CERT_AUTHORITY_INVALID'],
    [chromium('ERR_SSL_PROTOCOL_ERROR'), 'E_NETWORK_TLS', 'ERR_SSL_PROTOCOL_ERROR'],
    [node('CERT_HAS_EXPIRED'), 'E_NETWORK_TLS', 'CERT_HAS_EXPIRED'],
    [node('ERR_TLS_CERT_ALTNAME_INVALID'), 'E_NETWORK_TLS', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [new Error('Redirect was cancelled'), 'E_NETWORK_REDIRECT', 'a redirect'],
    [node('ENETUNREACH'), 'E_NETWORK_OFFLINE', 'ENETUNREACH'],
    [node('EPROTO'), 'E_NETWORK_TLS', 'EPROTO'],
    [chromium('ERR_SOCKS_CONNECTION_FAILED'), 'E_NETWORK_PROXY', 'ERR_SOCKS_CONNECTION_FAILED'],
    [
      new TypeError('x', { cause: new AggregateError([node('ECONNREFUSED')]) }),
      'E_NETWORK_UNREACHABLE',
      'ECONNREFUSED',
    ],
    [node('EMFILE'), 'E_UNEXPECTED', 'EMFILE'],
    [chromium('ERR_CACHE_MISS'), 'E_UNEXPECTED', 'ERR_CACHE_MISS'],
    [node('ECONNREFUSED'), 'E_NETWORK_UNREACHABLE', 'ECONNREFUSED'],
    [node('ECONNRESET'), 'E_NETWORK_UNREACHABLE', 'ECONNRESET'],
    [chromium('ERR_CONNECTION_REFUSED'), 'E_NETWORK_UNREACHABLE', 'ERR_CONNECTION_REFUSED'],
    [chromium('ERR_EMPTY_RESPONSE'), 'E_NETWORK_UNREACHABLE', 'ERR_EMPTY_RESPONSE'],
    [chromium('ERR_INVALID_HTTP_RESPONSE'), 'E_NETWORK_BODY', 'ERR_INVALID_HTTP_RESPONSE'],
    [
      chromium('ERR_INCOMPLETE_CHUNKED_ENCODING'),
      'E_NETWORK_BODY',
      'ERR_INCOMPLETE_CHUNKED_ENCODING',
    ],
    [chromium('ERR_CONTENT_DECODING_FAILED'), 'E_NETWORK_BODY', 'ERR_CONTENT_DECODING_FAILED'],
    [new Error('something else'), 'E_NETWORK_UNREACHABLE', 'no answer'],
    ['no error at all', 'E_NETWORK_UNREACHABLE', 'no answer'],
  ])('%s as %s', (error, code, reason) => {
    const named = networkError(error, steps.token, 'POST')
    expect([named.code, named.detail]).toEqual([code, { key: 'token request', reason }])
  })

  it.each([
    ['HTTP2_PROTOCOL_ERROR', 'E_NETWORK_BODY'],
    ['HTTP2_FLOW_CONTROL_ERROR', 'E_NETWORK_BODY'],
    ['QUIC_STREAM_FRAME_SIZE_ERROR', 'E_NETWORK_BODY'],
    ['HTTP2_PING_FAILED', 'E_NETWORK_UNREACHABLE'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'E_NETWORK_BODY'],
    ['UND_ERR_SOCKET', 'E_NETWORK_UNREACHABLE'],
    ['EPROTOTYPE', 'E_NETWORK_UNREACHABLE'],
    ['OCSP', 'E_NETWORK_TLS'],
    ['OCSP_RESPONSE_EXPIRED', 'E_NETWORK_TLS'],
    ['ENFILE', 'E_UNEXPECTED'],
    ['ENOMEM', 'E_UNEXPECTED'],
    ['ENOBUFS', 'E_UNEXPECTED'],
  ])('%s as %s', (name, code) => {
    expect(networkCode(name)).toBe(code)
  })

  it.each(
    `CACHE_ERR_MISS XPAC_Y XSOCKS_Y XCERT_Y XINVALID_CA INVALID_CAX XOCSP_Y XEPROTO XNAME_Y XDNS_Y
    XENOTFOUND ENOTFOUNDX XCONTENT_Y XUND_ERR_RESX XHTTP2_PROTOCOL_ERROR XCONNECTION_Y XUND_ERR_Y XEPERM
    EPERMX XEMFILE EMFILEX XENFILE ENFILEX XENOMEM ENOMEMX XENOBUFS ENOBUFSX`.split(/\s+/),
  )('and not by a name that only holds another one: %s', (name) => {
    expect(networkCode(name)).toBeNull()
  })

  it('by the innermost name that is known, else by the innermost name', () => {
    const caused = (code: unknown, cause?: unknown) =>
      Object.assign(new Error('x', { cause }), { code })
    const reasonOf = (error: unknown) => networkError(error, steps.token, 'POST').detail?.reason
    expect(reasonOf(caused('ECONNRESET', caused('WEIRD')))).toBe('ECONNRESET')
    expect(reasonOf(caused('ECONNRESET', caused('ENOTFOUND')))).toBe('ENOTFOUND')
    expect(reasonOf(caused('ODD', caused('WEIRD')))).toBe('WEIRD')
    expect(reasonOf(caused(5))).toBe('no answer')
    expect(reasonOf(new AggregateError([new Error('x')]))).toBe('no answer')
    expect(reasonOf(new AggregateError([new Error('x'), caused('ENOTFOUND')]))).toBe('ENOTFOUND')
  })

  it('by no cause that is more than eight deep', () => {
    const deep = (levels: number): Error =>
      levels === 1
        ? Object.assign(new Error('x'), { code: 'ENOTFOUND' })
        : new Error('x', { cause: deep(levels - 1) })
    const codes = [8, 9].map((levels) => networkError(deep(levels), steps.token, 'POST').code)
    expect(codes).toEqual(['E_NETWORK_OFFLINE', 'E_NETWORK_UNREACHABLE'])
  })

  it('also when its causes go round', () => {
    const round = new Error('round')
    round.cause = round
    expect(networkError(round, steps.token, 'POST').code).toBe('E_NETWORK_UNREACHABLE')
  })
})

describe('what a secure connection was refused for is told apart', () => {
  it.each([
    [chromium('ERR_CERT_DATE_INVALID'), 'expired'],
    [node('CERT_HAS_EXPIRED'), 'expired'],
    [node('CERT_NOT_YET_VALID'), 'expired'],
    [chromium('ERR_CERT_COMMON_NAME_INVALID'), 'wrong-host'],
    [node('ERR_TLS_CERT_ALTNAME_INVALID'), 'wrong-host'],
    [chromium('ERR_CERT_AUTHORITY_INVALID'), 'unknown-authority'],
    [node('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unknown-authority'],
    [node('SELF_SIGNED_CERT_IN_CHAIN'), 'unknown-authority'],
    [node('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'unknown-authority'],
    [chromium('ERR_SSL_VERSION_OR_CIPHER_MISMATCH'), 'old-version'],
    [node('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'old-version'],
    [node('ERR_SSL_UNSUPPORTED_PROTOCOL'), 'old-version'],
    [chromium('ERR_CERT_REVOKED'), null],
    [chromium('ERR_SSL_PROTOCOL_ERROR'), null],
  ])('%s as %s', (error, problem) => {
    expect(networkError(error, steps.discovery, 'GET')).toMatchObject({
      code: 'E_NETWORK_TLS',
      explanation: problem === null ? null : { kind: 'tls', problem },
    })
  })

  it('and a redirect instead of metadata is a network with a login of its own, one of a form is not', () => {
    const error = new Error('Redirect was cancelled')
    const portal = { code: 'E_NETWORK_REDIRECT', explanation: { kind: 'captive-portal' } }
    expect(networkError(error, steps.discovery, 'GET')).toMatchObject(portal)
    expect(networkError(error, steps.token, 'POST').explanation).toBeNull()
  })

  it('and nothing else gets such an explanation', () => {
    for (const error of [
      chromium('ERR_CONNECTION_RESET'),
      chromium('ERR_PROXY_SELF_SIGNED'),
      node('ENOTFOUND'),
      new Error('x'),
    ]) {
      expect(networkError(error, steps.discovery, 'GET').explanation).toBeNull()
    }
  })
})

describe('no name is forgotten when a library is upgraded', () => {
  const names = new Set<string>(loginErrorCodes)

  it("of Node's errors of the system", () => {
    const codes = Array.from(getSystemErrorMap().values(), ([name]) => name)
    expect(codes.length).toBeGreaterThan(70)
    // Of files, processes and devices; a new one stands here or in the mapping.
    const others =
      `E2BIG EAGAIN EBADF EBUSY ECANCELED ECHARSET EEXIST EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP
      EMSGSIZE ENAMETOOLONG ENODEV ENOENT ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTSUP EOVERFLOW ERANGE
      EROFS ESPIPE ESRCH ETXTBSY EXDEV UNKNOWN EOF ENXIO EMLINK EREMOTEIO ENOTTY EFTYPE EILSEQ ENODATA
      EUNATCH ENOEXEC`.split(/\s+/)
    expect(codes.filter((code) => networkCode(code) === null).toSorted()).toEqual(others.toSorted())
  })

  it('of oauth4webapi', () => {
    const codes = Object.values(oauth).filter(
      (value) => typeof value === 'string' && value.startsWith('OAUTH_'),
    )
    expect(codes.length).toBeGreaterThan(15)
    for (const code of codes) {
      expect([code, names.has(libraryCode(String(code), steps.token) ?? '')]).toEqual([code, true])
    }
  })

  it('of jose', () => {
    const codes = Object.values(jose.errors).map((error) => error.code)
    expect(codes.length).toBeGreaterThan(12)
    for (const code of codes) {
      expect([code, names.has(libraryCode(code, steps.keys) ?? '')]).toEqual([code, true])
    }
  })

  it('and what is no name is not guessed', () => {
    expect(['toString', '', 'OAUTH_NEW'].map((code) => libraryCode(code, steps.token))).toEqual([
      null,
      null,
      null,
    ])
    expect([networkCode('ERR_NEW'), networkCode('')]).toEqual([null, null])
  })
})

describe('what a library found wrong', () => {
  const bodyError = (error: string, error_description?: string) =>
    new oauth.ResponseBodyError('refused', {
      cause: { error, ...(error_description !== undefined && { error_description }) },
      response: Response.json({}, { status: 400 }),
    })

  it.each(oauthErrors)('%s is the refusal of its step and explained', (name) => {
    expect(libraryError(bodyError(name), steps.token)).toMatchObject({
      code: 'E_TOKEN_REFUSED',
      detail: { key: 'token request', reason: name },
      explanation: { kind: 'oauth', error: name },
    })
    expect(libraryError(bodyError(name), steps.pushedRequest).code).toBe('E_PAR_REFUSED')
  })

  it('is told with the words of the provider, explained only when the name is known', () => {
    expect(oauthReason(bodyError('made_up', '<b>no</b>'))).toEqual({
      reason: 'made_up: <b>no</b>',
      explanation: null,
    })
  })

  it('is told in one short line, with nothing in it that hides or turns text', () => {
    const { reason } = oauthReason(
      bodyError('x', `a\u202Etxet\u200B\n\u001B[31m${'y'.repeat(5000)}`),
    )
    expect(reason.startsWith('x: a\uFFFDtxet\uFFFD\uFFFD\uFFFD[31myyy')).toBe(true)
    expect(reason).toHaveLength(301)
  })

  it('is the invalid answer of its step when nothing else is known, and keeps a name that it has', () => {
    expect(libraryError(new Error('odd'), steps.keys)).toMatchObject({
      code: 'E_PROVIDER_KEYS',
      detail: { reason: 'odd' },
    })
    const named = new LoginError('E_NETWORK_TIMEOUT', 'x')
    expect(libraryError(named, steps.token)).toBe(named)
  })

  it('is named by a code of a library only where an error has it', () => {
    const coded = Object.assign(new Error('x'), { code: 'ERR_JWK_INVALID' })
    expect(libraryError(coded, steps.token).code).toBe('E_PROVIDER_KEYS')
    expect(libraryError({ code: 'ERR_JWK_INVALID' }, steps.token).code).toBe('E_TOKEN_RESPONSE')
    expect(libraryError('text', steps.token)).toMatchObject({
      code: 'E_TOKEN_RESPONSE',
      message: 'token request: not valid',
    })
  })

  it('is named, and what no library threw stays what it is', () => {
    const coded = Object.assign(new Error('x'), { code: 'ERR_JWK_INVALID' })
    expect(nameLibraryError(coded, steps.token)).toMatchObject({ code: 'E_PROVIDER_KEYS' })
    const others = [
      new Error('ended'),
      Object.assign(new Error('x'), { code: 'ECONNRESET' }),
      { code: 'ERR_JWK_INVALID' },
      'text',
    ]
    for (const other of others) expect(nameLibraryError(other, steps.token)).toBe(other)
  })
})

it('the words of somebody else are cut after 300 characters', () => {
  expect(plain('x'.repeat(300))).toBe('x'.repeat(300))
  expect(plain('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`)
})
