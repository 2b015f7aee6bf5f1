import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type JournalEntry, type Simulator, startSimulator } from '../../simulator/simulator.ts'
import type { Fetch } from '../login/base/http.ts'
import { arrive, createTestClock, logInAt } from '../../test/support/login.ts'
import type { ControllerOptions } from './controller.ts'
import {
  createApps,
  createMemoryVault,
  echoApi,
  isRefresh,
  profileOf,
  type TestApp,
  textsIn,
} from '../../test/support/app.ts'

let simulator: Simulator
let withoutRefresh: Simulator
const apps = createApps()
beforeAll(async () => {
  ;[simulator, withoutRefresh] = await Promise.all([
    startSimulator({ refreshTokens: true }),
    startSimulator(),
  ])
})
afterAll(() => Promise.all([simulator.close(), withoutRefresh.close()]))
afterEach(async () => {
  simulator.play(null)
  withoutRefresh.play(null)
  await apps.closeAll()
})

const profile = (changes: object = {}, of: Simulator = simulator) =>
  profileOf(of, { dpop: true, apis: [echoApi(of)], ...changes })

async function signedIn(
  options: Partial<ControllerOptions> = {},
  of: Simulator = simulator,
): Promise<TestApp> {
  const app = await apps.signedIn(of, { profile: profile({}, of), ...options })
  await app.until(({ session }) => session?.userinfo !== null)
  return app
}

const proofOf = ({ headers }: JournalEntry): string => String(headers['dpop'] ?? '')
const withProof = (app: TestApp) => app.journal().filter(({ headers }) => headers['dpop'])
const apiOf = (app: TestApp) => app.controller.snapshot().session?.apis[0]

/** What a proof says, after its signature was checked. */
async function read(proof: string) {
  const { payload, protectedHeader } = await jwtVerify<{
    readonly htm?: unknown
    readonly htu?: unknown
    readonly ath?: unknown
    readonly nonce?: unknown
  }>(proof, EmbeddedJWK, { typ: 'dpop+jwt' })
  return { ...payload, header: protectedHeader }
}

const keyOf = async (app: TestApp): Promise<string[]> => {
  const proofs = await Promise.all(withProof(app).map((entry) => read(proofOf(entry))))
  const keys = await Promise.all(
    proofs.map(({ header }) => calculateJwkThumbprint(header.jwk ?? {})),
  )
  return [...new Set(keys)]
}

