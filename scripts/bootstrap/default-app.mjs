/**
 * Stands in for Electron's default app in the fallback runtime, which has none (copied into its
 * `resources/app/`): takes the app's folder from the command line and becomes that app.
 * It has to be an ES module that awaits the import: otherwise the app's main would run after
 * `ready`, too late for `app.enableSandbox()`.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
/**
 * @typedef {import('electron').App} App
 * @type {App & { setVersion(version: string): void; setAppPath(folder: string): void }}
 */
const app = require('electron').app
const args = process.argv.slice(1)
const preloads = args.flatMap((arg, index) => (['-r', '--require'].includes(arg) ? [index] : []))
const folder = args.find((arg, index) => !arg.startsWith('-') && !preloads.includes(index - 1))
const root = path.resolve(folder ?? '.')
const description = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

app.name = description.productName ?? description.name
if (description.version !== undefined) app.setVersion(description.version)
app.setAppPath(root)
if (!app.commandLine.hasSwitch('user-data-dir')) {
  app.setPath('userData', path.join(app.getPath('appData'), app.name))
}
for (const index of preloads) require(path.resolve(args[index + 1] ?? ''))
await import(pathToFileURL(path.join(root, description.main)).href)
