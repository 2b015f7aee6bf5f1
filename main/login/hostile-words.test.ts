import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { LoginError } from './errors.ts'
import type { LoginOptions } from './options.ts'
import { createProviderCache } from './provider/cache.ts'
import type { Fetch } from './base/http.ts'
import {
  arrive,
  createTestClock,
  failureOf,
  logInAt,
  navigate,
  requestsTo,
  waitForBrowser,
} from '../../test/support/login.ts'

/** What a provider says may hold a login's own secrets, or be no words at all. */

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(() => simulator.play(null))

const logIn = async (options: Partial<LoginOptions> = {}) => {
  const login = await waitForBrowser(simulator, options)
  await arrive(await logInAt(login.start))
  return login
}
const play = (scenario: Omit<Scenario, 'summary'>): void =>
  simulator.play({ summary: 'says what it should not', ...scenario })

describe('a token that stands in the reason of a refusal', () => {
  it.each(['access_token', 'cut access_token', 'refresh_token'])(
    'is not told: %s',
    async (which) => {
      let told = ''
      play({
        idToken: (token) => {
          const secret = which === 'refresh_token' ? 'refresh-0123456789abcdef' : token.accessToken
          told = secret
          const acr = which.startsWith('cut') ? `${'x'.repeat(270)} ${secret}` : secret
          return { ...token, claims: { ...token.claims, acr } }
        },
        tokenResponse: (body) => ({ ...body, refresh_token: 'refresh-0123456789abcdef' }),
      })
      const login = await logIn()
      const error = await failureOf(login.result, LoginError)
      expect([error.code, error.detail?.key]).toEqual(['E_ID_TOKEN_CLAIM', 'acr'])
      expect(told.length).toBeGreaterThan(16)
      const shown = JSON.stringify([error.message, error.detail, error.checks])
      expect(shown).not.toContain(told.slice(0, 8))
      simulator.play(null)
      await expect((await logIn()).result).resolves.toBeTruthy()
    },
  )
})

describe('a browser that is opened again', () => {
  it('is told without state and nonce what its push was refused with, and the login goes on', async () => {
    let words: string | null = null
    const login = await waitForBrowser(simulator, {
      fetch: async (url, init) =>
        words !== null && url.endsWith('/par')
          ? Response.json({ error: 'invalid_request', error_description: words }, { status: 400 })
          : await fetch(url, init),
    })
    const pushed = requestsTo(simulator, '/par').at(-1)?.form
    const secrets = ['state', 'nonce'].map((name) => pushed?.get(name) ?? '')
    words = `refused ${secrets.join(' and ')}`
    const error = await failureOf(login.link(), LoginError)
    expect([error.code, error.detail?.reason]).toEqual([
      'E_PAR_REFUSED',
      'invalid_request: refused [secret] and [secret]',
    ])
    for (const secret of secrets) expect(error.message).not.toContain(secret.slice(0, 8))
    words = null
    await arrive(await logInAt(login.start))
    await expect(login.result).resolves.toBeTruthy()
  })

  it('asks nobody for as long as the provider asks for a back-off, and can be asked for after that', async () => {
    const login = await waitForBrowser(simulator)
    play({ fault: { step: 'pushed-request', kind: 'http-429-retry-after' } })
    const before = requestsTo(simulator, '/par').length
    const first = await failureOf(login.link(), LoginError)
    expect(first.retryAfter).toBeGreaterThan(0)
    for (let press = 0; press < 5; press += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await failureOf(login.link(), LoginError)).toBe(first)
    }
    expect(requestsTo(simulator, '/par')).toHaveLength(before + 1)
    simulator.play(null)
    login.clock.advance((first.retryAfter ?? 0) * 1000)
    await expect(login.link()).resolves.toMatch(/^http:\/\/127\.0\.0\.1:/)
    login.cancel()
    await login.result
  })

  it('by a hundred presses at once gets one link', async () => {
    const login = await waitForBrowser(simulator)
    const before = requestsTo(simulator, '/par').length
    const links = await Promise.all(Array.from({ length: 100 }, () => login.link()))
    expect(new Set(links).size).toBe(1)
    expect(requestsTo(simulator, '/par')).toHaveLength(before + 1)
    login.cancel()
    await login.result
  })
})

