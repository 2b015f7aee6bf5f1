import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { otherClientId } from '../clients.ts'
import type { ScenarioName } from '../scenarios/index.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator, SimulatorOptions } from '../simulator.ts'
import { getTokens, post, refreshForm } from '../../test/support/client.ts'

let simulators: Simulator[] = []

async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator({ refreshTokens: true, ...options })
  simulators.push(simulator)
  return simulator
}

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(simulators.map((simulator) => simulator.close()))
  simulators = []
})

const refresh = (simulator: Simulator, token: unknown) =>
  post(simulator, '/token', refreshForm(token))

/** Logs in and refreshes while a scenario plays. */
async function refreshWhile(scenario: ScenarioName) {
  const simulator = await start({ scenario })
  const { tokens } = await getTokens(simulator)
  const before = decodeJwt(tokens.id_token ?? '')
  const answer = await refresh(simulator, tokens.refresh_token)
  const { id_token: idToken } = Object(answer.body)
  const after = typeof idToken === 'string' ? decodeJwt(idToken) : {}
  return { simulator, tokens, before, after, ...answer }
}

describe('a refresh while a scenario plays', () => {
  it('has the claims of the login in its ID token when nothing is wrong', async () => {
    const { before, after } = await refreshWhile('normal')
    for (const name of ['iss', 'sub', 'aud', 'nonce', 'auth_time', 'acr', 'pid'] as const) {
      expect(after[name]).toEqual(before[name])
    }
  })

  it.each([
    ['refresh-invalid-iss', 'iss', (value: unknown): unknown => `${String(value)}1`],
    ['refresh-invalid-sub', 'sub', (value: unknown): unknown => `${String(value)}1`],
    ['refresh-invalid-aud', 'aud', (value: unknown): unknown => `${String(value)}1`],
    ['refresh-invalid-nonce', 'nonce', (value: unknown): unknown => `${String(value)}1`],
    ['refresh-invalid-auth-time', 'auth_time', (value: unknown): unknown => Number(value) + 60],
    ['refresh-azp-other', 'azp', (): unknown => otherClientId],
    ['refresh-missing-sub', 'sub', (): unknown => undefined],
    ['refresh-without-nonce', 'nonce', (): unknown => undefined],
    ['refresh-multiple-aud', 'aud', (value: unknown): unknown => [value, otherClientId]],
  ] as const)('has another claim than the login: %s', async (name, claim, expected) => {
    const { before, after } = await refreshWhile(name)
    expect(after[claim]).toEqual(expected(before[claim]))
  })

  it.each([
    ['refresh-without-id-token', 'id_token', undefined],
    ['refresh-without-access-token', 'access_token', undefined],
    ['refresh-narrower-scope', 'scope', 'openid'],
    ['refresh-wider-scope', 'scope', 'openid profile simulator:more'],
  ] as const)('has another member than it should: %s', async (name, member, expected) => {
    const { tokens, body } = await refreshWhile(name)
    expect(tokens[member]).toMatch(/./)
    expect(body[member]).toBe(expected)
  })

  it.each([
    ['refresh-invalid-grant', 400, 'invalid_grant'],
    ['refresh-invalid-client', 401, 'invalid_client'],
    ['refresh-unauthorized-client', 400, 'unauthorized_client'],
  ] as const)('is refused, and the login is not: %s', async (name, status, error) => {
    const simulator = await start({ scenario: name })
    const { tokens } = await getTokens(simulator)
    const answer = await refresh(simulator, tokens.refresh_token)
    expect([answer.status, answer.body.error]).toEqual([status, error])
    simulator.play(null)
    expect((await refresh(simulator, tokens.refresh_token)).status).toBe(200)
  })

  it.each(['refresh-503-once', 'refresh-503-retry-after'] as const)(
    'gets 503 and shall come again: %s',
    async (name) => {
      const simulator = await start({ scenario: name })
      const { tokens } = await getTokens(simulator)
      const ask = () =>
        fetch(`${simulator.issuer}/token`, {
          method: 'POST',
          body: new URLSearchParams(refreshForm(tokens.refresh_token)),
        })
      const first = await ask()
      expect([first.status, first.headers.get('retry-after')]).toEqual([503, '2'])
      expect((await ask()).status).toBe(name === 'refresh-503-once' ? 200 : 503)
    },
  )

  it('is lost after the token was replaced, and the old one ends the grant', async () => {
    const simulator = await start({ scenario: 'refresh-lost-answer' })
    const { tokens } = await getTokens(simulator)
    await expect(refresh(simulator, tokens.refresh_token)).rejects.toThrow('fetch failed')
    const again = await refresh(simulator, tokens.refresh_token)
    expect(again.body.error).toBe('invalid_grant')
  })

  it('is reset before the token is used, and works later', async () => {
    const simulator = await start({ scenario: 'refresh-reset' })
    const { tokens } = await getTokens(simulator)
    await expect(refresh(simulator, tokens.refresh_token)).rejects.toThrow('fetch failed')
    simulator.play(null)
    expect((await refresh(simulator, tokens.refresh_token)).status).toBe(200)
  })

  it('brings no new refresh token, and the old one goes on', async () => {
    const { simulator, tokens, body } = await refreshWhile('refresh-without-new-refresh-token')
    expect(body).not.toHaveProperty('refresh_token')
    expect((await refresh(simulator, tokens.refresh_token)).status).toBe(200)
  })
})

describe('a refresh token that can be used again', () => {
  it('comes back the same, with its lifetime started anew', async () => {
    const simulator = await start({ refreshTokenUsage: 'reusable' })
    const { tokens } = await getTokens(simulator, { resource: 'https://a.no/', ui_locales: 'nn' })
    const pass = (seconds: number) =>
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
    pass(500)
    const first = await refresh(simulator, tokens.refresh_token)
    expect(first.body).toMatchObject({
      refresh_token: tokens.refresh_token,
      refresh_token_expires_in: 600,
    })
    pass(500)
    const second = await refresh(simulator, tokens.refresh_token)
    expect(decodeJwt(second.body.access_token).aud).toBe('https://a.no/')
    expect(decodeJwt(second.body.id_token)['locale']).toBe('nn')
    pass(601)
    expect((await refresh(simulator, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('can be asked for by a scenario', async () => {
    const { tokens, body } = await refreshWhile('refresh-same-refresh-token')
    expect(body.refresh_token).toBe(tokens.refresh_token)
  })
})

describe('a refresh', () => {
  it('for fewer scopes gives those, and not more than there were', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    const form = { ...refreshForm(tokens.refresh_token), scope: 'openid' }
    const fewer = await post(simulator, '/token', form)
    expect(fewer.body.scope).toBe('openid')
    expect(decodeJwt(fewer.body.access_token)['scope']).toBe('openid')
    const more = { ...refreshForm(fewer.body.refresh_token), scope: 'openid altinn:lookup' }
    expect((await post(simulator, '/token', more)).body.error).toBe('invalid_scope')
  })
})
