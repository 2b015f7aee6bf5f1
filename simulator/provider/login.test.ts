import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { lowLevelPerson, persons, personWithoutNames, personWithoutPid } from '../persons.ts'
import { otherClientId } from '../clients.ts'
import { languageCookie } from './language.ts'
import { consentScope, plainScope } from '../scopes.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator } from '../simulator.ts'
import {
  TestBrowser,
  beginLogin,
  checkedOn,
  finishLogin,
  insecure,
} from '../../test/support/browser.ts'

const [first, second] = persons
const [low, substantial, high] = ['low', 'substantial', 'high'].map((l) => `idporten-loa-${l}`)
const firstPid = first?.pid ?? ''
const secondPid = second?.pid ?? ''

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(() => {
  vi.useRealTimers()
})

/** Moves the clock that the simulator reads, which runs in this process. */
function passTime(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

const begin = (parameters?: Parameters<typeof beginLogin>[1]) => beginLogin(simulator, parameters)

async function open(parameters?: Parameters<typeof beginLogin>[1], browser = new TestBrowser()) {
  const attempt = await begin(parameters)
  return { attempt, browser, page: await browser.open(attempt.url) }
}

/** Logs in by pressing the button, and gives the claims of the ID token. */
async function logIn(
  parameters?: Parameters<typeof beginLogin>[1],
  chosen?: Record<string, string>,
  browser = new TestBrowser(),
) {
  const { attempt, page } = await open(parameters, browser)
  const visit = await browser.press(page, 'login', chosen)
  const tokens = await finishLogin(attempt, visit.left)
  return { tokens, claims: decodeJwt(tokens.id_token ?? ''), browser, visit }
}

/** Sends an authorization request that must be answered without a page. */
async function silently(parameters: Parameters<typeof beginLogin>[1], browser: TestBrowser) {
  const { attempt, page } = await open(parameters, browser)
  const tokens = await finishLogin(attempt, page.left)
  return { tokens, claims: decodeJwt(tokens.id_token ?? ''), page }
}

const errorOf = (url: URL | undefined) => url?.searchParams.get('error')

describe('the authorization response', () => {
  it('has code, state and iss, and comes with 302 for a GET', async () => {
    const { attempt, page } = await open({ login_hint: `testid:${firstPid}_${high}` })
    expect(page.status).toBe(302)
    expect(page.left?.origin + '' + page.left?.pathname).toBe(attempt.redirectUri)
    expect(Object.fromEntries(page.left?.searchParams ?? [])).toEqual({
      code: expect.stringMatching(/./),
      state: attempt.state,
      iss: simulator.issuer,
    })
  })

  it('has iss, state and a description also for an error', async () => {
    const { attempt, page } = await open({ prompt: 'none' })
    expect(Object.fromEntries(page.left?.searchParams ?? [])).toEqual({
      error: 'login_required',
      error_description: expect.stringMatching(/./),
      state: attempt.state,
      iss: simulator.issuer,
    })
  })

  it.each(['query.jwt', 'form_post.jwt'])('is a signed JWT with %s', async (response_mode) => {
    const { attempt, page } = await open({
      response_mode,
      login_hint: `testid:${firstPid}_${high}`,
    })
    const jwt =
      page.left?.searchParams.get('response') ??
      /name="response" value="([^"]+)"/.exec(page.html)?.[1] ??
      ''
    const parameters = new URLSearchParams({ response: jwt })
    const checked = await oauth.validateJwtAuthResponse(
      attempt.server,
      attempt.client,
      parameters,
      attempt.state,
      insecure,
    )
    expect(checked.get('code')).toMatch(/./)
  })

  it('is a form that posts itself with form_post, and the page says it is a simulator', async () => {
    const { attempt, page } = await open({
      response_mode: 'form_post',
      login_hint: `testid:${firstPid}_${high}`,
    })
    expect(page.html).toContain(`action="${attempt.redirectUri}"`)
    expect(page.html).toContain(`name="iss" value="${simulator.issuer}"`)
    expect(page.html).toContain('Dette er en simulator')
    expect(page.headers.get('content-security-policy') ?? '').not.toContain('form-action')
  })

  it.each(['fragment', 'fragment.jwt', 'jwt', 'web_message'])(
    'is refused with %s, which ID-porten does not offer',
    async (response_mode) => {
      const { page } = await open({ response_mode, login_hint: `testid:${firstPid}_${high}` })
      expect(errorOf(page.left)).toBe('unsupported_response_mode')
    },
  )
})

