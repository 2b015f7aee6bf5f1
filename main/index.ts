import { app, clipboard, powerMonitor } from 'electron'
import { translator } from '../assets/locales/index.ts'
import { type Language, languages } from '../preload/contract.ts'
import { toAppError } from './errors.ts'
import { sendSnapshot, serveIntents } from './ipc.ts'
import { registerAppScheme } from './platform/app-protocol.ts'
import { openBrowser } from './platform/browser.ts'
import { callbackTexts } from './platform/callback-texts.ts'
import { guardWebContents } from './platform/guards.ts'
import { createSessionFetch } from './platform/http.ts'
import { createLog } from './platform/log.ts'
import { setMenu } from './platform/menu.ts'
import { denyPermissions } from './platform/permissions.ts'
import { findProfile } from './platform/profile-location.ts'
import { createSystemCipher } from './platform/safe-storage.ts'
import { openSettings } from './platform/settings.ts'
import { bringToFront, openWindow, watchInput } from './platform/window.ts'
import { createController } from './session/controller.ts'
import { openLogoutRecord } from './session/logout-record.ts'
import { createVault } from './session/vault/vault.ts'
import { systemClock } from './login/index.ts'

app.enableSandbox()
registerAppScheme()

const log = createLog(app.getPath('logs'))
process.on('uncaughtException', (error) => log('uncaught exception', { error }))
process.on('unhandledRejection', (error) => log('unhandled rejection', { error }))

if (app.requestSingleInstanceLock()) {
  guardWebContents(log)
  denyPermissions()
  app.on('window-all-closed', () => app.quit())
  // Not awaited at top level: an ES module would never get to `ready`.
  void app.whenReady().then(boot)
} else {
  app.quit()
}

/** Milliseconds that the end of the app may take. */
const quitLimit = 3000

async function boot(): Promise<void> {
  setMenu()
  const settings = openSettings(app.getPath('userData'), (error) => log('settings', { error }))
  const language = chooseLanguage(settings.current.language)
  const profile = await findProfile().catch(toAppError)
  const t = translator(language)
  const crash = { title: t('window.crashed.title'), text: t('window.crashed.text') }
  const window = openWindow({ title: t('app.name'), crash }, settings, log)
  const controller = createController({
    profile,
    language,
    clock: systemClock,
    fetch: createSessionFetch(),
    vault: createVault({
      folder: app.getPath('userData'),
      cipher: createSystemCipher(),
      clock: systemClock,
      onError: (error) => log('vault', { error }),
    }),
    logoutRecord: openLogoutRecord(app.getPath('userData'), (error) =>
      log('logout record', { error }),
    ),
    texts: callbackTexts,
    openBrowser,
    copy: async (text) => await clipboard.writeText(text),
    onOutcome: () => bringToFront(window),
    onSnapshot: (snapshot) => sendSnapshot(window, snapshot, log),
    onLanguage: (chosen) => settings.save({ language: chosen }),
    log,
  })
  serveIntents(window, controller, log)
  watchInput(window, controller.input)
  powerMonitor.on('suspend', controller.suspended)
  powerMonitor.on('resume', controller.resumed)
  powerMonitor.on('lock-screen', controller.suspended)
  powerMonitor.on('unlock-screen', controller.resumed)
  let ending = false
  let startsAgain = false
  // What a second start was given is never read: it only shows the first.
  app.on('second-instance', () => {
    // The window is gone already, and that start has ended: whoever wants the app gets a new one.
    if (!ending) bringToFront(window)
    else if (!startsAgain) app.relaunch()
    startsAgain ||= ending
  })
  app.on('will-quit', (event) => {
    if (ending) return
    ending = true
    // What is being written or forgotten gets to its end, within limits.
    event.preventDefault()
    const patience = new Promise((resolve) => setTimeout(resolve, quitLimit))
    void Promise.race([controller.close(), patience]).finally(() => app.exit())
  })
}

/** The language of this run: asked for, else chosen before, else the system's, else bokmål. */
function chooseLanguage(remembered: Language | undefined): Language {
  const asked = app.commandLine.getSwitchValue('lang')
  const system = app.getPreferredSystemLanguages().map((tag) => tag.split('-')[0] ?? '')
  const wanted = [asked, remembered, ...system.map((tag) => (tag === 'no' ? 'nb' : tag))]
  return wanted.find(isLanguage) ?? 'nb'
}

function isLanguage(tag: string | undefined): tag is Language {
  return languages.some((language) => language === tag)
}
