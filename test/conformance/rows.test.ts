import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oauthErrors } from '../../preload/contract.ts'
import { hostileTexts } from '../../simulator/faults/hostile-texts.ts'
import {
  isScenarioName,
  scenarioGroups,
  type ScenarioName,
  scenarios,
} from '../../simulator/scenarios/index.ts'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import { type JournalEntry, type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { arrive, tryPort, logInAt } from '../support/login.ts'
import { createMemoryVault, createTestApp, profileOf } from '../support/app.ts'
import { cells } from './matrix.ts'
import { plans } from './modules.ts'
import { type UserAction, play, type Played, type PlayOptions } from './play.ts'
import { type Plays, rows } from './rows.ts'

let simulator: Simulator
let withRefresh: Simulator
beforeAll(async () => {
  ;[simulator, withRefresh] = await Promise.all([
    startSimulator(),
    startSimulator({ refreshTokens: true }),
  ])
})
afterAll(() => Promise.all([simulator.close(), withRefresh.close()]))

/** The one request to a path. */
function one({ requests }: Played, path: string): JournalEntry {
  const [entry, ...others] = requests.filter((request) => request.path === path)
  if (entry === undefined || others.length > 0) throw new Error(`not one request to ${path}`)
  return entry
}

/** The parameters of the authorization request, pushed or not. */
function asked({ requests }: Played): URLSearchParams {
  const parameters = requests
    .flatMap(({ form, query }) => [form, query])
    .find((sent) => sent.has('code_challenge'))
  if (parameters === undefined) throw new Error('no authorization request')
  return parameters
}

/** Both ways to send the request. */
const eachWay = async (look: (played: Played) => void, profile: object = {}): Promise<void> => {
  for (const par of ['always', 'never']) {
    // One login after the other.
    // oxlint-disable-next-line no-await-in-loop
    const played = await play(simulator, 'normal', { profile: { ...profile, par } })
    expect(played.outcome).toBe('signs in')
    look(played)
  }
}

/** What fifty logins asked for, each ended before anybody logged in. */
async function fiftyRequests(): Promise<URLSearchParams[]> {
  const app = createTestApp(simulator)
  await app.ready()
  for (let login = 0; login < 50; login += 1) {
    // One login after the other, as the app has it.
    // oxlint-disable-next-line no-await-in-loop
    await app.controller.signIn()
    // oxlint-disable-next-line no-await-in-loop
    await app.opened.next()
    // oxlint-disable-next-line no-await-in-loop
    await app.controller.cancel()
  }
  await app.close()
  const starts = new Set(app.addresses.map((address) => new URL(address).pathname))
  expect(starts.size).toBe(50)
  return app.requests('/par').map(({ form }) => form)
}

const resource = ['https://api.test/a', 'https://api.test/b']

/** What was done in a session with a refresh token, and what the provider saw of it. */
const live = (
  actions: readonly UserAction[],
  profile: object = {},
  scenario: ScenarioName = 'normal',
): Promise<Played> => play(withRefresh, scenario, { actions, profile })

/** The tokens that renewals were asked for with. */
const refreshTokens = ({ requests }: Played): (string | null)[] =>
  requests.filter(({ path }) => path === '/token').map(({ form }) => form.get('refresh_token'))

/** A start address of the listener, which says nothing. */
const localAddress = /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/

const decode = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())

/** What the proof of a request says. */
function proofOf({ headers }: JournalEntry): { header: unknown; claims: object } {
  const [header, claims] = String(headers['dpop']).split('.')
  return { header: decode(header), claims: Object(decode(claims)) }
}

