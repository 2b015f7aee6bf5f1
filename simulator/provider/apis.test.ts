import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { personWithoutNames, personWithoutPid, persons } from '../persons.ts'
import { clientId } from '../clients.ts'
import { consentScope, plainScope } from '../scopes.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator } from '../simulator.ts'
import { TestBrowser, beginLogin, finishLogin } from '../../test/support/browser.ts'
import {
  athOf,
  callApi,
  codeForm,
  createProver,
  getCode,
  getTokens,
  loginHint,
  post,
} from '../../test/support/client.ts'

const scope = `openid profile ${consentScope} ${plainScope}`

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(() => {
  vi.useRealTimers()
  simulator.play(null)
})

async function tokenFor(parameters: Record<string, string> = {}): Promise<string> {
  return (await getTokens(simulator, { scope, ...parameters })).tokens.access_token
}

/** Logs in with a key, and gives what a call of an API needs. */
async function boundToken() {
  const { proof } = await createProver()
  const { attempt, left } = await getCode(simulator, { scope })
  const dpop = await proof({ htm: 'POST', htu: `${simulator.issuer}/token` })
  const { body } = await post(simulator, '/token', codeForm(attempt, left), { dpop })
  const token: string = body.access_token
  const call = async (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    address = simulator.apis.person,
  ) => {
    const sent = await proof(
      { htm: 'GET', htu: simulator.apis.person, ath: athOf(token), ...claims },
      header,
    )
    const headers = { authorization: `DPoP ${token}`, dpop: sent }
    return { ...(await callApi(address, undefined, { headers })), sent }
  }
  return { token, call, proof }
}

