import { session } from 'electron'
import type { Fetch } from '../login/index.ts'

const providerSession = () => session.fromPartition('provider', { cache: false })

/**
 * A fetch through Chromium's network stack: the system's proxy and certificate store, as Node's own
 * fetch lacks them, in a session of its own without cache, disk or cookies.
 */
export function createSessionFetch(): Fetch {
  const provider = providerSession()
  return (url, init) =>
    provider.fetch(url, {
      ...init,
      cache: 'no-store',
      // Electron would send cookies by default.
      credentials: 'omit',
      bypassCustomProtocolHandlers: true,
    })
}

/**
 * Looks at how the requests of a session fetch travel; to be called before the first. The returned function tells
 * of an address the proxy that the system has for it, and whose certificate came last.
 */
export function watchRoute(): (address: string) => Promise<string> {
  const provider = providerSession()
  let certificate = ''
  provider.setCertificateVerifyProc((request, decide) => {
    const { issuerName, validExpiry } = request.certificate
    const until = new Date(validExpiry * 1000).toISOString().slice(0, 10)
    certificate = `, with a certificate by ${issuerName} until ${until}`
    // Chromium's own verdict stands.
    decide(-3)
  })
  return async (address) => {
    const proxy = await provider.resolveProxy(address)
    return `${proxy === 'DIRECT' ? 'directly' : `by way of ${proxy}`}${certificate}`
  }
}
