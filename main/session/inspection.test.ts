import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { inspectionSchema } from '../../preload/inspection.ts'
import { persons } from '../../simulator/persons.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { createApps, echoApi, profileOf, type TestApp } from '../../test/support/app.ts'
import { createTestClock } from '../../test/support/login.ts'
import { createClaimChanges } from './inspection.ts'
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
    expect(inspectionOf(app).changedClaims).toBeNull()
    await app.controller.renew()
    const { changedClaims } = inspectionOf(app)
    expect(changedClaims).toContain('jti')
    expect(changedClaims).not.toContain('sub')
  })

  it('forgets the tokens when the session ends, and the steps stay', async () => {
    const app = await signedIn()
    app.controller.signOut()
    expect(inspectionOf(app)).toMatchObject({ tokens: null, changedClaims: null })
    expect(stepsOf(app)).toHaveLength(1)
  })
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
