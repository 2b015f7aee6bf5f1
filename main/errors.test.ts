import { describe, expect, it } from 'vitest'
import { AppError, cleanError, networkError, toAppError } from './errors.ts'
import { Secret, secretRemover } from './login/secret.ts'

const node = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(`x ${code}`), { code }) })
const chromium = (name: string) => new Error(`net::${name}`)

describe('a request that failed is named', () => {
  it.each([
    [node('ENOTFOUND'), 'E_NETWORK_OFFLINE', 'ENOTFOUND'],
    [node('EAI_AGAIN'), 'E_NETWORK_OFFLINE', 'EAI_AGAIN'],
    [chromium('ERR_INTERNET_DISCONNECTED'), 'E_NETWORK_OFFLINE', 'net::ERR_INTERNET_DISCONNECTED'],
    [chromium('ERR_NAME_NOT_RESOLVED'), 'E_NETWORK_OFFLINE', 'net::ERR_NAME_NOT_RESOLVED'],
    [
      chromium('ERR_PROXY_CONNECTION_FAILED'),
      'E_NETWORK_PROXY',
      'net::ERR_PROXY_CONNECTION_FAILED',
    ],
    [
      chromium('ERR_TUNNEL_CONNECTION_FAILED'),
      'E_NETWORK_PROXY',
      'net::ERR_TUNNEL_CONNECTION_FAILED',
    ],
    [chromium('ERR_CONNECTION_TIMED_OUT'), 'E_NETWORK_TIMEOUT', 'net::ERR_CONNECTION_TIMED_OUT'],
    [node('ETIMEDOUT'), 'E_NETWORK_TIMEOUT', 'ETIMEDOUT'],
    [chromium('ERR_CERT_AUTHORITY_INVALID'), 'E_NETWORK_TLS', 'net::ERR_CERT_AUTHORITY_INVALID'],
    [chromium('ERR_SSL_PROTOCOL_ERROR'), 'E_NETWORK_TLS', 'net::ERR_SSL_PROTOCOL_ERROR'],
    [node('CERT_HAS_EXPIRED'), 'E_NETWORK_TLS', 'no answer'],
    [node('ERR_TLS_CERT_ALTNAME_INVALID'), 'E_NETWORK_TLS', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [new Error('Redirect was cancelled'), 'E_NETWORK_REDIRECT', 'a redirect'],
    [node('ECONNREFUSED'), 'E_NETWORK_UNREACHABLE', 'ECONNREFUSED'],
    [node('ECONNRESET'), 'E_NETWORK_UNREACHABLE', 'ECONNRESET'],
    [chromium('ERR_CONNECTION_REFUSED'), 'E_NETWORK_UNREACHABLE', 'net::ERR_CONNECTION_REFUSED'],
    [chromium('ERR_EMPTY_RESPONSE'), 'E_NETWORK_UNREACHABLE', 'net::ERR_EMPTY_RESPONSE'],
    [chromium('ERR_INVALID_HTTP_RESPONSE'), 'E_NETWORK_BODY', 'net::ERR_INVALID_HTTP_RESPONSE'],
    [
      chromium('ERR_INCOMPLETE_CHUNKED_ENCODING'),
      'E_NETWORK_BODY',
      'net::ERR_INCOMPLETE_CHUNKED_ENCODING',
    ],
    [chromium('ERR_CONTENT_DECODING_FAILED'), 'E_NETWORK_BODY', 'net::ERR_CONTENT_DECODING_FAILED'],
    [new Error('something else'), 'E_NETWORK_UNREACHABLE', 'no answer'],
    ['no error at all', 'E_NETWORK_UNREACHABLE', 'no answer'],
  ])('%s as %s', (error, code, reason) => {
    const named = networkError(error, 'token request')
    expect([named.code, named.detail]).toEqual([code, { key: 'token request', reason }])
  })

  it('also when its causes go round', () => {
    const round = new Error('round')
    round.cause = round
    expect(networkError(round, 'x').code).toBe('E_NETWORK_UNREACHABLE')
  })
})

describe('a failure', () => {
  it('keeps its name, or is unexpected', () => {
    const named = new AppError('E_LOGIN_DENIED', 'x')
    expect(toAppError(named)).toBe(named)
    expect(toAppError(new Error('boom'))).toMatchObject({ code: 'E_UNEXPECTED', message: 'boom' })
    expect(toAppError('boom')).toMatchObject({ code: 'E_UNEXPECTED', message: 'boom' })
  })

  it('is told without the values that it must not tell, wherever they are', () => {
    const check = {
      rule: 'x',
      source: 's',
      expected: 'e',
      got: 'a.b+c-0123456789',
      result: 'fail',
    } as const
    const error = new AppError('E_TOKEN_REFUSED', 'a.b+c-0123456789 and a.b+c-0123456789', {
      detail: { key: 'a.b+c-0123456789', reason: 'not axb+c but a.b+c-0123456789' },
      checks: [check],
    })
    expect(cleanError(error, secretRemover([new Secret('a.b+c-0123456789')]))).toMatchObject({
      code: 'E_TOKEN_REFUSED',
      message: '[secret] and [secret]',
      detail: { key: '[secret]', reason: 'not axb+c but [secret]' },
      checks: [{ ...check, got: '[secret]' }],
    })
  })
})
