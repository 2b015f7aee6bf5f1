import { otherClientId } from '../clients.ts'
import type { FaultName } from '../faults/index.ts'
import { claims, corrupted, now, omit, otherPid, text } from './changes.ts'
import type { Claims } from './changes.ts'
import { either } from './outcome.ts'
import type { Scenario, Tools } from './scenario.ts'

/** Other claims in the ID token of a refresh, under a right signature. */
const refreshed = (change: (claims: Claims) => Claims) =>
  claims((former, { grant }) => (grant === 'refresh_token' ? change(former) : former))
const refreshedWith = (members: Readonly<Record<string, unknown>>) =>
  refreshed((former) => ({ ...former, ...members }))
const refreshedAppend = (name: string) =>
  refreshed((former) => ({ ...former, [name]: `${text(former[name])}1` }))

/** Another token response to a refresh. */
const refreshResponse = (
  change: (body: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
) => ({
  tokenResponse: (body: Readonly<Record<string, unknown>>, _: Tools, grant: string) =>
    grant === 'refresh_token' ? change(body) : body,
})

/** A fault that hits refreshes alone. */
const refreshFault = (
  kind: FaultName,
  more: { readonly when?: 'after'; readonly times?: number } = {},
) => ({ fault: { step: 'token', grant: 'refresh_token', kind, ...more } }) as const

/** What is wrong, or unusual, in a refresh alone. */
export const refreshes = {
  'refresh-invalid-iss': either(
    'The ID token of a refresh is from another issuer.',
    refreshedAppend('iss'),
  ),
  'refresh-invalid-sub': either(
    'The ID token of a refresh is of another person.',
    refreshedAppend('sub'),
  ),
  'refresh-missing-sub': either(
    'The ID token of a refresh has no sub.',
    refreshed((former) => omit(former, 'sub')),
  ),
  'refresh-invalid-aud': either(
    'The ID token of a refresh is for another audience.',
    refreshedAppend('aud'),
  ),
  'refresh-multiple-aud': either(
    'The ID token of a refresh is for this client and another one.',
    refreshed((former) => ({ ...former, aud: [former['aud'], otherClientId] })),
  ),
  'refresh-azp-other': either(
    'azp in the ID token of a refresh names another client.',
    refreshedWith({ azp: otherClientId }),
  ),
  'refresh-invalid-nonce': either(
    'The ID token of a refresh has another nonce than that of the login.',
    refreshedAppend('nonce'),
  ),
  'refresh-without-nonce': either(
    'The ID token of a refresh has no nonce.',
    refreshed((former) => omit(former, 'nonce')),
  ),
  'refresh-invalid-auth-time': either(
    'auth_time in the ID token of a refresh is a minute after the login.',
    refreshed((former) => ({ ...former, auth_time: Number(former['auth_time']) + 60 })),
  ),
  'refresh-acr-too-low': either(
    'The level in the ID token of a refresh is below substantial.',
    refreshedWith({ acr: 'idporten-loa-low' }),
  ),
  'refresh-pid-other': either(
    'The ID token of a refresh has the number of another person, and the same sub.',
    refreshedWith({ pid: otherPid }),
  ),
  'refresh-expired-exp': either(
    'The ID token of a refresh expired 6 minutes ago.',
    refreshed((former) => ({ ...former, exp: now() - 6 * 60 })),
  ),
  'refresh-invalid-signature': either('The signature of the ID token of a refresh is not valid.', {
    idToken: (token, tools) =>
      token.grant === 'refresh_token' ? corrupted(tools.sign(token)) : token,
  }),
  'refresh-without-id-token': either(
    'A refresh gives no ID token, as it may.',
    refreshResponse((body) => omit(body, 'id_token')),
  ),
  'refresh-without-new-refresh-token': either(
    'A refresh gives no new refresh token, and the old one goes on.',
    {
      refreshTokenUsage: 'reusable',
      ...refreshResponse((body) => omit(body, 'refresh_token', 'refresh_token_expires_in')),
    },
  ),
  'refresh-same-refresh-token': either('A refresh gives the refresh token that was sent.', {
    refreshTokenUsage: 'reusable',
  }),
  'refresh-without-access-token': either(
    'A refresh gives no access token.',
    refreshResponse((body) => omit(body, 'access_token')),
  ),
  'refresh-narrower-scope': either(
    'A refresh says that the scope is openid alone.',
    refreshResponse((body) => ({ ...body, scope: 'openid' })),
  ),
  'refresh-wider-scope': either(
    'A refresh says that there is a scope more.',
    refreshResponse((body) => ({ ...body, scope: `${text(body['scope'])} simulator:more` })),
  ),
  'refresh-lost-answer': either(
    'The answer to the first refresh is lost after the refresh token was replaced.',
    refreshFault('reset', { when: 'after', times: 1 }),
  ),
  'refresh-reset': either('Refreshes are reset before they are read.', refreshFault('reset')),
  'refresh-black-hole': either('Refreshes get no answer, ever.', refreshFault('black-hole')),
  'refresh-invalid-grant': either(
    'A refresh is refused with invalid_grant.',
    refreshFault('oauth-error-invalid-grant'),
  ),
  'refresh-invalid-client': either(
    'A refresh is refused with invalid_client.',
    refreshFault('oauth-error-invalid-client'),
  ),
  'refresh-unauthorized-client': either(
    'A refresh is refused with unauthorized_client.',
    refreshFault('oauth-error-unauthorized-client'),
  ),
  'refresh-503-retry-after': either(
    'A refresh gets HTTP 503, and shall be tried again after 2 seconds.',
    refreshFault('http-503-retry-after'),
  ),
  'refresh-503-once': either(
    'The first refresh gets HTTP 503, and shall be tried again after 2 seconds.',
    refreshFault('http-503-retry-after', { times: 1 }),
  ),
} as const satisfies Record<string, Scenario>
