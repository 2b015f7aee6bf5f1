import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ScenarioName } from '../../../simulator/scenarios/index.ts'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { LoginError } from '../errors.ts'
import { probeProvider } from './probe.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(() => simulator.play(null))

/** What is said of the metadata and of the keys: a code with its key, or what came. */
async function probe(scenario: ScenarioName | null) {
  simulator.play(scenario)
  const { provider, usableKeys } = await probeProvider(simulator.issuer)
  const said = (value: unknown) =>
    value instanceof LoginError ? [value.code, value.detail?.key] : value
  return [said(provider), said(usableKeys)]
}

it('brings the metadata and the number of keys, in two requests', async () => {
  const since = simulator.journal.length
  const { provider, usableKeys, clockSkew } = await probeProvider(simulator.issuer)
  expect(provider).toMatchObject({ issuer: simulator.issuer })
  expect(usableKeys).toBe(1)
  expect(Math.abs(clockSkew ?? Infinity)).toBeLessThan(5000)
  const requests = simulator.journal.slice(since).map(({ method, path }) => `${method} ${path}`)
  expect(requests).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks.json'])
})

it.each<[ScenarioName, unknown, unknown]>([
  ['issuer-mismatch', ['E_PROVIDER_METADATA', 'issuer'], null],
  ['metadata-without-s256', ['E_PROVIDER_METADATA', 'code_challenge_methods_supported'], null],
  ['discovery-reset', ['E_NETWORK_UNREACHABLE', 'discovery'], null],
  ['keys-missing', expect.anything(), ['E_PROVIDER_KEYS', 'keys']],
  ['keys-use-enc', expect.anything(), 0],
])('tells what is wrong: %s', async (scenario, provider, keys) => {
  expect(await probe(scenario)).toEqual([provider, keys])
})

it('tells how far the clock is from that of the provider', async () => {
  simulator.play({ summary: 'ten minutes ahead', clock: 600 })
  const { clockSkew } = await probeProvider(simulator.issuer)
  expect(Math.round((clockSkew ?? 0) / 10_000)).toBe(-60)
})

it('tells that nobody answers, and then knows no clock', async () => {
  const closed = await startSimulator()
  await closed.close()
  expect(await probeProvider(closed.issuer)).toEqual({
    provider: expect.objectContaining({ code: 'E_NETWORK_UNREACHABLE' }),
    usableKeys: null,
    clockSkew: null,
  })
})
