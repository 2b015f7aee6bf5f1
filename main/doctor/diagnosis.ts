import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { ErrorCode } from '../../preload/contract.ts'
import { toAppError } from '../errors.ts'
import {
  clockTolerance,
  type Explanation,
  type Fetch,
  LoginError,
  plain,
  probeProvider,
  type ProviderDifference,
  providerDifferences,
  type ProviderProbe,
} from '../login/index.ts'
import type { Profile, ProfilePlace } from '../session/profile.ts'
import { type Registration, registrationFor } from './registration.ts'

/** What was looked at, in the order of a report. */
export type Subject =
  | 'profile'
  | 'profile file'
  | 'metadata'
  | 'keys'
  | 'clock'
  | 'differences'
  | 'loopback'
  | 'browser'
  | 'keyring'
  | 'electron'
  | 'sandbox'
  | 'fuses'

/** What came of one check. An error keeps people from logging in; a warning does not. */
export interface Finding {
  readonly subject: Subject
  readonly result: 'ok' | 'warning' | 'error' | 'not checked'
  /** One line of English, which shows the control characters of others. */
  readonly found: string
  /** What is known of the reason, or null. */
  readonly advice: string | null
  /** The error that a login would end with, or null. */
  readonly code: ErrorCode | null
}

/** All that is to be told of an installation and its provider. */
export interface Diagnosis {
  readonly canLogIn: boolean
  readonly findings: readonly Finding[]
  readonly differences: readonly ProviderDifference[]
  /** Null without a profile. */
  readonly registration: Registration | null
}

/** What the doctor needs of the runtime that it is in. */
export interface DoctorContext {
  readonly findProfile: () => Promise<ProfilePlace>
  readonly fetch: Fetch
  /** How requests to an address travel and whose certificate came, once they were made; null where nobody can say. */
  readonly route: (address: string) => Promise<string | null>
  /** The checks that only this runtime can make. */
  readonly checkRuntime: () => Promise<readonly Finding[]>
}

/** Seconds between two clocks that are worth a word before they are an error. */
const notableSkew = 30

/** Makes a finding, with the words of others on one line. */
export function finding(
  subject: Subject,
  result: Finding['result'],
  found: string,
  more: { readonly advice?: string; readonly code?: ErrorCode } = {},
): Finding {
  const { advice = null, code = null } = more
  return { subject, result, found: plain(found), advice, code }
}

/** Findings of what could not be looked at. */
export function notChecked(reason: string, ...subjects: readonly Subject[]): Finding[] {
  return subjects.map((subject) => finding(subject, 'not checked', reason))
}

/** Finds out whether a login can work here. Sends no token, opens no browser, and throws nothing. */
export async function diagnose(context: DoctorContext): Promise<Diagnosis> {
  const place = await context.findProfile()
  const profile = await place.read().catch(toAppError)
  const probe = profile instanceof LoginError ? null : await probeProvider(profile.issuer, context)
  const provider = probe?.provider
  const differences =
    provider === undefined || provider instanceof LoginError ? [] : providerDifferences(provider)
  const findings = [
    ofProfile(place, profile),
    await ofProfileFile(place.file),
    ...(probe === null || profile instanceof LoginError
      ? notChecked('there is no profile', 'metadata', 'keys', 'clock', 'differences')
      : await ofProvider(profile, probe, differences, context)),
    await ofLoopback(),
    ...(await context.checkRuntime()),
  ]
  return {
    canLogIn: findings.every(({ result }) => result !== 'error'),
    findings,
    differences,
    registration: profile instanceof LoginError ? null : registrationFor(profile),
  }
}

/** The error that a login would end with, what it is about, and what is known of the reason. */
function failed(subject: Subject, { code, detail, explanation }: LoginError<ErrorCode>): Finding {
  const found = detail === null ? code : `${code}, ${detail.key}: ${detail.reason}`
  const advice = explanation && { advice: explained(explanation) }
  return finding(subject, 'error', found, { code, ...advice })
}

const tlsProblems = {
  expired: 'the certificate is not valid now: it has expired, or the clock is wrong',
  'wrong-host': 'the certificate is for another host',
  'unknown-authority':
    'this computer does not trust the authority: a proxy or a security program may open the connection',
  'old-version': 'only old versions of TLS are offered, as by an old proxy',
} as const

