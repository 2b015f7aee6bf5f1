import * as fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { errors, type Failure, snapshotSchema } from '../../preload/contract.ts'
import { initialState, type SignedIn, type State } from './state.ts'
import { parseProfile } from './profile.ts'
import { maskPersonalNumbers } from '../login/index.ts'
import { toSnapshot } from './view.ts'
import { runs, seed } from '../../test/support/thorough.ts'

const pid = '12838540137'
const masked = '128385•••••'
const profile = parseProfile(
  JSON.stringify({ name: 'Test', issuer: 'https://test.idporten.no', clientId: 'client' }),
  'user',
)
const claims = {
  sub: 'subject',
  pid,
  nonce: 'the-nonce',
  acr: 'idporten-loa-high',
  given_name: 'Syntetisk',
  family_name: 'Eksempelsen',
  amr: ['TestID'],
  auth_time: 1_800_000_000,
  verified: true,
  nothing: null,
  authorization_details: [{ type: 'altinn', party: { id: pid, other: [`0192:${pid}`] } }],
}
const signedIn = (changes: Partial<SignedIn> = {}, more: Partial<State> = {}): State => ({
  ...initialState('nb'),
  status: 'signed-in',
  session: {
    claims,
    accessTokenClaims: { pid, nonce: 'the-nonce', scope: 'openid' },
    checks: [
      { rule: 'pid', source: 's', expected: `not ${pid}`, got: `it is ${pid}`, result: 'pass' },
    ],
    login: 1,
    userinfo: null,
    endsAt: 1,
    accessTokenEndsAt: null,
    refusedScopes: [],
    refreshableUntil: null,
    remembered: 'off',
    apis: [],
    problem: null,
    ...changes,
  },
  ...more,
})
const show = (state: State, now = 0) => v.parse(snapshotSchema, toSnapshot(state, profile, now))
const sessionOf = (state: State) => {
  const { session } = show(state)
  if (session === null) throw new Error('no session')
  return session
}

describe('a personal number', () => {
  it.each([
    [pid, masked],
    [`a${pid}b`, `a${masked}b`],
    [`${pid},${pid}`, `${masked},${masked}`],
    [`0192:${pid}`, `0192:${masked}`],
    [`"${pid}"`, `"${masked}"`],
    ['1234567890', '1234567890'],
    ['123456789012', '123456789012'],
    ['1800000000000', '1800000000000'],
    ['', ''],
  ])('in %j is shown as %j', (text, shown) => {
    expect(maskPersonalNumbers(text)).toBe(shown)
  })

  it('is nowhere in a snapshot until asked for, also nested in a claim', () => {
    const session = sessionOf(signedIn())
    expect(JSON.stringify(session)).not.toContain(pid)
    expect(session.pid).toBe(masked)
    const details = session.idToken.find(({ name }) => name === 'authorization_details')
    expect(details).toEqual({
      name: 'authorization_details',
      value: JSON.stringify(claims.authorization_details).replaceAll(pid, masked),
      masked: true,
    })
  })

  it('is revealed when asked for, in the tokens and not in the checks', () => {
    const session = sessionOf(signedIn({}, { pidRevealed: true }))
    expect([session.pid, session.pidRevealed]).toEqual([pid, true])
    expect(session.accessToken).toContainEqual({ name: 'pid', value: pid, masked: false })
    expect(JSON.stringify(session.checks)).not.toContain(pid)
  })

  it.each([
    ['a claim that is a number', { n: Number(pid) }],
    ['the name of a claim', { [pid]: 'x' }],
    ['the key of an object', { o: { [pid]: 1 } }],
    ['the name of the person', { given_name: pid, family_name: `x ${pid}` }],
    ['the level', { acr: pid }],
  ])('is hidden in %s', (_, more) => {
    expect(JSON.stringify(sessionOf(signedIn({ claims: { ...claims, ...more } })))).not.toContain(
      pid,
    )
  })

  it('is hidden in a failure', () => {
    const check = { rule: 'sub', source: 's', expected: 'x', got: pid, result: 'fail' } as const
    const { error } = show({
      ...initialState('nb'),
      status: 'signed-out',
      error: {
        code: 'E_ID_TOKEN_CLAIM',
        ...errors.E_ID_TOKEN_CLAIM,
        reference: 'REFREF',
        detail: { key: 'sub', reason: `got ${pid}` },
        explanation: null,
        checks: [check],
      },
    })
    expect(error?.detail?.reason).toBe(`got ${masked}`)
    expect(error?.checks).toEqual([{ ...check, got: masked }])
  })
})

