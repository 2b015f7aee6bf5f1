import { createHash } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { persons } from '../persons.ts'
import { clientId, otherClientId } from '../clients.ts'
import { consentScope, plainScope } from '../scopes.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator, SimulatorOptions } from '../simulator.ts'
import { TestBrowser, beginLogin, finishLogin, insecure } from '../../test/support/browser.ts'
import {
  callApi,
  codeForm,
  getCode,
  getTokens,
  loginHint,
  post,
} from '../../test/support/client.ts'

const person = persons[0]
const pid = person?.pid ?? ''

let simulators: Simulator[] = []

async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options)
  simulators.push(simulator)
  return simulator
}

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(simulators.map((simulator) => simulator.close()))
  simulators = []
})

/** Moves the clock that the simulator reads, which runs in this process. */
function passTime(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

async function userinfo({ issuer }: Simulator, token: string) {
  const response = await fetch(`${issuer}/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

describe('the token response', () => {
  it('has the members of ID-porten, and no refresh token unless that is switched on', async () => {
    const { tokens } = await getTokens(await start())
    expect(tokens).toEqual({
      access_token: expect.any(String),
      id_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 120,
      scope: 'openid profile',
    })
  })

  it('has a refresh token and its lifetime when that is switched on', async () => {
    const { tokens } = await getTokens(await start({ refreshTokens: true }))
    expect(tokens).toMatchObject({
      refresh_token: expect.any(String),
      refresh_token_expires_in: 600,
    })
  })
})

describe('the ID token', () => {
  it('has the header and the claims of ID-porten and no others', async () => {
    const simulator = await start()
    const { tokens, attempt } = await getTokens(simulator, { ui_locales: 'nn' })
    const token = tokens.id_token ?? ''
    expect(decodeProtectedHeader(token)).toEqual({ kid: expect.any(String), alg: 'RS256' })
    const claims = decodeJwt(token)
    expect(claims).toEqual({
      sub: expect.stringMatching(/^[\w-]{43}$/),
      amr: ['TestID'],
      iss: simulator.issuer,
      pid,
      locale: 'nn',
      nonce: attempt.nonce,
      aud: clientId,
      acr: 'idporten-loa-high',
      auth_time: expect.any(Number),
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.stringMatching(/./),
      given_name: person?.givenName,
      family_name: person?.familyName,
    })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(120)
  })

  it('has no names and no locale without the profile scope', async () => {
    const { tokens } = await getTokens(await start(), { scope: 'openid' })
    const claims = decodeJwt(tokens.id_token ?? '')
    expect(claims['pid']).toBe(pid)
    expect(Object.keys(claims)).not.toContain('locale')
    expect(Object.keys(claims)).not.toContain('given_name')
  })

  it('is signed with the key of its kid, and a changed one is not', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    const keys = createRemoteJWKSet(new URL(`${simulator.issuer}/jwks.json`))
    const token = tokens.id_token ?? ''
    await expect(jwtVerify(token, keys)).resolves.toBeDefined()
    const [header, , signature] = token.split('.')
    const payload = Buffer.from(JSON.stringify({ sub: 'x' })).toString('base64url')
    await expect(jwtVerify(`${header}.${payload}.${signature}`, keys)).rejects.toThrow('signature')
  })

  it('is not issued without openid, and then there is an access token all the same', async () => {
    const simulator = await start()
    const hint = { login_hint: loginHint(), scope: plainScope }
    const attempt = await beginLogin(simulator, { ...hint, nonce: undefined })
    const { left } = await new TestBrowser().open(attempt.url)
    const { body } = await post(simulator, '/token', codeForm(attempt, left))
    expect(body).not.toHaveProperty('id_token')
    expect(decodeJwt(body.access_token)['scope']).toBe(plainScope)
  })

  it('is refused together with acr_values or nonce without openid, unlike at ID-porten', async () => {
    const { left } = await getCode(await start(), { scope: plainScope })
    expect(left?.searchParams.get('error')).toBe('invalid_request')
  })
})

describe('the access token', () => {
  it('is a signed JWT with the claims of ID-porten and no others', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    const keys = createRemoteJWKSet(new URL(`${simulator.issuer}/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys)
    expect(protectedHeader).toEqual({ kid: expect.any(String), alg: 'RS256' })
    expect(payload).toEqual({
      sub: decodeJwt(tokens.id_token ?? '').sub,
      acr: 'idporten-loa-high',
      scope: 'openid profile',
      iss: simulator.issuer,
      client_amr: 'none',
      pid,
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.stringMatching(/./),
      client_id: clientId,
      consumer: { authority: 'iso6523-actorid-upis', ID: expect.stringMatching(/^0192:\d{9}$/) },
    })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(120)
  })

  it('has the resource of the authorization request as aud', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator, { resource: 'https://api.example.no/' })
    expect(decodeJwt(tokens.access_token).aud).toBe('https://api.example.no/')
    expect(decodeJwt(tokens.id_token ?? '').aud).toBe(clientId)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(200)
  })

  it('has several resources as aud, of the authorization request or of the token request', async () => {
    const simulator = await start()
    const login = async (parameters: Record<string, string> = {}) => {
      const { url, ...attempt } = await beginLogin(simulator, { login_hint: loginHint() })
      for (const name of Object.values(parameters)) {
        url.searchParams.append('resource', name)
      }
      return { attempt: { url, ...attempt }, left: (await new TestBrowser().open(url)).left }
    }
    const two = ['https://a.example.no/', 'urn:example:b']
    const { attempt, left } = await login({ a: 'https://a.example.no/', b: 'urn:example:b' })
    expect(decodeJwt((await finishLogin(attempt, left)).access_token).aud).toEqual(two)
    const later = await login()
    const form = new URLSearchParams(codeForm(later.attempt, later.left))
    two.forEach((one) => form.append('resource', one))
    expect(decodeJwt((await post(simulator, '/token', form)).body.access_token).aud).toEqual(two)
  })

  it('is refused with a resource that is no address, also in the token request', async () => {
    const simulator = await start()
    const { attempt, left } = await getCode(simulator)
    const form = { ...codeForm(attempt, left), resource: 'api' }
    const { status, body } = await post(simulator, '/token', form)
    expect([status, body.error]).toEqual([400, 'invalid_target'])
  })

  it('has the resource of the token request as aud', async () => {
    const { attempt, left } = await getCode(await start())
    const tokens = await finishLogin(attempt, left, { resource: 'https://api.example.no/b' })
    expect(decodeJwt(tokens.access_token).aud).toBe('https://api.example.no/b')
  })

  it('is bound to a DPoP key when the client proves one, also at userinfo', async () => {
    const simulator = await start()
    const { attempt, left } = await getCode(simulator)
    const keyPair = await oauth.generateKeyPair('ES256', { extractable: true })
    const DPoP = oauth.DPoP(attempt.client, keyPair)
    const tokens = await finishLogin(attempt, left, { DPoP })
    expect(tokens.token_type).toBe('dpop')
    expect(decodeJwt(tokens.access_token)['cnf']).toEqual({ jkt: expect.any(String) })
    const { status } = await oauth.userInfoRequest(
      attempt.server,
      attempt.client,
      tokens.access_token,
      { ...insecure, DPoP },
    )
    expect(status).toBe(200)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(401)
  })
})

