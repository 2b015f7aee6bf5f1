import { join } from 'node:path'
import {
  app,
  BrowserWindow,
  dialog,
  nativeTheme,
  screen,
  session,
  type WebPreferences,
} from 'electron'
import { appUrl, serveRenderer } from './app-protocol.ts'
import { isStart, type Snapshot } from '../../preload/contract.ts'
import type { Log } from './log.ts'
import type { SettingsStore } from './settings.ts'

const size = { width: 720, height: 860, minWidth: 360, minHeight: 480 } as const
/** Milliseconds after which an earlier crash no longer counts. */
const calmAfter = 60_000
/** After so many crashes of the page the app ends instead of trying for ever. */
const crashesTaken = 3
const outFolder = join(import.meta.dirname, '..')

/** Everything that matters written out, defaults too (Electron security checklist 2 to 11). */
const webPreferences: WebPreferences = {
  preload: join(outFolder, 'preload', 'index.cjs'),
  partition: 'window',
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
  devTools: !app.isPackaged,
}

interface CrashTexts {
  readonly title: string
  readonly text: string
}

export interface WindowTexts {
  readonly title: string
  readonly crash: CrashTexts
}

/**
 * The page that was built with what a snapshot shows, so that it stands there before a script has run; null when
 * none was.
 */
function firstViewOf(snapshot: Snapshot): string | null {
  const { status, language } = snapshot
  const isBuilt = status === 'restoring' || isStart(snapshot)
  return isBuilt && snapshot.update === null ? `${status}.${language}.html` : null
}

/** Opens the one window of the app, where it was the last time. */
export function openWindow(
  texts: WindowTexts,
  snapshot: () => Snapshot,
  settings: SettingsStore,
  log: Log,
): BrowserWindow {
  const windowSession = session.fromPartition('window', { cache: false })
  serveRenderer(windowSession, join(outFolder, 'renderer'), () => firstViewOf(snapshot()))
  const place = placeOnScreen(settings)
  const window = new BrowserWindow({
    ...size,
    ...place?.bounds,
    title: texts.title,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#16191d' : '#ffffff',
    webPreferences: { ...webPreferences },
  })
  if (place?.maximized === true) window.maximize()
  window.once('ready-to-show', () => window.show())
  window.on('page-title-updated', (event) => event.preventDefault())
  window.on('close', () => {
    settings.save({ window: { ...window.getNormalBounds(), maximized: window.isMaximized() } })
  })
  reloadAfterCrash(window, texts.crash, log)
  zoomByKeyboard(window)
  void window.loadURL(appUrl)
  return window
}

/** The remembered place, if a screen still shows a good part of it. */
function placeOnScreen(
  settings: SettingsStore,
): { bounds: Electron.Rectangle; maximized: boolean } | null {
  const { window: remembered } = settings.current
  if (remembered === undefined) return null
  const { maximized, ...bounds } = remembered
  const area = screen.getDisplayMatching(bounds).workArea
  const width = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x)
  const top = bounds.y - area.y
  if (width < size.minWidth / 2 || top < 0 || top > area.height - size.minHeight / 2) return null
  return { bounds, maximized }
}

/** The login lives in main, so a page that crashed only has to be shown again. */
function reloadAfterCrash(window: BrowserWindow, texts: CrashTexts, log: Log): void {
  let crashes = 0
  let lastCrash = 0
  window.webContents.on('render-process-gone', (_event, details) => {
    log('renderer gone', { reason: details.reason, exitCode: details.exitCode })
    if (details.reason === 'clean-exit') return
    crashes = Date.now() - lastCrash < calmAfter ? crashes + 1 : 1
    lastCrash = Date.now()
    if (crashes <= crashesTaken) return window.webContents.reload()
    dialog.showErrorBox(texts.title, texts.text)
    return app.quit()
  })
}

/** What a person does with a keyboard, a mouse or a finger; the system makes the other events by itself. */
const inputTypes: ReadonlySet<Electron.InputEvent['type']> = new Set([
  'char',
  'gestureScrollBegin',
  'gestureTap',
  'keyDown',
  'mouseDown',
  'mouseMove',
  'mouseWheel',
  'rawKeyDown',
  'touchMove',
  'touchStart',
])

/** Tells of every input in the window. The system's own idle time is zero for ever on some desktops. */
export function watchInput({ webContents }: BrowserWindow, onInput: () => void): void {
  webContents.on('input-event', (_event, { type }) => {
    if (inputTypes.has(type)) onInput()
  })
}

/** Without a menu nobody else takes the keys for larger and smaller text (WCAG 1.4.4, 1.4.10). */
function zoomByKeyboard({ webContents }: BrowserWindow): void {
  webContents.on('before-input-event', (event, input) => {
    const pressed = process.platform === 'darwin' ? input.meta : input.control
    if (!pressed || input.alt || input.type !== 'keyDown') return
    const level = webContents.getZoomLevel()
    const next = { '+': level + 1, '=': level + 1, '-': level - 1, '0': 0 }[input.key]
    if (next === undefined) return
    event.preventDefault()
    // Each level is a fifth more: eight are over 400 %.
    webContents.setZoomLevel(Math.max(-2, Math.min(next, 8)))
  })
}

/** Brings the window to the front, or asks for attention where the desktop refuses to. */
export function bringToFront(window: BrowserWindow): void {
  if (window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.moveTop()
  app.focus({ steal: true })
  window.focus()
  if (!window.isFocused()) {
    window.flashFrame(true)
    window.once('focus', () => window.flashFrame(false))
  }
}
