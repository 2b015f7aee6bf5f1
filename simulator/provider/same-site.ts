import type { IncomingMessage } from 'node:http'
import type { Scenario } from '../scenarios/scenario.ts'

/**
 * Tells whether a browser would send a cookie with a request if every other origin were another site,
 * as a client on this machine is for ID-porten. On 127.0.0.1 they all are one site, whatever the port.
 * @see https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#samesitesamesite-value
 */
export function cookieStays(
  sameSite: Scenario['logoutCookie'],
  { method, headers }: IncomingMessage,
  issuer: string,
): boolean {
  const site = headers['sec-fetch-site']
  const { origin } = headers
  const foreign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && origin !== issuer)
  switch (sameSite) {
    case undefined:
      return true
    case 'lax':
      return !foreign || method === 'GET'
    case 'strict':
      return !foreign
    case 'gone':
      return false
  }
}
