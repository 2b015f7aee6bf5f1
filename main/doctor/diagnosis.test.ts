import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ScenarioName } from '../../simulator/scenarios/index.ts'
import type { Scenario } from '../../simulator/scenarios/scenario.ts'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { readProfile } from '../session/profile.ts'
import { diagnose, finding, type Subject } from './diagnosis.ts'
import { report } from './report.ts'

let simulator: Simulator
let folder = ''
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'))
})
afterEach(async () => {
  simulator.play(null)
  await rm(folder, { recursive: true })
})

/** Examines the simulator with a profile that has these keys otherwise, or is this text. */
async function examine(profile: object | string = {}, mode = 0o644) {
  const file = join(folder, 'profile.json')
  await writeFile(
    file,
    typeof profile === 'string' ? profile : JSON.stringify({ ...simulator.profile, ...profile }),
  )
  await chmod(file, mode)
  const since = simulator.journal.length
  const diagnosis = await diagnose({
    findProfile: async () => ({ file, read: () => readProfile(file, 'command-line') }),
    fetch,
    route: async () => 'directly',
    checkRuntime: async () => [finding('keyring', 'warning', 'this desktop has no keyring')],
  })
  const of = (subject: Subject) => diagnosis.findings.find((each) => each.subject === subject)
  const requests = simulator.journal.slice(since).map(({ method, path }) => `${method} ${path}`)
  return { ...diagnosis, of, requests, text: report(diagnosis, false), file }
}

const play = (scenario: ScenarioName | Scenario): void => simulator.play(scenario)

it('says that a login can work, without a keyring too, after asking for metadata and keys alone', async () => {
  const { canLogIn, findings, differences, requests, text } = await examine()
  expect(findings.filter(({ result }) => result !== 'ok').map(({ subject }) => subject)).toEqual([
    'keyring',
  ])
  expect(canLogIn).toBe(true)
  expect(differences).toEqual([])
  expect(requests).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks.json'])
  expect(text).toContain('\nA login can work here.\n')
})

describe('a wrong profile keeps people from logging in', () => {
  it.each([
    ['issuer', { issuer: 'ftp://issuer.test' }],
    ['colour', { colour: 'blue' }],
    ['file', 'not JSON'],
  ])('and is told with the key that is wrong: %s', async (key, profile) => {
    const { canLogIn, of, requests, registration, text } = await examine(profile)
    expect(of('profile')).toMatchObject({ result: 'error', code: 'E_PROFILE_INVALID' })
    expect(of('profile')?.found).toContain(`E_PROFILE_INVALID, ${key}: `)
    expect([canLogIn, requests, registration]).toEqual([false, [], null])
    expect(of('metadata')?.result).toBe('not checked')
    expect(text).toContain('\nA login cannot work here. ')
  })
})

describe('who else can use the file of the profile is told', () => {
  it.each([
    [0o600, 'ok', 'nobody else can read it, and nobody else can change it'],
    [0o644, 'ok', 'its group and everyone can read it, and nobody else can change it'],
    [0o664, 'warning', 'its group and everyone can read it, and its group can change it'],
    [0o602, 'warning', 'nobody else can read it, and everyone can change it'],
  ])('%o: %s', async (mode, result, words) => {
    const { of, canLogIn } = await examine({}, mode)
    expect(of('profile file')).toMatchObject({ result, found: `beside its owner, ${words}` })
    expect(canLogIn).toBe(true)
  })
})

describe('a provider that a login would not use is told', () => {
  it.each<[ScenarioName, Subject, string, string]>([
    ['issuer-with-slash', 'metadata', 'E_PROVIDER_METADATA', 'issuer: '],
    ['metadata-without-s256', 'metadata', 'E_PROVIDER_METADATA', 'does not offer S256'],
    ['discovery-http-502', 'metadata', 'E_NETWORK_STATUS', 'HTTP 502'],
    ['keys-not-an-array', 'keys', 'E_PROVIDER_KEYS', 'not a key set'],
    ['keys-use-enc', 'keys', 'E_ID_TOKEN_SIGNATURE', 'none can verify'],
  ])('%s: %s', async (scenario, subject, code, words) => {
    play(scenario)
    const { canLogIn, of } = await examine()
    expect(of(subject)).toMatchObject({ result: 'error', code })
    expect(of(subject)?.found).toContain(words)
    expect(canLogIn).toBe(false)
  })

  it('with what a page in the place of an answer means', async () => {
    play('discovery-html-200')
    expect((await examine()).of('metadata')?.advice).toContain('login of its own')
  })

  it('when nobody answers, and then no clock is compared', async () => {
    const closed = await startSimulator()
    await closed.close()
    const { canLogIn, of } = await examine({ issuer: closed.issuer })
    expect(of('metadata')).toMatchObject({ result: 'error', code: 'E_NETWORK_UNREACHABLE' })
    expect(of('clock')?.result).toBe('not checked')
    expect(of('keys')?.result).toBe('not checked')
    expect(canLogIn).toBe(false)
  })
})

describe('a clock', () => {
  it.each([
    [600, 'error', 'E_CLOCK_SKEW', false],
    [-600, 'error', 'E_CLOCK_SKEW', false],
    [120, 'warning', null, true],
    [0, 'ok', null, true],
  ])('of the provider that is %i s ahead: %s', async (clock, result, code, can) => {
    play({ summary: 'has another time', clock })
    const { canLogIn, of } = await examine()
    expect(of('clock')).toMatchObject({ result, code })
    expect(canLogIn).toBe(can)
  })

  it('that is wrong is told with the direction and the seconds', async () => {
    play({ summary: 'has another time', clock: 600 })
    expect((await examine()).of('clock')?.advice).toMatch(/is (59\d|60\d) s behind/)
  })
})

it('tells where the metadata differ, which is a warning', async () => {
  play('metadata-alg-none-too')
  const { canLogIn, of, differences, text } = await examine()
  expect(of('differences')?.result).toBe('warning')
  expect(differences.map(({ member }) => member)).toEqual(['id_token_signing_alg_values_supported'])
  expect(text).toContain(
    "id_token_signing_alg_values_supported: expected RS256 alone, got [ 'none', 'RS256' ]",
  )
  expect(canLogIn).toBe(true)
})

it('shows the control characters of a provider, and lets none through', async () => {
  play({
    summary: 'turns text around',
    metadata: (document) => ({ ...document, '\u001B[2J\u202E': ['\u001B[31m', '\u2066\r\n'] }),
  })
  const { differences, text } = await examine({ name: 'Right \u202E left' })
  expect(differences).toHaveLength(1)
  expect(text).toContain('\uFFFD')
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  expect(text).toContain(String.raw`"client_name": "Right \u202e left"`)
})

it('is JSON for a tool, with all of it and nothing that turns text around', async () => {
  const { canLogIn, findings, differences, registration } = await examine({ name: 'a\u202E' })
  const diagnosis = { canLogIn, findings, differences, registration }
  const json = report(diagnosis, true)
  expect(JSON.parse(json)).toEqual(diagnosis)
  expect(json).not.toMatch(/\p{Cf}/u)
})
