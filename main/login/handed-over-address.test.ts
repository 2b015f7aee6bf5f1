/**
 * Somebody is talked into handing over the address that the browser ended on, which for a loopback login can
 * hold the code. docs/threat-model.md says what that is worth; these tests show it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { arrive, logInAt, navigate, tryPort, waitForBrowser } from '../../test/support/login.ts'
import { codeForm, getCode, post } from '../../test/support/client.ts'
import { generateRandomCodeVerifier } from 'oauth4webapi'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** What whoever has the address of a callback sends for tokens, with a verifier of their own or none. */
async function spendElsewhere(callback: URL, more: Readonly<Record<string, string>>) {
  const { status, body } = await post(simulator, '/token', {
    grant_type: 'authorization_code',
    client_id: simulator.profile.clientId,
    code: callback.searchParams.get('code') ?? '',
    redirect_uri: `${callback.origin}${callback.pathname}`,
    ...more,
  })
  return [status, body.error]
}

describe('the address of a login of this app', () => {
  it.each([
    ['no verifier', () => ({})],
    ['another verifier', () => ({ code_verifier: generateRandomCodeVerifier() })],
  ])('brings nobody tokens with %s, although its code has not been used', async (_, verifierOf) => {
    const login = await waitForBrowser(simulator)
    const callback = await logInAt(login.start)
    expect(callback.searchParams.get('code')).toMatch(/\S/)
    expect(await spendElsewhere(callback, verifierOf())).toEqual([400, 'invalid_grant'])
    login.cancel()
    await login.result
  })

  it('is clean as soon as the app has it, and leads nowhere once the login has ended', async () => {
    const login = await waitForBrowser(simulator)
    const callback = await logInAt(login.start)
    const clean = await navigate(callback)
    expect(clean.headers.location).toMatch(/^\/[\w-]{32}$/)
    await navigate(new URL(clean.headers.location ?? '', callback))
    expect(await login.result).not.toBeNull()
    await expect.poll(() => tryPort(login.port)).toBe('ECONNREFUSED')
  })
})

it('the address of a login that somebody else has begun is refused by the login here, which uses no code of it and goes on', async () => {
  const login = await waitForBrowser(simulator)
  // Whoever makes the request chooses where it leads to, and can guess the port.
  const { attempt, left } = await getCode(simulator, { redirect_uri: login.redirectUri.href })
  if (left === undefined) throw new Error('the provider kept the browser')
  expect((await navigate(left)).status).toBe(400)
  expect([login.rejections(), login.tokenRequests()]).toEqual([['state'], []])

  // Handed over, it is worth a login to whoever has begun it: they have the verifier, and no app is asked.
  const elsewhere = await post(simulator, '/token', codeForm(attempt, left))
  expect([elsewhere.status, Object.keys(elsewhere.body)]).toEqual([
    200,
    expect.arrayContaining(['id_token']),
  ])

  await arrive(await logInAt(login.start))
  expect(await login.result).not.toBeNull()
})
