import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { discoveryDocument } from './provider/discovery.ts'
import { clientId } from './clients.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'
import { TestBrowser, beginLogin, finishLogin } from '../test/support/browser.ts'

let simulators: Simulator[] = []

async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options)
  simulators.push(simulator)
  return simulator
}

afterEach(async () => {
  await Promise.all(simulators.map((simulator) => simulator.close()))
  simulators = []
})

// As captured from ID-porten's test environment, mid-2024.
const captured = {
  request_parameter_supported: false,
  pushed_authorization_request_endpoint: 'https://test.idporten.no/par',
  authorization_response_iss_parameter_supported: true,
  introspection_endpoint: 'https://test.idporten.no/token/introspect',
  claims_parameter_supported: false,
  scopes_supported: ['openid', 'profile'],
  issuer: 'https://test.idporten.no',
  acr_values_supported: [
    'idporten-loa-low',
    'idporten-loa-substantial',
    'idporten-loa-high',
    'eidas-loa-low',
    'eidas-loa-substantial',
    'eidas-loa-high',
  ],
  authorization_endpoint: 'https://login.test.idporten.no/authorize',
  display_values_supported: ['page'],
  token_endpoint_auth_methods_supported: [
    'client_secret_basic',
    'client_secret_post',
    'none',
    'private_key_jwt',
  ],
  response_modes_supported: ['query', 'form_post', 'query.jwt', 'form_post.jwt'],
  token_endpoint: 'https://test.idporten.no/token',
  response_types_supported: ['code'],
  request_uri_parameter_supported: false,
  grant_types_supported: ['authorization_code', 'refresh_token'],
  ui_locales_supported: ['en', 'nb', 'nn', 'se'],
  end_session_endpoint: 'https://login.test.idporten.no/logout',
  revocation_endpoint: 'https://test.idporten.no/token/revoke',
  prompt_values_supported: ['consent', 'login', 'none'],
  userinfo_endpoint: 'https://test.idporten.no/userinfo',
  token_endpoint_auth_signing_alg_values_supported: ['RS256'],
  frontchannel_logout_supported: true,
  code_challenge_methods_supported: ['S256'],
  jwks_uri: 'https://test.idporten.no/jwks.json',
  frontchannel_logout_session_supported: true,
  subject_types_supported: ['public', 'pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  authorization_signing_alg_values_supported: ['RS256'],
}

function opens(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 2000 })
    const done = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
    socket.once('timeout', () => done(false))
  })
}

describe('the discovery document', () => {
  it('is the one of ID-porten, key by key and in the same order, hosts aside', async () => {
    const { issuer } = await start()
    const response = await fetch(`${issuer}/.well-known/openid-configuration`)
    const text = await response.text()
    const expected = JSON.stringify(captured).replaceAll(
      /https:\/\/(?:login\.)?test\.idporten\.no/g,
      issuer,
    )
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(text).toBe(expected)
  })

  it('has endpoints that exist', async () => {
    const { issuer } = await start()
    const document = discoveryDocument(issuer)
    const urls = Object.entries(document).filter(([key]) => /_endpoint$|_uri$/.test(key))
    const get404 = await Promise.all(
      urls.map(async ([key, url]) => {
        const isPage = /authorization_endpoint|session|jwks|userinfo/.test(key)
        const method = isPage && !key.startsWith('pushed') ? 'GET' : 'POST'
        const { status } = await fetch(String(url), { method, redirect: 'manual' })
        return status === 404 ? key : undefined
      }),
    )
    expect(urls).toHaveLength(8)
    expect(get404.filter(Boolean)).toEqual([])
  })

  it('is not served for another path', async () => {
    const { issuer } = await start()
    const response = await fetch(`${issuer}/.well-known/other`)
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('simulator')
  })
})

describe('the keys', () => {
  it('are public RSA signing keys of at least 2048 bits with a kid', async () => {
    const { issuer } = await start()
    const { keys } = JSON.parse(await (await fetch(`${issuer}/jwks.json`)).text())
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256' })
    expect(keys[0].kid).toMatch(/./)
    expect(Buffer.from(keys[0].n, 'base64url').length).toBeGreaterThanOrEqual(256)
    expect(keys[0]).not.toHaveProperty('d')
  })

  it('are new at each start', async () => {
    const [one, two] = await Promise.all([start(), start()])
    const texts = await Promise.all(
      [one, two].map(async ({ issuer }) => (await fetch(`${issuer}/jwks.json`)).text()),
    )
    expect(texts[0]).not.toBe(texts[1])
  })
})

