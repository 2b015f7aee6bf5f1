import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { persons } from '../../simulator/persons.ts'
import { clientId, otherClientId } from '../../simulator/clients.ts'
import type { ScenarioName } from '../../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { Secret } from '../login/base/secret.ts'
import { arrive, createTestClock, logInAt } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createHoldingFetch,
  createMemoryLogoutRecord,
  createMemoryVault,
  isRefresh,
  openLogoutForm,
  profileOf,
  type TestApp,
  textsIn,
} from '../../test/support/app.ts'
import { createTestCipher } from '../../test/support/vault.ts'
import { vaultUnavailable } from './vault/failures.ts'
import type { Cipher } from './vault/seal.ts'
import type { StoredSession } from './vault/stored-session.ts'
import { createVault } from './vault/vault.ts'

const other = persons[1]?.pid ?? ''
let simulator: Simulator
let folder = ''
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idporten-desktop-remember-'))
})
afterEach(async () => {
  simulator.play(null)
  vi.useRealTimers()
  await apps.closeAll()
  await rm(folder, { recursive: true })
})

const remembering = (changes: object = {}) => profileOf(simulator, { remember: true, ...changes })
const start = (options: Partial<ControllerOptions>): TestApp =>
  apps.create(simulator, { profile: remembering(), ...options })
const settled = (app: TestApp) => app.until(({ status }) => status !== 'restoring')
const isKept = (app: TestApp) => app.until(({ session }) => session?.remembered === 'kept')
const refreshes = (app: TestApp) =>
  app.requests('/token').filter(({ form }) => form.get('grant_type') === 'refresh_token')

/** Somebody is signed in and remembered. */
async function remembered(options: Partial<ControllerOptions>): Promise<TestApp> {
  const app = start(options)
  await settled(app)
  await app.logIn()
  await isKept(app)
  return app
}

/** A vault with a login in it, as an earlier run has left it. */
async function vaultWithLogin(changes: object = {}) {
  const vault = createMemoryVault()
  const app = await remembered({ vault, profile: remembering(changes) })
  await app.close()
  return vault
}

/** Lets everything go on that waits for nothing but its turn. */
async function turns(count = 20): Promise<void> {
  await new Promise(setImmediate)
  if (count > 0) await turns(count - 1)
}

const changed = (
  vault: ReturnType<typeof createMemoryVault>,
  change: Partial<StoredSession>,
): void => {
  if (vault.stored !== null) vault.stored = { ...vault.stored, ...change }
}

describe('a login that was kept', () => {
  it('is there again at the next start, with new tokens and without a browser', async () => {
    const vault = await vaultWithLogin()
    const first = vault.stored?.refreshToken.reveal()
    const app = start({ vault })
    expect(app.controller.snapshot().status).toBe('restoring')
    const snapshot = await isKept(app)
    expect(snapshot).toMatchObject({
      status: 'signed-in',
      attempt: 0,
      error: null,
      session: { renewal: 'refresh-token', accessTokenLeftMs: 120_000, problem: null },
    })
    expect(refreshes(app).map(({ form }) => form.get('refresh_token'))).toEqual([first])
    expect(vault.stored?.refreshToken.reveal()).not.toBe(first)
    expect([app.addresses.length, app.counts.outcomes]).toEqual([0, 0])
    expect(app.statuses()).toEqual(['signed-in'])
  })

  it('is there again any number of times, and no refresh token is used twice (F-53)', async () => {
    const vault = await vaultWithLogin()
    const used = new Set<string>()
    for (let run = 0; run < 10; run += 1) {
      const app = start({ vault })
      // oxlint-disable-next-line no-await-in-loop
      await isKept(app)
      for (const { form } of refreshes(app)) used.add(form.get('refresh_token') ?? '')
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.renew()
      // oxlint-disable-next-line no-await-in-loop
      await app.close()
    }
    expect(used.size).toBe(10)
    expect(vault.stored).not.toBeNull()
  })

  it('shows the person and the checks, and no secret', async () => {
    const vault = await vaultWithLogin()
    const app = start({ vault })
    const { session } = await isKept(app)
    expect(session?.idToken.map(({ name }) => name)).toContain('sub')
    expect(session?.checks.find(({ rule }) => rule === 'same-person')?.result).toBe('pass')
    const seen = [...textsIn(app.snapshots), ...app.lines].join('\n')
    for (const secret of [vault.stored?.refreshToken, vault.stored?.nonce]) {
      expect(seen).not.toContain(secret?.reveal())
    }
  })

  it('can be renewed, signed out and followed by a new login', async () => {
    const vault = await vaultWithLogin()
    const app = start({ vault })
    await isKept(app)
    await app.controller.renew()
    expect(refreshes(app)).toHaveLength(2)
    app.controller.signOut()
    expect(vault.stored).toBeNull()
    const logout = await openLogoutForm(await app.opened.next())
    expect(logout.fields['id_token_hint']).toMatch(/^ey/)
    const { snapshot } = await app.logIn()
    expect([snapshot.status, snapshot.attempt]).toEqual(['signed-in', 2])
  })

  it.each([
    ['also when the end of its refresh token is not known', {}, { refreshTokenExpiresAt: null }],
    ['also when the profile asks for no level', { acrValues: [] }, {}],
  ])('is there again %s', async (_, changes, change) => {
    const vault = await vaultWithLogin()
    changed(vault, change)
    expect((await isKept(start({ vault, profile: remembering(changes) }))).status).toBe('signed-in')
  })

  it('counts the inactivity from the start of the app', async () => {
    const vault = await vaultWithLogin()
    const app = start({ vault })
    await isKept(app)
    app.clock.advance(30 * 60_000)
    expect(app.controller.snapshot().error?.code).toBe('E_SESSION_EXPIRED')
    expect(vault.stored).toBeNull()
  })

  it('and was renewed without an ID token signs out without a hint', async () => {
    const vault = await vaultWithLogin()
    simulator.play('refresh-without-id-token')
    const app = start({ vault })
    await isKept(app)
    app.controller.signOut()
    const { fields } = await openLogoutForm(await app.opened.next())
    expect(Object.keys(fields)).toEqual(['client_id'])
  })
})

