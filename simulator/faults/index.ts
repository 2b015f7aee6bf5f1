import { bodyFaults } from './body.ts'
import { connectionFaults } from './connection.ts'
import type { Fault } from './fault.ts'
import { oauthErrorFaults } from './oauth-error.ts'
import { sizeFaults } from './size.ts'
import { statusFaults } from './status.ts'
import { steps } from './steps.ts'
import type { Step } from './steps.ts'

/** The faults by name. */
export const faults = {
  ...connectionFaults,
  ...statusFaults,
  ...bodyFaults,
  ...sizeFaults,
  ...oauthErrorFaults,
} as const satisfies Record<string, Fault>

/** The name of a fault. */
export type FaultName = keyof typeof faults

/** The name of a step together with a fault that can happen there. */
export type FaultScenarioName = {
  [Name in FaultName]: `${(typeof faults)[Name]['steps'][number]}-${Name}`
}[FaultName]

/** Whether a fault spoils the provider's own answer and so can only come after it. */
export function comesAfter(name: FaultName): boolean {
  const fault: Fault = faults[name]
  return fault.changes === true
}

/** Every step with every fault that can happen there. */
export function* stepsWithFaults(): Generator<{
  readonly step: Step
  readonly name: FaultName
  readonly fault: Fault
}> {
  for (const step of steps) {
    for (const [name, fault] of Object.entries<Fault>(faults)) {
      if (isFaultName(name) && fault.steps.includes(step)) {
        yield { step, name, fault }
      }
    }
  }
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name)
}
