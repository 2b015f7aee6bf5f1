import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { TestBrowser } from '../support/browser.ts'
import { arrive, createTestClock } from '../support/login.ts'
import {
  createApps,
  createMemoryVault,
  echoApi,
  formOf,
  isRefresh,
  logInWith,
  openLogoutForm,
  postLogoutForm,
  profileOf,
  type TestApp,
} from '../support/app.ts'
import { createTestCipher } from '../support/vault.ts'
import { createVault } from '../../main/session/vault/vault.ts'

let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({
    refreshTokens: true,
    lifetimes: { authorization: 86_400, refreshToken: 86_400 },
  })
})
afterAll(() => simulator.close())
afterEach(() => apps.closeAll())

/** Bytes that are in use when nothing is left to collect. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}

async function repeat(times: number, work: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) {
    // Each is to follow the one before.
    // oxlint-disable-next-line no-await-in-loop
    await work(turn)
  }
}

const listeners = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length

describe('in the long run', () => {
  it('500 renewals use 500 refresh tokens, each the one that came last, and lose nothing', async () => {
    const sent: string[] = []
    const got: string[] = []
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    const folder = await mkdtemp(join(tmpdir(), 'idporten-desktop-long-'))
    const cipher = createTestCipher()
    const clock = createTestClock()
    const vault = createVault({ folder, cipher, clock, onError: () => {} })
    const profile = profileOf(simulator, { remember: true, dpop: true, apis: [echoApi(simulator)] })
    const app = await apps.signedIn(simulator, {
      profile,
      vault,
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        const token = formOf(init).get('refresh_token')
        if (token !== null) sent.push(token)
        got.push(String(Object(await response.clone().json()).refresh_token))
        return response
      },
    })
    await app.until(({ session }) => session?.remembered === 'kept' && session.userinfo !== null)
    const timers = app.clock.timers()
    await repeat(500, async (turn) => {
      await app.controller.renew()
      if (turn % 100 === 0) await app.controller.callApi(0)
    })
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      session: { problem: null, remembered: 'kept', renewal: 'refresh-token' },
    })
    expect([sent.length, new Set(sent).size]).toEqual([500, 500])
    expect(sent).toEqual(got.slice(0, 500))
    const owner = { issuer: simulator.issuer, clientId: profile.clientId }
    expect((await vault.read(owner))?.refreshToken.reveal()).toBe(got[500])
    expect([app.clock.timers(), clock.timers(), app.addresses.length]).toEqual([timers, [], 1])
    expect(await readdir(folder)).toEqual(['vault'])
    process.off('warning', warned)
    expect(warnings).toEqual([])
    await app.close()
    await rm(folder, { recursive: true })
  }, 30_000)

  it('thousands of renewals leave no memory and no timer', async () => {
    let turn = 0
    const app = await apps.signedIn(simulator, {
      fetch: async (url, init) => {
        if (!isRefresh(url, init)) return await fetch(url, init)
        turn += 1
        return Response.json({
          access_token: `access-token-${turn}`,
          token_type: 'Bearer',
          expires_in: 120,
          refresh_token: `refresh-token-${turn}`,
        })
      },
    })
    await app.until(({ session }) => session?.userinfo !== null)
    const timers = app.clock.timers()
    const renew = async (): Promise<void> => {
      await app.controller.renew()
      app.snapshots.length = 0
      app.lines.length = 0
    }
    await repeat(500, renew)
    const before = bytesInUse()
    await repeat(2000, renew)
    expect(turn).toBe(2500)
    expect(bytesInUse() - before).toBeLessThan(2_000_000)
    expect(app.clock.timers()).toEqual(timers)
    expect(app.controller.snapshot().session?.problem).toBeNull()
  }, 30_000)

  it('fifty logins and logouts leave no port, no timer and nothing kept', async () => {
    const vault = createMemoryVault()
    const app: TestApp = apps.create(simulator, {
      vault,
      profile: profileOf(simulator, {
        remember: true,
        postLogoutRedirectUri: 'http://127.0.0.1:0/logged-out',
      }),
    })
    await app.ready()
    const before = listeners()
    await repeat(50, async () => {
      const browser = new TestBrowser()
      await app.controller.signIn()
      await logInWith(browser, await app.opened.next())
      await app.until(({ session }) => session?.userinfo !== null && session?.remembered === 'kept')
      app.controller.signOut()
      const form = await openLogoutForm(await app.opened.next())
      const { left } = await postLogoutForm(browser, form)
      await arrive(left ?? '')
      await app.until(({ providerLogout }) => providerLogout?.browser === 'done')
    })
    app.clock.advance(1000)
    await repeat(20, async () => {
      await new Promise(setImmediate)
    })
    expect([app.clock.timers(), listeners(), vault.stored]).toEqual([[], before, null])
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', attempt: 50 })
  }, 30_000)
})
