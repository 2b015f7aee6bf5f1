import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import {
  arrive,
  createMailbox,
  failureOf,
  logInAt,
  navigate,
  requestsTo,
} from '../../test/support/login.ts'
import { isLoginError, LoginError, startLogin } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

const least = () => ({ issuer: simulator.issuer, clientId: simulator.profile.clientId })

it('a login with nothing but issuer, client and browser asks for what the docs say', async () => {
  const opened = createMailbox<string>()
  const since = simulator.journal.length
  const login = startLogin({ ...least(), openBrowser: (address) => opened.put(address) })
  const page = await arrive(await logInAt(await opened.next()))
  const result = await login.result
  expect(result?.claims['iss']).toBe(simulator.issuer)
  expect(page.body).toContain('<html lang="nb">')
  expect(page.body).toContain('<title>Du er logget inn</title>')
  const asked = requestsTo(simulator, '/par', since)[0]?.form
  expect(Object.fromEntries(asked ?? [])).toMatchObject({
    scope: 'openid profile',
    acr_values: 'idporten-loa-substantial',
    ui_locales: 'nb',
    redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
  })
  expect(
    ['prompt', 'resource', 'authorization_details', 'dpop_jkt'].filter((name) => asked?.has(name)),
  ).toEqual([])
})

it('a failed login tells its reference on the page, also without words of the caller', async () => {
  const opened = createMailbox<string>()
  const login = startLogin({ ...least(), openBrowser: (address) => opened.put(address) })
  const callback = await logInAt(await opened.next())
  callback.searchParams.set('iss', 'https://elsewhere.example')
  const page = await arrive(callback)
  expect((await failureOf(login.result, LoginError)).code).toBe('E_CALLBACK_ISSUER')
  expect(page.body).toContain(login.reference)
})

it.each([
  [
    'throws',
    () => {
      throw new Error('no browser here')
    },
  ],
  ['rejects', async () => await Promise.reject(new Error('no browser here'))],
])('a browser that does not open, because the function %s, is named', async (_, openBrowser) => {
  const error = await failureOf(startLogin({ ...least(), openBrowser }).result, LoginError)
  expect(error.code).toBe('E_BROWSER_OPEN')
  expect(error.cause).toMatchObject({ message: 'no browser here' })
})

it('a function of the caller that throws ends the login by its result, and nothing else', async () => {
  const opened = createMailbox<string>()
  const login = startLogin({
    ...least(),
    openBrowser: (address) => opened.put(address),
    onEvent: ({ type }) => {
      if (type === 'browser-arrived') throw new Error('of the caller')
    },
  })
  await navigate(await opened.next())
  const error = await failureOf(login.result, LoginError)
  expect([error.code, error.message]).toEqual(['E_UNEXPECTED', 'of the caller'])
})

it('an issuer that is no address is named', async () => {
  const login = startLogin({ ...least(), issuer: 'idporten.no', openBrowser: () => {} })
  const error = await failureOf(login.result, LoginError)
  expect([error.code, error.detail]).toEqual([
    'E_PROVIDER_METADATA',
    { key: 'issuer', reason: 'is no address' },
  ])
})

it('a login that may take for ever waits, and can be cancelled', async () => {
  const opened = createMailbox<string>()
  const openBrowser = (address: string): void => opened.put(address)
  const login = startLogin({ ...least(), loginTimeout: Number.POSITIVE_INFINITY, openBrowser })
  await navigate(await opened.next())
  login.cancel()
  expect(await login.result).toBeNull()
})

it('an error is a login error when it has its mark and one of its codes, and nothing else is', () => {
  const error = new LoginError('E_LOGIN_DENIED', 'x')
  const ofAnotherCopy = Object.assign(new Error('x'), {
    [Symbol.for('idporten-login.LoginError')]: true,
    code: 'E_LOGIN_DENIED',
  })
  expect([error, ofAnotherCopy].map(isLoginError)).toEqual([true, true])
  const others = [
    null,
    new Error('x'),
    Object.assign(new Error('x'), { code: 'E_LOGIN_DENIED' }),
    new LoginError<string>('E_OTHER', 'x'),
    { code: 'E_LOGIN_DENIED', [Symbol.for('idporten-login.LoginError')]: true },
  ]
  expect(others.map(isLoginError)).toEqual(others.map(() => false))
})