describe('the contact register', () => {
  it('gives the entry of the person who is logged in, with the members of the real one', async () => {
    const token = await tokenFor({ ui_locales: 'nn' })
    const { status, headers, body } = await callApi(simulator.apis.person, token)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
    expect(body).toEqual({
      personidentifikator: persons[0]?.pid,
      reservasjon: 'NEI',
      status: 'AKTIV',
      varslingsstatus: 'KAN_VARSLES',
      kontaktinformasjon: {
        epostadresse: expect.stringMatching(/@example\.com$/),
        epostadresse_oppdatert: expect.any(String),
        epostadresse_sist_verifisert: expect.any(String),
        mobiltelefonnummer: expect.stringMatching(/^\+470/),
        mobiltelefonnummer_oppdatert: expect.any(String),
        mobiltelefonnummer_sist_verifisert: expect.any(String),
      },
      spraak: 'nn',
      spraak_oppdatert: expect.any(String),
    })
  })

  it('has a person who is reserved, and one who is not registered', async () => {
    const entryOf = async (pid?: string) =>
      (await callApi(simulator.apis.person, await tokenFor({ login_hint: loginHint(pid) }))).body
    expect(await entryOf(persons[1]?.pid)).toMatchObject({
      reservasjon: 'JA',
      varslingsstatus: 'KAN_IKKE_VARSLES',
    })
    const unknown = await entryOf(personWithoutNames.pid)
    expect(unknown.status).toBe('IKKE_REGISTRERT')
    expect(unknown).not.toHaveProperty('kontaktinformasjon')
  })

  it('has no entry for a person without pid in the token', async () => {
    const token = await tokenFor({ login_hint: loginHint(personWithoutPid.pid) })
    expect((await callApi(simulator.apis.person, token)).status).toBe(404)
  })

  it('refuses a token whose person refused the scope', async () => {
    const browser = new TestBrowser()
    const attempt = await beginLogin(simulator, { scope })
    const asked = await browser.press(await browser.open(attempt.url), 'login')
    const { left } = await browser.press(asked, 'refuse')
    const { access_token: token } = await finishLogin(attempt, left)
    const { status, challenge } = await callApi(simulator.apis.person, token)
    expect(status).toBe(403)
    expect(challenge).toMatch(/^Bearer .*error="insufficient_scope".*scope="krr:user/)
    expect((await callApi(simulator.apis.echo, token)).status).toBe(200)
  })

  it('takes no other method than GET', async () => {
    const answer = await callApi(simulator.apis.person, await tokenFor(), { method: 'POST' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  })
})

describe('the echo', () => {
  it('says what it was sent, and never the token', async () => {
    const token = await tokenFor()
    const address = `${simulator.apis.echo}?a=1`
    const headers = { 'content-type': 'application/json' }
    const sent = await callApi(address, token, { method: 'POST', body: '{"b":2}', headers })
    expect(sent.body).toEqual({
      method: 'POST',
      query: { a: '1' },
      content_type: 'application/json',
      body: '{"b":2}',
      client_id: clientId,
      scope: expect.stringContaining(plainScope),
      bound: false,
    })
    expect((await callApi(address, token)).body).toMatchObject({ method: 'GET', body: '' })
  })
})

describe('an API', () => {
  it('without a token says how to come back, and names no error', async () => {
    const { status, challenge } = await callApi(simulator.apis.person, undefined)
    expect([status, challenge]).toEqual([401, expect.stringMatching(/^Bearer .*, DPoP .*ES256/)])
    expect(challenge).not.toContain('error=')
  })

  it('refuses a token that has expired', async () => {
    const token = await tokenFor()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 121_000 })
    const { status, challenge } = await callApi(simulator.apis.person, token)
    expect([status, challenge]).toEqual([401, expect.stringMatching(/^Bearer .*"invalid_token"/)])
  })

  it('refuses a token that was revoked', async () => {
    const token = await tokenFor()
    await post(simulator, '/token/revoke', { token, client_id: clientId })
    expect((await callApi(simulator.apis.echo, token)).challenge).toContain('invalid_token')
  })

  it('refuses a token that is none', async () => {
    const { tokens } = await getTokens(simulator, { scope })
    const [header, claims] = tokens.access_token.split('.')
    const wrong = ['x', tokens.id_token, `${header}.${claims}.AAAA`]
    const answers = wrong.map((token) => callApi(simulator.apis.echo, token))
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 401, 401])
  })

  it.each([
    ['api-401-once', [401, 200]],
    ['api-401-always', [401, 401]],
    ['api-redirect', [302, 302]],
  ] as const)('does what it is told: %s', async (name, expected) => {
    const token = await tokenFor()
    simulator.play(name)
    const call = async () => (await callApi(simulator.apis.person, token)).status
    expect([await call(), await call()]).toEqual(expected)
  })

  it('redirects to where the right answer is, on another host', async () => {
    simulator.play('api-redirect')
    const { headers } = await callApi(simulator.apis.person, await tokenFor())
    const target = new URL(headers.get('location') ?? '')
    expect(target.hostname).toBe('localhost')
    expect((await callApi(target.href, await tokenFor())).status).toBe(200)
  })

  it('says what a test lets it say', async () => {
    simulator.play({ summary: 'x', api: (body) => ({ ...body, reservasjon: 'KANSKJE' }) })
    const { body } = await callApi(simulator.apis.person, await tokenFor())
    expect(body).toMatchObject({ reservasjon: 'KANSKJE', status: 'AKTIV' })
  })
})

