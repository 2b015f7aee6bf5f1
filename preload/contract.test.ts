import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { loginErrorCodes, oauthErrors as oauthErrorsOfLogin } from '../main/login/errors.ts'
import {
  errorCodes,
  errors,
  intents,
  oauthErrors,
  type Reply,
  replySchema,
  type Snapshot,
  snapshotChannel,
  snapshotSchema,
} from './contract.ts'

const check = { rule: 'iss', source: 's', expected: 'x', got: 'x', result: 'pass' } as const
const claim = { name: 'sub', value: 'x', masked: false }
/** One of everything, as no real state is: it gives every object a place to be wrong in. */
const whole: Snapshot = {
  revision: 1,
  canChooseProfile: false,
  status: 'signed-in',
  attempt: 1,
  renewing: null,
  language: 'nb',
  profile: { name: 'x', issuer: 'x', clientId: 'x', scope: 'x', acrValues: ['x'] },
  waiting: {
    remainingMs: 1,
    browserArrived: false,
    hint: null,
    requestRejected: false,
    pushRefused: null,
    linkReused: false,
  },
  session: {
    name: 'x',
    pid: null,
    pidRevealed: false,
    acr: 'x',
    endsInMs: 1,
    accessTokenLeftMs: null,
    idToken: [claim],
    accessToken: [claim],
    userinfo: [claim],
    refusedScopes: ['x'],
    renewal: 'browser',
    remembered: 'off',
    apis: [
      {
        name: 'x',
        granted: true,
        running: false,
        answer: { httpStatus: 200, tookMs: 1, body: 'x', masked: false },
        failure: null,
      },
    ],
    problem: null,
    checks: [check],
  },
  providerLogout: {
    revocation: 'none',
    browser: 'done',
    requestRejected: false,
    linkReused: false,
  },
  update: { version: '1.0.0', canRestart: true },
  error: {
    code: 'E_UNEXPECTED',
    ...errors.E_UNEXPECTED,
    reference: 'x',
    detail: { key: 'x', reason: 'x' },
    explanation: { kind: 'clock', direction: 'ahead', seconds: 1 },
    checks: [check],
  },
  retryInMs: 1,
}

type Path = readonly (string | number)[]
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The paths of every object in a value, itself included. */
function objectsIn(value: unknown, path: Path = []): Path[] {
  if (!isObject(value)) return []
  const inner = Object.entries(value).flatMap(([key, item]) => objectsIn(item, [...path, key]))
  return Array.isArray(value) ? inner : [path, ...inner]
}

/** The same value with something else at a path. */
function change(value: unknown, path: Path, to: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return to(value)
  const copy: unknown = structuredClone(value)
  if (!isObject(copy)) throw new Error('no such path')
  Reflect.set(copy, key, change(Reflect.get(copy, key), rest, to))
  return copy
}

const accepts = (value: unknown) => v.is(snapshotSchema, value)

it('a snapshot with one of everything is accepted, and comes out as it went in', () => {
  expect(v.parse(snapshotSchema, whole)).toEqual(whole)
})

describe('a snapshot is refused', () => {
  const objects = objectsIn(whole)
  it('in all places where there is an object', () => {
    expect(objects).toHaveLength(16)
  })

  it.each(objects.map((path) => [path.join('.') || 'itself', path] as const))(
    'with one key more or less in %s',
    (_, path) => {
      for (const extra of ['token', 'state', 'toString', '__proto__']) {
        const more = { [extra]: 'x' }
        expect(accepts(change(whole, path, (old) => ({ ...Object(old), ...more })))).toBe(false)
      }
      const keys = Object.keys(
        Object(path.reduce((at, key) => Reflect.get(Object(at), key), whole as unknown)),
      )
      for (const key of keys) {
        const without = change(whole, path, (old) => {
          const copy = { ...Object(old) }
          Reflect.deleteProperty(copy, key)
          return copy
        })
        expect([key, accepts(without)]).toEqual([key, false])
      }
    },
  )

  it.each<readonly [string, unknown, unknown]>([
    ['revision', -1, 0],
    ['revision', 1.5, 2],
    ['revision', Number.NaN, 3],
    ['revision', '1', 1],
    ['attempt', -1, 0],
    ['status', 'exchanged', 'exchanging'],
    ['renewing', 'x', 'browser'],
    ['language', 'no', 'nb'],
    ['waiting.remainingMs', Number.POSITIVE_INFINITY, 0.5],
    ['session.endsInMs', -1, 1],
    ['session.name', { reveal: 'x' }, null],
    ['session.idToken.0.name', 'nonce', 'sub'],
    ['session.accessToken.0.name', 'nonce', 'sub'],
    ['session.idToken.0.value', 7, '7'],
    ['session.idToken.0.value', null, 'x'.repeat(200_000)],
    ['session.idToken', 'eyJ', []],
    ['session.checks.0.result', 'ok', 'skipped'],
    ['error.code', 'E_SOMETHING', 'E_LOGIN_DENIED'],
    ['error.code', 'toString', 'E_LOGIN_TIMEOUT'],
    ['error.category', 'code', 'login'],
    ['error.detail', 'x', null],
  ])('whose %s is %j; the right one is accepted', (path, bad, fine) => {
    const at = path.split('.')
    expect(accepts(change(whole, at, () => bad))).toBe(false)
    expect(accepts(change(whole, at, () => fine))).toBe(true)
  })
})