describe('proofs', () => {
  it('go with every request that uses a token or gets one, each made for it (S-150, S-153)', async () => {
    const app = await signedIn()
    await app.controller.renew()
    await app.controller.callApi(0)
    const proven = withProof(app)
    expect(proven.map(({ path }) => path)).toEqual(['/token', '/userinfo', '/token', '/api/echo'])
    for (const entry of proven) {
      // oxlint-disable-next-line no-await-in-loop
      const { header, htm, htu, iat, jti, ath, nonce } = await read(proofOf(entry))
      expect(header).toEqual({
        alg: 'ES256',
        typ: 'dpop+jwt',
        jwk: { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) },
      })
      expect([htm, htu]).toEqual([entry.method, `${simulator.issuer}${entry.path}`])
      expect(Math.abs(Date.now() / 1000 - Number(iat))).toBeLessThan(10)
      expect([String(jti).length > 20, nonce]).toEqual([true, undefined])
      const [scheme, token = ''] = (entry.headers.authorization ?? '').split(' ')
      const hash = createHash('sha256').update(token).digest('base64url')
      expect([scheme, ath]).toEqual(entry.path === '/token' ? ['', undefined] : ['DPoP', hash])
    }
    expect(apiOf(app)?.answer).toMatchObject({ httpStatus: 200 })
    expect(JSON.parse(apiOf(app)?.answer?.body ?? '')).toMatchObject({ bound: true })
  })

  it('have the time of the provider also when the clock was set right while the browser was away', async () => {
    const clock = createTestClock(Date.now() - 240_000)
    const app = apps.create(simulator, { profile: profile(), clock })
    await app.ready()
    const signingIn = app.controller.signIn()
    const start = await app.opened.next()
    clock.set(240_000)
    await arrive(await logInAt(start))
    await signingIn
    await app.until(({ session }) => session?.userinfo !== null && session !== null)
    expect(withProof(app).map(({ status }) => status)).toEqual([200, 200])
  })

  it('are never used twice: a hundred have a hundred names (S-150)', async () => {
    const app = await signedIn()
    for (let count = 0; count < 49; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.callApi(0)
      // oxlint-disable-next-line no-await-in-loop
      await app.controller.renew()
    }
    const names = await Promise.all(
      withProof(app).map(async (entry) => (await read(proofOf(entry))).jti),
    )
    expect([names.length, new Set(names).size]).toEqual([100, 100])
  })

  it('are not sent where the profile wants none', async () => {
    const app = await signedIn({ profile: profile({ dpop: false }) })
    await app.controller.renew()
    await app.controller.callApi(0)
    expect(withProof(app)).toEqual([])
    expect(app.requests('/par')[0]?.form.get('dpop_jkt')).toBeNull()
  })

  it('are of one key in a session, named in its authorization request, and of another in the next', async () => {
    const app = await signedIn()
    await app.controller.renew()
    const [key, ...others] = await keyOf(app)
    expect([app.requests('/par')[0]?.form.get('dpop_jkt'), others]).toEqual([key, []])
    app.controller.signOut()
    await app.opened.next()
    await app.logIn()
    const keys = await keyOf(app)
    expect([keys.length, app.requests('/par')[1]?.form.get('dpop_jkt')]).toEqual([2, keys[1]])
  })

  it('keep the key in a renewal through the browser', async () => {
    const app = await signedIn({}, withoutRefresh)
    const renewal = app.controller.renew()
    await arrive(await logInAt(await app.opened.next()))
    await renewal
    await app.controller.callApi(0)
    expect(apiOf(app)?.answer?.httpStatus).toBe(200)
    expect(await keyOf(app)).toHaveLength(1)
  })

  it.each([
    ['is set right', -240_000, 240_000],
    ['goes wrong', 0, -240_000],
  ])(
    "have the provider's time also when the computer's clock %s during the session",
    async (_, before, change) => {
      const app = apps.create(simulator, { profile: profile() })
      await app.ready()
      app.clock.set(before)
      expect((await app.logIn()).snapshot.status).toBe('signed-in')
      app.clock.set(change)
      await app.controller.callApi(0)
      await app.controller.renew()
      expect(apiOf(app)?.answer?.httpStatus).toBe(200)
      expect(app.controller.snapshot().session?.problem).toBeNull()
      expect(app.requests('/token').map(({ status }) => status)).toEqual([200, 200])
    },
  )

  it.each([150_000, -150_000])(
    'are made once more where the refusal of the first is what tells that the clock is %i ms off',
    async (off) => {
      // Metadata and keys of the second login are known already, and nothing is pushed.
      const app = apps.create(simulator, { profile: profile({ par: 'never' }) })
      await app.ready()
      app.clock.set(off)
      for (const [login, statuses] of [
        ['first', [200]],
        ['second', [400, 200]],
      ] as const) {
        const before = app.requests('/token').length
        // oxlint-disable-next-line no-await-in-loop
        const { snapshot } = await app.logIn()
        const asked = app.requests('/token').slice(before)
        expect([login, snapshot.status, asked.map(({ status }) => status)]).toEqual([
          login,
          'signed-in',
          statuses,
        ])
        app.controller.signOut()
        // oxlint-disable-next-line no-await-in-loop
        await app.opened.next()
      }
    },
  )

  it('and their key are shown and logged nowhere', async () => {
    const vault = createMemoryVault()
    const app = await signedIn({ profile: profile({ remember: true }), vault })
    await app.until(({ session }) => session?.remembered === 'kept')
    await app.controller.callApi(0)
    await app.controller.renew()
    const seen = [...textsIn(app.snapshots), ...app.lines].join('\n')
    const secrets = [...withProof(app).map(proofOf), String(vault.stored?.proofKey?.reveal().d)]
    for (const secret of secrets) {
      expect([secret.length > 40, seen.includes(secret)]).toEqual([true, false])
    }
  })
})

describe('the private key', () => {
  it('is kept with the refresh token that it belongs to (S-154)', async () => {
    const vault = createMemoryVault()
    const app = await signedIn({ profile: profile({ remember: true }), vault })
    await app.until(({ session }) => session?.remembered === 'kept')
    const jwk = vault.stored?.proofKey?.reveal() ?? {}
    expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', d: expect.any(String) })
    expect(await keyOf(app)).toEqual([await calculateJwkThumbprint(jwk)])
    app.controller.signOut()
    expect(vault.stored).toBeNull()
  })

  it('is not kept where there is no refresh token to keep', async () => {
    const vault = createMemoryVault()
    await signedIn({ profile: profile({ remember: true }, withoutRefresh), vault }, withoutRefresh)
    expect([vault.writes, vault.stored]).toEqual([0, null])
  })

  it('cannot leave memory where nothing is to be kept, but can where it is', async () => {
    const generate = vi.spyOn(crypto.subtle, 'generateKey')
    await signedIn()
    await signedIn({ profile: profile({ remember: true }) })
    expect(generate.mock.calls.map(([, extractable]) => extractable)).toEqual([false, true])
    generate.mockRestore()
  })
})

