import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { type Module, plans } from './modules.ts'
import { play, type Played } from './play.ts'

const wellKnown = '/.well-known/openid-configuration'
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** What a module asks for besides the outcome. */
const more: Readonly<Record<string, (played: Played) => void>> = {
  'oidcc-client-test-nonce-unless-code-flow': ({ requests }) => {
    const [pushed] = requests.filter(({ path }) => path === '/par')
    expect(pushed?.form.get('nonce')).toMatch(/^[\w-]{43}$/)
  },
  'oidcc-client-test-discovery-openid-config': ({ paths }) => {
    expect(paths[0]).toBe(wellKnown)
    expect(paths.filter((path) => path === wellKnown)).toHaveLength(1)
  },
  'oidcc-client-test-discovery-jwks-uri-keys': ({ paths }) => {
    expect(paths).toContain('/keys-somewhere-else.json')
    expect(paths).not.toContain('/jwks.json')
  },
  'oidcc-client-test-discovery-issuer-mismatch': ({ paths }) => {
    expect(paths).toEqual([wellKnown])
  },
  'oidcc-client-test-signing-key-rotation': ({ paths, snapshot }) => {
    // The second login has the keys of the first, which are none of the provider's any more.
    expect(paths.filter((path) => path === '/jwks.json')).toHaveLength(
      snapshot.attempt === 1 ? 2 : 1,
    )
  },
}

const played = plans
  .flatMap(({ modules }) => modules)
  .flatMap(({ name, plays }) => (plays === undefined ? [] : [[name, plays] as const]))

it.for(played)('%s', { timeout: 30_000 }, async ([name, plays], { task }) => {
  const { scenario, expected, ...options } = plays
  const look = more[name]
  const { outcome } = await play(simulator, scenario, { ...options, ...(look && { look }) })
  task.meta.outcome = outcome
  expect(outcome).toBe(expected)
})

describe('the list of modules', () => {
  const modules: readonly Module[] = plans.flatMap((plan) => plan.modules)

  it('has no name twice, and a reason for each that is left out', () => {
    const names = modules.map(({ name }) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(modules.filter(({ plays, left }) => !plays && !left)).toEqual([])
  })

  it('looks closer only at modules that it has', () => {
    const names = played.map(([name]) => name)
    expect(Object.keys(more).filter((name) => !names.includes(name))).toEqual([])
  })
})
