import { good } from './outcome.ts'
import type { Scenario } from './scenario.ts'

/** Wrong answers of an API. */
export const apis = {
  'api-401-once': good('The first call of an API gets 401 invalid_token.', {
    fault: { step: 'api', kind: 'oauth-error-invalid-token', times: 1 },
  }),
  'api-401-always': good('Every call of an API gets 401 invalid_token.', {
    fault: { step: 'api', kind: 'oauth-error-invalid-token' },
  }),
  'api-redirect': good('An API redirects to another host, where the right answer is.', {
    fault: { step: 'api', kind: 'redirect-302-other-host' },
  }),
} as const satisfies Record<string, Scenario>
