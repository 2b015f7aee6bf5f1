import {
  type JSONWebKeySet,
  compactVerify,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
} from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clientId } from '../clients.ts'
import { isScenarioName, scenarioGroups, scenarios } from './index.ts'
import type { ScenarioName } from './index.ts'
import type { Scenario } from './scenario.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator } from '../simulator.ts'
import { TestBrowser, beginLogin, finishLogin, insecure } from '../../test/support/browser.ts'

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(() => simulator.play(null))

/** Logs in without any check, and gives the token response as it came. */
async function getTokens() {
  const { attempt, callback } = await getCallback()
  return tokenRequest({
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') ?? '',
    redirect_uri: attempt.redirectUri,
    code_verifier: attempt.verifier,
  })
}

async function tokenRequest(form: Record<string, string>) {
  const body = new URLSearchParams({ client_id: clientId, ...form })
  const answer = await fetch(`${simulator.issuer}/token`, { method: 'POST', body })
  return JSON.parse(await answer.text())
}

async function getCallback() {
  const attempt = await beginLogin(simulator)
  const browser = new TestBrowser()
  const { left } = await browser.press(await browser.open(attempt.url), 'login')
  return { attempt, callback: left ?? new URL('about:blank') }
}

async function getJson(path: string) {
  return JSON.parse(await (await fetch(`${simulator.issuer}${path}`)).text())
}

const wellKnown = '/.well-known/openid-configuration'
const getKeys = (): Promise<JSONWebKeySet> => getJson('/jwks.json')
const verify = async (token: string) => compactVerify(token, createLocalJWKSet(await getKeys()))

/** The ID token of a login while a scenario plays. */
async function idTokenOf(scenario: ScenarioName | Scenario): Promise<string> {
  simulator.play(scenario)
  const { id_token: idToken } = await getTokens()
  return idToken
}

async function logIn() {
  const { attempt, callback } = await getCallback()
  return finishLogin(attempt, callback)
}

describe('the list of scenarios', () => {
  it('has no name twice, and a summary for each', () => {
    const named = Object.values(scenarioGroups).flatMap((group) => Object.keys(group))
    const generated = Object.keys(scenarios).slice(named.length)
    expect(new Set([...named, ...generated]).size).toBe(named.length + generated.length)
    expect(generated).toContain('token-reset')
    const sentences = Object.values(scenarios).map(({ summary }) => summary)
    expect(sentences.filter((sentence) => !/^.+\.$/.test(sentence))).toEqual([])
  })

  it('knows its names, and no others', () => {
    expect(['normal', 'token-reset', 'invalid-iss'].every(isScenarioName)).toBe(true)
    expect(['', 'toString', 'token-bom-bom', 'revocation-bom'].some(isScenarioName)).toBe(false)
  })

  const harmless = Object.entries(scenarios).filter(
    ([name, scenario]) => scenario.good === true && isScenarioName(name) && !scenario.fault,
  )
  it.each(harmless)('lets a client with the checks of oauth4webapi in: %s', async (_, scenario) => {
    simulator.play(scenario)
    await expect(logIn()).resolves.toHaveProperty('access_token')
  })
})