const tests: Readonly<Record<string, () => Promise<void>>> = {
  'S-002': () =>
    eachWay((played) => {
      const verifier = one(played, '/token').form.get('code_verifier') ?? ''
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      expect(asked(played).get('code_challenge')).toBe(challenge)
      expect(asked(played).get('code_challenge_method')).toBe('S256')
    }),
  'S-003': async () => {
    const app = createTestApp(simulator)
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    const [pushed] = app.requests('/par')
    const uri = new URL(pushed?.form.get('redirect_uri') ?? '')
    expect([uri.protocol, uri.hostname, uri.pathname]).toEqual(['http:', '127.0.0.1', '/callback'])
    expect(await tryPort(Number(uri.port))).toBe('connected')
    await arrive(await logInAt(start))
    await app.reach('signed-in')
    await app.close()
  },
  'S-010': () =>
    eachWay(({ requests }) => {
      for (const { path, headers, form, query } of requests) {
        const bearer = path === '/userinfo' ? expect.stringMatching(/^Bearer ey/) : undefined
        expect(headers.authorization).toEqual(bearer)
        for (const name of ['client_secret', 'client_assertion']) {
          expect([form.has(name), query.has(name)]).toEqual([false, false])
        }
      }
    }),
  'S-020': async () => {
    const requests = await fiftyRequests()
    expect(requests).toHaveLength(50)
    for (const name of ['code_challenge', 'state', 'nonce']) {
      expect(new Set(requests.map((request) => request.get(name))).size).toBe(50)
    }
  },
  'S-021': async () => {
    const verifiers: string[] = []
    const look = (played: Played): void => {
      verifiers.push(one(played, '/token').form.get('code_verifier') ?? '')
    }
    await play(simulator, 'normal', { logins: 15, look })
    expect(verifiers.filter((verifier) => !/^[\w.~-]{43,128}$/.test(verifier))).toEqual([])
    // 645 letters: that one of the 64 is missing by chance happens once in 400 runs, six once in never.
    expect(new Set(verifiers.join('')).size).toBeGreaterThan(58)
  },
  'S-024': () =>
    eachWay((played) => {
      const { form } = one(played, '/token')
      const verifier = form.get('code_verifier') ?? 'none'
      const elsewhere = played.requests
        .filter(({ path }) => path !== '/token')
        .map((entry) => [...entry.query, ...entry.form, JSON.stringify(entry.headers)].join(' '))
      expect(elsewhere.filter((text) => text.includes(verifier))).toEqual([])
    }),
  'S-036': async () => {
    let reads = 0
    const { outcome, paths } = await play(
      simulator,
      {
        summary: 'After the first read the token endpoint is another one.',
        metadata: (document, { issuer }) => {
          reads += 1
          return reads === 1 ? document : { ...document, token_endpoint: `${issuer}/other` }
        },
      },
      { logins: 2 },
    )
    expect([outcome, reads, paths.includes('/token')]).toEqual(['signs in', 1, true])
  },
  'S-040': () =>
    eachWay(({ requests }) => {
      const names = requests.flatMap(({ query }) => [...query.keys()])
      expect(names.filter((name) => name.includes('token'))).toEqual([])
    }),
  'S-041': () =>
    eachWay((played) => {
      expect(asked(played).get('response_type')).toBe('code')
      expect(one(played, '/token').form.get('grant_type')).toBe('authorization_code')
    }),
  'S-042': () =>
    eachWay((played) => {
      expect(asked(played).get('scope')).toBe('openid profile')
    }),
  'S-043': async () => {
    const used = refreshTokens(await live(['renew', 'renew', 'renew']))
    expect([used.length, new Set(used).size]).toEqual([3, 3])
  },
  'S-044': async () => {
    const moved: Scenario = {
      summary: 'Every endpoint has another address than the simulator has by itself.',
      metadata: (document) =>
        Object.fromEntries(
          Object.entries(document).map(([name, value]) => [
            name,
            name.endsWith('_endpoint') ? `${String(value)}?moved=${name}` : value,
          ]),
        ),
    }
    const since = withRefresh.journal.length
    const { outcome: end } = await play(withRefresh, moved, {
      actions: ['renew', 'sign out'],
      profile: { par: 'always', scope: 'openid profile altinn:lookup' },
    })
    expect(end).toBe('signs out: revocation done, browser done')
    const followed = withRefresh.journal.slice(since).flatMap(({ query }) => query.getAll('moved'))
    expect([...new Set(followed)].toSorted()).toEqual([
      'authorization_endpoint',
      'end_session_endpoint',
      'pushed_authorization_request_endpoint',
      'revocation_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
    ])
    const { outcome, paths } = await play(simulator, 'random-jwks-uri', {
      movedTo: '/keys-somewhere-else.json',
    })
    expect(outcome).toBe('signs in')
    expect([paths.includes('/keys-somewhere-else.json'), paths.includes('/jwks.json')]).toEqual([
      true,
      false,
    ])
  },
  'S-051': () =>
    eachWay((played) => {
      const sent = one(played, '/token').form.get('redirect_uri')
      expect(sent).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
      expect(sent).toBe(asked(played).get('redirect_uri'))
    }),
  'S-052': () =>
    eachWay((played) => {
      expect(one(played, '/token').form.get('client_id')).toBe(simulator.profile.clientId)
    }),
  'S-055': async () => {
    const { snapshot } = await live(['renew'], {}, 'refresh-narrower-scope')
    expect(snapshot.session).toMatchObject({
      refusedScopes: ['profile', 'altinn:lookup'],
      apis: [{ granted: false }],
    })
    const wider = await live(['renew'], {}, 'refresh-wider-scope')
    expect(wider.snapshot.session).toMatchObject({ refusedScopes: [], apis: [{ granted: true }] })
  },
  'S-056': async () => {
    const names = Object.keys(scenarioGroups['The callback'])
      .filter(isScenarioName)
      .filter((name) => /^callback-error-(?!empty)/.test(name))
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop
      const { outcome, snapshot } = await play(simulator, name)
      const error = name.slice('callback-error-'.length).replaceAll('-', '_')
      const code = error === 'access_denied' ? 'E_LOGIN_DENIED' : 'E_LOGIN_REFUSED'
      expect(outcome).toBe(`${code} (error)`)
      const known = oauthErrors.find((oauthError) => oauthError === error)
      const explained = known !== undefined && known !== 'access_denied'
      expect(snapshot.error?.explanation).toEqual(explained ? { kind: 'oauth', error } : null)
    }
    expect(names.length).toBeGreaterThan(15)
  },
  'S-057': async () => {
    for (const kind of ['error', 'code'] as const) {
      for (const text of ['html', 'javascript', 'long', 'jwt', 'control-characters'] as const) {
        // oxlint-disable-next-line no-await-in-loop
        const { outcome, page, snapshot } = await play(
          simulator,
          `callback-hostile-${kind}-${text}`,
        )
        expect(outcome).toBe(`E_LOGIN_${kind === 'error' ? 'DENIED' : 'REFUSED'} (error)`)
        expect(page?.body).not.toContain(hostileTexts[text].slice(0, 30))
        if (text === 'jwt') expect(JSON.stringify(snapshot)).not.toContain(hostileTexts.jwt)
      }
      // That no personal number is seen is checked after each login.
      // oxlint-disable-next-line no-await-in-loop
      await play(simulator, `callback-hostile-${kind}-personal-number`)
    }
  },
  'S-059': async () => {
    for (const kind of ['http-500-html', 'reset', 'truncated', 'http-429'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const played = await play(simulator, {
        summary: 'The answer to the code is lost.',
        fault: { step: 'token', kind, when: 'after' },
      })
      expect(played.outcome).toMatch(/^E_NETWORK_\w+ \(token request\)$/)
      one(played, '/token')
    }
  },
  'S-068': async () => {
    const outcomes: string[] = []
    let first: string | null = null
    await play(
      simulator,
      {
        summary: 'The ID token of the first login comes again.',
        idToken: (token, { sign }) => (first ??= sign(token)),
      },
      { logins: 2, look: ({ outcome }) => outcomes.push(outcome) },
    )
    expect(outcomes).toEqual(['signs in', 'E_ID_TOKEN_CLAIM (nonce)'])
  },
  'S-112': async () => {
    const played = await live(['sign out'], { apis: [] }, 'logout-cookie-lax')
    const logouts = played.requests.filter(({ path }) => path === '/logout')
    const [posted, visited] = logouts
    expect([posted?.method, posted?.query.size, visited?.method]).toEqual(['POST', 0, 'GET'])
    expect([...(posted?.form.keys() ?? [])].toSorted()).toEqual([
      'client_id',
      'id_token_hint',
      'post_logout_redirect_uri',
      'state',
    ])
    expect([...(visited?.query.keys() ?? [])].toSorted()).toEqual([
      'client_id',
      'post_logout_redirect_uri',
      'state',
    ])
    expect(posted?.form.get('state')).toMatch(/^[\w-]{43}$/)
    const others = played.addresses.filter((address) => !localAddress.test(address))
    expect([others, played.addresses.length, logouts.length]).toEqual([[], 3, 2])
  },
  'S-116': async () => {
    const played = await live(['sign out'])
    const { form, headers } = one(played, '/token/revoke')
    expect(Object.fromEntries(form)).toEqual({
      client_id: withRefresh.profile.clientId,
      token: expect.any(String),
      token_type_hint: 'refresh_token',
    })
    expect(headers.authorization).toBeUndefined()
    // Before the browser, which could be closed at any time.
    expect(played.paths).toEqual(['/token/revoke', '/logout'])
  },
  'S-117': async () => {
    const app = createTestApp(simulator)
    await app.ready()
    await app.logIn()
    app.controller.switchUser()
    expect(app.controller.snapshot().session).toBeNull()
    await arrive(await logInAt(await app.opened.next()))
    await app.reach('signed-in')
    expect(app.requests('/par').map(({ form }) => form.get('prompt'))).toEqual([null, 'login'])
    await app.close()
  },
  'S-130': async () => {
    const played = await play(simulator, 'normal', { profile: { par: 'always' } })
    const { method, headers, form } = one(played, '/par')
    expect([method, headers['content-type']?.split(';')[0]]).toEqual([
      'POST',
      'application/x-www-form-urlencoded',
    ])
    expect([form.has('request_uri'), form.get('response_type')]).toEqual([false, 'code'])
  },
  'S-131': async () => {
    const played = await play(simulator, 'normal', { profile: { par: 'always' } })
    expect([...one(played, '/authorize').query.keys()]).toEqual(['client_id', 'request_uri'])
  },
  'S-134': async () => {
    const played = await live(['sign out'])
    expect(played.addresses).toHaveLength(2)
    for (const address of played.addresses) {
      expect(address).toMatch(localAddress)
    }
  },
  'S-140': async () => {
    await eachWay(
      (played) => {
        expect(asked(played).getAll('resource')).toEqual(resource)
        expect(one(played, '/token').form.getAll('resource')).toEqual(resource)
      },
      { resource },
    )
    const renewed = await live(['renew'], { resource })
    expect(one(renewed, '/token').form.getAll('resource')).toEqual(resource)
  },
  'S-150': async () => {
    const played = await live(['renew', 'call', 'renew', 'call'], { dpop: true })
    const proven = played.requests.filter(({ headers }) => headers['dpop'] !== undefined)
    expect(proven.map(({ path }) => path)).toEqual(['/token', '/api/echo', '/token', '/api/echo'])
    for (const entry of proven) {
      const { header, claims } = proofOf(entry)
      const jwk = { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) }
      expect(header).toEqual({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      expect(claims).toMatchObject({
        htm: entry.method,
        htu: `${withRefresh.issuer}${entry.path}`,
        jti: expect.stringMatching(/^.{16,}$/),
        iat: expect.any(Number),
      })
    }
    const names = proven.map((entry) => Object(proofOf(entry).claims).jti)
    expect(new Set(names).size).toBe(proven.length)
    const without = await live(['renew', 'call'])
    expect(without.requests.filter(({ headers }) => headers['dpop'] !== undefined)).toEqual([])
  },
  'S-153': async () => {
    const call = one(await live(['call'], { dpop: true }), '/api/echo')
    const [scheme, token = ''] = call.headers.authorization?.split(' ') ?? []
    const ath = createHash('sha256').update(token).digest('base64url')
    expect([scheme, proofOf(call).claims]).toEqual(['DPoP', expect.objectContaining({ ath })])
  },
  'S-154': async () => {
    const profile = profileOf(withRefresh, { dpop: true, remember: true })
    const vaults = [createMemoryVault(), createMemoryVault()] as const
    for (const vault of vaults) {
      const app = createTestApp(withRefresh, { profile, vault })
      // oxlint-disable-next-line no-await-in-loop
      await app.ready()
      // oxlint-disable-next-line no-await-in-loop
      await app.logIn()
      // oxlint-disable-next-line no-await-in-loop
      await app.until(({ session }) => session?.remembered === 'kept')
      // oxlint-disable-next-line no-await-in-loop
      await app.close()
    }
    const [mine, another] = vaults.map(({ stored }) => stored)
    if (!mine || !another) throw new Error('nothing is kept')
    // The token of one with the key of the other.
    const vault = createMemoryVault({ ...mine, proofKey: another.proofKey })
    const app = createTestApp(withRefresh, { profile, vault })
    const { error } = await app.ready()
    expect([error, vault.stored, app.requests('/token').length]).toEqual([null, null, 1])
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
    await app.close()
  },
  'F-01': async () => {
    for (const [at, opens] of [
      ['/.well-known/openid-configuration', 0],
      ['/token', 1],
    ] as const) {
      let times = 0
      const app = createTestApp(simulator, {
        fetch: async (url, init) => {
          if (new URL(url).pathname !== at || times > 0) return await fetch(url, init)
          times += 1
          const cause = Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
          throw new TypeError('fetch failed', { cause })
        },
      })
      // oxlint-disable-next-line no-await-in-loop
      await app.ready()
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.signIn()
      // oxlint-disable-next-line no-await-in-loop
      if (opens > 0) await arrive(await logInAt(await app.opened.next()))
      // oxlint-disable-next-line no-await-in-loop
      const { error } = await app.until((snapshot) => snapshot.error !== null)
      expect([error?.code, app.addresses.length]).toEqual(['E_NETWORK_OFFLINE', opens])
      // oxlint-disable-next-line no-await-in-loop
      const { snapshot } = await app.logIn()
      expect([snapshot.status, app.requests('/token').length]).toEqual(['signed-in', 1])
      // oxlint-disable-next-line no-await-in-loop
      await app.close()
    }
  },
  'F-30': async () => {
    const outcomes: string[] = []
    const look = ({ outcome }: Played): void => {
      outcomes.push(outcome)
    }
    await play(simulator, 'rotated-keys', { logins: 3, look })
    await play(simulator, 'rotated-during-login', { logins: 2, look })
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'signs in'))
  },
  'F-32': async () => {
    let reads = 0
    const { outcome } = await play(
      simulator,
      {
        summary: 'The keys can be read once.',
        request: (step) => {
          if (step === 'keys') reads += 1
        },
        keys: (document) => (reads > 1 ? 'gone' : document),
      },
      { logins: 2 },
    )
    expect([outcome, reads]).toEqual(['signs in', 1])
  },
  'F-55': async () => {
    const kept = await play(withRefresh, 'refresh-without-new-refresh-token', {
      actions: ['renew', 'renew'],
    })
    const used = refreshTokens(kept)
    expect([kept.outcome, used.length, new Set(used).size]).toEqual(['renews', 2, 1])
  },
  'F-36': async () => {
    const { snapshot } = await play(simulator, {
      summary: 'The ID token lives for a year.',
      idToken: (token) => ({
        ...token,
        claims: { ...token.claims, exp: Math.floor(Date.now() / 1000) + 365 * 86_400 },
      }),
    })
    expect(snapshot.session?.endsInMs).toBe(30 * 60_000)
  },
}