describe('a running simulator', () => {
  it('gives a profile with which a client can log in', async () => {
    const simulator = await start()
    expect(simulator.profile).toEqual({
      name: 'Simulator',
      issuer: simulator.issuer,
      clientId,
      redirectPath: '/callback',
      scope: 'openid profile',
      acrValues: ['idporten-loa-substantial'],
    })
    const attempt = await beginLogin(simulator)
    const browser = new TestBrowser()
    const visit = await browser.press(await browser.open(attempt.url), 'login')
    await expect(finishLogin(attempt, visit.left)).resolves.toHaveProperty('id_token')
  })

  it('answers on 127.0.0.1', async () => {
    const { issuer } = await start()
    await expect(opens(Number(new URL(issuer).port), '127.0.0.1')).resolves.toBe(true)
  })

  it('does not answer on any other address of this machine', async () => {
    const { issuer } = await start()
    const addresses = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .map(({ address, scopeid }) => (scopeid ? undefined : address))
      .filter((address) => address !== undefined && address !== '127.0.0.1')
    const others = ['::1', ...new Set(addresses)].filter((address) => address !== undefined)
    const open = await Promise.all(
      others.map((address) => opens(Number(new URL(issuer).port), address)),
    )
    expect(open).not.toContain(true)
  })

  it('registers the redirect path it is told', async () => {
    const simulator = await start({ redirectPath: '/tilbake' })
    const at = (redirect_uri: string) => beginLogin(simulator, { redirect_uri })
    const told = await new TestBrowser().open((await at('http://127.0.0.1:1024/tilbake')).url)
    const usual = await new TestBrowser().open((await at('http://127.0.0.1:1024/callback')).url)
    expect([told.status, usual.status]).toEqual([200, 400])
  })

  it('keeps a journal of the requests with their parameters and status', async () => {
    const simulator = await start()
    const attempt = await beginLogin(simulator, {
      login_hint: `testid:${simulator.persons[0]?.pid}_idporten-loa-high`,
    })
    const visit = await new TestBrowser().open(attempt.url)
    await finishLogin(attempt, visit.left)
    expect(simulator.journal.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['GET', '/.well-known/openid-configuration', 200],
      ['GET', '/authorize', 302],
      ['POST', '/token', 200],
    ])
    expect(simulator.journal[1]?.query.get('state')).toBe(attempt.state)
    expect(simulator.journal[2]?.form.get('code_verifier')).toBe(attempt.verifier)
    expect(simulator.journal[2]?.headers['content-type']).toContain('x-www-form-urlencoded')
  })

  it('refuses a body over 64 kB', async () => {
    const { issuer } = await start()
    const send = (length: number) =>
      fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'x'.repeat(length) }),
      })
    expect((await send(1000)).status).not.toBe(413)
    expect((await send(70_000)).status).toBe(413)
    expect((await send(2_000_000)).status).toBe(413)
  })

  it.each([
    ['a path with two slashes', 'GET //x HTTP/1.1', 404],
    ['an address in place of a path', 'GET http://a.example.no/ HTTP/1.1', 400],
    ['a path', 'GET / HTTP/1.1', 200],
  ])('answers %s', async (_, line, status) => {
    const { issuer } = await start()
    const socket = connect(Number(new URL(issuer).port), '127.0.0.1')
    socket.write(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    const [answer] = await once(socket.setEncoding('utf8'), 'data')
    expect(answer).toContain(`HTTP/1.1 ${status}`)
  })

  it('sends the browser to its own host, whatever host the request names', async () => {
    const simulator = await start()
    const attempt = await beginLogin(simulator)
    const sent = request(attempt.url, { headers: { host: 'attacker.example.no' } }).end()
    const [answer] = await once(sent, 'response')
    const browser = new TestBrowser()
    browser.keep(answer.headers['set-cookie'])
    const page = await browser.open(new URL(answer.headers.location, simulator.issuer))
    const visit = await browser.press(page, 'login')
    expect(visit.hops[0]?.location).toMatch(new RegExp(`^${simulator.issuer}/authorize/`))
    await expect(finishLogin(attempt, visit.left)).resolves.toBeDefined()
  })

  it('closes within a second, also in the middle of a request', async () => {
    const simulator = await startSimulator()
    const socket = connect(Number(new URL(simulator.issuer).port), '127.0.0.1')
    socket.write('POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf')
    await fetch(simulator.issuer)
    const before = performance.now()
    await simulator.close()
    expect(performance.now() - before).toBeLessThan(1000)
    await expect(fetch(simulator.issuer)).rejects.toThrow('fetch failed')
  })

  it('does not start on a port in use', async () => {
    const { issuer } = await start()
    const port = Number(new URL(issuer).port)
    await expect(startSimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('writes nothing to the console', async () => {
    const spies = (['log', 'info', 'warn', 'error'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => {}),
    )
    const simulator = await start()
    const attempt = await beginLogin(simulator)
    const browser = new TestBrowser()
    const visit = await browser.press(await browser.open(attempt.url), 'login')
    await finishLogin(attempt, visit.left)
    await browser.open(`${simulator.issuer}/authorize?client_id=nobody`)
    await fetch(`${simulator.issuer}/token`, { method: 'POST', body: 'not a form' })
    const calls = spies.flatMap((spy) => spy.mock.calls)
    vi.restoreAllMocks()
    expect(calls).toEqual([])
  })
})

function createCertificate(): { readonly key: string; readonly cert: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      { stdio: 'ignore' },
    )
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('over https', () => {
  const certificate = createCertificate()

  const tls = { key: '', cert: '', ...certificate, host: 'localhost' }

  it.skipIf(certificate === undefined)('names its host as issuer, and logs in', async () => {
    const trusted = getCACertificates()
    setDefaultCACertificates([tls.cert])
    const simulator = await start({ tls })
    const attempt = await beginLogin(simulator)
    const browser = new TestBrowser()
    const page = await browser.open(attempt.url)
    const visit = await browser.press(page, 'login')
    const tokens = await finishLogin(attempt, visit.left)
    setDefaultCACertificates(trusted)
    // A logout by POST from another site must bring the session.
    const cookies = visit.headers
      .getSetCookie()
      .filter((line) => line.startsWith('simulator_session='))
    expect(cookies).toEqual([expect.stringMatching(/samesite=none; secure; httponly/)])
    expect(simulator.issuer).toMatch(/^https:\/\/localhost:\d+$/)
    expect(visit.left?.searchParams.get('iss')).toBe(simulator.issuer)
    expect(tokens.access_token).toMatch(/./)
  })

  it.skipIf(certificate === undefined)(
    'is not trusted by a client without its certificate',
    async () => {
      const { issuer } = await start({ tls })
      await expect(fetch(issuer)).rejects.toThrow('fetch failed')
    },
  )
})
