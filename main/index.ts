import { once } from 'node:events'
import path from 'node:path'
import { app, type BrowserWindow, clipboard, dialog, powerMonitor } from 'electron'
import { mainTranslator } from '../assets/locales/index.ts'
import { type Language, languages } from '../preload/contract.ts'
import { answerCommandLine, exitCodes } from './command-line.ts'
import { toAppError } from './errors.ts'
import { sendSnapshot, serveIntents } from './ipc.ts'
import { registerAppScheme } from './platform/app-protocol.ts'
import { openBrowser } from './platform/browser.ts'
import { chooseProfile } from './platform/choose-profile.ts'
import { callbackTexts } from './platform/callback-texts.ts'
import { examine } from './platform/doctor.ts'
import { guardWebContents } from './platform/guards.ts'
import { createSessionFetch } from './platform/http.ts'
import { createLog, type Log } from './platform/log.ts'
import { setMenu } from './platform/menu.ts'
import { denyPermissions } from './platform/permissions.ts'
import { checkProfile } from './platform/machine-profile.ts'
import { runPowerShell } from './platform/power-shell.ts'
import { findProfile } from './platform/profile-location.ts'
import { createSystemCipher } from './platform/safe-storage.ts'
import { saveFile } from './platform/save-file.ts'
import { openSettings } from './platform/settings.ts'
import { findObstacle } from './platform/surroundings.ts'
import { createUpdates, type Updates, whyNoUpdates } from './platform/updates/updates.ts'
import { bringToFront, openWindow, watchInput } from './platform/window.ts'
import { createController } from './session/controller.ts'
import { openLogoutRecord } from './session/logout-record.ts'
import { createVault } from './session/vault/vault.ts'
import { systemClock } from './login/index.ts'

/** Milliseconds that the session may take to end before the app does, or a newer version is installed. */
const quitLimit = 3000

app.enableSandbox()
registerAppScheme()

const version = `${app.getVersion()} (Electron ${process.versions.electron})`
const args = process.argv.slice(app.isPackaged ? 1 : 2)
const answered = await answerCommandLine(args, {
  version,
  checkProfile,
  print: (line) => process.stdout.write(`${line}\n`),
  complain,
})
const dataFolder = findDataFolder()
// What is answered needs neither a display nor a folder, so none is looked for or made.
const obstacle = answered === null ? findObstacle(dataFolder, process.platform, process.env) : null
if (answered !== null) {
  app.exit(answered)
} else if (obstacle === 'display') {
  complain('There is no display to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set.')
  app.exit(exitCodes.noDisplay)
} else if (obstacle === 'data folder') {
  complain(`The data folder cannot be written: ${dataFolder}`)
  // Chromium crashes before it can show anything to a person who has no home at all.
  if (dataFolder === '') app.exit(exitCodes.noDataFolder)
  else void app.whenReady().then(refuseDataFolder)
} else if (args.includes('--doctor')) {
  void app
    .whenReady()
    .then(tellDiagnosis)
    .catch((error: unknown) => {
      complain(toAppError(error).message)
      app.exit(exitCodes.noLogin)
    })
} else {
  start()
}

function start(): void {
  const log = createLog(app.getPath('logs'))
  process.on('uncaughtException', (error) => log('uncaught exception', { error }))
  process.on('unhandledRejection', (error) => log('unhandled rejection', { error }))
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  guardWebContents(log)
  denyPermissions()
  app.on('window-all-closed', () => app.quit())
  // Not awaited at top level: an ES module would never get to `ready`.
  void app.whenReady().then(() => boot(log))
}

/** Says whether a login can work here, and ends. */
async function tellDiagnosis(): Promise<void> {
  const { text, canLogIn } = await examine(args.includes('--json'))
  process.stdout.write(text, () => app.exit(canLogIn ? exitCodes.fine : exitCodes.noLogin))
}

