import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  lowLevelPerson,
  persons,
  personWithoutNames,
  personWithoutPid,
} from '../../simulator/persons.ts'
import { plainScope } from '../../simulator/scopes.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { LoginError } from '../login/errors.ts'
import type { Fetch } from '../login/base/http.ts'
import type { Peer } from '../login/callback/peer.ts'
import { arrive, logInAt, navigate, navigation, send } from '../../test/support/login.ts'
import { createApps, profileOf, type TestAppOptions, textsIn } from '../../test/support/app.ts'

const pid = persons[0]?.pid ?? ''
const halfAnHour = 30 * 60_000
let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(() => apps.closeAll())

const profileWith = (changes: object = {}) => profileOf(simulator, changes)

const create = (options: TestAppOptions = {}) => apps.create(simulator, options)

/** A fetch that holds the answer of the token endpoint and lets go of nothing, whatever is aborted. */
function holdingTokens() {
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const holding: Fetch = async (url, init) => {
    if (!url.endsWith('/token')) return await fetch(url, init)
    asked.resolve()
    await release.promise
    const response = await fetch(url, { ...init, signal: null })
    held.resolve()
    return response
  }
  return { asked: asked.promise, release: release.resolve, answered: held.promise, holding }
}

describe('a whole login', () => {
  it('goes through every status once, and each snapshot is newer than the one before', async () => {
    const app = create()
    expect(app.controller.snapshot()).toMatchObject({ status: 'restoring', revision: 0 })
    await app.ready()
    const { page, snapshot } = await app.logIn({ pid, acr: 'idporten-loa-high' })
    expect(app.statuses()).toEqual(
      'signed-out preparing waiting-for-browser exchanging signed-in'.split(' '),
    )
    expect(app.lines.filter((line) => line.startsWith('status'))).toEqual([
      'status {"status":"signed-out","attempt":0}',
      'status {"status":"preparing","attempt":1}',
      'status {"status":"waiting-for-browser","attempt":1}',
      'status {"status":"exchanging","attempt":1}',
      'status {"status":"signed-in","attempt":1}',
    ])
    expect(app.snapshots.map(({ revision }) => revision)).toEqual(
      app.snapshots.map((_, index) => index + 1),
    )
    expect(snapshot).toMatchObject({
      attempt: 1,
      error: null,
      session: {
        acr: 'idporten-loa-high',
        pidRevealed: false,
        endsInMs: halfAnHour,
      },
    })
    expect(page.body).toContain('<html lang="nn">')
    expect(app.counts.outcomes).toBe(1)
  })

  it.each(['auto', 'never'])(
    'shows and logs no token, code, verifier, state or nonce, with pushing %s',
    async (par) => {
      const tokens: unknown[] = []
      const app = create({
        profile: profileWith({ par }),
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          if (url.endsWith('/token')) tokens.push(await response.clone().json())
          return response
        },
      })
      await app.ready()
      await app.controller.signIn()
      const start = await app.opened.next()
      await navigate(start, { headers: { origin: 'https://evil.example' } })
      app.clock.advance(300)
      await app.controller.signIn()
      await app.controller.copyLink()
      await arrive(await logInAt(await app.opened.next(), { pid }))
      await app.reach('signed-in')
      app.controller.revealPid(true)

      const asked = [...app.requests('/par'), ...app.requests('/authorize')]
        .flatMap(({ form, query }) => [form, query])
        .find((parameters) => parameters.has('state'))
      const [token] = app.requests('/token')
      const [body] = tokens
      const { access_token, id_token, refresh_token } = Object(body)
      const secrets: Record<string, unknown> = {
        state: asked?.get('state'),
        nonce: asked?.get('nonce'),
        challenge: asked?.get('code_challenge'),
        code: token?.form.get('code'),
        verifier: token?.form.get('code_verifier'),
        access_token,
        id_token,
        refresh_token,
        signature: String(id_token).split('.')[2],
        start: new URL(start).pathname,
      }
      const seen = [...textsIn(app.snapshots), ...textsIn(app.controller.snapshot()), ...app.lines]
      for (const [name, secret] of Object.entries(secrets)) {
        expect([name, secret]).toEqual([name, expect.stringMatching(/^[\w./-]{25,}$/)])
        const found = seen.filter((text) => text.includes(String(secret)))
        expect([name, found]).toEqual([name, []])
      }
      expect(app.lines.join('\n')).not.toContain(pid)
      expect(JSON.stringify(app.snapshots.slice(0, -1))).not.toContain(pid)
      expect(JSON.stringify(app.controller.snapshot())).toContain(pid)
      expect(app.lines.some((line) => line.startsWith('rejected request'))).toBe(true)
    },
  )

  it('comes twice: the second one is an attempt of its own, with nothing of the first', async () => {
    const app = create()
    await app.ready()
    await app.logIn({ pid })
    app.controller.revealPid(true)
    app.controller.signOut()
    const { snapshot } = await app.logIn({ pid: persons[1]?.pid ?? '' })
    expect(snapshot).toMatchObject({ attempt: 2, session: { pidRevealed: false } })
    expect(JSON.stringify(snapshot)).not.toContain(persons[0]?.givenName)
    const states = app.requests('/par').map(({ form }) => form.get('state'))
    expect(new Set(states).size).toBe(2)
  })

  it("asks for the scopes of the APIs too, each once, in the app's language", async () => {
    const api = { name: 'a', url: 'https://api.test', scope: `openid ${plainScope}` }
    const app = create({ profile: profileWith({ apis: [api, { ...api, name: 'b' }] }) })
    await app.ready()
    app.controller.setLanguage('se')
    app.controller.setLanguage('se')
    await app.controller.signIn()
    await app.opened.next()
    const [pushed] = app.requests('/par')
    expect(pushed?.form.get('scope')).toBe(`openid profile ${plainScope}`)
    expect(pushed?.form.get('ui_locales')).toBe('se')
    expect([app.chosen, app.controller.snapshot().language]).toEqual([['se'], 'se'])
  })
})