it('a second tab whose push fails does not end the login of the first', async () => {
  const login = await waitForBrowser(simulator)
  const second = (await login.link()) ?? ''
  const callback = await logInAt(login.start)
  login.clock.advance(200_000)
  login.clock.set(-200_000)
  play({ fault: { step: 'pushed-request', kind: 'http-502' } })
  expect((await navigate(second)).status).toBe(502)
  await arrive(callback)
  await expect(login.result).resolves.toBeTruthy()
})

describe('an error whose description is no text', () => {
  it.each<readonly [unknown]>([
    [{ toString: null }],
    [['a', { toString: 1 }]],
    [null],
    [5],
    [{ a: { b: 'c' } }],
  ])('is told by its name alone: %j', async (description) => {
    const refusing: Fetch = async (url, init) =>
      url.endsWith('/token')
        ? Response.json({ error: 'invalid_grant', error_description: description }, { status: 400 })
        : await fetch(url, init)
    const login = await logIn({ fetch: refusing })
    const error = await failureOf(login.result, LoginError)
    expect(error.code).toMatch(/^E_TOKEN_(REFUSED|RESPONSE)$/)
    expect(JSON.stringify(error.detail)).not.toContain('[object')
  })
})

it('an access token of any depth is no reason to refuse a login', async () => {
  for (const depth of [31, 33, 3500, 40_000]) {
    const payload = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    const token = `e30.${Buffer.from(payload).toString('base64url')}.AA`
    play({ tokenResponse: (body) => ({ ...body, access_token: token }) })
    // One login comes after the other.
    // oxlint-disable-next-line no-await-in-loop
    const result = await (await logIn()).result
    expect([depth, result?.accessTokenClaims === null]).toEqual([depth, depth > 31])
  }
})

describe('what the library alone finds', () => {
  it('is refused as well: here by its own clock, which is eight minutes from ours', async () => {
    const clock = createTestClock(Date.now() - 480_000)
    play({ clock: -480 })
    const error = await failureOf((await logIn({ clock })).result, LoginError)
    expect([error.code, error.detail?.key]).toEqual(['E_ID_TOKEN_CLAIM', 'token request'])
    simulator.play(null)
    await expect((await logIn()).result).resolves.toBeTruthy()
  })
})

it('a right at_hash is taken', async () => {
  simulator.play('right-at-hash')
  const result = await (await logIn()).result
  expect(result?.checks.find(({ rule }) => rule === 'at_hash')?.got).toBe('equal')
})

it('a key that was put under the same name is found by looking once more', async () => {
  const clock = createTestClock()
  const providerCache = createProviderCache(clock)
  await (
    await logIn({ clock, providerCache })
  ).result
  play({
    keys: async ({ keys }, tools) => {
      const [key] = keys
      return { keys: [{ ...key, kid: tools.ownKey().kid }] }
    },
  })
  const before = requestsTo(simulator, '/jwks.json').length
  simulator.play(null)
  await simulator.rotateKeys()
  const result = await (await logIn({ clock, providerCache })).result
  expect(result).toBeTruthy()
  expect(requestsTo(simulator, '/jwks.json').length - before).toBe(1)
})

it('a former token that stands in the new one is not shown when a login renews another', async () => {
  const former = await (await logIn()).result
  if (former === null) throw new Error('cancelled')
  const token = former.accessToken.reveal()
  play({ idToken: (made) => ({ ...made, claims: { ...made.claims, former: `x ${token}` } }) })
  const renewed = await (await logIn({ renews: former })).result
  expect(renewed?.claims['former']).toBe('x [secret]')
})

it('a clock that is set right during a login with prompt=login is no reason to refuse it', async () => {
  const clock = createTestClock(Date.now() + 420_000)
  const login = await waitForBrowser(simulator, {
    clock,
    prompt: 'login',
  })
  const callback = await logInAt(login.start)
  clock.set(-420_000)
  await arrive(callback)
  const result = await login.result
  expect(result?.checks.find(({ rule }) => rule === 'auth_time')?.result).toBe('pass')
})

it.each(['is slow', 'lets the computer sleep'])(
  'a person who %s after a login with prompt=login is no reason to refuse it',
  async (how) => {
    const clock = createTestClock()
    const login = await waitForBrowser(simulator, {
      clock,
      prompt: 'login',
    })
    const callback = await logInAt(login.start)
    if (how === 'is slow') clock.advance(100_000)
    else clock.sleep(100_000)
    await arrive(callback)
    const result = await login.result
    expect(result?.checks.find(({ rule }) => rule === 'auth_time')?.result).toBe('pass')
  },
)
