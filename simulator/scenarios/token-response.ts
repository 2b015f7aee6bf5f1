import { otherClientId } from '../clients.ts'
import { omit, otherPid, set } from './changes.ts'
import { bad, each, either, good, underscored } from './outcome.ts'
import type { Scenario } from './scenario.ts'

const response = (members: Readonly<Record<string, unknown>>) => ({
  tokenResponse: (body: Readonly<Record<string, unknown>>) => ({ ...body, ...members }),
})
/** What is wrong, or unusual, in the answer to a token request. */
export const tokenResponses = {
  'missing-scope-in-token-response': good('The token response has no scope.', {
    tokenResponse: (body) => omit(body, 'scope'),
  }),
  'response-missing-expires-in': good('The token response has no expires_in.', {
    tokenResponse: (body) => omit(body, 'expires_in'),
  }),
  ...each('response-missing-', ['id-token', 'access-token', 'token-type'], (name) =>
    bad(`The token response has no ${underscored(name)}.`, {
      tokenResponse: (body) => omit(body, underscored(name)),
    }),
  ),
  'token-type-mac': bad('The token type is mac.', response({ token_type: 'mac' })),
  'token-type-dpop': bad(
    'The token type is DPoP, not asked for.',
    response({ token_type: 'DPoP' }),
  ),
  'token-type-array': bad('The token type is an array.', response({ token_type: ['Bearer'] })),
  'token-type-mixed-case': good('The token type is bEaReR.', response({ token_type: 'bEaReR' })),
  'response-extra-members': good(
    'There are members that nobody knows.',
    response({ more: { deep: [1] }, 'ext-expires-in': 1, sid: 'x' }),
  ),
  'response-unasked-refresh-token': good(
    'There is a refresh token.',
    response({ refresh_token: 'unasked', refresh_token_expires_in: 600 }),
  ),
  'expires-in-negative': bad('expires_in is negative.', response({ expires_in: -1 })),
  'expires-in-zero': either('expires_in is 0.', response({ expires_in: 0 })),
  'expires-in-string': either('expires_in is a text.', response({ expires_in: '120' })),
  'expires-in-null': either('expires_in is null.', response({ expires_in: null })),
  'expires-in-huge': either('expires_in is 10^300.', response({ expires_in: 1e300 })),
  'expires-in-object': bad('expires_in is an object.', response({ expires_in: {} })),
  'id-token-null': bad('The ID token is null.', response({ id_token: null })),
  'id-token-empty': bad('The ID token is empty.', response({ id_token: '' })),
  'id-token-number': bad('The ID token is a number.', response({ id_token: 1 })),
  'id-token-array': bad('The ID token is in an array.', {
    tokenResponse: (body) => ({ ...body, id_token: [body['id_token']] }),
  }),
  'id-token-is-access-token': bad('The access token is in place of the ID token.', {
    tokenResponse: (body) => ({ ...body, id_token: body['access_token'] }),
  }),
  'access-token-empty': bad('The access token is empty.', response({ access_token: '' })),
  'access-token-number': bad('The access token is a number.', response({ access_token: 1 })),
  'access-token-opaque': good(
    'The access token is not a JWT.',
    response({ access_token: 'opaque-access-token' }),
  ),
  'response-with-error': either(
    'The response has the tokens and an error.',
    response({ error: 'invalid_grant', error_description: 'en feil' }),
  ),
  'response-wrapped': bad('The tokens are in an object within.', {
    tokenResponse: (body) => ({ data: body }),
  }),
  'response-of-another-login': bad(
    'The ID token is of another login, of another person.',
    set({ sub: 'another-person', pid: otherPid, nonce: 'another-nonce' }),
  ),
  'response-of-another-client': bad(
    'The ID token is of another client.',
    set({ aud: otherClientId }),
  ),
} as const satisfies Record<string, Scenario>
