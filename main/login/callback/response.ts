import * as oauth from 'oauth4webapi'
import { Secret } from '../base/secret.ts'
import { oauthReason, plain } from '../error-map.ts'
import { type Check, failure, LoginError } from '../errors.ts'
import type { Provider } from '../provider/metadata.ts'
import type { AuthorizationRequest, LoginPolicy } from '../request/authorization.ts'

/** Parameters of other flows: OAuth 2.0 Multiple Response Types, JARM. */
const unasked = ['access_token', 'id_token', 'token_type', 'response']

/** Metadata that do not promise `iss`: the library would refuse its absence before it reads the error. */
const withoutPromise = { authorization_response_iss_parameter_supported: false }

/** A callback that passed, and what was checked of it. */
export interface CheckedCallback {
  /** As the token request wants them. */
  readonly parameters: Secret<URLSearchParams>
  readonly checks: readonly Check[]
}

/**
 * Checks the parameters of the callback: `iss` and `error` after the listener has checked `state`.
 *
 * @throws {LoginError} `E_CALLBACK_ISSUER`, `E_CALLBACK_INVALID`, `E_LOGIN_DENIED`, `E_LOGIN_REFUSED`
 * @see RFC 9207 §2.4, RFC 6749 §4.1.2
 */
export function checkCallback(
  provider: Provider,
  policy: LoginPolicy,
  callback: Secret<URLSearchParams>,
  request: AuthorizationRequest,
): CheckedCallback {
  const parameters = callback.reveal()
  const invalid = (key: string, reason: string, cause?: unknown): never => {
    throw failure('E_CALLBACK_INVALID', key, reason, { subject: 'callback', cause })
  }
  const iss = parameters.get('iss')
  // Demanded even when the metadata forgets to promise it: ID-porten always sends it. An error without it
  // is told as the error that it is: nothing can be exchanged with it, and its state was the pending one.
  const isBareError = iss === null && parameters.has('error') && !parameters.has('code')
  if (iss !== provider.issuer && !isBareError) {
    const reason =
      iss === null
        ? 'is absent'
        : `is another issuer: expected ${provider.issuer}, got ${plain(iss)}`
    throw failure('E_CALLBACK_ISSUER', 'iss', reason, { subject: 'callback' })
  }
  for (const name of unasked) {
    if (parameters.has(name)) invalid(name, 'was not asked for')
  }
  if (parameters.has('code') && parameters.has('error'))
    invalid('code', 'came together with an error')
  if (!parameters.get('error') && !parameters.get('code')) invalid('code', 'is absent')
  try {
    const valid = oauth.validateAuthResponse(
      isBareError ? { ...provider, ...withoutPromise } : provider,
      { client_id: policy.clientId },
      parameters,
      request.state.reveal(),
    )
    return { parameters: new Secret(valid), checks: callbackChecks(provider) }
  } catch (error) {
    const { reason, explanation } = oauthReason(error)
    if (!(error instanceof oauth.AuthorizationResponseError)) {
      return invalid('response', reason, error)
    }
    const denied = error.error === 'access_denied'
    throw new LoginError(
      denied ? 'E_LOGIN_DENIED' : 'E_LOGIN_REFUSED',
      `authorization response: ${plain(error.error)}`,
      // That the person said no needs no explanation.
      { cause: error, detail: { key: 'error', reason }, explanation: denied ? null : explanation },
    )
  }
}

/** What has been checked by now, as lines to show; the value of the state is not part of them. */
function callbackChecks(provider: Provider): Check[] {
  return [
    {
      rule: 'state',
      source: 'RFC 6749 §10.12',
      expected: 'equal to the one sent',
      got: 'equal',
      result: 'pass',
    },
    {
      rule: 'callback-iss',
      source: 'RFC 9207 §2.4',
      expected: provider.issuer,
      got: provider.issuer,
      result: 'pass',
    },
  ]
}