describe('a person', () => {
  it.each([
    ['a personal number', personWithoutPid],
    ['a name', personWithoutNames],
  ])('without %s is let in', async (_, person) => {
    const app = create()
    await app.ready()
    const { snapshot } = await app.logIn({ pid: person.pid })
    expect([snapshot.status, snapshot.error]).toEqual(['signed-in', null])
    const failed = snapshot.session?.checks.filter(({ result }) => result === 'fail')
    expect(failed).toEqual([])
  })
})

describe('strangers', () => {
  it('by the hundred fill neither the log nor the bridge, and the window says that there was one', async () => {
    const app = create()
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    await Promise.all(
      Array.from({ length: 100 }, () => navigate(new URL('/callback?state=wrong', start))),
    )
    expect(app.lines.filter((line) => line.startsWith('rejected request'))).toHaveLength(20)
    const told = app.snapshots.filter(({ waiting }) => waiting?.requestRejected === true)
    expect(told).toHaveLength(1)
    await arrive(await logInAt(start))
    await app.reach('signed-in')
  })

  it.each<readonly [string, (start: string, port: number) => Promise<unknown>]>([
    ['asks for an icon', async (start) => await navigate(new URL('/favicon.ico', start))],
    [
      'fetches ahead',
      async (start) =>
        await navigate(start, { headers: { ...navigation, 'sec-purpose': 'prefetch' } }),
    ],
    ['tries TLS first', async (_, port) => await send(port, '\x16\x03\x01\0\xC8\x01\0\0\xC4')],
    ['sends a form', async (start) => await navigate(start, { method: 'POST' })],
  ])('that are only a browser that %s are logged and not told of', async (_, ask) => {
    const app = create()
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    await ask(start, Number(new URL(start).port))
    expect(app.lines.filter((line) => line.startsWith('rejected request'))).toHaveLength(1)
    expect(app.controller.snapshot().waiting?.requestRejected).toBe(false)
  })

  it('that are another user of the computer spend nothing, and the window says so', async () => {
    let who: Peer = 'other'
    const app = create({ peer: async () => who })
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    expect((await navigate(start)).status).toBe(403)
    expect(app.controller.snapshot().waiting).toMatchObject({
      browserArrived: false,
      requestRejected: true,
      linkReused: false,
    })
    expect(app.lines).toContain('rejected request {"reason":"other user"}')
    who = 'ours'
    const callback = await logInAt(start)
    who = 'other'
    expect((await navigate(callback)).status).toBe(403)
    expect(app.controller.snapshot().status).toBe('waiting-for-browser')
    who = 'ours'
    await arrive(callback)
    await app.reach('signed-in')
  })

  it('that no system tells from the person are let in as before, and the log says so once', async () => {
    const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
    try {
      const app = create({ peer: 'system' })
      await app.ready()
      expect((await app.logIn()).snapshot.status).toBe('signed-in')
      expect(app.lines.filter((line) => line.startsWith('connections not checked'))).toEqual([
        'connections not checked {"reason":"platform"}',
      ])
    } finally {
      platform.mockRestore()
    }
  })
})