describe('a redirect URI', () => {
  it.each([1024, 35_432, 65_535])('is accepted with port %i', async (port) => {
    const { page } = await open({ redirect_uri: `http://127.0.0.1:${port}/callback` })
    expect(page.status).toBe(200)
  })

  it.each([
    'http://127.0.0.1:35432/other',
    'http://127.0.0.1:35432/callback/',
    'http://127.0.0.1:35432/callback?a=b',
    'http://localhost:35432/callback',
    'http://[::1]:35432/callback',
    'https://127.0.0.1:35432/callback',
    'http://127.0.0.2:35432/callback',
    'http://127.0.0.1.example.no/callback',
    'min.app:/callback',
  ])('is refused on an error page without redirect: %s', async (redirect_uri) => {
    const { page } = await open({ redirect_uri })
    expect(page.left).toBeUndefined()
    expect(page.status).toBe(400)
    expect(page.html).toContain('invalid_redirect_uri')
    expect(page.html).toContain('Dette er en simulator')
  })

  it('is refused on an error page when it is missing', async () => {
    const { page } = await open({ redirect_uri: undefined })
    expect([page.left, page.status]).toEqual([undefined, 400])
  })
})

describe('a client', () => {
  it('gets a login page when it is known', async () => {
    const { page } = await open({ client_id: otherClientId })
    expect(page.status).toBe(200)
  })

  it.each(['nobody', undefined])('gets an error page without redirect as %s', async (client_id) => {
    const { page } = await open({ client_id })
    expect(page.left).toBeUndefined()
    expect(page.status).toBe(400)
    expect(page.html).toContain('Dette er en simulator')
  })

  it('sees another sub for the same person than another client sees', async () => {
    const login_hint = `testid:${firstPid}_${high}`
    const one = await silently({ login_hint }, new TestBrowser())
    const again = await silently({ login_hint }, new TestBrowser())
    const other = await silently({ login_hint, client_id: otherClientId }, new TestBrowser())
    expect(one.claims.sub).toBe(again.claims.sub)
    expect(one.claims.sub).not.toBe(other.claims.sub)
    expect(one.claims['pid']).toBe(other.claims['pid'])
    expect(one.claims.sub).not.toContain(firstPid)
  })
})

describe('an authorization request', () => {
  it('is sent back without state', async () => {
    const { page } = await open({ state: undefined })
    expect(errorOf(page.left)).toBe('invalid_request')
    expect(page.left?.searchParams.get('error_description')).toContain('state')
  })

  it('is sent back without PKCE', async () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    expect(errorOf((await open(none)).page.left)).toBe('invalid_request')
  })

  it('is sent back with another PKCE method than S256, or none named', async () => {
    const plain = await open({ code_challenge_method: 'plain' })
    const unnamed = await open({ code_challenge_method: undefined })
    expect(errorOf(plain.page.left)).toBe('invalid_request')
    expect(errorOf(unnamed.page.left)).toBe('invalid_request')
  })

  it('is sent back with a padded challenge', async () => {
    const { attempt } = await open()
    const code_challenge = `${attempt.url.searchParams.get('code_challenge')}=`
    expect(errorOf((await open({ code_challenge })).page.left)).toBe('invalid_request')
  })

  it.each(['token', 'id_token', 'code id_token', 'none'])(
    'is sent back in the query with response_type=%s',
    async (response_type) => {
      const { page } = await open({ response_type })
      expect([errorOf(page.left), page.left?.hash]).toEqual(['unsupported_response_type', ''])
    },
  )

  it('is sent back with a scope that is not registered', async () => {
    const { page } = await open({ scope: 'openid skatteetaten:skattemelding' })
    expect(errorOf(page.left)).toBe('invalid_scope')
  })

  it('is sent back with an unsupported prompt', async () => {
    expect(errorOf((await open({ prompt: 'select_account' })).page.left)).toBe('invalid_request')
  })

  it('is sent back with a request object', async () => {
    const { page } = await open({ request: 'e30.e30.' })
    expect(errorOf(page.left)).toBe('request_not_supported')
  })

  it('is sent back with a resource that is not a URI', async () => {
    expect(errorOf((await open({ resource: 'api' })).page.left)).toBe('invalid_target')
  })

  it('gets a login page when nothing is wrong with it', async () => {
    const { page } = await open({ resource: 'https://api.example.no/', scope: 'openid profile' })
    expect([page.left, page.status]).toEqual([undefined, 200])
  })
})