describe('an API that gets a token that is bound to a key', () => {
  it('answers when the key is proven', async () => {
    const { call } = await boundToken()
    expect((await call()).body).toMatchObject({ personidentifikator: persons[0]?.pid })
  })

  it('takes a query to be no part of htu', async () => {
    const { call } = await boundToken()
    expect((await call({}, {}, `${simulator.apis.person}?a=1`)).status).toBe(200)
  })

  it('refuses it as a bearer token, and says so for DPoP', async () => {
    const { token } = await boundToken()
    const { status, challenge } = await callApi(simulator.apis.person, token)
    expect([status, challenge]).toEqual([401, expect.stringMatching(/^DPoP .*"invalid_token"/)])
  })

  it('refuses it without a proof', async () => {
    const { token } = await boundToken()
    const headers = { authorization: `DPoP ${token}` }
    const { status, challenge } = await callApi(simulator.apis.person, undefined, { headers })
    expect([status, challenge]).toEqual([401, expect.stringContaining('invalid_dpop_proof')])
  })

  it.each([
    ['for another method', { htm: 'POST' }, {}],
    ['for another address', { htu: 'https://api.example.no/' }, {}],
    ['for another token', { ath: athOf('x') }, {}],
    ['for no token', { ath: undefined }, {}],
    ['of two minutes ago', { iat: Math.floor(Date.now() / 1000) - 120 }, {}],
    ['of two minutes from now', { iat: Math.floor(Date.now() / 1000) + 120 }, {}],
    ['without jti', { jti: undefined }, {}],
    ['of another type', {}, { typ: 'JWT' }],
  ])('refuses a proof %s', async (_, claims, header) => {
    const { status, challenge } = await (await boundToken()).call(claims, header)
    expect([status, challenge]).toEqual([401, expect.stringContaining('invalid_dpop_proof')])
  })

  it('refuses a proof of another key', async () => {
    const [mine, other] = [await boundToken(), await boundToken()]
    const htu = simulator.apis.person
    const dpop = await other.proof({ htm: 'GET', htu, ath: athOf(mine.token) })
    const headers = { authorization: `DPoP ${mine.token}`, dpop }
    const { challenge } = await callApi(htu, undefined, { headers })
    expect(challenge).toMatch(/^DPoP .*"invalid_token"/)
  })

  it('refuses a proof that comes again', async () => {
    const { token, call } = await boundToken()
    const headers = { authorization: `DPoP ${token}`, dpop: (await call()).sent }
    const again = await callApi(simulator.apis.person, undefined, { headers })
    expect(again.challenge).toContain('invalid_dpop_proof')
  })

  it('refuses a token that is not bound, with a proof', async () => {
    const token = await tokenFor()
    const { proof } = await createProver()
    const dpop = await proof({ htm: 'GET', htu: simulator.apis.echo, ath: athOf(token) })
    const headers = { authorization: `DPoP ${token}`, dpop }
    const { challenge } = await callApi(simulator.apis.echo, undefined, { headers })
    expect(challenge).toMatch(/^DPoP .*"invalid_token"/)
  })
})

describe('the nonces of proofs', () => {
  it('are asked for with a nonce, and each answer brings the next one', async () => {
    const { call } = await boundToken()
    simulator.play('dpop-nonce-required')
    const first = await call()
    expect([first.status, first.challenge]).toEqual([
      401,
      expect.stringContaining('use_dpop_nonce'),
    ])
    const nonce = first.headers.get('dpop-nonce')
    const second = await call({ nonce })
    expect([second.status, second.headers.get('dpop-nonce')]).toEqual([
      200,
      expect.stringMatching(/./),
    ])
    expect(second.headers.get('dpop-nonce')).not.toBe(nonce)
    expect((await call({ nonce })).status).toBe(200)
  })

  it('work once each when only the newest is good', async () => {
    const { call } = await boundToken()
    simulator.play('dpop-nonce-newest')
    const nonce = (await call()).headers.get('dpop-nonce')
    const next = (await call({ nonce })).headers.get('dpop-nonce')
    expect((await call({ nonce })).status).toBe(401)
    expect((await call({ nonce: next })).status).toBe(401)
    const newest = (await call()).headers.get('dpop-nonce')
    expect((await call({ nonce: newest })).status).toBe(200)
  })

  it('belong to one origin', async () => {
    const { call } = await boundToken()
    simulator.play('dpop-nonce-required')
    const nonce = (await call()).headers.get('dpop-nonce')
    const other = simulator.apis.person.replace('127.0.0.1', 'localhost')
    const refused = await call({ htu: other, nonce }, {}, other)
    expect(refused.challenge).toContain('use_dpop_nonce')
    const own = refused.headers.get('dpop-nonce')
    expect((await call({ htu: other, nonce: own }, {}, other)).status).toBe(200)
  })

  it('are never good enough when that plays', async () => {
    const { call } = await boundToken()
    simulator.play('dpop-nonce-endless')
    const nonce = (await call()).headers.get('dpop-nonce')
    expect((await call({ nonce })).challenge).toContain('use_dpop_nonce')
  })
})
