import { readFile, stat } from 'node:fs/promises'
import * as v from 'valibot'
import type { Language } from '../../preload/contract.ts'
import { AppError } from '../errors.ts'
import { isLoopback, type LoginPolicy, policyDefaults } from '../login/index.ts'

/** Where a profile may come from, and so what it may name. */
export type ProfileOrigin = 'command-line' | 'machine' | 'user'

/** Issuers that a packaged app takes from anyone's profile (Digdir, "Well-known endepunkt"). */
const knownIssuers = [
  'https://idporten.no',
  'https://test.idporten.no',
  'https://ansattporten.no',
  'https://test.ansattporten.no',
]

const maxLength = 2048
/** As many as the contract can number. */
const maxApis = 100
const line = v.pipe(
  v.string('must be text'),
  v.nonEmpty('must not be empty'),
  v.maxLength(maxLength, `must not be longer than ${maxLength} characters`),
  v.regex(/^[\x20-\x7E\u00A0-\uFFFF]*$/, 'must not hold control characters'),
)
const flag = v.boolean('must be true or false')
const url = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null)
const seconds = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  )
const tokens = (what: string) =>
  v.pipe(
    line,
    v.regex(
      /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/,
      `must be ${what} with single spaces between`,
    ),
  )

const level = v.pipe(line, v.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be one level'))

const httpsOrLoopback = v.pipe(
  line,
  v.check((text) => url(text) !== null, 'must be an address'),
  v.check((text) => {
    const at = url(text)
    return at !== null && (at.protocol === 'https:' || isLoopback(at))
  }, 'must be https, or http on 127.0.0.1'),
  v.check((text) => {
    const at = url(text)
    return at !== null && at.username === '' && at.password === '' && at.hash === ''
  }, 'must not hold credentials or a fragment'),
)

const feed = v.pipe(
  line,
  v.check((text) => url(text)?.protocol === 'https:', 'must be an https address'),
  v.check((text) => {
    const at = url(text)
    return at !== null && at.username === '' && at.password === '' && !/[?#]/.test(text)
  }, 'must not hold credentials, a query or a fragment'),
)

const path = v.pipe(
  line,
  v.regex(/^\//, 'must start with /'),
  v.regex(
    /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]+$/,
    'must be a path other than / without query, fragment or escapes',
  ),
  v.check((text) => url(`http://127.0.0.1${text}`)?.pathname === text, 'must be a plain path'),
)

const api = v.strictObject({
  name: line,
  url: httpsOrLoopback,
  method: v.optional(v.picklist(['GET', 'POST'], 'must be GET or POST'), 'GET'),
  scope: tokens('scopes'),
})

/** The profile as a file: unknown keys are refused, everything but three keys has a default. */
export const profileFile = v.strictObject({
  $schema: v.optional(line),
  name: line,
  issuer: v.pipe(
    httpsOrLoopback,
    v.check((text) => url(text)?.search === '', 'must not hold a query'),
  ),
  clientId: line,
  redirectPath: v.optional(path, policyDefaults.redirectPath),
  scope: v.optional(
    v.pipe(
      tokens('scopes'),
      v.check((text) => text.split(' ').includes('openid'), 'must hold openid'),
    ),
    policyDefaults.scope,
  ),
  acrValues: v.optional(v.array(level, 'must be a list of levels'), [...policyDefaults.acrValues]),
  uiLocales: v.optional(tokens('languages')),
  prompt: v.optional(v.picklist(['login', 'consent', 'none'], 'must be login, consent or none')),
  resource: v.optional(v.array(httpsOrLoopback, 'must be a list'), []),
  authorizationDetails: v.optional(
    v.array(v.looseObject({ type: line }, 'must hold objects with a type'), 'must be a list'),
  ),
  par: v.optional(
    v.picklist(['auto', 'always', 'never'], 'must be auto, always or never'),
    policyDefaults.par,
  ),
  dpop: v.optional(flag, policyDefaults.dpop),
  remember: v.optional(flag, policyDefaults.remember),
  loginTimeoutSeconds: v.optional(seconds(1, 3600), 300),
  inactivityMinutes: v.optional(seconds(1, 30), 30),
  postLogoutRedirectUri: v.optional(httpsOrLoopback),
  apis: v.optional(
    v.pipe(
      v.array(api, 'must be a list'),
      v.maxLength(maxApis, `must hold ${maxApis} at most`),
      v.check(
        (list) => new Set(list.map(({ name }) => name)).size === list.length,
        'must have different names',
      ),
    ),
    [],
  ),
  updates: v.optional(v.strictObject({ feed })),
})

export type Profile = v.InferOutput<typeof profileFile>

/** Where a profile is, and how the app reads it there. */
export interface ProfilePlace {
  readonly file: string
  /** Absent where the person may not choose another one. */
  readonly own?: OwnProfile
  /** Throws `AppError` `E_PROFILE_INVALID`. */
  readonly read: () => Promise<Profile>
}

/** The person's own profile, in place of which they may choose another one. */
export interface OwnProfile {
  readonly file: string
  /** As `parseProfile`, by the rules for this place. */
  readonly parse: (text: string) => Profile
}

/** Bytes of a file that is read as a profile: far more than one has. */
const maxBytes = 65_536

/**
 * Reads a profile and says which key is wrong and why.
 *
 * @throws {AppError} `E_PROFILE_INVALID` with that key in `detail`
 */
export async function readProfile(file: string, origin: ProfileOrigin): Promise<Profile> {
  return parseProfile(await readProfileText(file), origin)
}

/**
 * Reads the text of a file that is to be a profile.
 *
 * @throws {AppError} `E_PROFILE_INVALID` for what cannot be read, is no file, or is larger than 64 kB
 */
export async function readProfileText(file: string): Promise<string> {
  const unreadable = (error: unknown): never =>
    refuse('file', isMissing(error) ? 'does not exist' : 'cannot be read', error)
  const found = await stat(file).catch(unreadable)
  // A pipe or a device would never end.
  if (!found.isFile()) refuse('file', 'is no file')
  if (found.size > maxBytes) refuse('file', `is larger than ${maxBytes} bytes`)
  return await readFile(file, 'utf8').catch(unreadable)
}

/** As `readProfile`, from the text of the file. */
export function parseProfile(text: string, origin: ProfileOrigin): Profile {
  const parsed = v.safeParse(profileFile, parseJson(text))
  if (!parsed.success) {
    const [issue] = parsed.issues
    refuse(v.getDotPath(issue) ?? 'file', profileReason(issue))
  }
  const profile = parsed.output
  if (origin !== 'command-line' && !knownIssuers.includes(profile.issuer)) {
    const test = origin === 'machine' && isLoopback(new URL(profile.issuer))
    if (!test) refuse('issuer', 'is not one of ID-porten or Ansattporten')
  }
  // Whoever names a feed decides what is installed on the computer.
  if (profile.updates !== undefined && origin !== 'machine') {
    refuse('updates', "belongs into the machine's profile alone")
  }
  // A token on plain http is for tests, which a loopback issuer or the command line tells.
  const forTests = origin === 'command-line' || isLoopback(new URL(profile.issuer))
  const plain = profile.apis.findIndex(
    (each) => !forTests && new URL(each.url).protocol !== 'https:',
  )
  if (plain !== -1) refuse(`apis.${plain}.url`, 'must be https')
  return profile
}

/** Every scope that a login asks for: those of the profile, and those of its APIs. */
export function scopesOf(profile: Profile): string[] {
  const scopes = [profile.scope, ...profile.apis.map((each) => each.scope)].join(' ').split(' ')
  return [...new Set(scopes)]
}

/** What a login is to ask for; the language is that of the window, where the profile names none. */
export function loginPolicy(profile: Profile, language: Language): LoginPolicy {
  return {
    issuer: profile.issuer,
    clientId: profile.clientId,
    redirectPath: profile.redirectPath,
    scope: scopesOf(profile).join(' '),
    acrValues: profile.acrValues,
    uiLocales: profile.uiLocales ?? language,
    prompt: profile.prompt,
    resource: profile.resource,
    authorizationDetails: profile.authorizationDetails,
    par: profile.par,
    dpop: profile.dpop,
    remember: profile.remember,
  }
}

/** The library's own words only where this schema gives none: for the shape of objects. */
function profileReason(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== 'strict_object') return issue.message
  if (issue.expected === 'never') return 'is not a known key'
  return issue.received === 'undefined' ? 'is absent' : 'must be a JSON object'
}

function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    refuse('file', 'is not JSON', error)
  }
  return Array.isArray(value) ? refuse('file', 'must be a JSON object') : value
}

function isMissing(error: unknown): boolean {
  // Stryker disable next-line ConditionalExpression,LogicalOperator: a file system throws nothing but errors with a code
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function refuse(key: string, reason: string, cause?: unknown): never {
  throw new AppError('E_PROFILE_INVALID', `profile: ${key}: ${reason}`, {
    cause,
    detail: { key, reason },
  })
}
