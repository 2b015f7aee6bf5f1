import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oauthErrors } from '../../preload/contract.ts'
import { hostileTexts } from '../../simulator/faults.ts'
import { isScenarioName, scenarioGroups, type ScenarioName } from '../../simulator/scenarios.ts'
import { type JournalEntry, type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { arrive, knock, logInAt } from '../login/test-browser.ts'
import { createTestApp } from '../session/test-app.ts'
import { cells } from './matrix.ts'
import { plans } from './modules.ts'
import { play, type Played } from './play.ts'
import { notYetPlayed, rows } from './rows.ts'

const project = new URL('../../', import.meta.url)
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

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
  await app.controller.close()
  const starts = new Set(app.addresses.map((address) => new URL(address).pathname))
  expect(starts.size).toBe(50)
  return app.requests('/par').map(({ form }) => form)
}

const resource = ['https://api.test/a']

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
    expect(await knock(Number(uri.port))).toBe('connected')
    await arrive(await logInAt(start))
    await app.reach('signed-in')
    await app.controller.close()
  },
  'S-010': () =>
    eachWay(({ requests }) => {
      for (const { headers, form, query } of requests) {
        expect(headers.authorization).toBeUndefined()
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
  'S-044': async () => {
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
  'S-140': () =>
    eachWay(
      (played) => {
        expect(asked(played).getAll('resource')).toEqual(resource)
      },
      { resource },
    ),
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
      await app.controller.close()
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
  'F-36': async () => {
    const { snapshot } = await play(simulator, {
      summary: 'The ID token lives for a year.',
      idToken: (token) => ({
        ...token,
        claims: { ...token.claims, exp: Math.floor(Date.now() / 1000) + 365 * 86_400 },
      }),
    })
    const minutes = ((snapshot.session?.endsAt ?? 0) - Date.now()) / 60_000
    expect(Math.round(minutes)).toBe(30)
  },
}

describe('the row', () => {
  for (const row of rows.filter(({ notYet }) => notYet === undefined)) {
    it(`${row.id}: ${row.rule}`, { timeout: 60_000 }, async () => {
      for (const [name, expected] of Object.entries(row.plays ?? {})) {
        if (!isScenarioName(name)) throw new Error(`no scenario ${name}`)
        // oxlint-disable-next-line no-await-in-loop
        const { outcome } = await play(simulator, name)
        expect([name, outcome]).toEqual([name, expected])
      }
      for (const { scenario, expected, profile = {} } of row.own ?? []) {
        // oxlint-disable-next-line no-await-in-loop
        const { outcome } = await play(simulator, scenario, { profile })
        expect([scenario.summary, outcome]).toEqual([scenario.summary, expected])
      }
      if (row.tested === true) await tests[row.id]?.()
      for (const [file, name] of row.shownBy ?? []) {
        // oxlint-disable-next-line no-await-in-loop
        const text = await readFile(new URL(file, project), 'utf8')
        expect(text.includes(name) ? 'there' : `not in ${file}: ${name}`).toBe('there')
      }
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
  it('shows each row in some way, or says why not yet', () => {
    const bare = rows.filter(
      (row) =>
        !(row.plays ?? row.own ?? row.matrix ?? row.tested ?? row.shownBy ?? row.see ?? row.notYet),
    )
    expect(bare).toEqual([])
    const tested = rows.filter((row) => row.tested).map(({ id }) => id)
    expect(Object.keys(tests).toSorted()).toEqual(tested.toSorted())
    const ids = rows.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('and the list of modules leave out no scenario that the simulator has a name for', () => {
    const played = new Set<string>([
      ...rows.flatMap(({ plays = {} }) => Object.keys(plays)),
      ...plans.flatMap(({ modules }) => modules.flatMap(({ plays }) => plays?.scenario ?? [])),
      ...notYetPlayed,
    ])
    const left = Object.values(scenarioGroups)
      .flatMap((group) => Object.keys(group))
      // Played by the tests of S-056 and S-057.
      .filter((name) => !played.has(name) && !/^callback-(error|hostile)-/.test(name))
    expect(left).toEqual([])
  })

  it.each(notYetPlayed)('a login goes well by what is not used yet: %s', async (name) => {
    expect((await play(simulator, name)).outcome).toBe('signs in')
  })
})

/** Whether a scenario is right about itself: who must refuse it does. */
describe('every scenario that says what it must lead to', () => {
  const certain = Object.values(scenarioGroups)
    .flatMap((group) => Object.entries(group))
    .flatMap(([name, scenario]): [ScenarioName, boolean][] =>
      isScenarioName(name) && 'good' in scenario ? [[name, scenario.good]] : [],
    )
  it('leads to it in the lists', () => {
    const outcomes = new Map<string, string>([
      ...rows.flatMap(({ plays = {} }) => Object.entries(plays)),
      ...plans.flatMap(({ modules }) =>
        modules.flatMap(({ plays }): [string, string][] =>
          plays === undefined ? [] : [[plays.scenario, plays.expected]],
        ),
      ),
    ])
    const wrong = certain.filter(([name, good]) => {
      const outcome = outcomes.get(name)
      return outcome !== undefined && (outcome === 'signs in') !== good
    })
    expect(wrong).toEqual([])
  })
})
