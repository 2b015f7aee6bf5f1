// The main process owns the login; the window sends three intents and shows one line.
import { fileURLToPath } from 'node:url'
import { app, BrowserWindow, ipcMain, net, shell } from 'electron'
import { createProviderCache, isLoginError, startLogin, systemClock } from 'idporten-login'

const page = new URL('index.html', import.meta.url)
const providerCache = createProviderCache(systemClock)
/** @type {import('idporten-login').LoginAttempt | null} */
let attempt = null

/** @returns {Promise<string>} what the window shows */
async function signIn() {
  attempt = startLogin({
    issuer: process.env['ISSUER'] ?? 'https://test.idporten.no',
    clientId: process.env['CLIENT_ID'] ?? 'your-client-id',
    openBrowser: (address) => shell.openExternal(address),
    fetch: (url, init) => net.fetch(url, init),
    providerCache,
  })
  try {
    const login = await attempt.result
    return login === null ? 'Cancelled' : `Signed in at ${String(login.claims['acr'])}`
  } catch (error) {
    if (!isLoginError(error)) throw error
    return `Not signed in: ${error.code} (reference ${attempt.reference})`
  } finally {
    attempt = null
    BrowserWindow.getAllWindows()[0]?.show()
  }
}

/** @param {string} intent @param {() => unknown} act */
const handle = (intent, act) => {
  ipcMain.handle(intent, (event) => {
    // Nothing but our own page has an intent.
    if (event.senderFrame?.url !== page.href) throw new Error('unknown sender')
    return act()
  })
}
handle('sign-in', signIn)
// A browser that cannot be opened again is no news: the first may be open, and the time goes on.
handle('reopen', () => attempt?.reopen().catch(() => {}))
handle('cancel', () => attempt?.cancel())

app.on('web-contents-created', (_event, contents) => {
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
})
app.on('window-all-closed', () => app.quit())
app.on('before-quit', () => attempt?.cancel())
const preload = fileURLToPath(new URL('preload.cjs', import.meta.url))
async function openWindow() {
  await app.whenReady()
  const window = new BrowserWindow({ width: 480, height: 240, webPreferences: { preload } })
  await window.loadURL(page.href)
}
// Not awaited: Electron is ready only after this file has run to its end.
void openWindow()