describe('a scenario', () => {
  it('plays from the start, and ends when null is played', async () => {
    const other = await startSimulator({ scenario: 'issuer-mismatch' })
    const read = async () => {
      const answer = await fetch(`${other.issuer}${wellKnown}`)
      return JSON.parse(await answer.text()).issuer
    }
    expect(await read()).toBe(`${other.issuer}INVALID`)
    other.play(null)
    expect(await read()).toBe(other.issuer)
    await other.close()
  })

  it('leaves nothing behind', async () => {
    await idTokenOf({ summary: 'x', idToken: () => 'x', clock: 500 })
    simulator.play(null)
    const { id_token: idToken } = await logIn()
    await expect(verify(idToken ?? '')).resolves.toBeDefined()
  })

  it('can be made by a test, with hooks that wait', async () => {
    const idToken = await idTokenOf({
      summary: 'A claim of the test.',
      idToken: async ({ header, claims }) => ({ header, claims: { ...claims, own: true } }),
    })
    expect(decodeJwt(idToken)['own']).toBe(true)
    await expect(verify(idToken)).resolves.toBeDefined()
  })

  it('changes the discovery document, also into what is no object', async () => {
    simulator.play('metadata-missing-jwks-uri')
    const document = await getJson(wellKnown)
    expect([document.issuer, document.jwks_uri]).toEqual([simulator.issuer, undefined])
    simulator.play({ summary: 'A text.', metadata: () => 'text' })
    const answer = await fetch(`${simulator.issuer}${wellKnown}`)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(await answer.text()).toBe('"text"')
  })

  it('changes the keys', async () => {
    simulator.play('keys-private-members')
    expect((await getKeys()).keys).toEqual([expect.objectContaining({ d: expect.any(String) })])
    simulator.play('keys-10000')
    expect((await getKeys()).keys).toHaveLength(10_000)
  })

  it('changes the redirect to the client and not those of the provider', async () => {
    simulator.play('callback-duplicate-state')
    const { attempt, callback } = await getCallback()
    expect(callback.searchParams.getAll('state')).toEqual([attempt.state, 'other'])
    simulator.play('callback-in-fragment')
    const { callback: inFragment } = await getCallback()
    expect([inFragment.search, inFragment.hash]).toEqual(['', expect.stringContaining('code=')])
    simulator.play('callback-error-login-required')
    const { callback: refused } = await getCallback()
    expect(refused.searchParams.get('error')).toBe('login_required')
    expect(refused.searchParams.has('code')).toBe(false)
  })

  it('changes the token response', async () => {
    simulator.play('token-type-mixed-case')
    expect(await getTokens()).toMatchObject({ token_type: 'bEaReR', id_token: expect.any(String) })
    simulator.play('response-missing-id-token')
    expect(await getTokens()).not.toHaveProperty('id_token')
  })

  it('changes userinfo, where a text goes out as a JWT', async () => {
    const { access_token: token } = await getTokens()
    const read = async () => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fetch(`${simulator.issuer}/userinfo`, { headers })
      return { type: answer.headers.get('content-type'), body: await answer.text() }
    }
    const { sub } = JSON.parse((await read()).body)
    simulator.play('userinfo-invalid-sub')
    expect(JSON.parse((await read()).body).sub).toBe(`${sub}invalid`)
    simulator.play('userinfo-signed')
    const signed = await read()
    expect(signed.type).toContain('application/jwt')
    expect(decodeJwt(signed.body)).toMatchObject({ sub, iss: simulator.issuer })
    await expect(verify(signed.body)).resolves.toBeDefined()
  })

  it('changes the answer to a pushed request', async () => {
    simulator.play('par-request-uri-web')
    const { url } = await beginLogin(simulator)
    const answer = await fetch(`${simulator.issuer}/par`, {
      method: 'POST',
      body: new URLSearchParams(url.searchParams),
    })
    expect(answer.status).toBe(201)
    expect(JSON.parse(await answer.text())).toMatchObject({
      request_uri: 'https://idporten.example/request.jwt',
    })
  })

  it('has pages of its own, whose visitors are in the journal', async () => {
    const idToken = await idTokenOf('distributed-claims')
    const { endpoint } = Object(decodeJwt(idToken)['_claim_sources']).source
    expect(endpoint).toBe(`${simulator.issuer}/claim-source`)
    expect(simulator.journal.some(({ path }) => path === '/claim-source')).toBe(false)
    expect(decodeJwt(await (await fetch(endpoint)).text())).toHaveProperty('address')
    expect(simulator.journal.at(-1)).toMatchObject({ path: '/claim-source', status: 200 })
    simulator.play(null)
    expect((await fetch(endpoint)).status).toBe(404)
  })
})

