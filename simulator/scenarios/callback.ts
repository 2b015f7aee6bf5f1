import { hostileTexts } from '../faults/hostile-texts.ts'
import { text } from './changes.ts'
import { bad, each, good, underscored } from './outcome.ts'
import type { Scenario, Tools } from './scenario.ts'

const query = (change: (parameters: URLSearchParams, url: URL, tools: Tools) => void) => ({
  callback: change,
})

const hostileNames = [
  'html',
  'javascript',
  'long',
  'personal-number',
  'jwt',
  'control-characters',
] as const satisfies readonly (keyof typeof hostileTexts)[]

/** Takes the code away and puts an error in its place. */
function refuse(parameters: URLSearchParams, error: string, description?: string): void {
  parameters.delete('code')
  parameters.set('error', error)
  if (description !== undefined) {
    parameters.set('error_description', description)
    // Twice the long one would be too much for many a listener.
    if (description.length < 1000) {
      parameters.set('error_uri', description)
    }
  }
}

/** What is wrong, or unusual, in the redirect to the client. */
export const callbacks = {
  'callback-invalid-state': bad(
    'state is another one.',
    query((parameters) => parameters.set('state', `${text(parameters.get('state'))}1`)),
  ),
  'callback-missing-state': bad(
    'state does not come back.',
    query((parameters) => parameters.delete('state')),
  ),
  'invalid-callback-iss': bad(
    'iss is another issuer.',
    query((parameters) => parameters.set('iss', `${text(parameters.get('iss'))}1`)),
  ),
  'missing-callback-iss': bad(
    'iss is promised and does not come.',
    query((parameters) => parameters.delete('iss')),
  ),
  'callback-without-code': bad(
    'There is neither a code nor an error.',
    query((parameters) => parameters.delete('code')),
  ),
  'callback-empty-code': bad(
    'The code is empty.',
    query((parameters) => parameters.set('code', '')),
  ),
  'callback-other-code': bad(
    'The code is not known to the provider.',
    query((parameters) => parameters.set('code', `${text(parameters.get('code'))}1`)),
  ),
  'callback-code-and-error': bad(
    'There is a code and an error.',
    query((parameters) => parameters.set('error', 'access_denied')),
  ),
  'callback-with-id-token': bad(
    'An ID token comes along.',
    query((parameters) => parameters.set('id_token', hostileTexts.jwt)),
  ),
  'callback-with-access-token': bad(
    'An access token comes along.',
    query((parameters) => {
      parameters.set('access_token', hostileTexts.jwt)
      parameters.set('token_type', 'Bearer')
    }),
  ),
  'callback-with-response': bad(
    'A response as JWT comes along.',
    query((parameters) => parameters.set('response', hostileTexts.jwt)),
  ),
  'callback-extra-parameters': good(
    'There are parameters that nobody knows.',
    query((parameters) => {
      parameters.set('session_state', 'x')
      parameters.set('scope', 'openid')
    }),
  ),
  'callback-in-fragment': bad(
    'The parameters are in the fragment.',
    query((_, url) => {
      url.hash = url.search.slice(1)
      url.search = ''
    }),
  ),
  'callback-other-path': bad(
    'The redirect goes to another path of the client.',
    query((_, url) => {
      url.pathname = `${url.pathname}/other`
    }),
  ),
  'callback-bad-encoding': bad(
    'A parameter is not UTF-8 in percent-encoding.',
    query((_, url) => {
      url.search = `${url.search}&more=%FF%`
    }),
  ),
  'callback-20-kb': bad(
    'A parameter has 20 000 characters.',
    query((parameters) => parameters.set('more', 'a'.repeat(20_000))),
  ),
  ...each('callback-duplicate-', ['code', 'state', 'iss'], (name) =>
    bad(
      `${name} comes twice.`,
      query((parameters) => parameters.append(name, 'other')),
    ),
  ),
  ...each(
    'callback-error-',
    [
      'invalid-request',
      'unauthorized-client',
      'access-denied',
      'unsupported-response-type',
      'invalid-scope',
      'server-error',
      'temporarily-unavailable',
      'interaction-required',
      'login-required',
      'account-selection-required',
      'consent-required',
      'invalid-request-uri',
      'invalid-request-object',
      'request-not-supported',
      'request-uri-not-supported',
      'registration-not-supported',
      'invalid-target',
      'unmet-authentication-requirements',
      'no-such-error',
    ],
    (name) =>
      bad(
        `The provider refuses with ${underscored(name)}.`,
        query((parameters) => refuse(parameters, underscored(name))),
      ),
  ),
  'callback-error-empty': bad(
    'The error is empty.',
    query((parameters) => refuse(parameters, '')),
  ),
  ...each('callback-hostile-error-', hostileNames, (name) =>
    bad(
      `The provider refuses with a hostile description (${name}).`,
      query((parameters) => refuse(parameters, 'access_denied', hostileTexts[name])),
    ),
  ),
  ...each('callback-hostile-code-', hostileNames, (name) =>
    bad(
      `The error itself is hostile (${name}).`,
      query((parameters) => refuse(parameters, hostileTexts[name])),
    ),
  ),
} as const satisfies Record<string, Scenario>
