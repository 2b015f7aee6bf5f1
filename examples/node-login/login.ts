/** A login from the command line. `ISSUER` and `CLIENT_ID` name the provider and the client. */
import process from 'node:process'
import { isLoginError, startLogin } from 'idporten-login'
import { openBrowser } from './open-browser.ts'

const login = startLogin({
  issuer: process.env['ISSUER'] ?? 'https://test.idporten.no',
  clientId: process.env['CLIENT_ID'] ?? 'your-client-id',
  openBrowser,
  onEvent: (event) => {
    if (event.type === 'waiting') console.error('Log in in your browser. Ctrl-C cancels.')
    if (event.type === 'hint') void tellLink()
  },
})
process.once('SIGINT', () => login.cancel())

/** The browser may not have opened, or not the one that the person wants. */
async function tellLink(): Promise<void> {
  const link = await login.link()
  if (link !== null) console.error(`Or open this address in a browser on this computer: ${link}`)
}

try {
  const result = await login.result
  if (result === null) console.log('Cancelled')
  else {
    console.log(`Signed in at ${String(result.claims['acr'])}, checked by:`)
    for (const { rule, result: outcome } of result.checks) console.log(`  ${outcome} ${rule}`)
  }
} catch (error) {
  if (!isLoginError(error)) throw error
  console.error(`Not signed in: ${error.code} (reference ${login.reference})`)
  if (error.detail !== null) console.error(`${error.detail.key}: ${error.detail.reason}`)
  process.exitCode = 1
}
