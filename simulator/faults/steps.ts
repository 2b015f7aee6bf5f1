import { apiPaths, paths } from '../provider/discovery.ts'

const browserSteps = ['authorization', 'end-session'] as const
/** The steps that are answered with JSON. */
export const jsonSteps = [
  'discovery',
  'keys',
  'pushed-request',
  'token',
  'userinfo',
  'api',
] as const
/** The steps in which the client itself asks, without a browser. */
export const directSteps = [...jsonSteps, 'revocation'] as const

/** The requests that a client makes, from its login to its logout. */
export const steps = [...directSteps, ...browserSteps] as const

/** One request of a client. */
export type Step = (typeof steps)[number]

const stepPaths: Readonly<Record<Step, RegExp>> = {
  discovery: /^\/\.well-known\/(?:openid-configuration|oauth-authorization-server)$/,
  keys: new RegExp(`^${paths.jwks.replace('.', '\\.')}$`),
  'pushed-request': new RegExp(`^${paths.pushed_authorization_request}$`),
  authorization: new RegExp(`^${paths.authorization}(?:/|$)`),
  token: new RegExp(`^${paths.token}$`),
  userinfo: new RegExp(`^${paths.userinfo}$`),
  api: new RegExp(`^(?:${Object.values(apiPaths).join('|')})$`),
  revocation: new RegExp(`^${paths.revocation}$`),
  'end-session': new RegExp(`^${paths.end_session}(?:/|$)`),
}

/** The step that a path belongs to, if any. */
export function stepOf(path: string): Step | undefined {
  return steps.find((step) => stepPaths[step].test(path))
}