describe('the login page', () => {
  it('is Norwegian, says it is a simulator and lists the persons with name and number', async () => {
    const { page } = await open()
    expect(page.html).toContain('<html lang="nb">')
    expect(page.html).toContain('Dette er en simulator, ikke ID-porten')
    expect(page.html).toContain('<meta name="viewport" content="width=device-width')
    for (const person of persons) {
      expect(page.html).toContain(`name="pid" value="${person.pid}"`)
      expect(page.html).toContain(person.label)
    }
  })

  it('forbids everything but its own style, and does not restrict where forms lead', async () => {
    const { page } = await open()
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('form-action')
    expect(page.html).not.toMatch(/<script|src=|https?:\/\//)
  })

  it.each([
    [undefined, substantial],
    [low, low],
    [high, high],
    [`${high} ${substantial}`, substantial],
  ])('has the level chosen that %s asks for', async (acr_values, chosen) => {
    const { page } = await open({ acr_values })
    expect(checkedOn(page.html)).toEqual({ pid: firstPid, acr: chosen })
    for (const acr of [low, substantial, high]) {
      expect(page.html).toContain(`name="acr" value="${acr}"`)
    }
  })

  it('logs in the chosen person at the chosen level', async () => {
    const { claims, visit } = await logIn(undefined, { pid: secondPid, acr: high ?? '' })
    expect(claims).toMatchObject({ pid: secondPid, acr: high, given_name: second?.givenName })
    expect(visit.hops[0]?.status).toBe(303)
  })

  it('does not log in below the level asked for, and says so', async () => {
    const { page, browser } = await open({ acr_values: high })
    const refused = await browser.press(page, 'login', { acr: substantial ?? '' })
    expect([refused.left, refused.status]).toEqual([undefined, 400])
    expect(refused.html).toContain('Tjenesten krever et høyere sikkerhetsnivå')
    const accepted = await browser.press(refused, 'login')
    expect(accepted.left?.searchParams.get('code')).toMatch(/./)
  })

  it('does not log in somebody who is not on the list, or at a level that is not', async () => {
    const { page, browser } = await open()
    const nobody = await browser.press(page, 'login', { pid: '21879498012' })
    const nothing = await browser.press(page, 'login', { acr: 'eidas-loa-high' })
    expect([nobody.status, nothing.status]).toEqual([400, 400])
    expect(nobody.html).toContain('role="alert"')
  })

  it('sends access_denied, iss and state to the client when the person cancels', async () => {
    const { attempt, page, browser } = await open()
    const { left } = await browser.press(page, 'cancel')
    expect(Object.fromEntries(left?.searchParams ?? [])).toEqual({
      error: 'access_denied',
      error_description: expect.stringMatching(/./),
      state: attempt.state,
      iss: simulator.issuer,
    })
  })

  it('is not shown to another browser than the one that began', async () => {
    const { page, browser } = await open()
    const other = await new TestBrowser().open(page.url)
    expect(other.status).toBe(400)
    expect(other.html).toContain('Ugyldig eller utløpt sesjon')
    expect((await browser.open(page.url)).status).toBe(200)
  })
})

describe('the level of a login', () => {
  it('labels the person whose level is too low as a fault test', async () => {
    const { page } = await open()
    const label = page.html.split('<label>').find((part) => part.includes(lowLevelPerson.pid))
    expect(label).toContain('Gir for lavt nivå (feiltest)')
    expect(page.html.split('Gir for lavt nivå (feiltest)')).toHaveLength(2)
  })

  it.each([
    [high, substantial],
    [substantial, low],
  ])('is below %s for that person', async (acr_values, acr) => {
    const { claims, tokens } = await logIn({ acr_values }, { pid: lowLevelPerson.pid })
    expect(claims['acr']).toBe(acr)
    expect(decodeJwt(tokens.access_token)['acr']).toBe(acr)
  })

  it('is what was asked for as eIDAS when only that is asked for', async () => {
    const { claims } = await logIn({ acr_values: 'eidas-loa-high' })
    expect(claims['acr']).toBe('eidas-loa-high')
  })
})

describe('a person', () => {
  it('without names has none in the ID token', async () => {
    const { claims } = await logIn(undefined, { pid: personWithoutNames.pid })
    expect(claims['pid']).toBe(personWithoutNames.pid)
    expect(Object.keys(claims).filter((name) => name.endsWith('_name'))).toEqual([])
  })

  it('without pid has none in any token', async () => {
    const { claims, tokens } = await logIn(undefined, { pid: personWithoutPid.pid })
    expect(claims).not.toHaveProperty('pid')
    expect(claims['given_name']).toBe(personWithoutPid.givenName)
    expect(decodeJwt(tokens.access_token)).not.toHaveProperty('pid')
    expect(JSON.stringify([claims, decodeJwt(tokens.access_token)])).not.toContain(
      personWithoutPid.pid,
    )
  })
})

describe('single sign-on', () => {
  it('answers a second request without a page, with the time of the first login', async () => {
    const { browser, claims } = await logIn()
    passTime(60)
    const again = await silently({}, browser)
    expect(again.claims['auth_time']).toBe(claims['auth_time'])
    expect(again.claims.iat).toBeGreaterThanOrEqual(Number(claims.iat) + 60)
  })

  it('answers another client without a page', async () => {
    const { browser } = await logIn()
    await expect(silently({ client_id: otherClientId }, browser)).resolves.toBeDefined()
  })

  it('gives the level of the session when less is asked for', async () => {
    const { browser } = await logIn({ acr_values: high })
    const { claims } = await silently({ acr_values: substantial }, browser)
    expect(claims['acr']).toBe(high)
  })

  it('does not answer for a browser without the session', async () => {
    await logIn()
    expect((await open()).page.left).toBeUndefined()
  })

  it('does not answer a request for a higher level: the person steps up', async () => {
    const { browser } = await logIn({ acr_values: substantial })
    const { page, attempt } = await open({ acr_values: high }, browser)
    expect([page.left, page.status]).toEqual([undefined, 200])
    const visit = await browser.press(page, 'login')
    const tokens = await finishLogin(attempt, visit.left)
    expect(decodeJwt(tokens.id_token ?? '')['acr']).toBe(high)
    await expect(silently({ acr_values: high }, browser)).resolves.toBeDefined()
  })

  it('lives through 29 idle minutes, and not through 31', async () => {
    const { browser } = await logIn()
    passTime(29 * 60)
    await silently({}, browser)
    passTime(29 * 60)
    await silently({}, browser)
    passTime(31 * 60)
    expect((await open({}, browser)).page.left).toBeUndefined()
  })

  it('does not live longer than 120 minutes, however much it is used', async () => {
    const { browser } = await logIn()
    for (let minutes = 0; minutes < 100; minutes += 25) {
      passTime(25 * 60)
      // Each request keeps the session from being idle.
      // oxlint-disable-next-line no-await-in-loop
      await silently({}, browser)
    }
    passTime(19 * 60)
    await silently({}, browser)
    passTime(2 * 60)
    expect((await open({}, browser)).page.left).toBeUndefined()
  })

  it('changes person when another logs in', async () => {
    const { browser } = await logIn()
    const { claims } = await logIn({ prompt: 'login' }, { pid: secondPid }, browser)
    expect(claims['pid']).toBe(secondPid)
    expect((await silently({}, browser)).claims['pid']).toBe(secondPid)
  })
})

describe('prompt', () => {
  it('login asks again in spite of the session, and gives a new auth_time', async () => {
    const { browser, claims } = await logIn()
    passTime(10)
    const again = await logIn({ prompt: 'login' }, undefined, browser)
    expect(again.claims['auth_time']).toBeGreaterThan(Number(claims['auth_time']))
  })

  it('none answers with a session, and with login_required without one', async () => {
    const { browser } = await logIn()
    await expect(silently({ prompt: 'none' }, browser)).resolves.toBeDefined()
    expect(errorOf((await open({ prompt: 'none' })).page.left)).toBe('login_required')
  })

  it('none gets login_required for a higher level than the session has', async () => {
    const { browser } = await logIn({ acr_values: substantial })
    const { page } = await open({ prompt: 'none', acr_values: high }, browser)
    expect(errorOf(page.left)).toBe('login_required')
  })

  it('none gets consent_required for a scope that needs consent', async () => {
    const { browser } = await logIn()
    const { page } = await open({ prompt: 'none', scope: `openid ${consentScope}` }, browser)
    expect(errorOf(page.left)).toBe('consent_required')
  })

  it('consent shows the consent page though consent was given', async () => {
    const scope = `openid ${consentScope}`
    const { page, browser } = await open({ scope })
    await browser.press(await browser.press(page, 'login'), 'consent')
    await silently({ scope }, browser)
    const again = await open({ scope, prompt: 'consent' }, browser)
    expect(again.page.html).toContain('data-action="consent"')
  })
})

describe('consent', () => {
  const scope = `openid profile ${consentScope} ${plainScope}`

  it('is asked for in Norwegian on a page of the simulator that names the scope', async () => {
    const { page, browser } = await open({ scope })
    const asked = await browser.press(page, 'login')
    expect(asked.html).toContain('Tjenesten ber om tilgang')
    expect(asked.html).toContain('Dette er en simulator')
    expect(asked.html).toContain(`<code>${consentScope}</code>`)
    expect(asked.html).not.toContain(plainScope)
  })

  it('gives the scope, and is not asked for again in the session', async () => {
    const { page, browser, attempt } = await open({ scope })
    const visit = await browser.press(await browser.press(page, 'login'), 'consent')
    const tokens = await finishLogin(attempt, visit.left)
    expect(tokens.scope?.split(' ').toSorted()).toEqual(scope.split(' ').toSorted())
    expect((await silently({ scope }, browser)).tokens.scope).toContain(consentScope)
  })

  it('leaves the scope out when refused, and the login succeeds', async () => {
    const { page, browser, attempt } = await open({ scope })
    const visit = await browser.press(await browser.press(page, 'login'), 'refuse')
    const tokens = await finishLogin(attempt, visit.left)
    const granted = ['openid', 'profile', plainScope]
    expect(tokens.scope?.split(' ')).toEqual(granted)
    expect(decodeJwt(tokens.access_token)['scope']).toBe(granted.join(' '))
    const again = await open({ scope }, browser)
    expect(again.page.html).toContain('data-action="refuse"')
  })

  it('can be withdrawn when it is asked for again', async () => {
    const { page, browser } = await open({ scope })
    await browser.press(await browser.press(page, 'login'), 'consent')
    const again = await open({ scope, prompt: 'consent' }, browser)
    const visit = await browser.press(again.page, 'refuse')
    expect((await finishLogin(again.attempt, visit.left)).scope).not.toContain(consentScope)
  })

  it('can be cancelled', async () => {
    const { page, browser } = await open({ scope })
    const visit = await browser.press(await browser.press(page, 'login'), 'cancel')
    expect(errorOf(visit.left)).toBe('access_denied')
  })

  it('is not asked for when no scope needs it', async () => {
    const { tokens } = await logIn({ scope: `openid ${plainScope}` })
    expect(tokens.scope).toBe(`openid ${plainScope}`)
  })
})

describe('the language', () => {
  it.each([
    [undefined, 'nb', 'Velg testperson'],
    ['nb', 'nb', 'Velg testperson'],
    ['nn', 'nn', 'Vel testperson'],
    ['en', 'en', 'Choose test person'],
    ['de en', 'en', 'Choose test person'],
    ['de', 'nb', 'Velg testperson'],
  ])('of ui_locales=%s is %s on the page and in the ID token', async (ui_locales, lang, text) => {
    const { page, browser, attempt } = await open({ ui_locales })
    expect(page.html).toContain(`<html lang="${lang}">`)
    expect(page.html).toContain(text)
    const tokens = await finishLogin(attempt, (await browser.press(page, 'login')).left)
    expect(decodeJwt(tokens.id_token ?? '')['locale']).toBe(lang)
  })

  it('of ui_locales=se is se in the ID token, with bokmål on the page', async () => {
    const { page, browser, attempt } = await open({ ui_locales: 'se' })
    expect(page.html).toContain('<html lang="nb">')
    const tokens = await finishLogin(attempt, (await browser.press(page, 'login')).left)
    expect(decodeJwt(tokens.id_token ?? '')['locale']).toBe('se')
  })

  it('of the cookie overrides ui_locales', async () => {
    const browser = new TestBrowser()
    browser.cookies.set(languageCookie, { value: 'en', path: '/' })
    expect((await open({ ui_locales: 'nn' }, browser)).page.html).toContain('<html lang="en">')
  })

  it('of a cookie that is no language does not', async () => {
    const browser = new TestBrowser()
    browser.cookies.set(languageCookie, { value: 'de', path: '/' })
    expect((await open({ ui_locales: 'nn' }, browser)).page.html).toContain('<html lang="nn">')
  })

  it('chosen on the page is kept in the cookie', async () => {
    const { page, browser } = await open({ ui_locales: 'nn' })
    const changed = await browser.open(new URL('?lang=en', page.url))
    expect(changed.html).toContain('<html lang="en">')
    expect(browser.cookies.get('IDPORTEN_SELECTED_LANGUAGE')?.value).toBe('en')
    expect((await open({ ui_locales: 'nn' }, browser)).page.html).toContain('<html lang="en">')
  })
})

describe('login_hint=testid', () => {
  it('answers at once, without cookies, with consent to every scope', async () => {
    const attempt = await begin({
      login_hint: `testid:${secondPid}_${high}`,
      acr_values: high,
      scope: `openid ${consentScope}`,
    })
    const response = await fetch(attempt.url, { redirect: 'manual' })
    expect(response.status).toBe(302)
    const tokens = await finishLogin(attempt, new URL(response.headers.get('location') ?? ''))
    expect(tokens.scope).toBe(`openid ${consentScope}`)
    const claims = decodeJwt(tokens.id_token ?? '')
    expect(claims).toMatchObject({ pid: secondPid, acr: high, amr: ['TestID'] })
  })

  it('answers at once also with prompt=login', async () => {
    const { page } = await open({ login_hint: `testid:${firstPid}_${high}`, prompt: 'login' })
    expect(page.left?.searchParams.get('code')).toMatch(/./)
  })

  it('gives the low level person a too low level', async () => {
    const login_hint = `testid:${lowLevelPerson.pid}_${high}`
    const { claims } = await silently({ login_hint, acr_values: high }, new TestBrowser())
    expect(claims['acr']).toBe(substantial)
  })

  it.each([
    'testid:21879498012_idporten-loa-high',
    `testid:${firstPid}_Level4`,
    `testid:${firstPid}`,
    `testid:${firstPid}_idporten-loa-low`,
    firstPid,
    'eidas:true',
  ])('is no login when it names no person or level that will do: %s', async (login_hint) => {
    const { page } = await open({ login_hint })
    expect([page.left, page.status]).toEqual([undefined, 200])
  })

  it('takes the place of the person in the session', async () => {
    const { browser } = await logIn()
    const { claims } = await silently({ login_hint: `testid:${secondPid}_${high}` }, browser)
    expect(claims['pid']).toBe(secondPid)
  })
})

describe('a pushed authorization request', () => {
  async function push(parameters?: Parameters<typeof beginLogin>[1]) {
    const attempt = await begin(parameters)
    const { server, client } = attempt
    const response = await oauth.pushedAuthorizationRequest(
      server,
      client,
      oauth.None(),
      attempt.url.searchParams,
      insecure,
    )
    const pushed = await oauth.processPushedAuthorizationResponse(server, client, response)
    const url = new URL(server.authorization_endpoint ?? '')
    url.search = new URLSearchParams({
      client_id: client.client_id,
      request_uri: pushed.request_uri,
    }).toString()
    return { attempt, pushed, url, response }
  }

  it('gets a urn:idporten: URI that lives for 120 seconds', async () => {
    const { pushed, response } = await push()
    expect(response.status).toBe(201)
    expect(pushed.request_uri).toMatch(/^urn:idporten:[\w-]{20,}$/)
    expect(pushed.expires_in).toBe(120)
  })

  it('is used with only client_id and request_uri', async () => {
    const { attempt, url } = await push()
    const browser = new TestBrowser()
    const visit = await browser.press(await browser.open(url), 'login')
    await expect(finishLogin(attempt, visit.left)).resolves.toBeDefined()
  })

  it('works after 119 seconds, and not after 121', async () => {
    const [early, late] = [await push(), await push()]
    passTime(119)
    expect((await new TestBrowser().open(early.url)).status).toBe(200)
    passTime(2)
    const visit = await new TestBrowser().open(late.url)
    expect(visit.left).toBeUndefined()
    expect(visit.status).toBe(400)
  })

  it('is not used twice', async () => {
    const login_hint = `testid:${firstPid}_${high}`
    const { url } = await push({ login_hint })
    expect((await new TestBrowser().open(url)).left?.searchParams.get('code')).toMatch(/./)
    const again = await new TestBrowser().open(url)
    expect([again.left, again.status]).toEqual([undefined, 400])
  })

  it('is not used under the name that oidc-provider has for it', async () => {
    const { url, pushed } = await push()
    const id = pushed.request_uri.slice('urn:idporten:'.length)
    url.searchParams.set('request_uri', `urn:ietf:params:oauth:request_uri:${id}`)
    expect((await new TestBrowser().open(url)).status).toBe(400)
    url.searchParams.set('request_uri', pushed.request_uri)
    expect((await new TestBrowser().open(url)).status).toBe(200)
  })

  it('is not used by another client', async () => {
    const { url } = await push()
    url.searchParams.set('client_id', otherClientId)
    expect((await new TestBrowser().open(url)).status).toBe(400)
  })

  it.each([
    ['state', 'invalid_request'],
    ['code_challenge', 'invalid_request'],
  ])('is refused without %s', async (name, code) => {
    await expect(push({ [name]: undefined })).rejects.toMatchObject({ error: code, status: 400 })
  })

  it('is refused with a scope that is not registered', async () => {
    await expect(push({ scope: 'openid x' })).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  it('is refused from an unknown client', async () => {
    await expect(push({ client_id: 'nobody' })).rejects.toMatchObject({ status: 401 })
  })
})