/** The lists of a row, and what the person does in each of them. */
const ways = {
  plays: {},
  withProofs: { profile: { dpop: true } },
  renews: { actions: ['renew'] },
  calls: { actions: ['call'] },
  signsOut: { actions: ['sign out'], profile: { apis: [] } },
} as const satisfies Record<string, PlayOptions>

/** Every scenario of a row that the simulator has a name for, with how it must end. */
const named = (row: { readonly [Way in keyof typeof ways]?: Plays }) =>
  Object.entries(ways).flatMap(([way, options]) =>
    Object.entries<string>(Object(row)[way] ?? {}).map(([name, expected]) => {
      if (!isScenarioName(name)) throw new Error(`no scenario ${name}`)
      return { name, expected, options }
    }),
  )

const startOf = ({ actions }: PlayOptions): Simulator =>
  actions === undefined ? simulator : withRefresh

/** Who never answers a renewal is waited for as long as the app does. */
const hangs = { at: 'token', for: 10_000 } as const

describe('the row', () => {
  for (const row of rows) {
    it(`${row.id}: ${row.rule}`, { timeout: 60_000 }, async () => {
      for (const { name, expected, options } of named(row)) {
        const more = name === 'refresh-black-hole' ? { hangs } : {}
        // oxlint-disable-next-line no-await-in-loop
        const { outcome } = await play(startOf(options), name, { ...options, ...more })
        expect([name, outcome]).toEqual([name, expected])
      }
      for (const { scenario, expected, withoutRefreshToken, ...options } of row.own ?? []) {
        const of = withoutRefreshToken === true ? simulator : startOf(options)
        // oxlint-disable-next-line no-await-in-loop
        const { outcome } = await play(of, scenario, options)
        expect([scenario.summary, outcome]).toEqual([scenario.summary, expected])
      }
      if (row.tested === true) await tests[row.id]?.()
      for (const fault of row.matrix ?? []) {
        const found = cells.filter(
          ({ fault: name, step }) => name === fault && step === (row.at ?? step),
        )
        expect([fault, found.length]).not.toEqual([fault, 0])
      }
      for (const id of row.see ?? []) expect(rows.map((other) => other.id)).toContain(id)
    })
  }
})