describe('the claims', () => {
  it.each([false, true])('never hold the nonce, with the number revealed: %s', (pidRevealed) => {
    expect(JSON.stringify(show(signedIn({}, { pidRevealed })))).not.toMatch(/nonce/)
  })

  it('are verbatim otherwise, in the order of the token', () => {
    const { idToken } = sessionOf(signedIn())
    expect(idToken.map(({ name }) => name)).toEqual(
      Object.keys(claims).filter((name) => name !== 'nonce'),
    )
    const values = Object.fromEntries(idToken.map(({ name, value }) => [name, value]))
    expect(values).toMatchObject({
      sub: 'subject',
      acr: 'idporten-loa-high',
      amr: '["TestID"]',
      auth_time: '1800000000',
      verified: 'true',
      nothing: 'null',
    })
    expect(idToken.filter((row) => row.masked).map(({ name }) => name)).toEqual([
      'pid',
      'authorization_details',
    ])
  })

  it('keep to the contract, whatever a token holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (more, revealed) => {
        const changes = { claims: { ...claims, ...more }, accessTokenClaims: more }
        const shown = show(signedIn(changes, { pidRevealed: revealed }))
        expect(JSON.stringify(shown)).not.toContain('the-nonce')
      }),
      { numRuns: runs(50, 1000), seed },
    )
  })

  it.each([false, true])(
    'keep to the contract also when one is very long, with the number revealed: %s',
    (pidRevealed) => {
      const long = { long: 'x'.repeat(200_000), ['y'.repeat(20_000)]: 'z', acr: 'x'.repeat(20_000) }
      const changes = { claims: { ...claims, ...long }, accessTokenClaims: long }
      const { accessToken } = sessionOf(signedIn(changes, { pidRevealed }))
      expect(accessToken?.[0]).toEqual({ name: 'long', value: long.long, masked: false })
    },
  )

  it('are null for an opaque access token', () => {
    expect(sessionOf(signedIn({ accessTokenClaims: null })).accessToken).toBeNull()
  })
})

describe('the name of the person', () => {
  it.each([
    [{ given_name: 'A', family_name: 'B' }, 'A B'],
    [{ given_name: 'A', name: 'C' }, 'A'],
    [{ name: 'C D' }, 'C D'],
    [{ name: '  ' }, null],
    [{ given_name: 7, name: ['x'] }, null],
    [{}, null],
  ])('from %j is %j', (own, name) => {
    expect(sessionOf(signedIn({ claims: own })).name).toBe(name)
  })
})

it('tells the time that is left to wait, which is never negative', () => {
  const waiting = {
    deadline: 1000,
    browserArrived: true,
    hint: null,
    requestRejected: false,
    pushRefused: null,
    linkReused: false,
  }
  const state: State = { ...initialState('nb'), status: 'waiting-for-browser', waiting }
  expect(show(state, 400).waiting).toEqual({
    remainingMs: 600,
    browserArrived: true,
    hint: null,
    requestRejected: false,
    pushRefused: null,
    linkReused: false,
  })
  expect(show(state, 1001).waiting?.remainingMs).toBe(0)
})

it('shows of the profile what a person may read, and null when there is none', () => {
  expect(show(initialState('nb')).profile).toEqual({
    name: 'Test',
    issuer: 'https://test.idporten.no',
    clientId: 'client',
    scope: 'openid profile',
    acrValues: ['idporten-loa-substantial'],
  })
  expect(v.parse(snapshotSchema, toSnapshot(initialState('nb'), null, 0)).profile).toBeNull()
})

describe('what belongs to the session besides its tokens', () => {
  it('is told as time that is left, and never negative', () => {
    const state = signedIn({ endsAt: 1000, accessTokenEndsAt: 500 })
    expect(show(state, 400).session).toMatchObject({ endsInMs: 600, accessTokenLeftMs: 100 })
    expect(show(state, 5000).session).toMatchObject({ endsInMs: 0, accessTokenLeftMs: 0 })
    expect(show(signedIn()).session?.accessTokenLeftMs).toBeNull()
  })

  it('is masked as claims are: answers of APIs, userinfo, problems', () => {
    const answer = { httpStatus: 200, tookMs: 1, body: `{"id": "${pid}"}` }
    const failure: Failure = {
      code: 'E_API_RESPONSE',
      ...errors.E_API_RESPONSE,
      reference: '',
      detail: { key: 'API', reason: `no ${pid}` },
      explanation: null,
      checks: [],
    }
    const api = { name: 'krr', granted: true, running: false, answer, failure }
    const whole = { apis: [api], userinfo: { pid, sub: 's' }, problem: failure }
    const hidden = sessionOf(signedIn(whole))
    expect(JSON.stringify(hidden)).not.toContain(pid)
    expect(hidden.apis[0]?.answer).toEqual({ ...answer, body: `{"id": "${masked}"}`, masked: true })
    expect(hidden.userinfo).toContainEqual({ name: 'pid', value: masked, masked: true })
    const shown = sessionOf(signedIn(whole, { pidRevealed: true }))
    expect(shown.apis[0]?.answer).toEqual({ ...answer, masked: false })
    expect(JSON.stringify([shown.problem, shown.apis[0]?.failure])).not.toContain(pid)
  })
})