function explained(explanation: Explanation): string {
  switch (explanation.kind) {
    case 'oauth':
      return `the provider answered with ${explanation.error}`
    case 'tls':
      return tlsProblems[explanation.problem]
    case 'captive-portal':
      return 'something else answered: the network may want a login of its own first'
    case 'clock':
      return `this computer's clock is ${apart(explanation)}; let the system set it`
  }
}

const apart = ({ seconds, direction }: { seconds: number; direction: string }): string =>
  `${seconds} s ${direction === 'ahead' ? 'ahead of' : 'behind'} the provider's`

function ofProfile({ file }: ProfilePlace, profile: Profile | LoginError<ErrorCode>): Finding {
  if (profile instanceof LoginError) {
    const { subject, result, found, ...more } = failed('profile', profile)
    return { subject, result, found: plain(`${file}: ${found}`), ...more }
  }
  return finding('profile', 'ok', `${file}: ${profile.name}, ${profile.issuer}`)
}

/** Whoever can change the profile names the provider; to read it does no harm, for it holds no secret. */
async function ofProfileFile(file: string): Promise<Finding> {
  if (process.platform === 'win32') {
    return finding('profile file', 'not checked', 'not on Windows: see its access list')
  }
  const found = await stat(file).catch(() => null)
  if (found === null) return finding('profile file', 'not checked', 'there is none')
  const may = (bit: number): string => {
    const whose = [
      ...(found.mode & (bit << 3) ? ['its group'] : []),
      ...(found.mode & bit ? ['everyone'] : []),
    ]
    return whose.length === 0 ? 'nobody else' : whose.join(' and ')
  }
  const words = `beside its owner, ${may(4)} can read it, and ${may(2)} can change it`
  return finding('profile file', found.mode & 0o022 ? 'warning' : 'ok', words)
}

async function ofProvider(
  profile: Profile,
  probe: ProviderProbe,
  differences: readonly ProviderDifference[],
  { route }: DoctorContext,
): Promise<Finding[]> {
  const { provider, usableKeys } = probe
  const way = await route(profile.issuer)
  if (provider instanceof LoginError) {
    const { found, ...more } = failed('metadata', provider)
    const told = { ...more, found: way === null ? found : plain(`${found}; ${way}`) }
    return [told, ...ofClock(probe), ...notChecked('there are no metadata', 'keys', 'differences')]
  }
  return [
    finding('metadata', 'ok', way === null ? 'came, and can be used' : `came, ${way}`),
    ofKeys(usableKeys),
    ...ofClock(probe),
    differences.length === 0
      ? finding('differences', 'ok', 'the metadata are what is expected of ID-porten')
      : finding('differences', 'warning', `${differences.length} in the metadata, listed below`),
  ]
}

function ofKeys(usable: ProviderProbe['usableKeys']): Finding {
  if (usable instanceof LoginError) return failed('keys', usable)
  return usable === 0
    ? finding('keys', 'error', 'none can verify an ID token', { code: 'E_ID_TOKEN_SIGNATURE' })
    : finding('keys', 'ok', `${usable} can verify an ID token`)
}

function ofClock({ clockSkew }: ProviderProbe): Finding[] {
  if (clockSkew === null) return notChecked('the provider told no time', 'clock')
  const seconds = Math.round(Math.abs(clockSkew) / 1000)
  const direction = clockSkew > 0 ? 'ahead' : 'behind'
  if (seconds > clockTolerance) {
    const explanation = { kind: 'clock', direction, seconds } as const
    return [failed('clock', new LoginError<ErrorCode>('E_CLOCK_SKEW', 'clock', { explanation }))]
  }
  const words = `${seconds} s ${direction === 'ahead' ? 'ahead of' : 'behind'} the provider's`
  return [finding('clock', seconds > notableSkew ? 'warning' : 'ok', words)]
}

async function ofLoopback(): Promise<Finding> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return finding('loopback', 'ok', 'a port of 127.0.0.1 can be listened on')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const detail = { key: '127.0.0.1', reason }
    return failed('loopback', new LoginError<ErrorCode>('E_LISTENER_BIND', 'listener', { detail }))
  } finally {
    server.close()
  }
}
