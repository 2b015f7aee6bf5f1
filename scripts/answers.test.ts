import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { afterEach, describe, expect, it } from 'vitest'
import type { Scenario } from '../simulator/scenarios/scenario.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/simulator.ts'
import { createFakeOpener } from '../test/support/fake-opener.ts'
import { createTestClock } from '../test/support/login.ts'
import { ask, type AskOptions } from './answers/ask.ts'
import { createScriptedPerson } from './answers/person.ts'
import { questionNames, questions } from './answers/questions.ts'

/** Milliseconds: a provider is asked about twenty times, twice where a process is started. */
const timeout = 60_000

let simulator: Simulator
afterEach(() => simulator.close())

/** Asks a simulator everything; gives the answers by name, and those that there were none for. */
async function askAll(
  start: SimulatorOptions = {},
  scenario: Omit<Scenario, 'summary'> = {},
  more: Partial<AskOptions> = {},
  person = createScriptedPerson(),
) {
  simulator = await startSimulator(start)
  simulator.play({ summary: 'of a test', ...scenario })
  const answers: Record<string, string> = {}
  const unanswered: string[] = []
  const words: string[] = []
  for await (const { name, answer, said = [], answered } of ask({
    ...simulator.profile,
    logoutPath: '/logged-out',
    openBrowser: person.openBrowser,
    ...more,
  })) {
    answers[name] = answer
    words.push(...said)
    if (!answered) unanswered.push(name)
  }
  await person.done()
  return { answers, unanswered, words }
}

describe('the simulator', { timeout }, () => {
  it('answers every question, to a person who logs in once', async () => {
    const person = createScriptedPerson()
    const { answers, unanswered } = await askAll({}, {}, {}, person)
    expect(answers).toEqual({
      metadata:
        'PAR yes, authentication none yes, refresh tokens yes, DPoP with ES256 not told, revocation yes, logout yes, iss promised true',
      date: 'HTTP 200, Date right, Cache-Control absent, DPoP-Nonce absent',
      push: '201, for 120 s',
      client: 'pushed: 401 invalid_client; in a browser: an error page, not sent back, HTTP 400',
      redirectUri:
        'pushed: 400 invalid_request; in a browser: an error page, not sent back, HTTP 400',
      scope: 'pushed: 400 invalid_scope; in a browser: sent back with invalid_scope',
      resource: 'pushed: 201, for 120 s; in a browser: a page to log in, HTTP 200',
      acr: 'pushed: 201, for 120 s; in a browser: a page to log in, HTTP 200',
      errorIssuer: 'yes, the issuer (sent back with login_required)',
      lifetimes: 'ID token 120 s, access token 120 s, refresh token none',
      tokenHeaders: 'HTTP 200, Date right, Cache-Control no-store, DPoP-Nonce absent',
      audience: 'no aud',
      refresh: 'none is given',
      revocation: '200; userinfo with the access token then: 401 invalid_token',
      dpop: 'yes, by cnf',
      dpopRefresh: 'none is given',
      logout: 'yes',
    })
    expect(Object.keys(answers)).toEqual(questionNames)
    expect(unanswered).toEqual([])
    expect(person.clicks()).toBe(1)
  })

  it('answers otherwise with refresh tokens and other lives', async () => {
    const lifetimes = { accessToken: 60, par: 30 }
    const { answers } = await askAll({ refreshTokens: true, lifetimes })
    expect(answers).toMatchObject({
      push: '201, for 30 s',
      lifetimes: 'ID token 120 s, access token 60 s, refresh token 600 s',
      refresh: 'given; its use: 200, it is replaced',
      dpopRefresh: 'given; its use: 200, it is replaced',
    })
  })
})

describe('a provider that does otherwise', { timeout }, () => {
  it.each<[string, Omit<Scenario, 'summary'>, SimulatorOptions, Readonly<Record<string, string>>]>([
    [
      'offers no PAR',
      {
        metadata: (document) => ({
          ...document,
          pushed_authorization_request_endpoint: undefined,
        }),
      },
      {},
      { push: 'E_PAR_REFUSED (pushed authorization request: is not offered by the provider)' },
    ],
    [
      'has a clock of its own',
      { clock: 540 },
      {},
      { date: 'HTTP 200, Date about 540 s ahead, Cache-Control absent, DPoP-Nonce absent' },
    ],
    [
      'leaves iss out',
      { callback: (parameters) => parameters.delete('iss') },
      {},
      { errorIssuer: 'no (sent back with login_required)' },
    ],
    [
      'names another in iss',
      { callback: (parameters) => parameters.set('iss', 'https://evil.example') },
      {},
      { errorIssuer: 'another one (sent back with login_required)' },
    ],
    [
      'takes no notice of DPoP',
      { ignoresDpop: true },
      {},
      { dpopRefresh: 'there are no tokens with DPoP' },
    ],
    [
      'lets refresh tokens stay',
      { refreshTokenUsage: 'reusable' },
      { refreshTokens: true },
      { refresh: 'given; its use: 200, it stays' },
    ],
    [
      'takes no refresh token',
      { fault: { step: 'token', kind: 'oauth-error-invalid-client', grant: 'refresh_token' } },
      { refreshTokens: true },
      { refresh: 'given; its use: 401 invalid_client' },
    ],
  ])('is found out: one that %s', async (_what, scenario, start, expected) => {
    expect((await askAll(start, scenario)).answers).toMatchObject(expected)
  })

  it('is found out: one that does not go back after a logout', async () => {
    const person = createScriptedPerson()
    const clock = createTestClock()
    let openings = 0
    const openBrowser = async (address: string) => {
      openings += 1
      await person.openBrowser(address)
      // After the logins comes the logout, which is tried a second way and then given up.
      if (openings === 3) void clock.timer(8000).then(() => clock.advance(8000))
      if (openings === 4) setImmediate(() => clock.advance(60_000))
    }
    const { answers } = await askAll(
      {},
      {},
      { logoutPath: '/not-registered', openBrowser, clock },
      person,
    )
    expect(answers['logout']).toBe('no, the browser stays at the provider')
    expect(openings).toBe(4)
  })
})

