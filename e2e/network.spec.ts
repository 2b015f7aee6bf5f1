import { startSimulator } from '../simulator/simulator.ts'
import { expect, logInAt, test } from './fixtures/desktop.ts'
import { createAuthority, startProxy } from './fixtures/private-network.ts'

/** Requests go through Chromium's network stack: the system's proxy and the system's certificates. */

const host = 'idporten.simulator.test'
test.skip(process.platform !== 'linux', 'proxy and certificates are set up the way Linux has them')

test('logs in at an https provider of a private authority behind a proxy', async ({
  launch,
  browserPage,
  folder,
}) => {
  const { home, key, cert } = await createAuthority(folder, host, true)
  const simulator = await startSimulator({ tls: { key, cert, host } })
  const proxy = await startProxy(host)
  try {
    const desktop = await launch({
      profile: { ...simulator.profile },
      env: { HOME: home, https_proxy: proxy.address, http_proxy: '', no_proxy: '' },
    })
    await desktop.action('sign-in').click()
    await logInAt(await browserPage('[data-action="login"]'))
    await desktop.expectStatus('signed-in')
    await expect(desktop.claim('id', 'iss')).toHaveText(simulator.issuer)
    const { port } = new URL(simulator.issuer)
    expect(proxy.asked).toContain(`${host}:${port}`)
    const own = simulator.journal.filter(({ path }) => path === '/token' || path === '/par')
    expect(own).toHaveLength(2)
    expect(own.filter(({ headers }) => headers.cookie !== undefined)).toEqual([])
  } finally {
    await proxy.close()
    await simulator.close()
  }
})

test('refuses an https provider whose authority the system does not trust', async ({
  launch,
  folder,
}) => {
  const { home, key, cert } = await createAuthority(folder, host, false)
  const simulator = await startSimulator({ tls: { key, cert, host } })
  const proxy = await startProxy(host)
  try {
    const desktop = await launch({
      profile: { ...simulator.profile },
      // Node's own switch must not reach Chromium's checks.
      env: { HOME: home, https_proxy: proxy.address, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    })
    await desktop.action('sign-in').click()
    await desktop.expectStatus('signed-out', 'E_NETWORK_TLS')
    expect(simulator.journal).toEqual([])
  } finally {
    await proxy.close()
    await simulator.close()
  }
})

test('names a proxy that is down', async ({ launch, folder }) => {
  const { home, key, cert } = await createAuthority(folder, host, true)
  const simulator = await startSimulator({ tls: { key, cert, host } })
  const proxy = await startProxy(host)
  await proxy.close()
  try {
    const desktop = await launch({
      profile: { ...simulator.profile },
      env: { HOME: home, https_proxy: proxy.address },
    })
    await desktop.action('sign-in').click()
    await desktop.expectStatus('signed-out', 'E_NETWORK_PROXY')
  } finally {
    await simulator.close()
  }
})
