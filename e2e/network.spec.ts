import { mkdir, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { chromium, type Page } from '@playwright/test'
import { networkCode } from '../main/login/error-map.ts'
import { browserCommands, findCommand } from '../scripts/bootstrap/system-packages.mjs'
import type { ScenarioName } from '../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../simulator/simulator.ts'
import {
  type Desktop,
  expect,
  logInAt,
  signIn,
  signOutEverywhere,
  test,
} from './fixtures/desktop.ts'
import { expectRefused } from './fixtures/failure.ts'
import { type Authority, createAuthority, startProxy } from './fixtures/private-network.ts'

/** Requests go through Chromium's network stack: the system's proxy and the system's certificates. */

const host = 'idporten.simulator.test'
const loginPage = '[data-action="login"]'
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  return (server.address() as AddressInfo).port
}

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
    await signIn(desktop, browserPage)
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

test('asks the network for nothing but the provider, from the start of the app on', async ({
  launch,
}) => {
  const proxy = await startProxy(host)
  try {
    const desktop = await launch({
      profile: { issuer: 'https://elsewhere.test' },
      env: { https_proxy: proxy.address, http_proxy: proxy.address, no_proxy: '' },
    })
    await desktop.action('sign-in').click()
    // The proxy lets nobody through to there, so the browser, which has hosts of its own, is not opened.
    await desktop.expectStatus('signed-out', 'E_NETWORK_PROXY')
    expect(new Set(proxy.asked)).toEqual(new Set(['elsewhere.test:443']))
  } finally {
    await proxy.close()
  }
})

interface BadConnection {
  readonly what: string
  readonly explanation: string
  /** Says that it is left to the thorough run. */
  readonly when?: string
  /** What the server says of itself; the folder is for an authority of its own. */
  readonly options: (authority: Authority, folder: string) => Promise<ServerOptions>
}

const badConnections: readonly BadConnection[] = [
  {
    what: 'a certificate that is over',
    explanation: 'tls:expired',
    when: ' @thorough',
    options: ({ issue }) => issue(host, -1),
  },
  {
    what: 'a certificate for another host',
    explanation: 'tls:wrong-host',
    when: ' @thorough',
    options: ({ issue }) => issue(`other.${host}`, 2),
  },
  {
    what: 'a certificate of an authority that the system does not trust',
    explanation: 'tls:unknown-authority',
    options: (_, folder) => createAuthority(join(folder, 'stranger'), host, false),
  },
  {
    what: 'a version of TLS that is no longer safe',
    explanation: 'tls:old-version',
    when: ' @thorough',
    options: ({ key, cert }) =>
      Promise.resolve({
        key,
        cert,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
  },
]

for (const { what, explanation, when = '', options } of badConnections) {
  test(`refuses ${what}, and logs in when the provider has put it right${when}`, async ({
    launch,
    browserPage,
    folder,
  }) => {
    const authority = await createAuthority(folder, host, true)
    const { home, key, cert } = authority
    const requests: string[] = []
    const server = createServer(await options(authority, folder), (request, response) => {
      requests.push(request.url ?? '')
      response.end('{}')
    })
    const port = await listen(server)
    const proxy = await startProxy(host)
    try {
      const desktop = await launch({
        profile: { issuer: `https://${host}:${port}` },
        // Node's own switch must not reach Chromium's checks.
        env: { HOME: home, https_proxy: proxy.address, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      })
      await desktop.action('sign-in').click()
      await expectRefused(desktop, { code: 'E_NETWORK_TLS', explanation })
      expect(proxy.asked).toContain(`${host}:${port}`)
      expect(requests, 'nothing was asked over the bad connection').toEqual([])
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })

      const simulator = await startSimulator({ port, tls: { key, cert, host } })
      try {
        await signIn(desktop, browserPage)
      } finally {
        await simulator.close()
      }
    } finally {
      server.closeAllConnections()
      server.close()
      await proxy.close()
    }
  })
}

test('names a proxy that is down @thorough', async ({ launch, folder }) => {
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
    await expectRefused(desktop, { code: 'E_NETWORK_PROXY' })
  } finally {
    await simulator.close()
  }
})

test('names a proxy that demands a password, and logs in when it lets the app through @thorough', async ({
  launch,
  browserPage,
  folder,
}) => {
  const { home, key, cert } = await createAuthority(folder, host, true)
  const simulator = await startSimulator({ tls: { key, cert, host } })
  const proxy = await startProxy(host)
  proxy.demandPassword(true)
  try {
    const desktop = await launch({
      profile: { ...simulator.profile },
      env: { HOME: home, https_proxy: proxy.address },
    })
    await desktop.action('sign-in').click()
    await expectRefused(desktop, { code: 'E_NETWORK_PROXY' })
    expect(simulator.journal).toEqual([])

    proxy.demandPassword(false)
    await signIn(desktop, browserPage)
  } finally {
    await proxy.close()
    await simulator.close()
  }
})

