import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { personWithoutPid, persons } from './persons.ts'
import { clientId } from './clients.ts'
import { consentScope } from './scopes.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator } from './simulator.ts'
import { TestBrowser, beginLogin, finishLogin } from '../test/support/browser.ts'
import { getCode, post, refreshForm } from '../test/support/client.ts'

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())

const [first, second] = persons
const asked = (...roles: readonly string[]) =>
  JSON.stringify([{ type: 'idporten:fullmakt', permission_roles: roles }])
const represented = {
  type: 'idporten:fullmakt',
  authorizer: { name: second?.label.toUpperCase(), pid: second?.pid },
  authorized_representative: { name: first?.label.toUpperCase(), pid: first?.pid },
  permissions: [{ owner: 'nav', role: 'arbeid' }],
}

/** Logs in as far as the page where a person chooses whom to act for. */
async function choose(parameters: Record<string, string>, browser = new TestBrowser()) {
  const attempt = await beginLogin(simulator, parameters)
  const page = await browser.open(attempt.url)
  const known = page.html.includes('data-action="login"')
  return { attempt, browser, page: known ? await browser.press(page, 'login') : page }
}

describe('a login on behalf of somebody', () => {
  it('says so in the token response, the ID token and the access token, also after a refresh', async () => {
    const { attempt, browser, page } = await choose({ authorization_details: asked('arbeid') })
    expect(page.html).toContain('Velg hvem du vil representere')
    const { left } = await browser.press(page, 'consent', { represent: second?.pid ?? '' })
    const tokens = await finishLogin(attempt, left)
    const next = await post(simulator, '/token', refreshForm(tokens.refresh_token))
    for (const { authorization_details: details, id_token, access_token } of [tokens, next.body]) {
      const told = [decodeJwt(String(id_token)), decodeJwt(String(access_token))]
      expect([details, ...told.map((claims) => claims['authorization_details'])]).toEqual([
        [represented],
        [represented],
        [represented],
      ])
      expect(told.map((claims) => claims['pid'])).toEqual([first?.pid, first?.pid])
    }
  })

  it('has an empty array when the person chooses to act for nobody', async () => {
    const { attempt, browser, page } = await choose({ authorization_details: asked('arbeid') })
    const { left } = await browser.press(page, 'consent')
    const tokens = await finishLogin(attempt, left)
    expect(tokens['authorization_details']).toEqual([])
    expect(decodeJwt(tokens.id_token ?? '')['authorization_details']).toEqual([])
  })

  it('has no such member when it was not asked for', async () => {
    const { attempt, left } = await getCode(simulator)
    const tokens = await finishLogin(attempt, left)
    expect(tokens).not.toHaveProperty('authorization_details')
    expect(decodeJwt(tokens.access_token)).not.toHaveProperty('authorization_details')
  })

  it('shows the choice each time, in the same session', async () => {
    const { browser, page } = await choose({ authorization_details: asked('arbeid') })
    await browser.press(page, 'consent')
    const again = await choose({ authorization_details: asked('arbeid') }, browser)
    expect(again.page.html).toContain('name="represent"')
  })

  it('offers those who gave one of the roles, with these roles alone', async () => {
    const { page } = await choose({ authorization_details: asked('bostoette', 'skatt') })
    const choices = [...page.html.matchAll(/name="represent" value="(\d+)"/g)]
    expect(choices).toHaveLength(2)
    expect(page.html).not.toContain('arbeid')
  })

  it('asks for a scope on the same page', async () => {
    const { attempt, browser, page } = await choose({
      authorization_details: asked('arbeid'),
      scope: `openid ${consentScope}`,
    })
    const { left } = await browser.press(page, 'refuse', { represent: second?.pid ?? '' })
    const tokens = await finishLogin(attempt, left)
    expect(tokens).toMatchObject({ scope: 'openid', authorization_details: [represented] })
  })

  it('keeps the scopes that were agreed to before', async () => {
    const scope = `openid ${consentScope}`
    const { browser, page } = await choose({ scope })
    await browser.press(page, 'consent')
    const again = await choose({ scope, authorization_details: asked('arbeid') }, browser)
    expect(again.page.html).not.toContain(consentScope)
    const { left } = await browser.press(again.page, 'consent')
    expect((await finishLogin(again.attempt, left)).scope).toBe(scope)
  })

  it('can be pushed', async () => {
    const attempt = await beginLogin(simulator, { authorization_details: asked('arbeid') })
    const pushed = await post(simulator, '/par', new URLSearchParams(attempt.url.searchParams))
    const url = new URL(`${simulator.issuer}/authorize`)
    url.search = new URLSearchParams({
      client_id: clientId,
      request_uri: pushed.body.request_uri,
    }).toString()
    const browser = new TestBrowser()
    const page = await browser.press(await browser.open(url), 'login')
    const { left } = await browser.press(page, 'consent', { represent: second?.pid ?? '' })
    expect((await finishLogin(attempt, left))['authorization_details']).toEqual([represented])
  })

  it('ends on a page, with no way back, for a person who may act for nobody', async () => {
    const browser = new TestBrowser()
    const { url } = await beginLogin(simulator, { authorization_details: asked('arbeid') })
    const pid = personWithoutPid.pid
    const visit = await browser.press(await browser.open(url), 'login', { pid })
    expect([visit.left, visit.status]).toEqual([undefined, 403])
  })

  it('can be cancelled', async () => {
    const { browser, page } = await choose({ authorization_details: asked('arbeid') })
    const { left } = await browser.press(page, 'cancel')
    expect(left?.searchParams.get('error')).toBe('access_denied')
  })

  it('is chosen by nobody without a page', async () => {
    const { attempt, left } = await getCode(simulator, { authorization_details: asked('arbeid') })
    expect((await finishLogin(attempt, left))['authorization_details']).toEqual([])
    const silent = await beginLogin(simulator, {
      authorization_details: asked('arbeid'),
      prompt: 'none',
    })
    const { browser } = await getCode(simulator)
    const refused = await browser.open(silent.url)
    expect(refused.left?.searchParams.get('error')).toBe('interaction_required')
  })
})

describe('authorization_details that are wrong', () => {
  it.each([
    ['another type', '[{"type":"ansattporten:altinn:service","permission_roles":["arbeid"]}]'],
    ['no roles', '[{"type":"idporten:fullmakt"}]'],
    ['empty roles', asked()],
    ['roles that are no texts', '[{"type":"idporten:fullmakt","permission_roles":[1]}]'],
    ['an object', '{"type":"idporten:fullmakt"}'],
    ['no JSON', 'idporten:fullmakt'],
  ])('are sent back: %s', async (_, authorization_details) => {
    const { url } = await beginLogin(simulator, { authorization_details })
    const { left } = await new TestBrowser().open(url)
    expect(left?.searchParams.get('error')).toBe('invalid_authorization_details')
    const pushed = await post(simulator, '/par', new URLSearchParams(url.searchParams))
    expect([pushed.status, pushed.body.error]).toEqual([400, 'invalid_authorization_details'])
  })
})