describe('userinfo', () => {
  it('gives sub, pid, locale and names', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator, { ui_locales: 'nn' })
    expect(await userinfo(simulator, tokens.access_token)).toEqual({
      status: 200,
      body: {
        sub: decodeJwt(tokens.id_token ?? '').sub,
        pid,
        locale: 'nn',
        given_name: person?.givenName,
        family_name: person?.familyName,
      },
    })
  })

  it('is refused without the profile scope', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator, { scope: 'openid' })
    const { status, body } = await userinfo(simulator, tokens.access_token)
    expect([status, body.error]).toEqual([403, 'insufficient_scope'])
  })

  it('refuses an expired token', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    passTime(119)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(200)
    passTime(2)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(401)
  })

  it('refuses a token it did not issue, and an ID token', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    const [header, payload] = tokens.access_token.split('.')
    const forged = `${header}.${payload}.AAAA`
    const answers = [forged, tokens.id_token ?? '', 'x'].map((t) => userinfo(simulator, t))
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 401, 401])
  })
})

describe('the token endpoint', () => {
  it('exchanges a code once, and revokes its tokens when it comes again', async () => {
    const simulator = await start()
    const { attempt, left } = await getCode(simulator)
    const first = await post(simulator, '/token', codeForm(attempt, left))
    expect(first.status).toBe(200)
    expect((await userinfo(simulator, first.body.access_token)).status).toBe(200)
    const again = await post(simulator, '/token', codeForm(attempt, left))
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant'])
    expect((await userinfo(simulator, first.body.access_token)).status).toBe(401)
  })

  it.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }, 400, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 400, 'invalid_grant'],
    ['another port', { redirect_uri: 'http://127.0.0.1:35433/callback' }, 400, 'invalid_grant'],
    ['no redirect URI', { redirect_uri: '' }, 400, 'invalid_request'],
    ['another code', { code: 'x' }, 400, 'invalid_grant'],
    ['another client', { client_id: otherClientId }, 400, 'invalid_grant'],
    ['an unknown client', { client_id: 'nobody' }, 401, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant', { grant_type: '' }, 400, 'invalid_request'],
  ])('refuses a code with %s', async (_, change, status, error) => {
    const simulator = await start()
    const { attempt, left } = await getCode(simulator)
    const form = { ...codeForm(attempt, left), ...change }
    const { status: got, body } = await post(simulator, '/token', form)
    expect([got, body.error]).toEqual([status, error])
    expect(body.error_description).toMatch(/./)
  })

  it('lets no script of another origin read its answers, other than public documents', async () => {
    const simulator = await start()
    const headers = { origin: 'http://127.0.0.1:35432' }
    const allowed = async (path: string, method: string) => {
      const body = method === 'GET' ? null : new URLSearchParams({ client_id: clientId })
      const answer = await fetch(`${simulator.issuer}${path}`, { method, headers, body })
      return answer.headers.get('access-control-allow-origin')
    }
    expect(await allowed('/token', 'POST')).toBeNull()
    expect(await allowed('/token/revoke', 'POST')).toBeNull()
    expect(await allowed('/jwks.json', 'GET')).toBe(headers.origin)
  })

  it('takes a code after 59 seconds, and not after 61', async () => {
    const simulator = await start()
    const [early, late] = [await getCode(simulator), await getCode(simulator)]
    passTime(59)
    expect((await post(simulator, '/token', codeForm(early.attempt, early.left))).status).toBe(200)
    passTime(2)
    const { body } = await post(simulator, '/token', codeForm(late.attempt, late.left))
    expect(body.error).toBe('invalid_grant')
  })
})