describe('a reply', () => {
  it.each<readonly [string, unknown, Reply]>([
    ['that is neither', {}, { ok: true, snapshot: whole }],
    [
      'that is both',
      { ok: true, snapshot: whole, code: 'E_UNEXPECTED' },
      { ok: true, snapshot: whole },
    ],
    ['with a snapshot of its own', { ok: true, snapshot: {} }, { ok: true, snapshot: whole }],
    [
      'of failure with a snapshot',
      { ok: false, snapshot: whole },
      { ok: false, code: 'E_UNEXPECTED' },
    ],
    [
      'of failure without a known code',
      { ok: false, code: 'x' },
      { ok: false, code: 'E_UNEXPECTED' },
    ],
    [
      'of failure with a message',
      { ok: false, code: 'E_UNEXPECTED', message: 'x' },
      { ok: false, code: 'E_UNEXPECTED' },
    ],
  ])('%s is refused; the right one is accepted', (_, bad, fine) => {
    expect(v.is(replySchema, bad)).toBe(false)
    expect(v.parse(replySchema, fine)).toEqual(fine)
  })
})

describe('the arguments of an intent', () => {
  const fine: Record<keyof typeof intents, unknown[][]> = {
    getSnapshot: [[]],
    signIn: [[]],
    cancel: [[]],
    reopenBrowser: [[]],
    copyLink: [[]],
    prolong: [[]],
    signOut: [[]],
    switchUser: [[]],
    renew: [[]],
    callApi: [[0], [99]],
    restartToUpdate: [[]],
    chooseProfile: [[]],
    copyContents: [['id-token'], ['access-token'], ['userinfo']],
    copyRequest: [
      [0, 0],
      [3, 39],
    ],
    exportAttempt: [
      [1, 'markdown', 'clipboard'],
      [1, 'json', 'file'],
    ],
    revealPid: [[true], [false]],
    setLanguage: [['nb'], ['nn'], ['en'], ['se']],
  }
  const names = Object.keys(intents).filter((name): name is keyof typeof intents => name in intents)

  it.each(names)('are refused when they are more, other or none: %s', (name) => {
    const { args } = intents[name]
    for (const good of fine[name]) {
      expect(v.is(args, good)).toBe(true)
      expect(v.is(args, [...good, undefined])).toBe(false)
      expect(v.is(args, [...good, 'x'])).toBe(false)
      expect(v.is(args, [])).toBe(good.length === 0)
    }
    for (const bad of [
      ['true'],
      [1.5],
      [100],
      [-1],
      [null],
      [{}],
      [[true]],
      ['no'],
      ['toString'],
      {},
      'x',
      null,
    ]) {
      expect([bad, v.is(args, bad)]).toEqual([bad, false])
    }
  })

  it('go over channels of their own', () => {
    const channels = [...names.map((name) => intents[name].channel), snapshotChannel]
    expect(new Set(channels).size).toBe(names.length + 1)
    for (const channel of channels)
      expect(channel).toMatch(/^(session|settings|inspector):[a-z-]+$/)
  })
})

it('every error code says its category in its name or is in the table on purpose', () => {
  for (const code of errorCodes) expect(code).toMatch(/^E_[A-Z]+(_[A-Z]+)*$/)
  expect(errorCodes).toEqual(expect.arrayContaining(contractual))
})

/** Codes that other people's automation relies on (docs/automation.md). */
const contractual = [
  'E_PROFILE_INVALID',
  'E_LISTENER_BIND',
  'E_BROWSER_OPEN',
  'E_LOGIN_DENIED',
  'E_LOGIN_TIMEOUT',
  'E_CALLBACK_ISSUER',
  'E_PROVIDER_METADATA',
  'E_TOKEN_REFUSED',
  'E_TOKEN_RESPONSE',
  'E_ID_TOKEN_SIGNATURE',
  'E_ID_TOKEN_CLAIM',
  'E_CLOCK_SKEW',
  'E_SESSION_EXPIRED',
]

it('has a name for every error of the login, and the same errors of OAuth', () => {
  expect(loginErrorCodes.filter((code) => !errorCodes.includes(code))).toEqual([])
  expect(oauthErrors).toEqual(oauthErrorsOfLogin)
})