describe('the ID token that goes out', () => {
  it.each([
    ['invalid-iss', 'iss', (): unknown => `${simulator.issuer}1`],
    ['invalid-aud', 'aud', (): unknown => `${clientId}1`],
    ['missing-sub', 'sub', (): unknown => undefined],
    ['missing-nonce', 'nonce', (): unknown => undefined],
    ['acr-array', 'acr', (): unknown => ['idporten-loa-high']],
  ] as const)('has wrong claims under a right signature: %s', async (name, claim, expected) => {
    const idToken = await idTokenOf(name)
    expect(decodeJwt(idToken)[claim]).toEqual(expected())
    await expect(verify(idToken)).resolves.toBeDefined()
  })

  it.each([
    ['invalid-sig-rs256', 'RS256'],
    ['sig-empty', 'RS256'],
    ['sig-of-other-claims', 'RS256'],
    ['wrong-key-signature', 'RS256'],
    ['invalid-sig-es256', 'ES256'],
    ['header-crit', 'RS256'],
  ] as const)('is not verified by the published keys: %s', async (name, alg) => {
    const idToken = await idTokenOf(name)
    expect(decodeProtectedHeader(idToken).alg).toBe(alg)
    await expect(verify(idToken)).rejects.toThrow(/signature|not recognized/)
  })

  it.each([
    ['sig-es256', 'ES256'],
    ['alternate-alg-rs512', 'RS512'],
  ] as const)('has a right signature of another algorithm: %s', async (name, alg) => {
    const idToken = await idTokenOf(name)
    const { keys } = await getKeys()
    const anyAlg = createLocalJWKSet({ keys: keys.map((key) => ({ ...key, alg })) })
    expect((await compactVerify(idToken, anyAlg)).protectedHeader.alg).toBe(alg)
  })

  it('has a signature that is right for a public exponent of 1', async () => {
    const idToken = await idTokenOf('keys-exponent-one')
    const [jwk] = (await getKeys()).keys
    expect(jwk?.e).toBe('AQ')
    const last = idToken.split('.')[2] ?? ''
    expect(Buffer.from(last, 'base64url').toString('hex')).toMatch(/^0001(?:ff)+003031300d/)
  })

  it.each(['keys-weak-512', 'keys-weak-1024'] as const)(
    'is signed by a short key: %s',
    async (name) => {
      const { kid } = decodeProtectedHeader(await idTokenOf(name))
      const jwk = (await getKeys()).keys.find((key) => key.kid === kid)
      expect(Buffer.from(jwk?.n ?? '', 'base64url').length * 8).toBe(Number(name.slice(10)))
    },
  )

  it('has five parts when it looks encrypted, and two when it is stripped', async () => {
    expect((await idTokenOf('encrypted-id-token')).split('.')).toHaveLength(5)
    expect((await idTokenOf('sig-stripped')).split('.')).toHaveLength(2)
    expect(await idTokenOf('sig-none')).toMatch(/\.$/)
  })

  it('still ends the session at logout, as the hint', async () => {
    simulator.play('rotated-keys')
    const attempt = await beginLogin(simulator)
    const browser = new TestBrowser()
    const visit = await browser.press(await browser.open(attempt.url), 'login')
    const { id_token: hint } = await finishLogin(attempt, visit.left)
    const back = 'http://127.0.0.1:40000/logged-out'
    const url = new URL(`${simulator.issuer}/logout`)
    url.search = new URLSearchParams({
      id_token_hint: hint ?? '',
      post_logout_redirect_uri: back,
    }).toString()
    expect((await browser.open(url)).left?.href).toBe(back)
  })

  it('can be wrong in a refresh alone', async () => {
    simulator.play('refresh-invalid-sub')
    const first = await getTokens()
    const next = await tokenRequest({
      grant_type: 'refresh_token',
      refresh_token: first.refresh_token,
    })
    expect(decodeJwt(next.id_token).sub).toBe(`${decodeJwt(first.id_token).sub}1`)
  })
})

describe('rotation', () => {
  it('publishes a new key alone, which signs the ID token and the access token', async () => {
    const before = await getKeys()
    await simulator.rotateKeys()
    const after = await getKeys()
    expect(after.keys).toHaveLength(1)
    expect(after.keys[0]?.kid).not.toBe(before.keys[0]?.kid)
    expect(after.keys[0]).not.toHaveProperty('d')
    const tokens = await getTokens()
    const verified = await Promise.all([verify(tokens.id_token), verify(tokens.access_token)])
    expect(verified.map(({ protectedHeader }) => protectedHeader.kid)).toEqual([
      after.keys[0]?.kid,
      after.keys[0]?.kid,
    ])
    await expect(compactVerify(tokens.id_token, createLocalJWKSet(before))).rejects.toThrow(
      'no applicable key',
    )
  })

  it('makes keys stale that were read before the token came: rotated-keys', async () => {
    simulator.play('rotated-keys')
    const stale = createLocalJWKSet(await getKeys())
    const { id_token: idToken } = await getTokens()
    await expect(compactVerify(idToken, stale)).rejects.toThrow('no applicable key')
    await expect(verify(idToken)).resolves.toBeDefined()
  })

  it('never publishes the key of a token that is out: endless-rotation', async () => {
    simulator.play('endless-rotation')
    const early = createLocalJWKSet(await getKeys())
    const { id_token: idToken } = await getTokens()
    await expect(compactVerify(idToken, early)).rejects.toThrow('no applicable key')
    await expect(verify(idToken)).rejects.toThrow('no applicable key')
    await expect(verify(idToken)).rejects.toThrow('no applicable key')
  })
})

describe('the clock of the provider', () => {
  it.each([
    ['clock-9-minutes-ahead', 540],
    ['clock-9-minutes-behind', -540],
  ] as const)('is away in the tokens and in Date, and nowhere else: %s', async (name, seconds) => {
    simulator.play(name)
    const now = Date.now() / 1000
    const tokens = await getTokens()
    for (const token of [tokens.id_token, tokens.access_token]) {
      const { iat = 0, exp = 0 } = decodeJwt(token)
      expect(Math.abs(iat - now - seconds)).toBeLessThan(5)
      expect(exp - iat).toBe(120)
    }
    const answer = await fetch(`${simulator.issuer}/jwks.json`)
    const date = Date.parse(answer.headers.get('date') ?? '') / 1000
    expect(Math.abs(date - now - seconds)).toBeLessThan(5)
    await expect(verify(tokens.id_token)).resolves.toBeDefined()
    const userinfo = await oauth.protectedResourceRequest(
      tokens.access_token,
      'GET',
      new URL(`${simulator.issuer}/userinfo`),
      undefined,
      undefined,
      insecure,
    )
    expect(userinfo.status).toBe(200)
  })
})
