/**
 * Downloads and unpacks the Electron that package.json pins, with Electron's own tools. They need
 * Node 22 or later, so `electron-runtime.mjs` runs this file with the Node of the installation.
 *
 * Usage: official-electron.mjs <folder for downloads> <folder to unpack into>
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import process from 'node:process'
import { say, transferProgress } from './progress.mjs'

const [cacheRoot, target] = process.argv.slice(2)
if (cacheRoot === undefined || target === undefined) throw new TypeError('two folders are needed')

const require = createRequire(import.meta.url)
/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(require.resolve(file), 'utf8'))
const { version } = readJson('electron/package.json')
/** What the electron package installs with itself. */
const toolOfElectron = createRequire(require.resolve('electron/package.json'))
const { downloadArtifact } = toolOfElectron('@electron/get')
const { extract } = toolOfElectron('@electron-internal/extract-zip')

const firstByteMs = 8_000
const silenceMs = 30_000
const controller = new AbortController()
const giveUp = () => controller.abort(new Error('the server does not answer'))
let timer = setTimeout(giveUp, firstByteMs)
const show = transferProgress(`Electron ${version}`)

try {
  const archive = await downloadArtifact({
    version,
    artifactName: 'electron',
    cacheRoot,
    checksums: readJson('electron/checksums.json'),
    platform: process.platform,
    arch: process.arch,
    downloadOptions: {
      quiet: true,
      signal: controller.signal,
      /** @param {{ transferred: number, total: number | null }} progress */
      getProgressCallback: async ({ transferred, total }) => {
        clearTimeout(timer)
        timer = setTimeout(giveUp, silenceMs)
        if (total !== null) show(transferred, total)
      },
    },
  })
  clearTimeout(timer)
  await extract(archive, { dir: target })
} catch (error) {
  clearTimeout(timer)
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  say(`${message}${cause instanceof Error ? ` (${cause.message})` : ''}`)
  process.exitCode = 1
}
