/**
 * Builds the unpacked app for this platform into `dist/`, with whichever Electron is at hand.
 * `npm run package -- --release` refuses every Electron but the pinned one.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { exitCode } from './bootstrap/child.mjs'
import { provideElectron } from './bootstrap/electron-runtime.mjs'
import { SetupError } from './bootstrap/failures.mjs'
import { say } from './bootstrap/progress.mjs'

const timeoutMs = 10 * 60_000

async function run(command: string, args: readonly string[]): Promise<void> {
  const code = await exitCode(spawn(command, args, { stdio: 'inherit' }), { timeoutMs })
  if (code !== 0) throw new SetupError(`${path.basename(args[0] ?? command)} ended with ${code}`)
}

try {
  const { executable, version, official } = await provideElectron()
  if (process.argv.includes('--release') && !official) {
    throw new SetupError(`Electron ${version} gets no more fixes: a release needs the pinned one.`)
  }
  for (const part of ['main', 'preload', 'renderer']) {
    await run(process.execPath, [
      'node_modules/vite/bin/vite.js',
      'build',
      '-c',
      `vite.${part}.config.ts`,
    ])
  }
  await run(process.execPath, [
    'node_modules/electron-builder/cli.js',
    '--dir',
    '--publish=never',
    `-c.electronDist=${path.dirname(executable)}`,
    `-c.electronVersion=${version}`,
  ])
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = error.exitCode
}
