import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { failureOf } from '../../test/support/login.ts'
import { parseProfile, type ProfileOrigin, readProfile } from './profile.ts'

const good = { name: 'Test', issuer: 'https://test.idporten.no', clientId: 'client' }
const api = { name: 'krr', url: 'https://api.test/x', scope: 'krr:read' }
const loopback = 'http://127.0.0.1:8080'

const parse = (changes: object, origin: ProfileOrigin = 'command-line') =>
  parseProfile(JSON.stringify({ ...good, ...changes }), origin)

const refusalOf = async (run: () => unknown) => {
  const error = await failureOf(
    Promise.resolve().then(() => run()),
    AppError,
  )
  expect(error.code).toBe('E_PROFILE_INVALID')
  expect(error.message).toContain(error.detail?.key)
  return error.detail
}

describe('a key is refused', () => {
  it.each<[key: string, value: unknown, reason: RegExp, fine?: unknown]>([
    ['name', undefined, /^is absent$/, 'x'],
    ['name', '', /empty/, 'x'],
    ['name', 7, /text/, '7'],
    ['name', 'a\nb', /control characters/, 'a b'],
    ['name', 'x'.repeat(2049), /2048/, 'x'.repeat(2048)],
    ['issuer', undefined, /^is absent$/, good.issuer],
    ['issuer', null, /text/, good.issuer],
    ['issuer', 'idporten.no', /address/, 'https://idporten.no'],
    ['issuer', 'http://test.idporten.no', /https/, good.issuer],
    ['issuer', 'http://localhost:8080', /https/, loopback],
    ['issuer', 'http://[::1]:8080', /https/, loopback],
    ['issuer', 'http://127.0.0.2:8080', /https/, loopback],
    ['issuer', 'http://127.0.0.1.evil.example', /https/, loopback],
    ['issuer', 'http://127.0.0.1@evil.example', /https/, loopback],
    ['issuer', 'javascript:alert(1)', /https/, good.issuer],
    ['issuer', 'file:///etc/passwd', /https/, good.issuer],
    ['issuer', 'https://user:pass@test.idporten.no', /credentials/, good.issuer],
    ['issuer', 'https://user@test.idporten.no', /credentials/, good.issuer],
    ['issuer', 'https://:pass@test.idporten.no', /credentials/, good.issuer],
    ['issuer', 'https://test.idporten.no/#x', /fragment/, good.issuer],
    ['issuer', 'https://test.idporten.no/?x', /query/, good.issuer],
    ['clientId', undefined, /^is absent$/, 'c'],
    ['clientId', ['c'], /text/, 'c'],
    ['redirectPath', 'callback', /start with \//, '/callback'],
    ['redirectPath', 'x/callback', /start with \//, '/x/callback'],
    ['redirectPath', ':x', /start with \//, '/:x'],
    ['redirectPath', '/æ/x', /other than \//, '/ae/x'],
    ['redirectPath', '', /empty/, '/x'],
    ['redirectPath', '/', /other than \//, '/x'],
    ['redirectPath', '/callback?x=y', /query/, '/callback'],
    ['redirectPath', '/callback#x', /fragment/, '/callback'],
    ['redirectPath', '/call%62ack', /escapes/, '/callback'],
    ['redirectPath', '/a/../b', /plain/, '/a/b'],
    ['redirectPath', '/a/./b', /plain/, '/a.b'],
    ['redirectPath', '/a\\b', /path/, '/a/b/c'],
    ['redirectPath', '/æ', /path/, '/ae'],
    ['scope', 'profile', /openid/, 'openid'],
    ['scope', 'openid  profile', /single spaces/, 'openid profile'],
    ['scope', ['openid'], /text/, 'openid krr:user/kontaktinformasjon.read'],
    ['scope', 'openid "x"', /scopes/, 'openid'],
    ['acrValues', 'idporten-loa-high', /list/, ['idporten-loa-high']],
    ['acrValues.0', { acrValues: [1] }, /text/],
    ['acrValues.0', { acrValues: ['high low'] }, /one level/],
    ['uiLocales', 'nb  en', /^must be languages with single spaces/, 'nb en'],
    ['uiLocales', '', /empty/, 'nb'],
    ['prompt', 'select_account', /login, consent or none/, 'login'],
    ['resource', 'https://api.test', /list/, ['https://api.test']],
    ['resource.1', { resource: ['https://a.test', 'x'] }, /address/],
    ['authorizationDetails', {}, /list/, [{ type: 'x', more: 1 }]],
    ['authorizationDetails.0', { authorizationDetails: ['x'] }, /type/],
    ['authorizationDetails.0.type', { authorizationDetails: [{}] }, /type/],
    ['par', true, /auto, always or never/, 'never'],
    ['dpop', 'true', /true or false/, false],
    ['remember', 1, /true or false/, false],
    ['loginTimeoutSeconds', '300', /number/, 300],
    ['loginTimeoutSeconds', 0, /at least 1/, 1],
    ['loginTimeoutSeconds', 3601, /at most 3600/, 3600],
    ['loginTimeoutSeconds', 1.5, /whole/, 2],
    ['inactivityMinutes', 31, /at most 30/, 30],
    ['inactivityMinutes', 0, /at least 1/, 1],
    ['postLogoutRedirectUri', 'http://evil.example', /https/, 'https://x.test'],
    ['apis', {}, /list/, [api]],
    ['apis.0.url', { apis: [{ ...api, url: 'http://api.test' }] }, /https/],
    ['apis.0.url', { apis: [{ name: 'x', scope: 'y' }] }, /^is absent$/],
    ['apis.0.method', { apis: [{ ...api, method: 'DELETE' }] }, /GET or POST/],
    ['apis.0.scope', { apis: [{ ...api, scope: 'a  b' }] }, /^must be scopes with single spaces/],
    ['apis.0.more', { apis: [{ ...api, more: 1 }] }, /not a known key/],
    ['apis.0', { apis: ['https://api.test'] }, /object/],
    ['apis.0', { apis: [null] }, /object/],
    ['issuers', 'x', /^is not a known key$/],
    ['client_id', 'x', /^is not a known key$/],
    ['clientSecret', 'x', /^is not a known key$/],
    ['toString', 'x', /^is not a known key$/],
  ])('%s as %j', async (key, value, reason, fine) => {
    const wrong = key.includes('.') ? Object(value) : { [key]: value }
    const detail = await refusalOf(() => parse(wrong))
    expect(detail?.key).toBe(key)
    expect(detail?.reason).toMatch(reason)
    const right = fine === undefined ? {} : { [key]: fine }
    expect(parse(right)).toMatchObject({ ...good, ...right })
  })
})

it.each([
  { prompt: 'login' },
  { prompt: 'consent' },
  { prompt: 'none' },
  { par: 'auto' },
  { par: 'always' },
  { par: 'never' },
  { apis: [{ ...api, method: 'GET' }] },
  { apis: [{ ...api, method: 'POST' }] },
  { name: 'a\uFEFFb' },
])('%j is taken as it is', (changes) => {
  expect(parse(changes)).toMatchObject(changes)
})

describe('a file is refused', () => {
  it.each<readonly [string, string, string, RegExp]>([
    ['not JSON', '{"name":', 'file', /^is not JSON$/],
    ['empty', '', 'file', /^is not JSON$/],
    ['a number', '1', 'file', /object/],
    ['null', 'null', 'file', /object/],
    ['a list', '[]', 'file', /object/],
    ['an object of nothing', '{}', 'name', /^is absent$/],
    [
      'with a key of every object',
      '{"name":"x","issuer":"https://idporten.no","clientId":"c","__proto__":{"scope":"x"}}',
      '__proto__',
      /not a known key/,
    ],
  ])('%s', async (_, text, key, reason) => {
    const detail = await refusalOf(() => parseProfile(text, 'command-line'))
    expect(detail?.key).toBe(key)
    expect(detail?.reason).toMatch(reason)
  })
})

describe('reading', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'profile-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is refused for a file that is missing, no file or too large; a good one is read', async () => {
    const missing = await refusalOf(() => readProfile(join(folder, 'none.json'), 'user'))
    expect(missing).toEqual({ key: 'file', reason: 'does not exist' })
    const unreadable = await refusalOf(() => readProfile(folder, 'user'))
    expect(unreadable).toEqual({ key: 'file', reason: 'is no file' })
    const file = join(folder, 'profile.json')
    writeFileSync(file, `${JSON.stringify(good)}${' '.repeat(65_536)}`)
    const large = await refusalOf(() => readProfile(file, 'user'))
    expect(large).toEqual({ key: 'file', reason: 'is larger than 65536 bytes' })
    writeFileSync(file, `\uFEFF${JSON.stringify(good)}`)
    await expect(readProfile(file, 'user')).resolves.toMatchObject(good)
  })
})

describe('an issuer of a packaged app', () => {
  it.each([
    'https://evil.example',
    'https://idporten.no/',
    'https://idporten.no.evil.example',
    'https://IDPORTEN.no',
    'https://login.idporten.no',
  ])('is refused for users and machines: %s', async (issuer) => {
    for (const origin of ['user', 'machine'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await refusalOf(() => parse({ issuer }, origin))).toEqual({
        key: 'issuer',
        reason: 'is not one of ID-porten or Ansattporten',
      })
    }
    expect(parse({ issuer }).issuer).toBe(issuer)
  })

  it('is refused on loopback for a user; an administrator may name it', async () => {
    expect((await refusalOf(() => parse({ issuer: loopback }, 'user')))?.key).toBe('issuer')
    expect(parse({ issuer: loopback }, 'machine').issuer).toBe(loopback)
  })

  it.each([
    'https://idporten.no',
    'https://test.idporten.no',
    'https://ansattporten.no',
    'https://test.ansattporten.no',
  ])('is accepted: %s', (issuer) => {
    expect(parse({ issuer }, 'user').issuer).toBe(issuer)
    expect(parse({ issuer }, 'machine').issuer).toBe(issuer)
  })
})

it('has a default for everything but three keys', () => {
  expect(parse({})).toEqual({
    ...good,
    redirectPath: '/callback',
    scope: 'openid profile',
    acrValues: ['idporten-loa-substantial'],
    resource: [],
    par: 'auto',
    dpop: false,
    remember: false,
    loginTimeoutSeconds: 300,
    inactivityMinutes: 30,
    apis: [],
  })
  expect(parse({ apis: [api] }).apis).toEqual([{ ...api, method: 'GET' }])
})

describe('an update feed', () => {
  const updates = { feed: 'https://updates.example/desktop' }

  it.each(['user', 'command-line'] as const)(
    "is refused in a profile that is not the machine's (%s), with the key; the machine's may name one",
    async (origin) => {
      expect(await refusalOf(() => parse({ updates }, origin))).toEqual({
        key: 'updates',
        reason: "belongs into the machine's profile alone",
      })
      expect(parse({}, origin).updates).toBeUndefined()
      expect(parse({ updates }, 'machine').updates).toEqual(updates)
    },
  )

  it.each([
    ['updates.feed', { feed: 'http://updates.example' }, /https/],
    ['updates.feed', { feed: 'http://127.0.0.1:8080/' }, /https/],
    ['updates.feed', { feed: 'file:///srv/updates' }, /https/],
    ['updates.feed', { feed: 'updates' }, /https/],
    ['updates.feed', { feed: 'https://user:pass@updates.example' }, /credentials/],
    ['updates.feed', { feed: 'https://updates.example/?channel=beta' }, /query/],
    ['updates.feed', { feed: 'https://updates.example/#x' }, /fragment/],
    ['updates.feed', {}, /absent/],
    ['updates.channel', { ...updates, channel: 'beta' }, /not a known key/],
    ['updates', updates.feed, /object/],
  ])("is refused by %s in the machine's profile too: %j", async (key, wrong, reason) => {
    const detail = await refusalOf(() => parse({ updates: wrong }, 'machine'))
    expect(detail?.key).toBe(key)
    expect(detail?.reason).toMatch(reason)
  })
})

describe('an API', () => {
  const plain = { ...api, name: 'local', url: 'http://127.0.0.1:8080/api' }

  it('on plain http is refused in an installed app; on the command line and for tests it is taken', async () => {
    for (const origin of ['user', 'machine'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await refusalOf(() => parse({ apis: [api, plain] }, origin))).toEqual({
        key: 'apis.1.url',
        reason: 'must be https',
      })
      expect(parse({ apis: [api] }, origin).apis).toHaveLength(1)
    }
    expect(parse({ apis: [plain] }).apis).toHaveLength(1)
    expect(parse({ issuer: loopback, apis: [plain] }, 'machine').apis).toHaveLength(1)
  })

  it('of the same name as another is refused, and so is the hundred and first', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...api, name: `API ${index}` }))
    expect((await refusalOf(() => parse({ apis: [api, api] })))?.reason).toBe(
      'must have different names',
    )
    expect((await refusalOf(() => parse({ apis: many(101) })))?.key).toBe('apis')
    expect(parse({ apis: many(100) }).apis).toHaveLength(100)
  })
})
