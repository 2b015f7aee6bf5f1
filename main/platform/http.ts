import { session } from 'electron'
import type { Fetch } from '../login/index.ts'

/**
 * A fetch through Chromium's network stack: the system's proxy and certificate store, as Node's own
 * fetch lacks them, in a session of its own without cache, disk or cookies.
 */
export function createSessionFetch(): Fetch {
  const provider = session.fromPartition('provider', { cache: false })
  return (url, init) =>
    provider.fetch(url, {
      ...init,
      cache: 'no-store',
      // Electron would send cookies by default.
      credentials: 'omit',
      bypassCustomProtocolHandlers: true,
    })
}
