import { readFile, stat } from 'node:fs/promises'
import * as v from 'valibot'
import type { LoginOptions } from '../index.ts'

/** The command was started in a way that it does not understand, or with a profile that is none. */
export class WrongUse extends Error {}

const line = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))
const list = <Item extends v.GenericSchema>(item: Item) => v.array(item, 'must be a list')
const flag = v.boolean('must be true or false')
const ofTheWindow = v.optional(v.unknown())

/**
 * The profile of ID-porten Desktop (docs/profile.md), as far as a login goes. Keys that are about the window or what
 * follows a login may stand there and are not read. Others are refused: a level that is spelled wrong would not be
 * asked for.
 */
export const loginProfile = v.strictObject({
  issuer: line,
  clientId: line,
  redirectPath: v.optional(
    v.pipe(line, v.regex(/^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]+$/, 'must be a path other than /')),
  ),
  scope: v.optional(
    v.pipe(
      line,
      v.check((text) => text.split(' ').includes('openid'), 'must hold openid'),
    ),
  ),
  acrValues: v.optional(list(line)),
  uiLocales: v.optional(line),
  prompt: v.optional(v.picklist(['login', 'consent', 'none'], 'must be login, consent or none')),
  resource: v.optional(list(line)),
  authorizationDetails: v.optional(list(v.looseObject({ type: line }, 'must hold objects'))),
  par: v.optional(v.picklist(['auto', 'always', 'never'], 'must be auto, always or never')),
  dpop: v.optional(flag),
  loginTimeoutSeconds: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(3600, 'must be at most 3600'),
    ),
  ),
  apis: v.optional(list(v.looseObject({ scope: line }, 'must hold objects')), []),
  $schema: ofTheWindow,
  name: ofTheWindow,
  remember: ofTheWindow,
  inactivityMinutes: ofTheWindow,
  postLogoutRedirectUri: ofTheWindow,
  updates: ofTheWindow,
})

/** What a login is asked with. */
export type Asked = Omit<LoginOptions, 'openBrowser'>

/** Bytes of a file that is read as a profile: far more than one has. */
const maxBytes = 65_536

/**
 * Reads what a profile asks for. The scopes of its APIs are added to its own, as the app does.
 *
 * @throws {WrongUse} with the key that is wrong
 */
export async function readProfile(file: string): Promise<Asked> {
  const unreadable = (cause: unknown): never => {
    throw new WrongUse(`${file}: cannot be read`, { cause })
  }
  const found = await stat(file).catch(unreadable)
  // A pipe or a device would never end.
  if (!found.isFile() || found.size > maxBytes) {
    throw new WrongUse(`${file}: is no file of at most ${maxBytes} bytes`)
  }
  const text = await readFile(file, 'utf8').catch(unreadable)
  const parsed = v.safeParse(loginProfile, parseJson(file, text))
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new WrongUse(`${file}: ${v.getDotPath(issue) ?? 'file'}: ${reasonOf(issue)}`)
  }
  const { apis, scope = 'openid profile', loginTimeoutSeconds, ...policy } = parsed.output
  const scopes = [scope, ...apis.map((api) => api.scope)].join(' ').split(' ')
  return {
    issuer: policy.issuer,
    clientId: policy.clientId,
    redirectPath: policy.redirectPath,
    scope: [...new Set(scopes)].join(' '),
    acrValues: policy.acrValues,
    uiLocales: policy.uiLocales,
    prompt: policy.prompt,
    resource: policy.resource,
    authorizationDetails: policy.authorizationDetails,
    par: policy.par,
    dpop: policy.dpop,
    loginTimeout: loginTimeoutSeconds === undefined ? undefined : loginTimeoutSeconds * 1000,
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new WrongUse(`${file}: is not JSON`, { cause })
  }
}

/** The library's own words only where the schema gives none: for the shape of objects. */
function reasonOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== 'strict_object') return issue.message
  if (issue.expected === 'never') return 'is not a known key'
  return issue.received === 'undefined' ? 'is absent' : 'must be a JSON object'
}
