import { text } from './changes.ts'
import { good } from './outcome.ts'
import type { Scenario } from './scenario.ts'

/** A logout that does not come back, comes back otherwise, or comes without the cookie. */
export const logouts = {
  'logout-cookie-lax': good(
    'A logout by POST from another origin comes without the cookie, as from another site.',
    { logoutCookie: 'lax' },
  ),
  'logout-cookie-strict': good(
    'A logout from a page of another origin comes without the cookie, by POST or GET.',
    { logoutCookie: 'strict' },
  ),
  'logout-session-gone': good('The session has ended when the logout comes: an error page.', {
    logoutCookie: 'gone',
  }),
  'logout-saml-breaks-chain': good('Another service stops the logout; it does not go back.', {
    afterLogout: () => 'stopped',
  }),
  'logout-no-return': good('The logout ends on a page and does not go back.', {
    afterLogout: () => 'page',
  }),
  'logout-other-state': good('The logout goes back with another state.', {
    afterLogout: ({ searchParams }) =>
      searchParams.set('state', `${text(searchParams.get('state'))}_INVALID`),
  }),
  'logout-without-state': good('The logout goes back without state.', {
    afterLogout: ({ searchParams }) => searchParams.delete('state'),
  }),
} as const satisfies Record<string, Scenario>
