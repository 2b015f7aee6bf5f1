import { parseArgs } from 'node:util'
import { startSimulator } from './simulator.ts'

const usage = 'Usage: npm run simulator -- [--port=<0-65535>]'

function readPort(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { port: { type: 'string' } } })
  const port = values.port ?? '0'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`--port must be a number from 0 to 65535, not '${port}'.`)
  }
  return Number(port)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function explain(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Choose another with --port, or leave it out.`
    case 'EACCES':
      return `Port ${port} may not be used by this user. Choose another with --port.`
    default:
      return messageOf(error)
  }
}

/** Runs the simulator until it is told to stop; gives the exit code when it cannot run. */
async function run(args: readonly string[]): Promise<number | undefined> {
  let port = 0
  try {
    port = readPort(args)
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${usage}\n`)
    return 1
  }
  try {
    const simulator = await startSimulator({ port })
    const stop = () => void simulator.close()
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    process.stdout.write(
      `Simulator of ID-porten, for tests only: ${simulator.issuer}\n` +
        `Profile to copy into the program:\n${JSON.stringify(simulator.profile, null, 2)}\n` +
        'Stop it with Ctrl+C.\n',
    )
    return undefined
  } catch (error) {
    process.stderr.write(`${explain(error, port)}\n`)
    return 1
  }
}

process.exitCode = await run(process.argv.slice(2))