describe('what cannot be asked', { timeout }, () => {
  it('is answered with the reason when the person declines, and the rest is answered', async () => {
    const { answers, unanswered } = await askAll({}, {}, {}, createScriptedPerson('cancel'))
    expect(unanswered).toEqual(questionNames.slice(questionNames.indexOf('lifetimes')))
    expect(answers['logout']).toMatch(/^E_LOGIN_DENIED /)
    expect(answers['push']).toBe('201, for 120 s')
  })

  it('is everything where nobody answers', async () => {
    const { answers, unanswered } = await askAll(
      {},
      { fault: { step: 'discovery', kind: 'reset' } },
    )
    expect(unanswered).toEqual(questionNames)
    expect(answers['push']).toMatch(/^E_NETWORK_/)
  })
})

describe('no answer holds', { timeout }, () => {
  it('a token, a code, a personal number, or what would steer a terminal', async () => {
    const hostile = '\u001B[31m\u202E 21878698453'
    const secrets = new Set<string>()
    const { answers, unanswered, words } = await askAll(
      { refreshTokens: true },
      {
        tokenResponse: (body) => {
          for (const name of ['access_token', 'refresh_token', 'id_token'])
            secrets.add(String(body[name]))
          return body
        },
        callback: (parameters) => {
          if (!parameters.has('error')) return void secrets.add(String(parameters.get('code')))
          parameters.set('error', hostile)
          parameters.set('error_description', hostile)
        },
      },
    )
    expect(unanswered).toEqual([])
    expect(secrets.size).toBeGreaterThan(8)
    const all = [...Object.values(answers), ...words].join('\n')
    expect(words.length).toBeGreaterThan(1)
    for (const secret of [...secrets, '21878698453', '\u001B', '\u202E'])
      expect(all).not.toContain(secret)
    expect(all).toContain('218786')
  })
})

describe('npm run answers', { timeout }, () => {
  const run = async (args: readonly string[], searched = '') => {
    const child = spawn(process.execPath, [path.resolve('scripts/answers.ts'), ...args], {
      env: { ...process.env, PATH: searched },
    })
    const told = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (told.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (told.err += text))
    const code = await new Promise((resolve) => {
      child.once('close', resolve)
    })
    return { ...told, code }
  }

  it.skipIf(process.platform === 'win32')(
    'prints each question with its answer, what the app does, and what the simulator does',
    async () => {
      simulator = await startSimulator({ lifetimes: { par: 30 } })
      const folder = await mkdtemp(path.join(tmpdir(), 'answers-'))
      const opener = await createFakeOpener(path.join(folder, 'bin'))
      const person = createScriptedPerson()
      const { clientId } = simulator.profile
      const ended = run([`--issuer=${simulator.issuer}`, `--client-id=${clientId}`], opener.path)
      // A login, one by the session, and the logout.
      for (const _ of ['login', 'session', 'logout']) {
        // oxlint-disable-next-line no-await-in-loop
        await person.openBrowser(await opener.opened.next())
      }
      const { out, code } = await ended
      await person.done()
      await opener.close()
      await rm(folder, { recursive: true, force: true })
      for (const name of questionNames) {
        const { question, app } = questions[name]
        expect(out).toContain(`\n${question}\n  Answer     `)
        expect(out).toContain(`\n  The app    ${app}\n`)
      }
      expect(out).toMatch(/^ {2}It says {4}requested scope is not allowed$/m)
      expect(out).toContain('  Answer     201, for 30 s\n')
      expect(out.match(/^ {2}Simulator {2}otherwise: 201, for 120 s$/gm)).toHaveLength(1)
      expect(out.match(/^ {2}Simulator {2}the same$/gm)?.length).toBeGreaterThan(10)
      expect(code).toBe(0)
    },
  )

  it.each([
    [['--issuer=https://test.idporten.no'], '--client-id=<id>'],
    [['--issuer=https://idporten.no', '--client-id=x'], 'ask its test environment'],
    [['--issuer=https://idporten.no/', '--client-id=x'], 'ask its test environment'],
    [['--issuer=idporten', '--client-id=x'], 'is no address'],
    [['--client=x'], "Unknown option '--client'"],
  ])('refuses %j', async (args, reason) => {
    simulator = await startSimulator()
    const { out, err, code } = await run(args)
    expect([out, code]).toEqual(['', 1])
    expect(err).toContain(reason)
  })
})
