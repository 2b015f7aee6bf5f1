import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { languages } from '../../preload/contract.ts'
import { replaceFile } from '../replace-file.ts'

const settingsFile = v.object({
  language: v.optional(v.picklist(languages)),
  window: v.optional(
    v.object({
      x: v.pipe(v.number(), v.safeInteger()),
      y: v.pipe(v.number(), v.safeInteger()),
      width: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      height: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      maximized: v.boolean(),
    }),
  ),
})
/** What the app remembers between runs: the language and the place of the window. Nothing personal. */
export type Settings = v.InferOutput<typeof settingsFile>

export interface SettingsStore {
  readonly current: Settings
  /** Writes the change at once; a disk that refuses is not the person's problem. */
  save(change: Settings): void
}

/** Opens the settings in a folder; a file that is missing or damaged counts as empty. */
export function openSettings(folder: string, onError: (error: unknown) => void): SettingsStore {
  const file = join(folder, 'settings.json')
  let current = read(file)
  return {
    get current() {
      return current
    },
    save: (change) => {
      current = { ...current, ...change }
      try {
        replaceFile(file, `${JSON.stringify(current, null, 2)}\n`)
      } catch (error) {
        onError(error)
      }
    },
  }
}

function read(file: string): Settings {
  try {
    return v.parse(settingsFile, JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}
