/** Runs the app with the simulator until the user closes it. Usage: run-app.ts <executable> */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { exitCode } from './bootstrap/child.mjs'
import { Interrupted } from './bootstrap/failures.mjs'
import { withSimulator } from './simulated-profile.ts'

const [executable] = process.argv.slice(2)
if (executable === undefined) throw new TypeError('the executable of Electron is needed')

try {
  process.exitCode = await withSimulator(async ({ simulator, args }) => {
    process.stdout.write(
      `Simulator: ${simulator.issuer}. The app runs until its window is closed.\n`,
    )
    return exitCode(spawn(executable, ['.', ...args], { stdio: 'inherit' }))
  })
} catch (error) {
  if (!(error instanceof Interrupted)) throw error
  process.exitCode = error.exitCode
}