describe('refreshing', () => {
  const refresh = (simulator: Simulator, refresh_token: unknown, client_id = clientId) =>
    post(simulator, '/token', {
      grant_type: 'refresh_token',
      client_id,
      refresh_token: String(refresh_token),
    })

  it('is refused when it is not switched on', async () => {
    const { status, body } = await refresh(await start(), 'x')
    expect([status, body.error]).toEqual([400, 'unauthorized_client'])
  })

  it('gives new tokens and a new refresh token with a fresh lifetime', async () => {
    const simulator = await start({ refreshTokens: true })
    const { tokens } = await getTokens(simulator, { ui_locales: 'en', resource: 'https://a.no/' })
    passTime(500)
    const { body } = await refresh(simulator, tokens.refresh_token)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 120 })
    expect(body.refresh_token).not.toBe(tokens.refresh_token)
    expect(body.refresh_token_expires_in).toBe(600)
    expect(decodeJwt(body.id_token)).toMatchObject({ locale: 'en', acr: 'idporten-loa-high' })
    expect(decodeJwt(body.access_token)).toMatchObject({ aud: 'https://a.no/', pid })
    passTime(500)
    const next = await refresh(simulator, body.refresh_token)
    expect(next.status).toBe(200)
    expect((await userinfo(simulator, next.body.access_token)).status).toBe(200)
  })

  it('is refused after 600 seconds without use', async () => {
    const simulator = await start({ refreshTokens: true })
    const { tokens } = await getTokens(simulator)
    passTime(601)
    expect((await refresh(simulator, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('goes on for 7200 seconds, however often it is done, and no longer', async () => {
    const simulator = await start({ refreshTokens: true })
    let token: unknown = (await getTokens(simulator)).tokens.refresh_token
    for (let seconds = 0; seconds < 7000; seconds += 500) {
      passTime(500)
      // Each refresh needs the token of the one before.
      // oxlint-disable-next-line no-await-in-loop
      token = (await refresh(simulator, token)).body.refresh_token
    }
    passTime(190)
    const last = await refresh(simulator, token)
    expect(last.status).toBe(200)
    passTime(20)
    expect((await refresh(simulator, last.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('is refused when the authorization is over, and says before how long is left', async () => {
    const simulator = await start({ refreshTokens: true, lifetimes: { authorization: 700 } })
    const { tokens } = await getTokens(simulator)
    passTime(500)
    const { body } = await refresh(simulator, tokens.refresh_token)
    expect(body.refresh_token_expires_in).toBeLessThanOrEqual(200)
    passTime(201)
    expect((await refresh(simulator, body.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('goes on when the SSO session is too old', async () => {
    const simulator = await start({ refreshTokens: true, lifetimes: { ssoIdle: 100 } })
    const { tokens } = await getTokens(simulator)
    passTime(500)
    expect((await refresh(simulator, tokens.refresh_token)).status).toBe(200)
  })

  it('is refused with a used token, which ends the new one too', async () => {
    const simulator = await start({ refreshTokens: true })
    const { tokens } = await getTokens(simulator)
    const { body } = await refresh(simulator, tokens.refresh_token)
    expect((await refresh(simulator, tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(simulator, body.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('is refused for another client', async () => {
    const simulator = await start({ refreshTokens: true })
    const { tokens } = await getTokens(simulator)
    const { body } = await refresh(simulator, tokens.refresh_token, otherClientId)
    expect(body.error).toBe('invalid_grant')
  })
})

describe('revocation', () => {
  const revoke = (simulator: Simulator, token: string, client_id = clientId) =>
    post(simulator, '/token/revoke', { token, client_id })

  it('ends the access token and the other tokens of the same grant', async () => {
    const simulator = await start({ refreshTokens: true })
    const { tokens } = await getTokens(simulator)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(200)
    expect(await revoke(simulator, tokens.access_token)).toMatchObject({
      status: 200,
      body: undefined,
    })
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(401)
    const form = { grant_type: 'refresh_token', client_id: clientId }
    const refresh_token = tokens.refresh_token ?? ''
    const { body } = await post(simulator, '/token', { ...form, refresh_token })
    expect(body.error).toBe('invalid_grant')
  })

  it('of the refresh token ends the access token', async () => {
    const simulator = await start({ refreshTokens: true })
    const { tokens } = await getTokens(simulator)
    expect((await revoke(simulator, tokens.refresh_token ?? '')).status).toBe(200)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(401)
  })

  it('leaves the tokens of another authorization alone', async () => {
    const simulator = await start()
    const { tokens, browser } = await getTokens(simulator)
    const attempt = await beginLogin(simulator)
    const other = await finishLogin(attempt, (await browser.open(attempt.url)).left)
    await revoke(simulator, tokens.access_token)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(401)
    expect((await userinfo(simulator, other.access_token)).status).toBe(200)
  })

  it('leaves the SSO session alone', async () => {
    const simulator = await start()
    const { tokens, browser } = await getTokens(simulator)
    await revoke(simulator, tokens.access_token)
    const { url } = await beginLogin(simulator)
    expect((await browser.open(url)).left?.searchParams.get('code')).toMatch(/./)
  })

  it('answers 200 for a token that is unknown', async () => {
    const simulator = await start()
    const answers = await Promise.all(['x', 'e30.e30.e30'].map((token) => revoke(simulator, token)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  it('does nothing for another client, and is refused for an unknown one', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    await revoke(simulator, tokens.access_token, otherClientId)
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(200)
    expect((await revoke(simulator, tokens.access_token, 'nobody')).status).toBe(401)
  })

  it('is refused without a token', async () => {
    const { status, body } = await post(await start(), '/token/revoke', { client_id: clientId })
    expect([status, body.error]).toEqual([400, 'invalid_request'])
  })
})

describe('introspection', () => {
  it('is refused for a public client', async () => {
    const simulator = await start()
    const { tokens } = await getTokens(simulator)
    const form = { token: tokens.access_token, client_id: clientId }
    const { status, body } = await post(simulator, '/token/introspect', form)
    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })
})

describe('logout', () => {
  const back = 'http://127.0.0.1:40000/logged-out'

  async function logOut(
    method: 'GET' | 'POST',
    form: Record<string, string>,
    scope = 'openid profile',
  ) {
    const simulator = await start()
    const { tokens, browser } = await getTokens(simulator, { scope })
    const url = new URL(`${simulator.issuer}/logout`)
    const parameters = new URLSearchParams(form)
    if (form['id_token_hint'] === 'own') {
      parameters.set('id_token_hint', tokens.id_token ?? '')
    }
    if (method === 'GET') {
      url.search = parameters.toString()
    }
    const init = method === 'GET' ? {} : { method, body: parameters }
    const visit = await browser.open(url, init)
    const session = async () =>
      (await browser.open((await beginLogin(simulator)).url)).left !== undefined
    return { simulator, tokens, visit, session, browser }
  }

  it.each(['GET', 'POST'] as const)(
    'by %s ends the session and goes back with state',
    async (method) => {
      const form = { id_token_hint: 'own', post_logout_redirect_uri: back, state: 'a b' }
      const { visit, session } = await logOut(method, form)
      expect(visit.left?.href).toBe(`${back}?state=a+b`)
      expect(await session()).toBe(false)
    },
  )

  it('goes back with client_id in place of a hint', async () => {
    const form = { client_id: clientId, post_logout_redirect_uri: back }
    expect((await logOut('GET', form)).visit.left?.href).toBe(back)
  })

  it('without a hint or client_id ends the session, and does not go back', async () => {
    const { visit, session } = await logOut('GET', { post_logout_redirect_uri: back })
    expect([visit.left, visit.status]).toEqual([undefined, 200])
    expect(visit.html).toContain('Du er logget ut')
    expect(visit.html).toContain('Dette er en simulator')
    expect(await session()).toBe(false)
  })

  it.each([
    ['an address that is not registered', { post_logout_redirect_uri: 'http://127.0.0.1:1/x' }],
    ['a hint that is not ours', { id_token_hint: 'e30.e30.e30' }],
    ['a client that does not fit the hint', { client_id: otherClientId, id_token_hint: 'own' }],
    ['an unknown client', { client_id: 'nobody' }],
  ])('with %s is an error page, and the session lives', async (_, change) => {
    const { visit, session } = await logOut('GET', { client_id: clientId, ...change })
    expect([visit.left, visit.status]).toEqual([undefined, 400])
    expect(visit.html).toContain('Dette er en simulator')
    expect(await session()).toBe(true)
  })

  it('without a session is an error page that does not go back', async () => {
    const form = { id_token_hint: 'own', post_logout_redirect_uri: back }
    const { tokens, visit, simulator } = await logOut('GET', form)
    expect(visit.left?.href).toBe(back)
    const url = new URL(`${simulator.issuer}/logout`)
    url.search = new URLSearchParams({
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: back,
    }).toString()
    const again = await new TestBrowser().open(url)
    expect([again.left, again.status]).toEqual([undefined, 400])
  })

  it('takes an ID token that has expired', async () => {
    const simulator = await start()
    const { tokens, browser } = await getTokens(simulator)
    passTime(600)
    const url = `${simulator.issuer}/logout?id_token_hint=${tokens.id_token}&post_logout_redirect_uri=${back}`
    expect((await browser.open(url)).left?.href).toBe(back)
  })

  it('ends tokens with only openid and profile', async () => {
    const { simulator, tokens } = await logOut('GET', { client_id: clientId })
    expect((await userinfo(simulator, tokens.access_token)).status).toBe(401)
  })

  it('leaves the tokens of another browser alone', async () => {
    const simulator = await start()
    const [one, other] = [await getTokens(simulator), await getTokens(simulator)]
    await one.browser.open(`${simulator.issuer}/logout?client_id=${clientId}`)
    expect((await userinfo(simulator, one.tokens.access_token)).status).toBe(401)
    expect((await userinfo(simulator, other.tokens.access_token)).status).toBe(200)
  })

  it('leaves tokens with the scope of a third party alive', async () => {
    const scope = `openid ${consentScope}`
    const { simulator, tokens } = await logOut('GET', { client_id: clientId }, scope)
    expect((await callApi(simulator.apis.person, tokens.access_token)).status).toBe(200)
  })
})

describe('lifetimes', () => {
  it('are those that are asked for', async () => {
    const lifetimes = { idToken: 60, accessToken: 30, refreshToken: 90, code: 5, par: 7 }
    const simulator = await start({ lifetimes, refreshTokens: true })
    const { tokens } = await getTokens(simulator)
    const { exp, iat } = decodeJwt(tokens.id_token ?? '')
    expect(Number(exp) - Number(iat)).toBe(60)
    expect(tokens).toMatchObject({ expires_in: 30, refresh_token_expires_in: 90 })
    const { attempt } = await getCode(simulator)
    const challenge = createHash('sha256').update(attempt.verifier).digest('base64url')
    expect(attempt.url.searchParams.get('code_challenge')).toBe(challenge)
    const pushed = await post(
      simulator,
      '/par',
      Object.fromEntries(attempt.url.searchParams.entries()),
    )
    expect([pushed.status, pushed.body.expires_in]).toEqual([201, 7])
  })
})