describe('a pushed request that is refused', () => {
  const refusing =
    (description: string): Fetch =>
    async (url, init) =>
      url.endsWith('/par')
        ? Response.json(
            { error: 'invalid_client', error_description: description },
            { status: 401 },
          )
        : await fetch(url, init)

  it('is told while the browser is away, in the log and in the failure, and the next login knows nothing of it', async () => {
    const app = create({ fetch: refusing('no such app') })
    await app.ready()
    await app.controller.signIn()
    await app.opened.next()
    const reason = 'invalid_client: no such app'
    const explanation = { kind: 'oauth', error: 'invalid_client' }
    const { waiting } = await app.until((snapshot) => snapshot.waiting?.pushRefused !== null)
    expect(waiting?.pushRefused).toEqual({ reason, explanation })
    expect(app.lines).toContain(`push refused {"reason":"${reason}"}`)
    app.clock.advance(300_000)
    const { error } = await app.until((snapshot) => snapshot.error !== null)
    expect(error).toMatchObject({
      code: 'E_LOGIN_TIMEOUT',
      detail: { key: 'pushed authorization request', reason },
      explanation,
    })
    expect(app.controller.snapshot().waiting).toBeNull()
  })

  it('shows no token and no personal number that the provider put into its words, and a login that succeeds says nothing more', async () => {
    const app = create({ fetch: refusing(`eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln of ${pid}`) })
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    const { waiting } = await app.until((snapshot) => snapshot.waiting?.pushRefused !== null)
    expect(waiting?.pushRefused?.reason).toBe('invalid_client: [jwt] of [personal number]')
    await arrive(await logInAt(start))
    const { error, session } = await app.reach('signed-in')
    expect([error, session?.problem]).toEqual([null, null])
  })
})

describe('a link that was used', () => {
  it('and is opened again a hundred times is told to the window once, and the login goes on', async () => {
    const app = create()
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    const callback = await logInAt(start)
    expect(app.controller.snapshot().waiting?.linkReused).toBe(false)
    const before = app.snapshots.length
    const again = await Promise.all(Array.from({ length: 100 }, () => navigate(start)))
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([410]))
    expect(app.snapshots.slice(before).map(({ waiting }) => waiting?.linkReused)).toEqual([true])
    expect(app.controller.snapshot().waiting?.requestRejected).toBe(false)
    await arrive(callback)
    await app.reach('signed-in')
  })
})

describe('the language', () => {
  it('of the last page is the one that was chosen in the middle of the login', async () => {
    const app = create()
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    app.controller.setLanguage('en')
    const { body } = await arrive(await logInAt(start))
    expect(body).toContain('lang="en"')
    expect(body).toContain('Test app')
  })
})

describe('another profile', () => {
  it('can be chosen where the person may, in the language of the moment', async () => {
    const chosen: string[] = []
    const app = create({
      chooseProfile: async (language) => {
        chosen.push(language)
      },
    })
    expect((await app.ready()).canChooseProfile).toBe(true)
    app.controller.setLanguage('en')
    await app.controller.chooseProfile()
    expect(chosen).toEqual(['en'])
  })

  it('cannot be chosen where nobody may', async () => {
    const app = create()
    expect((await app.ready()).canChooseProfile).toBe(false)
    await expect(app.controller.chooseProfile()).resolves.toBeUndefined()
  })
})

describe('sign-in', () => {
  it('pressed again gives no second attempt but the same browser address once more', async () => {
    const app = create()
    await app.ready()
    await Promise.all([app.controller.signIn(), app.controller.signIn(), app.controller.signIn()])
    const first = await app.opened.next()
    app.clock.advance(300)
    await app.controller.signIn()
    const second = await app.opened.next()
    expect([new URL(first).host, first === second]).toEqual([new URL(second).host, false])
    await app.controller.copyLink()
    await arrive(await logInAt(app.copied[0] ?? ''))
    const { attempt } = await app.reach('signed-in')
    expect([attempt, app.requests('/token').length]).toEqual([1, 1])
    await app.controller.signIn()
    expect(app.controller.snapshot()).toMatchObject({ attempt: 1, status: 'signed-in' })
  })

  it('does nothing with a wrong profile, whose key is named', async () => {
    const wrong = new LoginError('E_PROFILE_INVALID', 'profile: issuer: must be https', {
      detail: { key: 'issuer', reason: 'must be https' },
    })
    const app = create({ profile: wrong })
    app.controller.signOut()
    const snapshot = await app.ready()
    expect(snapshot).toMatchObject({
      profile: null,
      error: { code: 'E_PROFILE_INVALID', retryable: false, detail: wrong.detail },
    })
    await app.controller.signIn()
    await app.controller.copyLink()
    app.controller.signOut()
    expect(app.controller.snapshot()).toEqual(snapshot)
    expect([app.addresses, app.copied]).toEqual([[], []])
    expect(app.lines).toContainEqual(expect.stringMatching(/^profile .*E_PROFILE_INVALID/))
  })
})