async function boot(log: Log): Promise<void> {
  setMenu()
  const settings = openSettings(app.getPath('userData'), (error) => log('settings', { error }))
  const language = chooseLanguage(settings.current.language)
  const { own, read } = await findProfile()
  const profile = await read().catch(toAppError)
  const t = mainTranslator(language)
  const crash = { title: t('window.crashed.title'), text: t('window.crashed.text') }
  const window = openWindow(
    { title: t('app.name'), crash },
    () => controller.snapshot(),
    settings,
    log,
  )
  const feed = 'updates' in profile ? profile.updates?.feed : undefined
  const updates = prepareUpdates(feed, window, log, (newer) => controller.updateReady(newer))
  let ending = false
  let startsAgain = false
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
    save: async (name, text) => await saveFile(window, name, text),
    app: `idporten-desktop ${version}`,
    restartToUpdate: () => {
      startsAgain = true
      app.quit()
    },
    ...(own && {
      chooseProfile: async (chosen: Language) => await chooseProfile(window, own, chosen),
    }),
    onOutcome: () => bringToFront(window),
    onSnapshot: (snapshot) => {
      sendSnapshot(window, snapshot, log)
      updates?.observe(snapshot)
    },
    onLanguage: (chosen) => settings.save({ language: chosen }),
    log,
  })
  serveIntents(window, controller, log)
  watchInput(window, controller.input)
  powerMonitor.on('suspend', controller.suspended)
  powerMonitor.on('resume', controller.resumed)
  powerMonitor.on('lock-screen', controller.suspended)
  powerMonitor.on('unlock-screen', controller.resumed)
  // What a second start was given is never read: it only shows the first.
  app.on('second-instance', () => {
    // The window is gone already, and that start has ended: whoever wants the app gets a new one.
    if (!ending) bringToFront(window)
    startsAgain ||= ending
  })
  app.on('will-quit', (event) => {
    if (ending) return
    ending = true
    // What is being written or forgotten gets to its end, within limits.
    event.preventDefault()
    const patience = new Promise((resolve) => setTimeout(resolve, quitLimit))
    void end(Promise.race([controller.close(), patience]))
  })

  async function end(closed: Promise<unknown>): Promise<void> {
    await closed.catch((error: unknown) => log('close', { error }))
    const installs = (await updates?.install(() => startsAgain)) ?? false
    // The installer starts the new version itself.
    if (startsAgain && !installs) app.relaunch()
    app.exit()
  }
}

/** What keeps this app up to date where the machine's profile names a feed; null where it is left to others. */
function prepareUpdates(
  feed: string | undefined,
  window: BrowserWindow,
  log: Log,
  onReady: (version: string) => void,
): Updates | null {
  if (feed === undefined) return null
  const { platform } = process
  const reason = whyNoUpdates({ platform, isPackaged: app.isPackaged })
  if (reason !== null) {
    log('no updates', { reason })
    return null
  }
  const shown = window.isVisible() ? Promise.resolve() : once(window, 'show')
  const load = async () => {
    await shown
    const { createUpdater } = await import('./platform/updates/updater.ts')
    return await createUpdater({ feed, platform, runPowerShell })
  }
  return createUpdates({ load, clock: systemClock, log, onReady })
}

/** Says in the person's language that there is nowhere to keep the app's data, and ends. */
function refuseDataFolder(): void {
  const t = mainTranslator(chooseLanguage(undefined))
  dialog.showErrorBox(t('data-folder.title'), t('data-folder.text', { folder: dataFolder }))
  app.exit(exitCodes.noDataFolder)
}

/**
 * The folder that was asked for, which Electron silently replaces by the usual one when it cannot be written. Empty
 * for a person without a home, for whom Electron throws.
 */
function findDataFolder(): string {
  const asked = app.commandLine.getSwitchValue('user-data-dir')
  if (asked !== '') return path.resolve(asked)
  try {
    return app.getPath('userData')
  } catch {
    return ''
  }
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`)
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