describe('the list of rows', () => {
  it('shows each row in some way', () => {
    const bare = rows.filter(
      (row) =>
        named(row).length === 0 &&
        !(row.own ?? row.matrix ?? row.tested ?? row.shownBy ?? row.endToEnd ?? row.see),
    )
    expect(bare).toEqual([])
    const tested = rows.filter((row) => row.tested).map(({ id }) => id)
    expect(Object.keys(tests).toSorted()).toEqual(tested.toSorted())
    const ids = rows.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('and the list of modules leave out no scenario that the simulator has a name for', () => {
    const played = new Set<unknown>([
      ...rows.flatMap((row) => named(row).map(({ name }) => name)),
      ...plans.flatMap(({ modules }) => modules.flatMap(({ plays }) => plays?.scenario ?? [])),
    ])
    const left = Object.values(scenarioGroups)
      .flatMap((group) => Object.keys(group))
      // Played by the tests of S-056 and S-057.
      .filter((name) => !played.has(name) && !/^callback-(error|hostile)-/.test(name))
    expect(left).toEqual([])
  })
})

/** Whether a scenario is right about itself: who must refuse it does. */
describe('every scenario that says what it must lead to', () => {
  it('leads to it in the lists, where a login is played', () => {
    const outcomes: (readonly [unknown, string])[] = [
      ...rows.flatMap(({ plays = {} }) => Object.entries(plays)),
      ...plans.flatMap(({ modules }) =>
        modules.flatMap(({ plays }) =>
          plays === undefined || plays.actions !== undefined
            ? []
            : [[plays.scenario, plays.expected] as const],
        ),
      ),
    ]
    const wrong = outcomes.filter(([name, outcome]) => {
      const { good = null } =
        typeof name === 'string' && isScenarioName(name) ? scenarios[name] : {}
      return good !== null && outcome.startsWith('signs in') !== good
    })
    expect(wrong).toEqual([])
  })
})