describe('an answer without the protection that was asked for (S-151)', () => {
  it('is refused at the login', async () => {
    let type = 'Bearer'
    const app = apps.create(simulator, {
      profile: profile(),
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        return Response.json({ ...Object(await response.json()), token_type: type })
      },
    })
    await app.ready()
    const { snapshot } = await app.logIn()
    expect(snapshot).toMatchObject({ status: 'signed-out', error: { code: 'E_TOKEN_RESPONSE' } })
    type = 'DPoP'
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
  })

  it('is refused at a renewal, and ends the session', async () => {
    const app = await signedIn({
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!isRefresh(url, init)) return response
        return Response.json({ ...Object(await response.json()), token_type: 'Bearer' })
      },
    })
    await app.controller.renew()
    expect(app.controller.snapshot()).toMatchObject({
      status: 'signed-out',
      error: { code: 'E_TOKEN_RESPONSE' },
    })
  })

  it.each(['dpop', 'DPOP', 'DPoP'])('is not meant by other letters: %s', async (type) => {
    const app = apps.create(simulator, {
      profile: profile(),
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        return Response.json({ ...Object(await response.json()), token_type: type })
      },
    })
    await app.ready()
    expect((await app.logIn()).snapshot.status).toBe('signed-in')
  })
})

describe('nonces', () => {
  it.each(['dpop-nonce-required', 'dpop-nonce-newest'] as const)(
    'are taken up in login, userinfo, renewal and call: %s (S-152)',
    async (scenario) => {
      simulator.play(scenario)
      const app = await signedIn()
      await app.controller.renew()
      await app.controller.callApi(0)
      await app.controller.renew()
      expect(apiOf(app)?.answer?.httpStatus).toBe(200)
      const statuses = app.requests('/token').map(({ status }) => status)
      expect(statuses).toEqual([400, 200, 200, 200])
      const used = app
        .requests('/token')
        .slice(2)
        .map(({ form }) => form.get('refresh_token'))
      expect(new Set(used).size).toBe(2)
    },
  )

  it('that are never good end the login after one repeat (S-152)', async () => {
    simulator.play('dpop-nonce-endless')
    const app = apps.create(simulator, { profile: profile() })
    await app.ready()
    const { snapshot } = await app.logIn()
    expect(snapshot.error).toMatchObject({
      code: 'E_TOKEN_REFUSED',
      explanation: { kind: 'oauth', error: 'use_dpop_nonce' },
    })
    expect(app.requests('/token')).toHaveLength(2)
  })

  it('that are never good make no loop of a call either (S-152)', async () => {
    const app = await signedIn()
    simulator.play('dpop-nonce-endless')
    await app.controller.callApi(0)
    expect(app.requests('/api/echo').length).toBeLessThanOrEqual(2)
    expect(app.requests('/token').length).toBeLessThanOrEqual(3)
  })

  it.each(['DPoP', 'dpop', 'DPOP'])(
    'that an API asks for as %s are sent to it, and to nobody else (CF-16)',
    async (scheme) => {
      const url = 'http://127.0.0.1:9/orders?of=me'
      const seen: (string | undefined)[] = []
      const api: Fetch = async (address, init) => {
        if (address !== url) return await fetch(address, init)
        const { nonce, htu } = await read(new Headers(init.headers).get('dpop') ?? '')
        seen.push(typeof nonce === 'string' ? nonce : undefined)
        expect(htu).toBe('http://127.0.0.1:9/orders')
        if (nonce === 'of-the-api') return Response.json({ ok: true })
        return new Response(null, {
          status: 401,
          headers: {
            'www-authenticate': `${scheme} error="use_dpop_nonce"`,
            'dpop-nonce': 'of-the-api',
          },
        })
      }
      const app = await signedIn({
        fetch: api,
        profile: profile({ apis: [{ name: 'orders', url, scope: 'altinn:lookup' }] }),
      })
      await app.controller.callApi(0)
      await app.controller.callApi(0)
      await app.controller.renew()
      expect(apiOf(app)?.answer?.httpStatus).toBe(200)
      expect(seen).toEqual([undefined, 'of-the-api', 'of-the-api'])
      const others = await Promise.all(withProof(app).map((entry) => read(proofOf(entry))))
      expect(others.map(({ nonce }) => nonce)).toEqual(others.map(() => undefined))
    },
  )

  it('that come anew while nothing was wrong are used the next time (S-152)', async () => {
    const app = await signedIn({
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        const headers = new Headers(response.headers)
        headers.set('dpop-nonce', 'rolled')
        return new Response(await response.text(), { status: response.status, headers })
      },
    })
    await app.controller.renew()
    const [, renewal] = app.requests('/token')
    expect(renewal && (await read(proofOf(renewal))).nonce).toBe('rolled')
  })

  it('that userinfo asks for are sent to it (S-152)', async () => {
    const app = await apps.signedIn(simulator, {
      profile: profile(),
      fetch: async (url, init) => {
        if (!url.endsWith('/userinfo')) return await fetch(url, init)
        const { nonce } = await read(new Headers(init.headers).get('dpop') ?? '')
        if (nonce === 'of-userinfo') return await fetch(url, init)
        return new Response('{"error":"use_dpop_nonce"}', {
          status: 401,
          headers: {
            'www-authenticate': 'DPoP error="use_dpop_nonce"',
            'dpop-nonce': 'of-userinfo',
          },
        })
      },
    })
    await Promise.race([
      app.until(({ session }) => session?.userinfo !== null),
      app.logged('userinfo failed'),
    ])
    expect(app.controller.snapshot().session?.userinfo).not.toBeNull()
  })
})
