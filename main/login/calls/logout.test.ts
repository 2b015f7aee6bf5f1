import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  createMailbox,
  createTestClock,
  failureOf,
  navigate,
  texts,
} from '../../../test/support/login.ts'
import { Secret } from '../base/secret.ts'
import { LoginError } from '../errors.ts'
import type { Provider } from '../provider/metadata.ts'
import type { Login } from '../tokens/result.ts'
import { type LogoutOptions, logOutInBrowser } from './logout.ts'
import { issuer, policy, provider as plain } from '../../../test/support/provider.ts'

const endpoint = `${issuer}/logout`
const provider: Provider = { ...plain, end_session_endpoint: endpoint }
const loginOf = (idToken = 'the-id-token-of-the-login', at: Provider = provider): Login => ({
  provider: at,
  policy,
  claims: { sub: 'subject' },
  accessTokenClaims: null,
  checks: [],
  idToken: new Secret(idToken),
  accessToken: new Secret('the-access-token'),
  accessTokenLife: null,
  refreshToken: null,
  refreshTokenLife: null,
  scope: [],
  proofKey: null,
  nonce: new Secret('the-nonce'),
})

function begin(options: Partial<LogoutOptions> = {}, login = loginOf()) {
  const clock = createTestClock()
  const opened = createMailbox<string>()
  const told: string[] = []
  const logout = logOutInBrowser(login, {
    texts,
    clock,
    openBrowser: (address) => opened.put(address),
    onOpened: () => told.push('opened'),
    onStartReused: () => told.push('reused'),
    onRejected: (reason) => told.push(reason),
    peer: async () => 'ours',
    ...options,
  })
  logout.catch(() => {})
  return { clock, opened, told, logout }
}
const fieldsOf = (html: string) =>
  Object.fromEntries(
    Array.from(html.matchAll(/name="([^"]+)" value="([^"]*)"/g), ([, name, value]) => [
      name,
      value,
    ]),
  )
const back = 'http://127.0.0.1:0/out'

