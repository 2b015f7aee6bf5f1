import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ScenarioName } from '../scenarios/index.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator } from '../simulator.ts'
import { beginLogin } from '../../test/support/browser.ts'
import { getTokens } from '../../test/support/client.ts'

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(() => simulator.play(null))

const back = 'http://127.0.0.1:40000/logged-out'
// What Chromium sends with a form, or a link, of a page at another port of 127.0.0.1.
const fromOtherPort = { 'sec-fetch-site': 'same-site' }
const typed = { 'sec-fetch-site': 'none' }

/** Logs in and out while a scenario plays. */
async function logOut(
  scenario: ScenarioName,
  method: 'GET' | 'POST' = 'GET',
  headers: Record<string, string> = {},
) {
  simulator.play(scenario)
  const { tokens, browser } = await getTokens(simulator)
  const form = new URLSearchParams({
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: back,
    state: 'abc',
  })
  const url = new URL(`${simulator.issuer}/logout`)
  if (method === 'GET') {
    url.search = form.toString()
  }
  const init = method === 'GET' ? {} : { method, body: form }
  const visit = await browser.open(url, { ...init, headers })
  const session = (await browser.open((await beginLogin(simulator)).url)).left !== undefined
  return { visit, session }
}

describe('a logout', () => {
  it.each([
    ['logout-other-state', `${back}?state=abc_INVALID`],
    ['logout-without-state', back],
  ] as const)('goes back with another state than it should: %s', async (name, expected) => {
    const { visit, session } = await logOut(name)
    expect([visit.left?.href, session]).toEqual([expected, false])
  })

  it.each([
    ['logout-no-return', 'Du er logget ut'],
    ['logout-saml-breaks-chain', 'stoppet hos en annen tjeneste'],
  ] as const)('ends the session and does not go back: %s', async (name, expected) => {
    const { visit, session } = await logOut(name)
    expect([visit.left, visit.status, session]).toEqual([undefined, 200, false])
    expect(visit.html).toContain(expected)
    expect(visit.html).toContain('Dette er en simulator')
  })

  it('finds no session: logout-session-gone', async () => {
    const { visit } = await logOut('logout-session-gone')
    expect([visit.left, visit.status]).toEqual([undefined, 400])
  })
})

describe('the cookie of a logout from a page of another origin', () => {
  it.each([
    ['logout-cookie-lax', 'POST', fromOtherPort, false],
    ['logout-cookie-lax', 'POST', { origin: 'null' }, false],
    ['logout-cookie-lax', 'POST', { origin: 'http://127.0.0.1:1' }, false],
    ['logout-cookie-lax', 'GET', fromOtherPort, true],
    ['logout-cookie-strict', 'POST', fromOtherPort, false],
    ['logout-cookie-strict', 'GET', fromOtherPort, false],
    ['logout-cookie-strict', 'GET', typed, true],
    ['normal', 'POST', fromOtherPort, true],
  ] as const)('%s, %s with %j: sent is %s', async (name, method, headers, sent) => {
    const { visit, session } = await logOut(name, method, headers)
    expect([visit.left !== undefined, session]).toEqual([sent, !sent])
    expect(visit.status).toBe(sent ? 302 : 400)
  })
})
