import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JournalEntry, type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { type Module, plans } from './modules.ts'
import { play, type Played } from './play.ts'

const wellKnown = '/.well-known/openid-configuration'
let simulator: Simulator
let withRefresh: Simulator
beforeAll(async () => {
  ;[simulator, withRefresh] = await Promise.all([
    startSimulator(),
    startSimulator({ refreshTokens: true }),
  ])
})
afterAll(() => Promise.all([simulator.close(), withRefresh.close()]))

/** The tokens that were sent to a path. */
const tokensAt = (requests: readonly JournalEntry[], to: string): (string | undefined)[] =>
  requests.filter(({ path }) => path === to).map(({ headers }) => headers.authorization)
/** The refresh tokens that were used. */
const refreshTokens = (requests: readonly JournalEntry[]): (string | null)[] =>
  requests.filter(({ path }) => path === '/token').map(({ form }) => form.get('refresh_token'))
const firstToken = (): string | undefined =>
  withRefresh.journal.findLast(({ path }) => path === '/userinfo')?.headers.authorization
const fapi = 'fapi2-security-profile-final-client-'

/** What a module asks for besides the outcome. */
const more: Readonly<Record<string, (played: Played) => void>> = {
  'oidcc-client-test-nonce-unless-code-flow': ({ requests }) => {
    const [pushed] = requests.filter(({ path }) => path === '/par')
    expect(pushed?.form.get('nonce')).toMatch(/^[\w-]{43}$/)
  },
  'oidcc-client-test-discovery-openid-config': ({ paths }) => {
    expect(paths[0]).toBe(wellKnown)
    expect(paths.filter((path) => path === wellKnown)).toHaveLength(1)
  },
  'oidcc-client-test-discovery-jwks-uri-keys': ({ paths }) => {
    expect(paths).toContain('/keys-somewhere-else.json')
    expect(paths).not.toContain('/jwks.json')
  },
  'oidcc-client-test-discovery-issuer-mismatch': ({ paths }) => {
    expect(paths).toEqual([wellKnown])
  },
  'oidcc-client-test-userinfo-invalid-sub': ({ snapshot }) => {
    expect(snapshot.session?.userinfo).toBeNull()
  },
  'oidcc-client-test-scope-userinfo-claims': ({ snapshot }) => {
    const names = snapshot.session?.userinfo?.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['sub', 'locale', 'given_name', 'family_name']))
  },
  'oidcc-client-test-userinfo-bearer-header': ({ requests }) => {
    const [entry, ...others] = requests.filter(({ path }) => path === '/userinfo')
    expect([entry?.method, entry?.form.size, entry?.query.size, others]).toEqual(['GET', 0, 0, []])
    expect(entry?.headers.authorization).toMatch(/^Bearer ey[\w-]+\.[\w-]+\.[\w-]+$/)
  },
  'oidcc-client-test-refresh-token': ({ requests }) => {
    const [used] = tokensAt(requests, '/api/echo')
    expect(used).toMatch(/^Bearer /)
    expect(used).not.toBe(firstToken())
    const [{ form } = { form: new URLSearchParams() }] = requests
    expect([...form.keys()].toSorted()).toEqual(['client_id', 'grant_type', 'refresh_token'])
  },
  'oidcc-client-test-rp-init-logout': ({ requests, page }) => {
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /logout'])
    expect(page?.body).toContain('logged-out title')
  },
  'oidcc-client-test-rp-init-logout-other-state': ({ page }) => {
    expect(page?.body).not.toContain('logged-out')
  },
  'oidcc-client-test-rp-init-logout-no-state': ({ page }) => {
    expect(page?.body).not.toContain('logged-out')
  },
  [`${fapi}test-happy-path`]: ({ requests }) => {
    expect(tokensAt(requests, '/api/echo')).toEqual([expect.stringMatching(/^DPoP /)])
  },
  [`${fapi}test-rs-dpop-auth-scheme-case-insensitivity`]: ({ requests }) => {
    const calls = requests.filter(({ path }) => path === '/api/echo')
    expect(calls.map(({ status }) => status)).toEqual([401, 200])
  },
  [`${fapi}refresh-token-test`]: ({ requests }) => {
    const used = refreshTokens(requests)
    expect([used.length, new Set(used).size]).toEqual([2, 2])
    expect(new Set(tokensAt(requests, '/api/echo')).size).toBe(3)
  },
  'oidcc-client-test-signing-key-rotation': ({ paths, snapshot }) => {
    // The second login has the keys of the first, which are none of the provider's any more.
    expect(paths.filter((path) => path === '/jwks.json')).toHaveLength(
      snapshot.attempt === 1 ? 2 : 1,
    )
  },
}

const played = plans
  .flatMap(({ modules }) => modules)
  .flatMap(({ name, plays }) => (plays === undefined ? [] : [[name, plays] as const]))

it.for(played)('%s', { timeout: 30_000 }, async ([name, plays], { task }) => {
  const { scenario, expected, ...options } = plays
  const look = more[name]
  const of = options.actions === undefined ? simulator : withRefresh
  const { outcome } = await play(of, scenario, { ...options, ...(look && { look }) })
  task.meta.outcome = outcome
  expect(outcome).toBe(expected)
})

describe('the list of modules', () => {
  const modules: readonly Module[] = plans.flatMap((plan) => plan.modules)

  it('has no name twice, and a reason for each that is left out', () => {
    const names = modules.map(({ name }) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(modules.filter(({ plays, left }) => !plays && !left)).toEqual([])
  })

  it('looks closer only at modules that it has', () => {
    const names = played.map(([name]) => name)
    expect(Object.keys(more).filter((name) => !names.includes(name))).toEqual([])
  })
})
