import { parseArgs } from 'node:util'
import { faults } from './faults/index.ts'
import { steps } from './faults/steps.ts'
import { isScenarioName, scenarioGroups, scenarios } from './scenarios/index.ts'
import type { ScenarioName } from './scenarios/index.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { startSimulator } from './simulator.ts'

const usage =
  'Usage: npm run simulator -- [--port=<0-65535>] [--scenario=<name>] [--refresh-tokens]'

interface Arguments {
  readonly port: number
  readonly scenario: ScenarioName
  readonly refreshTokens: boolean
}

/** The names to choose from, in groups, with what each means. */
function listScenarios(): string {
  const lines = (group: Readonly<Record<string, Scenario>>) =>
    Object.entries(group).map(([name, { summary }]) => `  ${name.padEnd(44)} ${summary}\n`)
  const groups = Object.entries<Readonly<Record<string, Scenario>>>(scenarioGroups)
  return [
    ...groups.map(([title, group]) => `\n${title}:\n${lines(group).join('')}`),
    '\nFaults on the wire, as <step>-<fault> where the fault can happen, for example token-reset:\n',
    `  Steps: ${steps.join(', ')}\n`,
    `  Faults: ${Object.keys(faults).join(', ')}\n`,
  ].join('')
}

function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      scenario: { type: 'string', default: 'normal' },
      'refresh-tokens': { type: 'boolean', default: false },
    },
  })
  const port = values.port ?? '0'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`--port must be a number from 0 to 65535, not '${port}'.`)
  }
  const { scenario } = values
  if (!isScenarioName(scenario)) {
    throw new Error(`There is no scenario '${scenario}'. These are the names:\n${listScenarios()}`)
  }
  // What goes wrong in a refresh shows only where there are any.
  const refreshTokens = values['refresh-tokens'] || scenario.startsWith('refresh-')
  return { port: Number(port), scenario, refreshTokens }
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
  let settings: Arguments
  try {
    settings = readArguments(args)
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${usage}\n`)
    return 1
  }
  try {
    const { port, scenario, refreshTokens } = settings
    const simulator = await startSimulator({ port, scenario, refreshTokens })
    const stop = () => void simulator.close()
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    process.stdout.write(
      `Simulator of ID-porten, for tests only: ${simulator.issuer}\n` +
        `Profile to copy into the program:\n${JSON.stringify(simulator.profile, null, 2)}\n` +
        `APIs that take its access tokens: ${Object.values(simulator.apis).join(', ')}\n` +
        (scenario === 'normal' ? '' : `Scenario ${scenario}: ${scenarios[scenario].summary}\n`) +
        'Stop it with Ctrl+C.\n',
    )
    return undefined
  } catch (error) {
    process.stderr.write(`${explain(error, settings.port)}\n`)
    return 1
  }
}

process.exitCode = await run(process.argv.slice(2))
