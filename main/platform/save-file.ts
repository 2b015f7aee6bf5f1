import path from 'node:path'
import { app, type BrowserWindow, dialog } from 'electron'
import { replaceFile } from '../replace-file.ts'

/** Asks the person for a place in the system's own dialog, and writes the text there; nothing when they cancel. */
export async function saveFile(window: BrowserWindow, name: string, text: string): Promise<void> {
  const defaultPath = path.join(app.getPath('documents'), name)
  const { canceled, filePath } = await dialog.showSaveDialog(window, { defaultPath })
  if (!canceled && filePath !== '') replaceFile(filePath, text)
}
