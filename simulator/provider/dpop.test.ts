import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clientId } from '../clients.ts'
import { plainScope } from '../scopes.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator } from '../simulator.ts'
import { TestBrowser, beginLogin, finishLogin } from '../../test/support/browser.ts'
import {
  callApi,
  codeForm,
  createProver,
  getCode,
  post,
  refreshForm,
} from '../../test/support/client.ts'

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(() => simulator.play(null))

type Prover = Awaited<ReturnType<typeof createProver>>

/** Sends a form to the token endpoint, or to another one, with a proof. */
async function send(
  { proof }: Prover,
  form: Record<string, string>,
  claims: Record<string, unknown> = {},
  path = '/token',
) {
  const dpop = await proof({ htm: 'POST', htu: `${simulator.issuer}${path}`, ...claims })
  return post(simulator, path, form, { dpop })
}

async function newCode(parameters: Record<string, string> = {}) {
  const { attempt, left } = await getCode(simulator, parameters)
  return codeForm(attempt, left)
}

describe('a proof at the token endpoint', () => {
  it('binds the access token and the refresh token', async () => {
    const prover = await createProver()
    const { body } = await send(prover, await newCode())
    expect(body.token_type).toBe('DPoP')
    const { jkt } = Object(decodeJwt(body.access_token)['cnf'])
    const next = await send(prover, refreshForm(body.refresh_token))
    expect(next.body.token_type).toBe('DPoP')
    expect(Object(decodeJwt(next.body.access_token)['cnf']).jkt).toBe(jkt)
    expect(next.body.refresh_token).not.toBe(body.refresh_token)
  })

  it.each([
    ['for another address', { htu: 'https://idporten.example/token' }],
    ['for another method', { htm: 'GET' }],
    ['of two minutes ago', { iat: Math.floor(Date.now() / 1000) - 120 }],
    ['without jti', { jti: '' }],
  ])('that is %s is refused, and the code can still be used', async (_, claims) => {
    const prover = await createProver()
    const form = await newCode()
    const { status, body } = await send(prover, form, claims)
    expect([status, body.error]).toEqual([400, 'invalid_dpop_proof'])
    expect((await send(prover, form)).status).toBe(200)
  })

  it('that is no JWT is refused', async () => {
    const { body } = await post(simulator, '/token', await newCode(), { dpop: 'x' })
    expect(body.error).toBe('invalid_dpop_proof')
  })

  it('of the key that the authorization request named is needed', async () => {
    const [mine, other] = [await createProver(), await createProver()]
    const first = await send(mine, await newCode())
    const { jkt } = Object(decodeJwt(first.body.access_token)['cnf'])
    const form = await newCode({ dpop_jkt: jkt })
    expect((await send(other, form)).body.error).toBe('invalid_grant')
    expect((await post(simulator, '/token', form)).body.error).toBe('invalid_grant')
    expect((await send(mine, form)).status).toBe(200)
  })

  it('of the key that pushed the request is needed', async () => {
    const [mine, other] = [await createProver(), await createProver()]
    const attempt = await beginLogin(simulator)
    const pushed = await send(mine, Object.fromEntries(attempt.url.searchParams), {}, '/par')
    expect(pushed.status).toBe(201)
    const url = new URL(`${simulator.issuer}/authorize`)
    url.search = new URLSearchParams({
      client_id: clientId,
      request_uri: pushed.body.request_uri,
    }).toString()
    const browser = new TestBrowser()
    const { left } = await browser.press(await browser.open(url), 'login')
    const form = codeForm(attempt, left)
    expect((await send(other, form)).body.error).toBe('invalid_grant')
    expect((await send(mine, form)).status).toBe(200)
  })

  it('that is wrong in a pushed request is refused', async () => {
    const { url } = await beginLogin(simulator)
    const form = Object.fromEntries(url.searchParams)
    const { body } = await send(await createProver(), form, { htm: 'GET' }, '/par')
    expect(body.error).toBe('invalid_dpop_proof')
  })
})

describe('a refresh token that is bound', () => {
  it('is refused for another key and without a key, and then works for its own', async () => {
    const [mine, other] = [await createProver(), await createProver()]
    const { body } = await send(mine, await newCode())
    const form = refreshForm(body.refresh_token)
    expect((await send(other, form)).body.error).toBe('invalid_grant')
    expect((await post(simulator, '/token', form)).body.error).toBe('invalid_grant')
    expect((await send(mine, form)).status).toBe(200)
  })

  it('is not bound later, when the login was not', async () => {
    const { body } = await post(simulator, '/token', await newCode())
    const next = await send(await createProver(), refreshForm(body.refresh_token))
    expect(next.body.token_type).toBe('DPoP')
    const last = await post(simulator, '/token', refreshForm(next.body.refresh_token))
    expect([last.status, last.body.token_type]).toEqual([200, 'Bearer'])
  })
})

describe('nonces at the token endpoint', () => {
  it('are asked for with 400, and then the same code works: dpop-nonce-required', async () => {
    simulator.play('dpop-nonce-required')
    const prover = await createProver()
    const form = await newCode()
    const first = await send(prover, form)
    expect([first.status, first.body.error]).toEqual([400, 'use_dpop_nonce'])
    const nonce = first.headers.get('dpop-nonce')
    const second = await send(prover, form, { nonce })
    expect(second.status).toBe(200)
    const next = second.headers.get('dpop-nonce')
    const refresh = refreshForm(second.body.refresh_token)
    expect((await send(prover, refresh, { nonce: next })).status).toBe(200)
  })

  it.each(['dpop-nonce-required', 'dpop-nonce-newest'] as const)(
    'suffice for a client that tries once more, with each nonce it gets: %s',
    async (name) => {
      simulator.play(name)
      const { attempt, left } = await getCode(simulator, { scope: `openid ${plainScope}` })
      const keys = await oauth.generateKeyPair('ES256')
      const DPoP = oauth.DPoP(attempt.client, keys)
      const refused = await finishLogin(attempt, left, { DPoP }).catch((error: unknown) => error)
      expect(oauth.isDPoPNonceError(refused)).toBe(true)
      const { access_token: token } = await finishLogin(attempt, left, { DPoP })
      const call = () =>
        oauth.protectedResourceRequest(
          token,
          'GET',
          new URL(simulator.apis.echo),
          undefined,
          undefined,
          { DPoP, [oauth.allowInsecureRequests]: true },
        )
      expect((await call()).status).toBe(200)
      expect((await call()).status).toBe(200)
    },
  )

  it('are not asked for from a client without proofs', async () => {
    simulator.play('dpop-nonce-required')
    expect((await post(simulator, '/token', await newCode())).status).toBe(200)
  })
})

describe('a provider that ignores proofs', () => {
  it('gives tokens that are bound to nothing: dpop-answered-with-bearer', async () => {
    simulator.play('dpop-answered-with-bearer')
    const scope = `openid ${plainScope}`
    const { body } = await send(await createProver(), await newCode({ scope }))
    expect(body.token_type).toBe('Bearer')
    expect(decodeJwt(body.access_token)).not.toHaveProperty('cnf')
    expect((await callApi(simulator.apis.echo, body.access_token)).status).toBe(200)
  })
})
