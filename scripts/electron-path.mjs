/**
 * Provides the Electron runtime and prints the executable to launch, as the last line on stdout.
 * Progress goes to stderr. Runs on Node 20 after `npm ci`. Part of the automation contract.
 */
import process from 'node:process'
import { provideElectron } from './bootstrap/electron-runtime.mjs'
import { SetupError } from './bootstrap/failures.mjs'
import { say } from './bootstrap/progress.mjs'

try {
  const { executable } = await provideElectron()
  process.stdout.write(`${executable}\n`)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = error.exitCode
}
