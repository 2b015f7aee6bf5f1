import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/support/login.ts'
import { plainLogin } from '../../test/support/plain-login.ts'
import { issuer } from '../../test/support/provider.ts'
import { Secret } from '../login/base/secret.ts'
import type { Login } from '../login/index.ts'
import { parseProfile } from './profile.ts'
import { createSession, toSignedIn } from './session.ts'

const profile = parseProfile(
  JSON.stringify({
    name: 'Test',
    issuer,
    clientId: 'client',
    scope: 'openid profile',
    apis: [
      { name: 'both', url: 'https://api.test', scope: 'api:read api:write' },
      { name: 'one', url: 'https://api.test', scope: 'api:read' },
    ],
  }),
  'command-line',
)
const clock = createTestClock()
clock.advance(5000)
const about = { id: 1, profile, clock }
const refreshToken = new Secret('the-refresh-token')

describe('what the state says of a login', () => {
  it('names the scopes that were refused, and grants an API that got all of its own', () => {
    const { refusedScopes, apis } = toSignedIn(
      { ...plainLogin, scope: ['openid', 'api:read'] },
      about,
      null,
    )
    expect(refusedScopes).toEqual(['profile', 'api:write'])
    expect(apis).toEqual([
      { name: 'both', granted: false, running: false, answer: null, failure: null },
      { name: 'one', granted: true, running: false, answer: null, failure: null },
    ])
  })

  it.each<readonly [string, Partial<Login>, number | null]>([
    ['no end without a refresh token', { refreshTokenLife: 60 }, null],
    ['the end of its refresh token', { refreshToken, refreshTokenLife: 60 }, 65_000],
    ['no end that is known', { refreshToken }, Number.POSITIVE_INFINITY],
  ])('has for a silent renewal %s', (_, change, end) => {
    expect(toSignedIn({ ...plainLogin, ...change }, about, null).refreshableUntil).toBe(end)
  })

  it('has the end of its access token, and none that the provider did not say', () => {
    const endOf = (accessTokenLife: number | null) =>
      toSignedIn({ ...plainLogin, accessTokenLife }, about, null).accessTokenEndsAt
    expect([endOf(120), endOf(null)]).toEqual([125_000, null])
  })

  it('keeps over a renewal what is not of the tokens, and no problem', () => {
    const first = { ...toSignedIn(plainLogin, about, null), endsAt: 1 }
    const [both, one] = first.apis
    if (both === undefined || one === undefined) throw new Error('no APIs')
    const before = {
      ...first,
      userinfo: { name: 'n' },
      remembered: 'kept',
      apis: [{ ...both, running: true }, one],
    } as const
    const next = toSignedIn({ ...plainLogin, scope: ['openid', 'api:read'] }, about, before)
    expect(next).toMatchObject({ userinfo: { name: 'n' }, remembered: 'kept', problem: null })
    expect(next.apis.map(({ running, granted }) => [running, granted])).toEqual([
      [true, false],
      [false, true],
    ])
  })
})

it('a session has the tokens of its last renewal, and the end of the last refresh token', () => {
  const session = createSession({
    ...about,
    login: { ...plainLogin, refreshToken, refreshTokenLife: 60 },
    ended: new AbortController().signal,
    lastActivity: () => 0,
  })
  expect(session.refreshTokenEndsAt).toBe(65_000)
  const next = new Secret('the-next-refresh-token')
  session.replaceRefreshToken(next, 90)
  expect([session.login.refreshToken, session.refreshTokenEndsAt]).toEqual([next, 95_000])
  session.replaceRefreshToken(refreshToken, null)
  expect([session.login.refreshToken, session.refreshTokenEndsAt]).toEqual([refreshToken, null])
  const renewed = { ...plainLogin, refreshToken: next, refreshTokenLife: 30 }
  session.replaceLogin(renewed)
  expect([session.login, session.refreshTokenEndsAt]).toEqual([renewed, 35_000])
})
