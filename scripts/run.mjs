/**
 * Runs a TypeScript file of this project from a bare clone: provides the npm packages, and with them
 * the Node that reads TypeScript. Usage: run.mjs <file> [arguments]
 */
import { spawn } from 'node:child_process'
import os from 'node:os'
import process from 'node:process'
import { exitWith, installedNode, provideNpmPackages } from './bootstrap/setup.mjs'

await exitWith(async () => {
  await provideNpmPackages()
  // In a process group of its own: Ctrl-C would reach it from the terminal and from here. On Windows
  // the terminal tells everyone, and what is sent from here would not let it end by itself.
  const detached = process.platform !== 'win32'
  const child = spawn(installedNode, process.argv.slice(2), { stdio: 'inherit', detached })
  let last = -Infinity
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    // npm repeats what the terminal has sent to the whole group.
    if (detached && performance.now() - last > 500) child.kill(signal)
    last = performance.now()
  }
  process.on('SIGINT', passOn).on('SIGTERM', passOn).on('SIGHUP', passOn)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]))
    })
  })
})
