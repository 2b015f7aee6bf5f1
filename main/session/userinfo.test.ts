import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import type { ScenarioName } from '../../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createHoldingFetch,
  profileOf,
  type TestApp,
  textsIn,
} from '../../test/support/app.ts'

const [person, other] = persons
let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(async () => {
  simulator.play(null)
  await apps.closeAll()
})

const signedIn = (options: Partial<ControllerOptions> = {}) =>
  apps.signedIn(simulator, options, { pid: person?.pid ?? '' })
const infoOf = (app: TestApp) => app.controller.snapshot().session?.userinfo ?? null
const arrived = (app: TestApp) => app.until(({ session }) => session?.userinfo !== null)
const claimOf = (app: TestApp, wanted: string) =>
  infoOf(app)?.find(({ name }) => name === wanted)?.value

const failed = (app: TestApp) => app.lines.filter((line) => line.startsWith('userinfo failed'))

describe('userinfo', () => {
  it('is asked for once, after the login, with the token in the header', async () => {
    const app = await signedIn()
    await arrived(app)
    const asked = app.requests('/userinfo')
    expect(asked.map(({ method, query }) => [method, query.size])).toEqual([['GET', 0]])
    expect(asked[0]?.headers.authorization).toMatch(/^Bearer ey/)
    expect(claimOf(app, 'given_name')).toBe(person?.givenName)
    expect(claimOf(app, 'sub')).toBe(
      app.controller.snapshot().session?.idToken.find(({ name }) => name === 'sub')?.value,
    )
  })

  it('is masked until the person wants to see', async () => {
    const app = await signedIn()
    await arrived(app)
    expect(JSON.stringify(app.snapshots)).not.toContain(person?.pid)
    app.controller.revealPid(true)
    expect(claimOf(app, 'pid')).toBe(person?.pid)
  })

  it('is not asked for without the scope, nor where there is no such endpoint', async () => {
    const plain = await signedIn({ profile: profileOf(simulator, { scope: 'openid' }) })
    simulator.play({
      summary: 'has no userinfo',
      metadata: (document) => ({ ...document, userinfo_endpoint: undefined }),
    })
    const without = await signedIn()
    for (const app of [plain, without]) {
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.renew()
      expect([infoOf(app), app.requests('/userinfo'), failed(app)]).toEqual([null, [], []])
    }
  })

  it.each([
    'userinfo-invalid-sub',
    'userinfo-missing-sub',
    'userinfo-signed',
    'userinfo-unsigned',
    'userinfo-reset',
    'userinfo-http-500-html',
    'userinfo-redirect-307-other-host',
    'userinfo-html-200',
    'userinfo-json-array',
    'userinfo-json-null',
    'userinfo-truncated-json',
    'userinfo-huge-body',
    'userinfo-oauth-error-invalid-token',
    'userinfo-oauth-error-insufficient-scope',
  ] as const satisfies readonly ScenarioName[])(
    'that is not right is left out, and the session goes on: %s (F-24, F-25)',
    async (scenario) => {
      simulator.play(scenario)
      const app = await signedIn()
      await app.logged('userinfo failed')
      expect(app.controller.snapshot()).toMatchObject({
        status: 'signed-in',
        error: null,
        session: { userinfo: null, problem: null },
      })
      expect([app.requests('/userinfo').length, app.requests('/token').length]).toEqual([1, 1])
      expect(app.lines.join('\n')).not.toContain(person?.pid)
      expect(app.journal().filter(({ path }) => path.startsWith('/redirected'))).toEqual([])
    },
  )

  it('that never comes is given up, and the session goes on (F-24)', async () => {
    simulator.play('userinfo-black-hole')
    const app = await signedIn()
    await app.clock.timer(10_000)
    app.clock.advance(10_000)
    await app.logged('userinfo failed')
    expect(failed(app)).toEqual([expect.stringContaining('E_NETWORK_TIMEOUT')])
    expect(app.controller.snapshot().status).toBe('signed-in')
  })

  it('says nothing about who is signed in: the ID token alone does', async () => {
    simulator.play({
      summary: 'has other names and numbers in userinfo',
      userinfo: (body) => ({
        ...body,
        pid: other?.pid,
        given_name: 'Ola',
        acr: 'idporten-loa-high',
      }),
    })
    const app = await signedIn()
    await arrived(app)
    app.controller.revealPid(true)
    expect(app.controller.snapshot().session).toMatchObject({
      pid: person?.pid,
      acr: 'idporten-loa-substantial',
      name: expect.stringContaining(person?.givenName ?? ''),
    })
  })

  it('stays over a renewal', async () => {
    let asked = 0
    const app = await signedIn({
      fetch: async (url, init) => {
        if (url.endsWith('/userinfo')) asked += 1
        return await fetch(url, init)
      },
    })
    await arrived(app)
    const before = infoOf(app)
    await app.controller.renew()
    await new Promise(setImmediate)
    expect([infoOf(app), asked]).toEqual([before, 1])
  })

  it('that comes after the sign-out is dropped, also by the next session', async () => {
    const holding = createHoldingFetch((url) => url.endsWith('/userinfo'))
    const app = await signedIn({ fetch: holding.fetch })
    const release = await holding.next()
    app.controller.signOut()
    await app.opened.next()
    await app.logIn({ pid: other?.pid ?? '' })
    const releaseNext = await holding.next()
    release()
    await new Promise(setImmediate)
    expect(infoOf(app)).toBeNull()
    releaseNext()
    await arrived(app)
    expect(claimOf(app, 'given_name')).toBe(other?.givenName)
    expect(failed(app)).toEqual([])
  })

  it('that the sign-out ends is no failure for the log', async () => {
    simulator.play('userinfo-black-hole')
    const ended = Promise.withResolvers<void>()
    const app = await signedIn({
      fetch: async (url, init) => {
        const response = fetch(url, init)
        if (url.endsWith('/userinfo')) response.catch(ended.resolve)
        return await response
      },
    })
    app.controller.signOut()
    await ended.promise
    await new Promise(setImmediate)
    expect(failed(app)).toEqual([])
  })

  it.each(['access_token', 'id_token'])('with the %s in it is shown without it', async (name) => {
    const { app, secret } = await repeating(name)
    expect(textsIn(infoOf(app)).join(' ')).toContain('[secret]')
    expect(textsIn(app.snapshots).filter((text) => text.includes(secret()))).toEqual([])
  })

  // Of the three tokens only the refresh token is not taken out.
  it('with the refresh_token in it is shown without it', async () => {
    const { app, secret } = await repeating('refresh_token')
    expect(textsIn(app.snapshots).filter((text) => text.includes(secret()))).toEqual([])
  })
})

/** A provider that repeats a member of its token response in userinfo. */
async function repeating(name: string) {
  let secret = ''
  simulator.play({
    summary: `repeats the ${name}`,
    tokenResponse: (body) => {
      secret = String(body[name])
      return body
    },
    userinfo: (body) => ({ ...body, repeated: { deep: [`see ${secret}`] } }),
  })
  const app = await signedIn()
  await arrived(app)
  expect(secret.length).toBeGreaterThan(20)
  return { app, secret: () => secret }
}