describe('a login that was kept and is of no use', () => {
  it('because its time is over is forgotten without a request', async () => {
    const vault = await vaultWithLogin()
    const clock = createTestClock()
    changed(vault, { refreshTokenExpiresAt: clock.now(), activeAt: clock.now() })
    const app = start({ vault, clock })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect([vault.stored, app.journal()]).toEqual([null, []])
  })

  it.each([
    'refresh-invalid-grant',
    'refresh-invalid-client',
    'refresh-unauthorized-client',
  ] as const)(
    'because the provider refuses it is forgotten without an alarm, and asked once: %s (F-51)',
    async (scenario) => {
      const vault = await vaultWithLogin()
      simulator.play(scenario)
      const app = start({ vault })
      expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
      expect([vault.stored, refreshes(app).length, app.addresses.length]).toEqual([null, 1, 0])
      simulator.play(null)
      expect((await app.logIn()).snapshot.status).toBe('signed-in')
      expect(app.requests('/par')[0]?.form.get('prompt')).toBeNull()
    },
  )

  it('because it was used already is forgotten: an old copy gives nothing (F-51, F-53)', async () => {
    const vault = await vaultWithLogin()
    const copy = vault.stored
    await isKept(start({ vault }))
    const app = start({ vault: createMemoryVault(copy) })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect(refreshes(app)).toHaveLength(1)
  })

  it.each([
    'refresh-invalid-sub',
    'refresh-missing-sub',
    'refresh-invalid-iss',
    'refresh-invalid-aud',
    'refresh-invalid-nonce',
    'refresh-invalid-auth-time',
    'refresh-acr-too-low',
    'refresh-invalid-signature',
    'refresh-without-access-token',
  ] as const satisfies readonly ScenarioName[])(
    'because something false came is forgotten: %s (F-56)',
    async (scenario) => {
      const vault = await vaultWithLogin()
      simulator.play(scenario)
      const app = start({ vault })
      expect(await settled(app)).toMatchObject({ status: 'signed-out', session: null })
      expect(vault.stored).toBeNull()
      expect(app.statuses()).toEqual(['signed-out'])
    },
  )

  it('because it is of another person than it says is forgotten (F-56)', async () => {
    const vault = await vaultWithLogin()
    const another = createMemoryVault()
    const app = start({ vault: another })
    await settled(app)
    await app.logIn({ pid: other })
    await isKept(app)
    await app.close()
    changed(vault, { refreshToken: another.stored?.refreshToken ?? new Secret('none') })
    expect(await settled(start({ vault }))).toMatchObject({ status: 'signed-out', session: null })
    expect(vault.stored).toBeNull()
  })

  it('because another person came in the answer is forgotten, and the next login is a fresh one', async () => {
    const vault = await vaultWithLogin()
    simulator.play('refresh-invalid-sub')
    const app = start({ vault })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    simulator.play(null)
    await app.logIn()
    expect(app.requests('/par')[0]?.form.get('prompt')).toBe('login')
  })

  it('because the level that is asked for has risen is forgotten', async () => {
    const vault = await vaultWithLogin()
    const app = start({ vault, profile: remembering({ acrValues: ['idporten-loa-high'] }) })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', session: null })
    expect([vault.stored, refreshes(app)]).toEqual([null, []])
  })

  it.each([
    [true, false],
    [false, true],
  ])('because it was made with dpop %s, and now it is %s, is forgotten', async (before, now) => {
    const vault = await vaultWithLogin({ dpop: before })
    const app = start({ vault, profile: remembering({ dpop: now }) })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect([vault.stored, refreshes(app)]).toEqual([null, []])
  })

  it.each([
    { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' },
    { kty: 'RSA', n: 'n', e: 'AQAB' },
    {},
  ])('because its key is broken is forgotten: %j', async (proofKey) => {
    const vault = await vaultWithLogin({ dpop: true })
    changed(vault, { proofKey: new Secret(proofKey) })
    const app = start({ vault, profile: remembering({ dpop: true }) })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', session: null })
    expect([vault.stored, refreshes(app)]).toEqual([null, []])
  })

  it('because the profile remembers nothing any more is removed without a request', async () => {
    const vault = await vaultWithLogin()
    const app = start({ vault, profile: profileOf(simulator) })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect([vault.stored, app.journal()]).toEqual([null, []])
  })
})

describe('a login that was kept while nobody was there', () => {
  const limit = 30 * 60_000
  /** Starts the app with a wall clock that shows so many milliseconds after the last activity. */
  const startAfter = (vault: ReturnType<typeof createMemoryVault>, away: number): TestApp =>
    start({
      vault,
      logoutRecord,
      clock: createTestClock((vault.stored?.activeAt ?? Number.NaN) + away),
    })
  let logoutRecord = createMemoryLogoutRecord()
  beforeEach(() => {
    logoutRecord = createMemoryLogoutRecord()
  })
  const nextPrompt = async (app: TestApp): Promise<string | null> => {
    await app.controller.signIn()
    await app.opened.next()
    return app.requests('/par')[0]?.form.get('prompt') ?? null
  }

  it('is taken up, also when a time server has put the clock back by a moment', async () => {
    const vault = await vaultWithLogin()
    for (const away of [0, -5000]) {
      const app = startAfter(vault, away)
      // oxlint-disable-next-line no-await-in-loop
      expect((await isKept(app)).status).toBe('signed-in')
      // oxlint-disable-next-line no-await-in-loop
      await app.close()
    }
  })

  it.each([
    ['at the limit', limit],
    ['a day later', 24 * 60 * 60_000],
    ['by a clock that went back', -5001],
  ])('is forgotten without a request %s, and the next login is a fresh one', async (_, away) => {
    const vault = await vaultWithLogin()
    const app = startAfter(vault, away)
    const snapshot = await settled(app)
    expect(snapshot).toMatchObject({ status: 'signed-out', error: null })
    expect([vault.stored, app.journal()]).toEqual([null, []])
    expect(await nextPrompt(app)).toBe('login')
  })

  it('is forgotten after the shorter limit of the profile', async () => {
    const profile = remembering({ inactivityMinutes: 1 })
    const vault = await vaultWithLogin({ inactivityMinutes: 1 })
    const clock = createTestClock((vault.stored?.activeAt ?? Number.NaN) + 60_000)
    expect((await settled(start({ vault, clock, profile }))).status).toBe('signed-out')
    expect(vault.stored).toBeNull()
  })

  it('counts from the last activity, of which it knows to the minute while the app runs, and exactly when it ends', async () => {
    const vault = createMemoryVault()
    const app = await remembered({ vault })
    const begun = app.clock.now()
    const { writes } = vault
    for (let seconds = 0; seconds < 60; seconds += 15) {
      app.clock.advance(15_000)
      app.controller.input()
    }
    expect([vault.stored?.activeAt, vault.writes]).toEqual([begun, writes])
    app.clock.advance(15_000)
    expect([vault.stored?.activeAt, vault.writes]).toEqual([begun + 60_000, writes + 1])
    app.clock.advance(1000)
    app.controller.input()
    app.clock.advance(20 * 60_000)
    await app.close()
    expect(vault.stored?.activeAt).toBe(begun + 76_000)
  })

  it('counts to a quarter of a limit that is short', async () => {
    const vault = createMemoryVault()
    const app = await remembered({ vault, profile: remembering({ inactivityMinutes: 1 }) })
    const { activeAt = 0 } = vault.stored ?? {}
    app.clock.advance(14_999)
    app.controller.revealPid(true)
    expect(vault.stored?.activeAt).toBe(activeAt)
    app.clock.advance(1)
    app.controller.revealPid(false)
    expect(vault.stored?.activeAt).toBe(activeAt + 15_000)
    app.clock.advance(14_999)
    app.controller.revealPid(true)
    expect(vault.stored?.activeAt).toBe(activeAt + 15_000)
  })

  it('keeps the end of its refresh token when later activity is written', async () => {
    const vault = createMemoryVault()
    const app = await remembered({ vault })
    const { activeAt = 0, refreshTokenExpiresAt = 0 } = vault.stored ?? {}
    app.clock.advance(70_000)
    app.controller.revealPid(true)
    expect(vault.stored?.activeAt).toBe(activeAt + 70_000)
    expect(vault.stored?.refreshTokenExpiresAt).toBe(refreshTokenExpiresAt)
  })

  it('whose activity cannot be written goes on, and the older time stays', async () => {
    const memory = createMemoryVault()
    const refuse = { next: false }
    const vault = {
      ...memory,
      write: async (stored: StoredSession) => {
        if (refuse.next) throw vaultUnavailable('full')
        await memory.write(stored)
      },
    }
    const app = await remembered({ vault })
    const { activeAt } = memory.stored ?? {}
    refuse.next = true
    app.clock.advance(70_000)
    app.controller.revealPid(true)
    await app.logged('vault')
    expect(app.controller.snapshot().session).toMatchObject({ remembered: 'kept', problem: null })
    expect(memory.stored?.activeAt).toBe(activeAt)
  })
})

describe('a restore without the provider', () => {
  it.each(['discovery-reset', 'token-reset', 'keys-reset', 'token-http-503'] as const)(
    'forgets nothing, says why, and succeeds the next time: %s (F-57)',
    async (scenario) => {
      const vault = await vaultWithLogin()
      simulator.play(scenario)
      const app = start({ vault })
      expect(await settled(app)).toMatchObject({
        status: 'signed-out',
        error: { category: 'network' },
      })
      expect(vault.stored).not.toBeNull()
      expect(app.addresses).toEqual([])
      simulator.play(null)
      expect((await isKept(start({ vault }))).status).toBe('signed-in')
    },
  )

  it('ends after the time limit, and the person can log in (F-57)', async () => {
    const vault = await vaultWithLogin()
    simulator.play('discovery-black-hole')
    const app = start({ vault })
    await app.clock.timer(10_000)
    app.clock.advance(10_000)
    expect((await settled(app)).error?.code).toBe('E_NETWORK_TIMEOUT')
    simulator.play(null)
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
    await isKept(app)
  })

  it('ends after the time limit of a start, however many answers it waited for', async () => {
    const vault = await vaultWithLogin()
    const asked = Promise.withResolvers<void>()
    const holding = createHoldingFetch((url) => url.includes('openid-configuration'))
    simulator.play('token-black-hole')
    const app = start({
      vault,
      fetch: async (url, init) => {
        if (isRefresh(url, init)) asked.resolve()
        return await holding.fetch(url, init)
      },
    })
    const release = await holding.next()
    app.clock.advance(9000)
    release()
    await asked.promise
    app.clock.advance(5999)
    expect(app.controller.snapshot().status).toBe('restoring')
    app.clock.advance(1)
    const { error } = await settled(app)
    expect(error).toMatchObject({ code: 'E_NETWORK_TIMEOUT', detail: { key: 'restoring' } })
    expect(app.lines).toContainEqual(expect.stringMatching(/^restoring failed .*E_NETWORK_TIMEOUT/))
    expect([vault.stored === null, app.clock.timers()]).toEqual([false, []])
  })

  it('whose answer is lost logs in anew the next time, and asks once (F-52)', async () => {
    const vault = await vaultWithLogin()
    simulator.play('refresh-lost-answer')
    expect((await settled(start({ vault }))).error?.category).toBe('network')
    simulator.play(null)
    const app = start({ vault })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect([refreshes(app).length, vault.stored]).toEqual([1, null])
  })

  it.each([
    [600, 600_000],
    [undefined, null],
  ])('keeps the new refresh token, and its life of %s seconds', async (life, milliseconds) => {
    const vault = await vaultWithLogin()
    const first = vault.stored?.refreshToken.reveal()
    simulator.play({
      summary: 'has no keys',
      fault: { step: 'keys', kind: 'reset' },
      tokenResponse: (body) => ({ ...body, refresh_token_expires_in: life }),
    })
    const app = start({ vault })
    expect((await settled(app)).error?.category).toBe('network')
    expect(vault.stored?.refreshToken.reveal()).not.toBe(first)
    const now = app.clock.now()
    expect(vault.stored).toMatchObject({
      activeAt: now,
      refreshTokenExpiresAt: milliseconds === null ? null : now + milliseconds,
    })
  })

  // Whatever is no `E_NETWORK_…` counts as a refusal of the login, also a page of a guest network.
  it.each(['discovery-html-200', 'keys-html-200', 'discovery-http-404'] as const)(
    'but with a page in its place forgets nothing: %s (F-11)',
    async (scenario) => {
      const vault = await vaultWithLogin()
      simulator.play(scenario)
      expect((await settled(start({ vault }))).status).toBe('signed-out')
      expect(vault.stored).not.toBeNull()
    },
  )
})

describe('a restore that is overtaken', () => {
  it('by the end of the app keeps what was kept', async () => {
    const vault = await vaultWithLogin()
    const asked = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    simulator.play('token-black-hole')
    const app = start({
      vault,
      fetch: async (url, init) => {
        if (!isRefresh(url, init)) return await fetch(url, init)
        asked.resolve()
        return await fetch(url, init).finally(ended.resolve)
      },
    })
    await asked.promise
    await app.close()
    await ended.promise
    await turns()
    expect(vault.stored).not.toBeNull()
    expect([app.clock.timers(), app.snapshots]).toEqual([[], []])
  })

  it('by the end of the app while the vault is read keeps also what is of no use', async () => {
    const memory = await vaultWithLogin()
    changed(memory, { activeAt: 0 })
    const reading = Promise.withResolvers<void>()
    const logoutRecord = createMemoryLogoutRecord()
    const vault = {
      ...memory,
      read: async () => {
        await reading.promise
        return memory.stored
      },
      clear: async () => {
        memory.stored = null
      },
    }
    const app = start({ vault, logoutRecord })
    await app.close()
    reading.resolve()
    await turns()
    expect(memory.stored).not.toBeNull()
    expect(logoutRecord.read(simulator.issuer).freshLogin).toBe(false)
  })

  // Nothing stops a restore whose answer has come: the session begins in an app that has closed.
  it('by the end of the app begins no session after it', async () => {
    const vault = await vaultWithLogin()
    simulator.play('refresh-without-id-token')
    const holding = createHoldingFetch(isRefresh)
    const app = start({ vault, fetch: holding.fetch })
    const release = await holding.next()
    await app.close()
    release()
    await turns()
    expect(app.controller.snapshot().session).toBeNull()
    expect(app.clock.timers()).toEqual([])
  })

  // `signOut` looks for a session only, and there is none yet: the user action is lost, and the session begins.
  it('by a sign-out does not sign in', async () => {
    const vault = await vaultWithLogin()
    const { writes } = vault
    const holding = createHoldingFetch(isRefresh)
    const logoutRecord = createMemoryLogoutRecord()
    const app = start({ vault, logoutRecord, fetch: holding.fetch })
    const release = await holding.next()
    app.controller.signOut()
    expect(app.controller.snapshot()).toMatchObject({ status: 'signed-out', error: null })
    release()
    await turns()
    expect([app.controller.snapshot().status, vault.stored]).toEqual(['signed-out', null])
    expect([logoutRecord.read(simulator.issuer).freshLogin, vault.writes]).toEqual([true, writes])
  })

  it('by a user action: to sign in or to cancel goes on alone: one restore, no browser', async () => {
    const vault = await vaultWithLogin()
    const holding = createHoldingFetch(isRefresh)
    const app = start({ vault, fetch: holding.fetch })
    const release = await holding.next()
    await app.controller.signIn()
    await app.controller.cancel()
    await app.controller.renew()
    release()
    await isKept(app)
    expect([refreshes(app).length, app.addresses]).toEqual([1, []])
  })
})

describe('keeping a login', () => {
  it('waits for a refresh token: without one there is nothing to keep (F-50)', async () => {
    const withoutRefresh = await startSimulator()
    const vault = createMemoryVault()
    const app = await apps.signedIn(withoutRefresh, {
      vault,
      profile: profileOf(withoutRefresh, { remember: true }),
    })
    await app.until(({ session }) => session?.userinfo !== null)
    expect(app.controller.snapshot().session?.remembered).toBe('off')
    expect(vault.writes).toBe(0)
    await app.close()
    await withoutRefresh.close()
  })

  it.each([
    [600, 600_000],
    [undefined, null],
  ])('knows the end of a refresh token that lives for %s seconds', async (life, milliseconds) => {
    simulator.play({
      summary: 'says so or not',
      tokenResponse: (body) => ({ ...body, refresh_token_expires_in: life }),
    })
    const vault = createMemoryVault()
    const app = await remembered({ vault })
    const now = app.clock.now()
    expect(vault.stored).toMatchObject({
      activeAt: now,
      refreshTokenExpiresAt: milliseconds === null ? null : now + milliseconds,
    })
  })

  it('is done with a profile that wants it only', async () => {
    const vault = createMemoryVault()
    const app = await apps.signedIn(simulator, { vault })
    await app.until(({ session }) => session?.userinfo !== null)
    await app.controller.renew()
    expect(app.controller.snapshot().session?.remembered).toBe('off')
    await app.close()
    expect(vault.writes).toBe(0)
  })

  it('that is not possible leaves the session in memory, and says so', async () => {
    let writes = 0
    const vault = {
      ...createMemoryVault(),
      write: async () => {
        writes += 1
        throw vaultUnavailable('the file could not be written (ENOSPC)')
      },
    }
    const app = start({ vault })
    await settled(app)
    await app.logIn()
    const { session, status } = await app.until((now) => now.session?.remembered === 'unavailable')
    expect([status, session?.problem?.code]).toEqual(['signed-in', 'E_VAULT_UNAVAILABLE'])
    expect(app.lines).toContainEqual(expect.stringMatching(/^vault .*E_VAULT_UNAVAILABLE/))
    // What failed is not tried again.
    await app.controller.renew()
    expect([app.controller.snapshot().status, writes]).toEqual(['signed-in', 1])
  })

  it('that is not possible at a renewal leaves the session in memory', async () => {
    const memory = createMemoryVault()
    let full = false
    const vault = {
      ...memory,
      write: async (stored: StoredSession) => {
        if (full) throw vaultUnavailable('the file could not be written (ENOSPC)')
        memory.stored = stored
      },
      clear: async () => {
        memory.stored = null
      },
    }
    const app = await remembered({ vault })
    full = true
    await app.controller.renew()
    // What is there is spent: it must not be sent by the next run.
    expect(memory.stored).toBeNull()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-in',
      error: null,
      session: { remembered: 'unavailable', accessTokenLeftMs: 120_000 },
    })
  })

  // The same at the start: the tokens are there, and are thrown away.
  it('that is not possible at the start leaves the session in memory', async () => {
    const memory = await vaultWithLogin()
    const vault = {
      ...memory,
      write: async () => {
        throw vaultUnavailable('the file could not be written (EROFS)')
      },
      clear: async () => {
        memory.stored = null
      },
    }
    const app = start({ vault })
    expect((await settled(app)).status).toBe('signed-in')
    // What is there has just been spent.
    expect(memory.stored).toBeNull()
    expect(app.lines).toContainEqual(expect.stringMatching(/^vault .*E_VAULT_UNAVAILABLE/))
  })

  // While the first write is under way the session does not count as kept, and the renewal writes nothing.
  it('that a renewal overtakes ends with the newest refresh token (F-53)', async () => {
    const memory = createMemoryVault()
    const release = Promise.withResolvers<void>()
    let writes = 0
    const vault = {
      ...memory,
      write: async (stored: StoredSession) => {
        writes += 1
        if (writes === 1) await release.promise
        memory.stored = stored
      },
    }
    const app = start({ vault })
    await settled(app)
    await app.logIn()
    const renewal = app.controller.renew()
    await app.until(({ renewing }) => renewing !== null)
    if (writes === 1) await app.until(({ renewing }) => renewing === null)
    release.resolve()
    await renewal
    await isKept(app)
    const spent = refreshes(app).map(({ form }) => form.get('refresh_token'))
    expect(spent).not.toContain(memory.stored?.refreshToken.reveal())
  })

  it('does not go on after a sign-out, also when a renewal has overtaken it', async () => {
    const release = Promise.withResolvers<void>()
    let writes = 0
    const write = async (): Promise<void> => {
      writes += 1
      if (writes === 1) await release.promise
    }
    const app = start({ vault: { ...createMemoryVault(), write } })
    await settled(app)
    await app.logIn()
    await app.controller.renew()
    app.controller.signOut()
    release.resolve()
    await turns()
    const failures = app.lines.filter((line) => line.startsWith('vault'))
    expect([writes, failures]).toEqual([2, []])
  })

  // Only a renewal with a refresh token writes; what the browser brought is lost with the process.
  it('goes on after a renewal through the browser', async () => {
    const vault = createMemoryVault()
    const app = await remembered({ vault })
    const first = vault.stored?.refreshToken.reveal()
    app.clock.advance(600_000)
    vi.useFakeTimers({ toFake: ['Date'], now: app.clock.now() })
    const renewal = app.controller.renew()
    await arrive(await logInAt(await app.opened.next()))
    await renewal
    expect(app.controller.snapshot().session).toMatchObject({ accessTokenLeftMs: 120_000 })
    expect(vault.stored?.refreshToken.reveal()).not.toBe(first)
  })

  it('ends with a renewal through the browser that brings no refresh token, and the window is told', async () => {
    const vault = createMemoryVault()
    const app = await remembered({ vault })
    app.clock.advance(600_000)
    vi.useFakeTimers({ toFake: ['Date'], now: app.clock.now() })
    simulator.play({
      summary: 'gives no refresh token',
      tokenResponse: (body) => ({ ...body, refresh_token: undefined }),
    })
    const renewal = app.controller.renew()
    await arrive(await logInAt(await app.opened.next()))
    await renewal
    simulator.play(null)
    await app.until(({ session }) => session?.remembered === 'off')
    expect([vault.stored, app.controller.snapshot().status]).toEqual([null, 'signed-in'])
  })

  // What fails late clears the vault without asking whose login is in it by now.
  it('that fails late does not forget the next login', async () => {
    const memory = createMemoryVault()
    const release = Promise.withResolvers<void>()
    const failed = Promise.withResolvers<void>()
    let writes = 0
    const vault = {
      ...memory,
      write: async (stored: StoredSession) => {
        writes += 1
        if (writes === 1) {
          await release.promise
          failed.resolve()
          throw vaultUnavailable('the keyring did not answer')
        }
        memory.stored = stored
      },
      clear: async () => {
        memory.stored = null
      },
    }
    const app = start({ vault })
    await settled(app)
    await app.logIn()
    app.controller.signOut()
    await app.opened.next()
    await app.logIn({ pid: other })
    await isKept(app)
    release.resolve()
    await failed.promise
    await turns()
    expect(app.controller.snapshot().session?.remembered).toBe('kept')
    expect(memory.stored).not.toBeNull()
  })

  it('is once more possible after a sign-out', async () => {
    const vault = createMemoryVault()
    const app = await remembered({ vault })
    app.controller.signOut()
    expect(vault.stored).toBeNull()
    await app.opened.next()
    await app.logIn({ pid: other })
    await isKept(app)
    expect(vault.stored).not.toBeNull()
  })

  it('that is not possible does not leave the login of somebody else', async () => {
    const { stored } = await vaultWithLogin()
    const memory = createMemoryVault(stored)
    const vault = {
      ...memory,
      // The keyring is locked at first: what is there is left for a later time.
      read: async () => null,
      write: async () => {
        throw vaultUnavailable('the keyring did not answer')
      },
      clear: async () => {
        memory.stored = null
      },
    }
    const app = start({ vault })
    await settled(app)
    await app.logIn({ pid: other })
    await app.until(({ session }) => session?.remembered === 'unavailable')
    await app.close()
    expect(memory.stored).toBeNull()
  })
})