describe('an attempt that ends without a session', () => {
  it('by cancel leaves no error, and a late callback is refused', async () => {
    const app = create()
    await app.ready()
    await app.controller.signIn()
    const callback = await logInAt(await app.opened.next())
    await app.controller.cancel()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    await expect(navigate(callback)).rejects.toThrow('ECONNREFUSED')
    expect(app.requests('/token')).toEqual([])
    const { snapshot } = await app.logIn()
    expect([snapshot.status, snapshot.attempt]).toEqual(['signed-in', 2])
  })

  it('by cancel drops the tokens that come late', async () => {
    const { asked, release, answered, holding } = holdingTokens()
    const app = create({ fetch: holding })
    await app.ready()
    await app.controller.signIn()
    const page = arrive(await logInAt(await app.opened.next()))
    await asked
    expect(app.controller.snapshot().status).toBe('exchanging')
    await app.controller.cancel()
    const after = app.controller.snapshot()
    release()
    await Promise.all([answered, page])
    await app.controller.cancel()
    app.controller.signOut()
    expect(app.controller.snapshot()).toEqual(after)
    expect([after.status, app.counts.outcomes]).toEqual(['signed-out', 0])
  })

  it('keeps its error, with the reference of the page, until the next attempt', async () => {
    const app = create()
    await app.ready()
    const { page, snapshot } = await app.logIn({ pid: lowLevelPerson.pid })
    expect(snapshot.error).toMatchObject({
      code: 'E_ID_TOKEN_CLAIM',
      category: 'id-token',
      retryable: true,
      detail: { key: 'acr' },
    })
    const { reference = '' } = snapshot.error ?? {}
    expect(page.body).toContain(`failed title ${reference}`)
    expect(app.lines).toContainEqual(
      expect.stringMatching(`^login failed .*E_ID_TOKEN_CLAIM.*"reference":"${reference}"`),
    )
    expect(app.counts.outcomes).toBe(1)
    app.controller.setLanguage('en')
    expect(app.controller.snapshot().error?.code).toBe('E_ID_TOKEN_CLAIM')
    await app.controller.signIn()
    expect(app.controller.snapshot().error).toBeNull()
    expect(app.lines.join('\n')).not.toContain(lowLevelPerson.pid)
  })

  it('by the person at the provider says so', async () => {
    const app = create()
    await app.ready()
    const { snapshot } = await app.logIn({ action: 'cancel' })
    expect([snapshot.status, snapshot.error?.code]).toEqual(['signed-out', 'E_LOGIN_DENIED'])
  })

  it('by its time limit, which can be prolonged, says so', async () => {
    const app = create({ profile: profileWith({ loginTimeoutSeconds: 60 }) })
    await app.ready()
    await app.controller.signIn()
    const waiting = await app.reach('waiting-for-browser')
    expect(waiting.waiting?.remainingMs).toBe(60_000)
    app.clock.advance(59_999)
    expect(app.controller.snapshot().waiting?.remainingMs).toBe(1)
    app.controller.prolong()
    expect(app.controller.snapshot().waiting?.remainingMs).toBe(60_000)
    app.clock.advance(60_000)
    expect((await app.ready()).error?.code).toBe('E_LOGIN_TIMEOUT')
  })

  it('by closing the app leaves no port, no timer and no session', async () => {
    const app = create()
    await app.ready()
    await app.controller.signIn()
    const start = await app.opened.next()
    await app.close()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', session: null })
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    expect(app.clock.timers()).toEqual([])
  })
})