describe('a logout in the browser', () => {
  it('with a way back is done when the browser comes back with the state, and not before', async () => {
    const { opened, told, logout } = begin({ postLogoutRedirectUri: back })
    const start = await opened.next()
    const form = await navigate(start)
    expect(form.body).toContain(`action="${endpoint}"`)
    const { state, post_logout_redirect_uri: uri = '', ...fields } = fieldsOf(form.body)
    expect(fields).toEqual({ client_id: 'client', id_token_hint: 'the-id-token-of-the-login' })
    expect(uri).toBe(new URL('/out', start).href)
    expect((await navigate(`${uri}?state=another`)).status).toBe(400)
    const last = navigate(`${uri}?state=${state}`)
    expect(await logout).toBe('done')
    const { headers } = await last
    expect((await navigate(new URL(String(headers.location), start))).body).toContain(
      'logged-out title </h1>',
    )
    expect(told).toEqual(['opened', 'state'])
  })

  it.each([
    ['an address of its owner', 'https://owner.test/out'],
    ['a port of its own', 'http://127.0.0.1:4711/out'],
  ])('with %s to go on to is over when the form has been handed over', async (_, uri) => {
    const { clock, opened, logout } = begin({ postLogoutRedirectUri: uri })
    const start = await opened.next()
    expect(fieldsOf((await navigate(start)).body)['post_logout_redirect_uri']).toBe(uri)
    expect((await navigate(new URL('/out', start))).status).toBe(404)
    await clock.timer(1000)
    clock.advance(1000)
    expect(await logout).toBe('opened')
  })

  it('without a way back and an ID token names the client alone', async () => {
    const { clock, opened, logout } = begin({}, loginOf(''))
    const start = await opened.next()
    expect(fieldsOf((await navigate(start)).body)).toEqual({ client_id: 'client' })
    expect((await navigate(new URL('/logged-out', start))).status).toBe(400)
    await clock.timer(1000)
    clock.advance(1000)
    expect(await logout).toBe('opened')
  })

  it('goes a second way without the token when the browser does not come back', async () => {
    const { clock, opened, logout } = begin({ postLogoutRedirectUri: back })
    const form = fieldsOf((await navigate(await opened.next())).body)
    await clock.timer(8000)
    clock.advance(8000)
    const second = await navigate(await opened.next())
    const { origin, pathname, searchParams } = new URL(String(second.headers.location))
    expect(`${origin}${pathname}`).toBe(endpoint)
    const { id_token_hint: _, ...fields } = form
    expect(Object.fromEntries(searchParams)).toEqual(fields)
    await clock.timer(60_000)
    clock.advance(60_000)
    expect(await logout).toBe('opened')
  })

  it('fails when no browser comes, and leaves no port', async () => {
    const { clock, opened, told, logout } = begin()
    const start = await opened.next()
    await clock.timer(60_000)
    clock.advance(60_000)
    expect([await logout, told]).toEqual(['failed', []])
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    expect(clock.timers()).toEqual([])
  })

  it('fails without a browser where the provider has no page for it', async () => {
    const { end_session_endpoint: _, ...without } = provider
    const openBrowser = () => expect.fail('opened')
    const { logout } = begin({ openBrowser }, loginOf('x', without))
    expect(await logout).toBe('failed')
  })

  it('waits in a hurry only until the form has been handed over, and then for the last page', async () => {
    const hurry = Promise.withResolvers<void>()
    const { clock, opened, logout } = begin({
      postLogoutRedirectUri: back,
      hurry: hurry.promise,
    })
    const start = await opened.next()
    await navigate(start)
    await clock.timer(8000)
    hurry.resolve()
    await clock.timer(1000)
    clock.advance(1000)
    expect(await logout).toBe('opened')
    // Waited for the port as well: it is free by now.
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
  })

  /** A logout in a hurry whose browser has come back, and is on its way to the last page. */
  const onTheWayInAHurry = async () => {
    const ended = new AbortController()
    const { opened, logout } = begin({
      postLogoutRedirectUri: back,
      hurry: Promise.resolve(),
      signal: ended.signal,
    })
    const start = await opened.next()
    const { state, post_logout_redirect_uri: uri } = fieldsOf((await navigate(start)).body)
    let over = false
    void logout.finally(() => (over = true))
    const { headers } = await navigate(`${uri}?state=${state}`)
    const lastPage = new URL(String(headers.location), start)
    return { logout, lastPage, ended, isOver: () => over }
  }

  it('is in a hurry not over before the browser has the last page', async () => {
    const { logout, lastPage, isOver } = await onTheWayInAHurry()
    expect(isOver()).toBe(false)
    expect((await navigate(lastPage)).body).toContain('logged-out title')
    expect(await logout).toBe('done')
  })

  it('stays done when it is given up while it waits for that', async () => {
    const { logout, lastPage, ended } = await onTheWayInAHurry()
    ended.abort(new Error('a login has taken over'))
    expect(await logout).toBe('done')
    expect((await navigate(lastPage)).status).toBe(200)
  })

  it('sets no timer any more when it was over before the browser was opened again, or the hurry began', async () => {
    const hurry = Promise.withResolvers<void>()
    const opening = Promise.withResolvers<void>()
    const addresses = createMailbox<string>()
    let openings = 0
    const { clock, logout } = begin({
      postLogoutRedirectUri: back,
      hurry: hurry.promise,
      openBrowser: async (address) => {
        addresses.put(address)
        openings += 1
        if (openings === 2) await opening.promise
      },
    })
    const start = await addresses.next()
    const { state, post_logout_redirect_uri: uri } = fieldsOf((await navigate(start)).body)
    await clock.timer(8000)
    clock.advance(8000)
    await addresses.next()
    const last = await navigate(`${uri}?state=${state}`)
    expect(await logout).toBe('done')
    opening.resolve()
    hurry.resolve()
    await navigate(new URL(String(last.headers.location), start))
    expect(clock.timers()).toEqual([])
  })

  it('refuses another user of the computer, who does not get the form', async () => {
    const { clock, opened, told, logout } = begin({ peer: async () => 'other' })
    const refused = await navigate(await opened.next())
    expect([refused.status, refused.body.includes('the-id-token')]).toEqual([403, false])
    clock.advance(60_000)
    expect([await logout, told]).toEqual(['failed', ['other user']])
  })

  it('needs nothing but a browser: nobody has to be told, and its pages have words', async () => {
    const { clock, opened, logout } = begin({
      texts: undefined,
      onOpened: undefined,
      onStartReused: undefined,
      onRejected: undefined,
      peer: undefined,
    })
    const start = await opened.next()
    expect((await navigate(start)).body).toContain('<h1>Logger deg ut</h1>')
    expect((await navigate(start)).status).toBe(410)
    expect((await navigate(new URL('/other', start))).status).toBe(404)
    await clock.timer(1000)
    clock.advance(1000)
    expect(await logout).toBe('opened')
  })
})

describe('a logout that cannot go on', () => {
  it('rejects with the reason when it is given up, also before it began', async () => {
    const reason = new Error('a login has taken over')
    const ended = new AbortController()
    const { opened, logout, clock } = begin({ signal: ended.signal })
    const start = await opened.next()
    ended.abort(reason)
    await expect(logout).rejects.toBe(reason)
    await expect(navigate(start)).rejects.toThrow('ECONNREFUSED')
    expect(clock.timers()).toEqual([])
    expect(getEventListeners(ended.signal, 'abort')).toEqual([])
    const before = begin({ signal: AbortSignal.abort(reason), openBrowser: () => expect.fail() })
    await expect(before.logout).rejects.toBe(reason)
  })

  it('names a browser that does not open, and an address that is none', async () => {
    const failing = begin({ openBrowser: async () => await Promise.reject(new Error('no')) })
    expect((await failureOf(failing.logout, LoginError)).code).toBe('E_BROWSER_OPEN')
    const wrong = begin({ postLogoutRedirectUri: 'out' })
    expect((await failureOf(wrong.logout, LoginError)).detail).toEqual({
      key: 'postLogoutRedirectUri',
      reason: 'is no address',
    })
  })
})