test('tells a network that leads to its own page in place of the provider, and logs in behind it @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const visited: string[] = []
  const portal = createHttpServer((request, response) => {
    visited.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in to the network</h1>')
  })
  const portalPort = await listen(portal)
  const network = createHttpServer((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${portalPort}/log-in` }).end()
  })
  const { port } = new URL(simulator.issuer)
  try {
    await simulator.close()
    await new Promise<void>((resolve) => {
      network.listen({ host: '127.0.0.1', port: Number(port) }, resolve)
    })
    const desktop = await launch()
    await desktop.action('sign-in').click()
    await expectRefused(desktop, { code: 'E_NETWORK_REDIRECT', explanation: 'captive-portal' })
    expect(visited, 'the page of the network was not asked').toEqual([])
    network.closeAllConnections()
    await new Promise((resolve) => {
      network.close(resolve)
    })

    const again = await startSimulator({ port: Number(port) })
    try {
      await signIn(desktop, browserPage)
    } finally {
      await again.close()
    }
  } finally {
    for (const server of [network, portal]) {
      server.closeAllConnections()
      server.close()
    }
  }
})

/** Logs in once more, asked anew as after every sign-out that was not confirmed, and out, here and there. */
async function expectGoodLogin(
  desktop: Desktop,
  simulator: Simulator,
  browserPage: (selector: string) => Promise<Page>,
): Promise<void> {
  await signIn(desktop, browserPage)
  await signOutEverywhere(desktop, simulator)
}

test('follows no redirect of the token endpoint, carries no cookie, and logs in after each @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await signIn(desktop, browserPage)
  await signOutEverywhere(desktop, simulator)

  // The one drops the form with the code on its way, the other would carry it along.
  for (const status of [302, 307] as const) {
    const from = simulator.journal.length
    simulator.play(`token-redirect-${status}-other-host`)
    await desktop.action('sign-in').click()
    await logInAt(await browserPage(loginPage))
    await expectRefused(desktop, { code: 'E_NETWORK_REDIRECT' })
    const asked = simulator.journal.slice(from).map(({ path, headers }) => [headers.host, path])
    const { host: own } = new URL(simulator.issuer)
    expect(asked).toContainEqual([own, '/token'])
    expect(asked.filter(([name, path]) => name !== own || path?.includes('redirected'))).toEqual([])
    simulator.play(null)
    await expectGoodLogin(desktop, simulator, browserPage)
  }
  const direct = /^\/(token|par|jwks\.json|\.well-known\/)/
  const own = simulator.journal.filter(({ path }) => direct.test(path))
  expect(own.length).toBeGreaterThan(10)
  expect(own.filter(({ headers }) => headers.cookie !== undefined)).toEqual([])
})

const megabyte = 1024 * 1024

test('refuses bodies that are too large, compressed or without an end, in little memory @thorough', async ({
  launch,
  browserPage,
  simulator,
}) => {
  const desktop = await launch()
  await signIn(desktop, browserPage)
  await signOutEverywhere(desktop, simulator)
  /** The most that the main process has ever held, in bytes. */
  const peak = (): Promise<number> =>
    desktop.app.evaluate(() => process.resourceUsage().maxRSS * 1024)

  const before = await peak()
  const bodies: readonly ScenarioName[] = [
    'token-gzip-bomb',
    'token-huge-body',
    'token-endless-chunked',
  ]
  for (const scenario of bodies) {
    simulator.play(scenario)
    await desktop.action('sign-in').click()
    await logInAt(await browserPage(loginPage))
    await expectRefused(desktop, { code: 'E_NETWORK_BODY' })
    simulator.play(null)
    await expectGoodLogin(desktop, simulator, browserPage)
  }
  const grown = (await peak()) - before
  test
    .info()
    .annotations.push({ type: 'growth', description: `${Math.round(grown / megabyte)} MB` })
  expect(grown).toBeLessThan(150 * megabyte)
})

test('every network error that Chromium knows has a name here', async ({ folder }) => {
  const profile = join(folder, 'names')
  await mkdir(profile)
  // Its list is an internal page, which has to be allowed.
  await writeFile(join(profile, 'Local State'), '{"internal_only_uis_enabled":true}')
  const executablePath = findCommand(browserCommands)
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath !== undefined && { executablePath }),
    chromiumSandbox: true,
  })
  try {
    const page = await context.newPage()
    await page.goto('chrome://network-errors/')
    const names = async (): Promise<string[]> =>
      (await page.locator('body').innerText()).match(/ERR_[A-Z0-9_]+/g) ?? []
    await expect.poll(async () => new Set(await names()).size).toBeGreaterThan(200)
    expect((await names()).filter((name) => networkCode(name) === null)).toEqual([])
  } finally {
    await context.close()
  }
})
