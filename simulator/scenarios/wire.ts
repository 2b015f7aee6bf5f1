import { stepsWithFaults } from '../faults/index.ts'
import type { FaultScenarioName } from '../faults/index.ts'
import type { Step } from '../faults/steps.ts'
import type { Scenario } from './scenario.ts'

/** A login does not need these steps; it goes well when they fail. */
const sideSteps: readonly Step[] = ['userinfo', 'api', 'revocation', 'end-session']

/** Makes a scenario of every fault at every step where it can happen. */
export function faultScenarios(): Readonly<Record<FaultScenarioName, Scenario>> {
  const made = Array.from(stepsWithFaults(), ({ step, name, fault }) => {
    const certain = !fault.bearable && ['discovery', 'keys', 'token'].includes(step)
    const outcome = sideSteps.includes(step) ? { good: true } : certain ? { good: false } : {}
    const summary = `${step}: ${fault.summary}`
    return [`${step}-${name}`, { summary, ...outcome, fault: { step, kind: name } }]
  })
  // The keys are made of the same names as the type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(made) as Record<FaultScenarioName, Scenario>
}
