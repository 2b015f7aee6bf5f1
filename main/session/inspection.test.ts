import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { inspectionSchema } from '../../preload/inspection.ts'
import { persons } from '../../simulator/persons.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { createApps, echoApi, profileOf, type TestApp } from '../../test/support/app.ts'
import { arrive, createTestClock, logInAt } from '../../test/support/login.ts'
import { LoginError, providerDifferences } from '../login/index.ts'
import { plainLogin } from '../../test/support/plain-login.ts'
import { createClaimChanges, toInspection } from './inspection.ts'
import { createTraces } from './traces.ts'

const pid = persons[0]?.pid ?? ''
let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(async () => {
  simulator.play(null)
  await apps.closeAll()
})

async function signedIn(): Promise<TestApp> {
  const profile = profileOf(simulator, { apis: [echoApi(simulator)] })
  const app = await apps.signedIn(simulator, { profile })
  await app.until(({ session }) => session?.userinfo !== null)
  return app
}
/** What the inspector gets, as the contract lets it through. */
const inspectionOf = ({ controller }: TestApp) => v.parse(inspectionSchema, controller.inspect())
const stepsOf = (app: TestApp) =>
  inspectionOf(app).attempts.map(({ kind, steps }) => [kind, ...steps.map(({ step }) => step)])

