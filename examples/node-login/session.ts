/**
 * A session: a login, the call of an API, a renewal, and the sign-out. `ISSUER` and `CLIENT_ID` name the provider
 * and the client, `API` and `SCOPE` the API and the scope that it wants.
 */
import process from 'node:process'
import {
  callApi,
  createProviderCache,
  isLoginError,
  type Login,
  logOutInBrowser,
  outlivesLogout,
  renew,
  revokeTokens,
  startLogin,
  systemClock,
} from 'idporten-login'
import { openBrowser } from './open-browser.ts'

const providerCache = createProviderCache(systemClock)
const options = {
  issuer: process.env['ISSUER'] ?? 'https://test.idporten.no',
  clientId: process.env['CLIENT_ID'] ?? 'your-client-id',
  scope: `openid profile ${process.env['SCOPE'] ?? ''}`.trim(),
  openBrowser,
  providerCache,
}

/** New tokens for the same person: without a word where there is a refresh token, else through the browser. */
async function renewed(login: Login): Promise<Login | null> {
  return login.refreshToken === null
    ? await startLogin({ ...options, renews: login }).result
    : await renew(login, { providerCache })
}

async function run(): Promise<void> {
  const login = await startLogin(options).result
  if (login === null) return
  console.log(`Signed in, with ${login.scope.join(' and ')}`)

  const url = process.env['API']
  if (url !== undefined) {
    const answer = await callApi(login, { url, method: 'GET' })
    console.log(`The API answered ${answer.httpStatus} in ${Math.round(answer.tookMs)} ms`)
  }

  const next = await renewed(login)
  if (next === null) return
  console.log(`Renewed, for ${next.accessTokenLife ?? 'some'} seconds`)

  // Tokens of third parties' scopes outlive the logout at ID-porten.
  if (outlivesLogout(next)) await revokeTokens(next)
  console.log(`Signed out: the browser was ${await logOutInBrowser(next, { openBrowser })}`)
}

try {
  await run()
} catch (error) {
  if (!isLoginError(error)) throw error
  console.error(`Ended: ${error.code}, ${error.message}`)
  process.exitCode = 1
}
