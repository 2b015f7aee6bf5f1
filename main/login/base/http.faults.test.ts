import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Cell, httpCells } from '../../../test/conformance/matrix.ts'
import { createTestClock } from '../../../test/support/login.ts'
import { stepsWithFaults } from '../../../simulator/faults/index.ts'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { LoginError } from '../errors.ts'
import { createHttp, httpLimits, steps } from './http.ts'

/** What becomes of every fault of the simulator where answers are read, without a login around it. */

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** Where the first step is at which a fault can happen. */
const requests: Partial<Record<Cell['step'], readonly [keyof typeof steps, string, string]>> = {
  discovery: ['discovery', 'GET', '/.well-known/openid-configuration'],
  'pushed-request': ['pushedRequest', 'POST', '/par'],
  token: ['token', 'POST', '/token'],
  userinfo: ['userinfo', 'GET', '/userinfo'],
  revocation: ['revocation', 'POST', '/token/revoke'],
}

/** Refusals, and JSON whatever it holds, are judged by the step that asked. */
const judgedByTheStep =
  /^(http-(404|201)|json-(null|array|string|number)|400-|(oauth|hostile)-error-)/

const expectedAt = ({ fault, expected }: Cell): string => {
  if (expected.startsWith('E_NETWORK_')) return expected
  return judgedByTheStep.test(fault) ? 'is left to the step' : 'E_PROVIDER_METADATA'
}

it.for(httpCells.map((cell) => [`${cell.fault}: ${expectedAt(cell)}`, cell] as const))(
  '%s',
  async ([, cell]) => {
    const at = Array.from(stepsWithFaults()).find(({ name }) => name === cell.fault)?.step
    const request = requests[cell.step]
    if (at === undefined || request === undefined) throw new Error(`no request for ${cell.step}`)
    const [step, method, path] = request
    simulator.play({ summary: cell.fault, fault: { step: at, kind: cell.fault } })
    const clock = createTestClock()
    const begun = Promise.withResolvers<void>()
    const http = createHttp({
      fetch: async (url, init) => {
        const answer = fetch(url, init)
        begun.resolve()
        return await answer
      },
      clock,
      signal: new AbortController().signal,
    })
    const answer = http.requestJson(steps[step])(`${simulator.issuer}${path}`, { method })
    const outcome = answer.then(
      () => 'is left to the step',
      (error: unknown) => (error instanceof LoginError ? error.code : String(error)),
    )
    await begun.promise
    if (/^(black-hole|slow-)/.test(cell.fault)) clock.advance(httpLimits.total)
    expect(await outcome).toBe(expectedAt(cell))
    expect(clock.timers()).toEqual([])
  },
)