describe('the inspection', () => {
  it('has nothing before the first login but the profile', async () => {
    const app = apps.create(simulator)
    await app.ready()
    const { attempts, tokens, changedClaims, provider, profile } = inspectionOf(app)
    expect([attempts, tokens, changedClaims]).toEqual([[], null, null])
    expect(provider).toEqual({ metadata: [], keys: [], differences: null })
    expect(profile).toContainEqual({ key: 'issuer', value: simulator.issuer })
  })

  it('has the steps of a login, a renewal and a call, each with its attempt', async () => {
    const app = await signedIn()
    await app.controller.callApi(0)
    await app.controller.renew()
    const [login, renewal] = stepsOf(app)
    expect(login).toEqual(
      expect.arrayContaining(['login', 'metadata', 'callback', 'userinfo', 'api-call']),
    )
    expect(renewal).toEqual(['renewal', 'refresh', 'keys', 'verification'])
    expect(inspectionOf(app).attempts.map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('has a renewal in the browser as one, with its reference and how each attempt ended', async () => {
    const withoutRefresh = await startSimulator()
    const app = await apps.signedIn(withoutRefresh)
    void app.controller.renew()
    await arrive(await logInAt(await app.opened.next()))
    await app.until(({ renewing }) => renewing === null)
    const reference = expect.stringMatching(/^[A-Z\d]+$/)
    expect(inspectionOf(app).attempts).toMatchObject([
      { kind: 'login', reference, result: 'done' },
      { kind: 'renewal', reference, result: 'done' },
    ])
    await app.close()
    await withoutRefresh.close()
  })

  it('has the steps of a sign-out with the session that has ended', async () => {
    const app = await signedIn()
    app.controller.signOut()
    await app.until(({ providerLogout }) => providerLogout?.revocation === 'done')
    expect(stepsOf(app)[0]).toContain('revocation')
  })

  it('has how far a login came that failed, with the reference that the window shows', async () => {
    const app = apps.create(simulator)
    await app.ready()
    simulator.play('invalid-nonce')
    const { snapshot } = await app.logIn()
    const [attempt] = inspectionOf(app).attempts
    expect(attempt?.reference).toBe(snapshot.error?.reference)
    expect(attempt?.steps.at(-1)).toMatchObject({
      step: 'verification',
      outcome: 'failed',
      error: { code: 'E_ID_TOKEN_CLAIM' },
    })
    expect(inspectionOf(app).tokens).toBeNull()
  })

  it('has the tokens without signature and nonce, and personal numbers only while they are revealed', async () => {
    const app = await signedIn()
    const { tokens } = inspectionOf(app)
    expect(JSON.parse(tokens?.id?.header ?? '')).toMatchObject({ alg: 'RS256' })
    expect(JSON.parse(tokens?.id?.payload ?? '')).toMatchObject({ nonce: '[secret]' })
    expect(JSON.stringify(tokens)).not.toContain(pid)
    app.controller.revealPid(true)
    expect(inspectionOf(app).tokens?.id?.payload).toContain(pid)
    app.controller.revealPid(false)
    expect(JSON.stringify(inspectionOf(app))).not.toContain(pid)
  })

  it('has what the provider said of itself, also when it was not asked again', async () => {
    const app = await signedIn()
    await app.controller.renew()
    const { metadata, keys, differences } = inspectionOf(app).provider
    expect(metadata.map(({ name }) => name)).toContain('token_endpoint')
    expect(keys.length).toBeGreaterThan(0)
    expect(differences?.map(({ member }) => member)).not.toContain(
      'code_challenge_methods_supported',
    )
  })

  it('names the claims that a renewal has changed', async () => {
    const app = await signedIn()
    const changed = () => inspectionOf(app).changedClaims
    await vi.waitFor(() => expect(inspectionOf(app).tokens?.userinfo).not.toBeNull())
    expect(changed()).toEqual({ id: null, access: null, userinfo: null })
    await app.controller.renew()
    for (const names of [changed()?.id, changed()?.access]) {
      expect(names).toContain('jti')
      expect(names).not.toContain('sub')
    }
  })

  it('names the claims in which another person differs', async () => {
    const app = await signedIn()
    app.controller.signOut()
    await app.logIn({ pid: persons[1]?.pid ?? '' })
    await app.until(({ session }) => session !== null && session.userinfo !== null)
    const { changedClaims } = inspectionOf(app)
    for (const names of [changedClaims?.id, changedClaims?.access]) expect(names).toContain('pid')
    expect(changedClaims?.userinfo).toContain('given_name')
    expect(changedClaims?.userinfo).not.toContain('iss')
  })

  it('forgets the tokens when the session ends, and the steps stay', async () => {
    const app = await signedIn()
    app.controller.signOut()
    expect(inspectionOf(app)).toMatchObject({ tokens: null, changedClaims: null })
    expect(stepsOf(app)).toHaveLength(1)
  })
})

const noChanges = {
  id: createClaimChanges(),
  access: createClaimChanges(),
  userinfo: createClaimChanges(),
}

it('the inspection is what the traces hold, in the order in which it began, to a tenth of a millisecond', () => {
  const clock = createTestClock(1_000_000)
  clock.advance(500)
  const traces = createTraces(clock)
  const values = [{ name: 'a', value: 'b', hidden: false }]
  const check = { rule: 'r', source: 's', expected: 'e', got: 'g', result: 'pass' } as const
  const address = { method: 'GET', address: 'https://a.test/', headers: values, parameters: values }
  const answer = { status: 200, headers: values, members: values }
  const common = { source: 's', outcome: 'done', error: null } as const
  traces.begin(7, 'renewal')
  traces.refer(7, 'ABCDEF')
  const listen = traces.listener(7)
  listen({
    ...common,
    step: 'keys',
    startedAt: 502.26,
    duration: 3.14159,
    request: address,
    response: answer,
    checks: [check],
  })
  listen({
    ...common,
    step: 'metadata',
    startedAt: 500,
    duration: 0,
    request: null,
    response: null,
    checks: [],
  })
  const inspection = toInspection({
    traces,
    login: null,
    userinfo: null,
    changes: noChanges,
    profile: null,
    pidRevealed: false,
  })
  expect(inspection).toEqual({
    attempts: [
      {
        attempt: 7,
        kind: 'renewal',
        reference: 'ABCDEF',
        startedAt: 1_000_500,
        result: null,
        steps: [
          {
            ...common,
            id: 1,
            step: 'metadata',
            startedAtMs: 0,
            durationMs: 0,
            request: null,
            response: null,
            checks: [],
          },
          {
            ...common,
            id: 0,
            step: 'keys',
            startedAtMs: 2.3,
            durationMs: 3.1,
            request: address,
            response: answer,
            checks: [check],
          },
        ],
      },
    ],
    tokens: null,
    changedClaims: null,
    provider: { metadata: [], keys: values, differences: null },
    profile: [],
  })
})

it('the inspection tells in what the provider differs, and nothing of what a profile leaves open', () => {
  const profile = { ...profileOf(simulator), prompt: undefined }
  const { provider, profile: shown } = toInspection({
    traces: createTraces(createTestClock()),
    login: plainLogin,
    userinfo: null,
    changes: noChanges,
    profile,
    pidRevealed: false,
  })
  expect(provider.differences?.length).toBeGreaterThan(0)
  expect(provider.differences).toEqual(providerDifferences(plainLogin.provider))
  expect(shown.map(({ key }) => key)).toEqual(Object.keys(profileOf(simulator)))
})

describe('the changes of claims', () => {
  it('are those of value, those that came and those that went', () => {
    const changes = createClaimChanges()
    changes.note({ same: { a: [1] }, other: 1, gone: true })
    expect(changes.changed()).toBeNull()
    changes.note({ same: { a: [1] }, other: '1', new: null })
    expect(changes.changed()?.toSorted()).toEqual(['gone', 'new', 'other'])
    changes.note({ same: { a: [1] }, other: '1', new: null })
    expect(changes.changed()).toEqual([])
  })
})

describe('the traces', () => {
  const step = {
    step: 'api-call',
    startedAt: 0,
    duration: 0,
    source: '',
    request: null,
    response: null,
    checks: [],
    outcome: 'done',
    error: null,
  } as const

  it('are of the last twenty attempts; a step of an older one is dropped', () => {
    const traces = createTraces(createTestClock())
    for (let attempt = 1; attempt <= 21; attempt += 1) traces.begin(attempt, 'login')
    traces.listener(1)(step)
    traces.listener(21)(step)
    traces.refer(1, 'AAAAAA')
    traces.refer(21, 'BBBBBB')
    const kept = traces.attempts()
    expect(kept.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 2),
    )
    expect(kept.at(-1)).toMatchObject({ reference: 'BBBBBB', steps: [step] })
  })

  it.each([
    ['done', async () => plainLogin],
    ['cancelled', async () => null],
    [
      'E_LOGIN_TIMEOUT',
      async () => {
        throw new LoginError('E_LOGIN_TIMEOUT', 'too late')
      },
    ],
  ])('tell how an attempt ended: %s', async (result, login) => {
    const traces = createTraces(createTestClock())
    traces.begin(1, 'login')
    expect(traces.attempts()[0]).toMatchObject({ reference: '', result: null })
    traces.follow(1, login())
    await new Promise((resolve) => setImmediate(resolve))
    expect(traces.attempts()[0]?.result).toBe(result)
  })

  it('keep what the provider said of itself when it was asked last, and not that it refused', () => {
    const traces = createTraces(createTestClock())
    const told = (status: number, name: string) => ({
      status,
      headers: [],
      members: [{ name, value: 'v', hidden: false }],
    })
    const listen = traces.listener(1)
    for (const name of ['metadata', 'keys'] as const) {
      listen({ ...step, step: name, response: told(200, name) })
      listen({ ...step, step: name, outcome: 'refused', response: told(404, 'error') })
      listen({ ...step, step: name, outcome: 'from-memory' })
    }
    listen({ ...step, step: 'userinfo', response: told(200, 'userinfo') })
    expect(traces.provider()).toEqual({
      metadata: told(200, 'metadata').members,
      keys: told(200, 'keys').members,
    })
  })

  it('keep the last forty steps of an attempt', () => {
    const traces = createTraces(createTestClock())
    traces.begin(1, 'login')
    for (let at = 0; at < 41; at += 1) traces.listener(1)({ ...step, startedAt: at })
    const [attempt] = traces.attempts()
    expect(attempt?.steps.map(({ startedAt }) => startedAt)).toEqual(
      Array.from({ length: 40 }, (_, at) => at + 1),
    )
  })
})