describe('with the vault itself', () => {
  const key = Buffer.alloc(16, 7)
  const open = (cipher: Cipher = createTestCipher(key)) =>
    createVault({ folder, cipher, clock: createTestClock(), onError: () => {} })
  const file = () => readFile(join(folder, 'vault'))
  const names = async () => (await readdir(folder)).toSorted()

  it('a login outlives the app, and the file names neither token nor person', async () => {
    const first = await remembered({ vault: open() })
    await first.close()
    const bytes = (await file()).toString('latin1')
    for (const text of ['refresh', 'eyJ', simulator.issuer, persons[0]?.pid ?? '']) {
      expect(bytes).not.toContain(text)
    }
    const second = start({ vault: open() })
    expect((await isKept(second)).status).toBe('signed-in')
    expect(refreshes(second)).toHaveLength(1)
    expect(await names()).toEqual(['vault'])
  })

  it('a login with a key for proofs outlives the app, under the same key', async () => {
    const profile = remembering({ dpop: true })
    const first = await remembered({ vault: open(), profile })
    await first.close()
    const second = start({ vault: open(), profile })
    await isKept(second)
    const keys = [...first.journal(), ...second.journal()]
      .flatMap(({ headers, path }) => (path === '/token' ? headers['dpop'] : []))
      .map((proof) => Buffer.from(String(proof).split('.')[0] ?? '', 'base64url').toString())
      .map((header) => Object(JSON.parse(header)).jwk.x)
    expect([keys.length > 1, new Set(keys).size]).toEqual([true, 1])
  })

  it('a sign-out removes the file, also in the middle of a renewal', async () => {
    const holding = createHoldingFetch(isRefresh)
    const app = await remembered({ vault: open(), fetch: holding.fetch })
    const renewal = app.controller.renew()
    const release = await holding.next()
    app.controller.signOut()
    release()
    await renewal
    await open().clear()
    expect(await names()).toEqual([])
    expect((await settled(start({ vault: open() }))).status).toBe('signed-out')
  })

  it.each([
    ['nothing in it', ''],
    ['half of it', 'IDPV\u0001'],
    ['zeros', '\0'.repeat(4096)],
    ['garbage', 'garbage'.repeat(500)],
  ])('a file with %s is put aside, and a login is possible', async (_, content) => {
    await writeFile(join(folder, 'vault'), content)
    const app = start({ vault: open() })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect([await names(), app.journal()]).toEqual([['vault.bad'], []])
    await app.logIn()
    await isKept(app)
    await app.close()
    expect((await isKept(start({ vault: open() }))).status).toBe('signed-in')
  })

  it('a file of another client is put aside, and never sent', async () => {
    const first = await remembered({ vault: open() })
    await first.close()
    expect(clientId).not.toBe(otherClientId)
    const app = start({ vault: open(), profile: remembering({ clientId: otherClientId }) })
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect([await names(), app.journal()]).toEqual([['vault.bad'], []])
  })

  it('a file of another computer is put aside, and never sent', async () => {
    const first = await remembered({ vault: open() })
    await first.close()
    const app = start({ vault: open(createTestCipher(Buffer.alloc(16, 8))) })
    expect((await settled(app)).status).toBe('signed-out')
    expect([await names(), app.journal()]).toEqual([['vault.bad'], []])
  })

  it('a keyring that is locked now leaves the file for a later time', async () => {
    const first = await remembered({ vault: open() })
    await first.close()
    const locked: Cipher = {
      ...createTestCipher(key),
      decrypt: async () => {
        throw vaultUnavailable('the keyring was not unlocked')
      },
    }
    expect((await settled(start({ vault: open(locked) }))).status).toBe('signed-out')
    expect((await isKept(start({ vault: open() }))).status).toBe('signed-in')
  })

  it('a keyring that hangs is waited for five seconds, and the app goes on', async () => {
    const first = await remembered({ vault: open() })
    await first.close()
    const clock = createTestClock()
    const hanging: Cipher = { ...createTestCipher(key), decrypt: () => new Promise(() => {}) }
    const vault = createVault({ folder, cipher: hanging, clock, onError: () => {} })
    const app = start({ vault })
    await clock.timer(5000)
    expect(app.controller.snapshot().status).toBe('restoring')
    clock.advance(5000)
    expect(await settled(app)).toMatchObject({ status: 'signed-out', error: null })
    expect(await names()).toEqual(['vault'])
  })

  it('a keyring that is not there leaves a session in memory, and says so', async () => {
    const none: Cipher = { ...createTestCipher(key), unavailable: async () => 'no keyring' }
    const app = start({ vault: open(none) })
    await settled(app)
    await app.logIn()
    const { session } = await app.until((now) => now.session?.remembered === 'unavailable')
    expect(session?.problem).toMatchObject({
      code: 'E_VAULT_UNAVAILABLE',
      detail: { reason: 'no keyring' },
    })
    await app.controller.renew()
    expect(app.controller.snapshot().status).toBe('signed-in')
    expect(await names()).toEqual([])
  })
})
