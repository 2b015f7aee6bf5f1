import type { FaultScenarioName } from '../faults/index.ts'
import { apis } from './api.ts'
import { callbacks } from './callback.ts'
import { dpop } from './dpop.ts'
import { others } from './general.ts'
import { idTokenClaims } from './id-token-claims.ts'
import { signatures } from './id-token-signature.ts'
import { keySets } from './keys.ts'
import { logouts } from './logout.ts'
import { metadataScenarios } from './metadata.ts'
import { refreshes } from './refresh.ts'
import type { Scenario } from './scenario.ts'
import { tokenResponses } from './token-response.ts'
import { faultScenarios } from './wire.ts'

/** The scenarios that have a name of their own, in groups for a reader. */
export const scenarioGroups = {
  'The provider as a whole, userinfo and pushed requests': others,
  'The discovery document': metadataScenarios,
  'The keys': keySets,
  'The callback': callbacks,
  'The token response': tokenResponses,
  'Refreshing; the login before it goes well': refreshes,
  'DPoP; only for a client that sends proofs': dpop,
  'The APIs; the login before goes well': apis,
  'Logout; the login before goes well': logouts,
  'The header and signature of the ID token': signatures,
  'The claims of the ID token': idTokenClaims,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Scenario>>>>

/** The name of a scenario. */
export type ScenarioName =
  | FaultScenarioName
  | {
      [Group in keyof typeof scenarioGroups]: keyof (typeof scenarioGroups)[Group]
    }[keyof typeof scenarioGroups]

/** All scenarios by name. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  ...others,
  ...metadataScenarios,
  ...keySets,
  ...callbacks,
  ...tokenResponses,
  ...refreshes,
  ...dpop,
  ...apis,
  ...logouts,
  ...signatures,
  ...idTokenClaims,
  ...faultScenarios(),
}

/** Tells whether a text names a scenario. */
export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name)
}