describe('the session', () => {
  it('is forgotten by signing out, and its end comes no more', async () => {
    const app = create()
    await app.ready()
    await app.logIn({ pid })
    app.controller.revealPid(true)
    app.controller.signOut()
    const snapshot = app.controller.snapshot()
    expect(snapshot).toMatchObject({ status: 'signed-out', session: null, error: null })
    expect(JSON.stringify(snapshot)).not.toContain(pid)
    app.clock.advance(halfAnHour)
    app.controller.revealPid(true)
    app.controller.signOut()
    expect(app.controller.snapshot()).toEqual(snapshot)
  })

  it('ends by itself after half an hour, not a moment before', async () => {
    const app = create()
    await app.ready()
    await app.logIn()
    app.clock.advance(halfAnHour - 1)
    expect(app.controller.snapshot().status).toBe('signed-in')
    app.clock.advance(1)
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      session: null,
      error: { code: 'E_SESSION_EXPIRED', category: 'session' },
    })
  })

  it('of a second login does not end with the first', async () => {
    const app = create({ profile: profileWith({ inactivityMinutes: 1 }) })
    await app.ready()
    await app.logIn()
    app.clock.advance(20_000)
    app.controller.signOut()
    await app.logIn()
    app.clock.advance(59_999)
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-in', attempt: 2 })
    app.clock.advance(1)
    expect(app.controller.snapshot().error?.code).toBe('E_SESSION_EXPIRED')
  })

  it('can be left also when a claim is very long', async () => {
    const long = 'x'.repeat(100_000)
    const app = create({
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        const body: unknown = await response.json()
        // Opaque to the app but a JWT by its form: its claims are shown without being verified.
        const claims = Buffer.from(JSON.stringify({ long })).toString('base64url')
        return Response.json({ ...Object(body), access_token: `e30.${claims}.AA` })
      },
    })
    await app.ready()
    const { snapshot } = await app.logIn()
    expect([snapshot.status, snapshot.error]).toEqual(['signed-in', null])
    app.controller.signOut()
    expect(app.controller.snapshot().status).toBe('signed-out')
  })
})

describe('a newer version of the app', () => {
  it('is restarted to when nothing goes on, not in the middle of a login, and not without one', async () => {
    const app = create()
    await app.ready()
    app.controller.restartToUpdate()
    expect(app.counts.restarts).toBe(0)

    app.controller.updateReady('2.0.0')
    expect(app.controller.snapshot().update).toEqual({ version: '2.0.0', canRestart: true })
    await app.controller.signIn()
    await app.reach('waiting-for-browser')
    expect(app.controller.snapshot().update?.canRestart).toBe(false)
    app.controller.restartToUpdate()
    expect(app.counts.restarts).toBe(0)

    await app.controller.cancel()
    expect((await app.ready()).update).toEqual({ version: '2.0.0', canRestart: true })
    app.controller.restartToUpdate()
    expect(app.counts.restarts).toBe(1)
  })
})

describe('a provider that asks for a back-off', () => {
  const busy = (retryAfter: string): Fetch => {
    let asked = 0
    return async (url, init) => {
      asked += 1
      if (asked > 1) return await fetch(url, init)
      return new Response('', { status: 503, headers: { 'retry-after': retryAfter } })
    }
  }

  it('is not asked before its time is over, and then logs in', async () => {
    const app = create({ fetch: busy('20') })
    await app.ready()
    await app.controller.signIn()
    const failed = await app.until(({ error }) => error !== null)
    expect([failed.error?.code, failed.retryInMs]).toEqual(['E_NETWORK_STATUS', 20_000])
    app.clock.advance(19_000)
    await app.controller.signIn()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', retryInMs: 1000 })
    app.clock.advance(1000)
    // Without being asked.
    expect(app.snapshots.at(-1)).toMatchObject({ retryInMs: null, error: failed.error })
    const { snapshot } = await app.logIn()
    expect(snapshot.status).toBe('signed-in')
  })

  it('has had it when the computer slept for as long', async () => {
    const app = create({ fetch: busy('20') })
    await app.ready()
    await app.controller.signIn()
    await app.until(({ error }) => error !== null)
    app.clock.sleep(19_999)
    expect(app.controller.snapshot().retryInMs).toBe(1)
    app.clock.sleep(1)
    expect(app.controller.snapshot().retryInMs).toBeNull()
    await app.close()
    expect(app.clock.timers()).toEqual([])
  })

  it('without a time can be asked again at once', async () => {
    const app = create({ fetch: busy('-1') })
    await app.ready()
    await app.controller.signIn()
    expect((await app.until(({ error }) => error !== null)).retryInMs).toBeNull()
    const { snapshot } = await app.logIn()
    expect(snapshot.status).toBe('signed-in')
  })
})
