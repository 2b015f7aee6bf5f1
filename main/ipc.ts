import { type BrowserWindow, ipcMain, type IpcMainInvokeEvent } from 'electron'
import * as v from 'valibot'
import {
  inspectChannel,
  type Intent,
  intents,
  type IntentArguments,
  type Reply,
  type Snapshot,
  snapshotChannel,
  snapshotSchema,
} from '../preload/contract.ts'
import { type Inspection, inspectionSchema } from '../preload/inspection.ts'
import { toAppError } from './errors.ts'
import { appOrigin } from './platform/app-protocol.ts'
import type { Log } from './platform/log.ts'
import type { Controller } from './session/controller.ts'

/** Answers the renderer's intents: sender checked, arguments parsed, never an exception across. */
export function serveIntents(window: BrowserWindow, controller: Controller, log: Log): void {
  const handle = <I extends Intent>(
    intent: I,
    run: (...args: IntentArguments<I>) => void | Promise<void>,
  ): void => {
    const { channel, args: schema } = intents[intent]
    ipcMain.handle(channel, async (event, ...values: unknown[]): Promise<Reply> => {
      if (!isOurs(event, window)) {
        log('refused sender', { channel })
        return { ok: false, code: 'E_IPC_UNTRUSTED_SENDER' }
      }
      const parsed = v.safeParse(schema, values)
      if (!parsed.success) {
        log('refused arguments', { channel })
        return { ok: false, code: 'E_IPC_INVALID_ARGUMENTS' }
      }
      try {
        await run(...(parsed.output as IntentArguments<I>))
        return { ok: true, snapshot: v.parse(snapshotSchema, controller.snapshot()) }
      } catch (error) {
        log('intent failed', { channel, error })
        return { ok: false, code: toAppError(error).code }
      }
    })
  }

  ipcMain.handle(inspectChannel, (event): Inspection | null => {
    if (!isOurs(event, window)) {
      log('refused sender', { channel: inspectChannel })
      return null
    }
    try {
      return v.parse(inspectionSchema, controller.inspect())
    } catch (error) {
      log('inspection failed', { error })
      return null
    }
  })
  handle('getSnapshot', () => {})
  handle('signIn', controller.signIn)
  handle('cancel', controller.cancel)
  handle('reopenBrowser', controller.reopenBrowser)
  handle('copyLink', controller.copyLink)
  handle('prolong', controller.prolong)
  handle('signOut', controller.signOut)
  handle('switchUser', controller.switchUser)
  handle('renew', controller.renew)
  handle('callApi', controller.callApi)
  handle('restartToUpdate', controller.restartToUpdate)
  handle('chooseProfile', controller.chooseProfile)
  handle('copyContents', controller.copyContents)
  handle('copyRequest', controller.copyRequest)
  handle('exportAttempt', controller.exportAttempt)
  handle('revealPid', controller.revealPid)
  handle('setLanguage', controller.setLanguage)
}

/** Sends a snapshot to the window; one that breaks the contract is never sent. */
export function sendSnapshot(window: BrowserWindow, snapshot: Snapshot, log: Log): void {
  if (window.isDestroyed() || window.webContents.isCrashed()) return
  const parsed = v.safeParse(snapshotSchema, snapshot)
  if (parsed.success) window.webContents.send(snapshotChannel, parsed.output)
  else log('refused snapshot', { path: v.getDotPath(parsed.issues[0]) })
}

/** Only the main frame of our own window, showing our own page, may ask for anything. */
function isOurs(event: IpcMainInvokeEvent, window: BrowserWindow): boolean {
  if (window.isDestroyed()) return false
  const { senderFrame } = event
  return (
    senderFrame !== null &&
    event.sender === window.webContents &&
    senderFrame === window.webContents.mainFrame &&
    senderFrame.origin === appOrigin
  )
}
