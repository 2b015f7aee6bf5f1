import { readFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parseProfile } from '../main/session/profile.ts'
import { startSimulator } from '../simulator/simulator.ts'
import { profileSchema, schemaFile } from './profile-schema.ts'

const schema: object = JSON.parse(await profileSchema())
const schemaTakes = new Ajv({ allErrors: true }).compile(schema)

function appTakes(profile: unknown): boolean {
  try {
    parseProfile(JSON.stringify(profile), 'command-line')
    return true
  } catch {
    return false
  }
}

const good = { name: 'Test', issuer: 'https://test.idporten.no', clientId: 'client' }
const api = { name: 'krr', url: 'https://api.test/x', scope: 'krr:read' }

test('is committed as the script makes it', async () => {
  const committed = await readFile(schemaFile, 'utf8')
  expect(committed, 'run: npx node scripts/profile-schema.ts').toBe(await profileSchema())
})

test('takes the profile of the simulator, as the app does', async () => {
  const simulator = await startSimulator()
  await simulator.close()
  expect(schemaTakes(simulator.profile)).toBe(true)
  expect(appTakes(simulator.profile)).toBe(true)
})

test.each<readonly [what: string, profile: unknown]>([
  ['what must be there alone', good],
  ['a link to this schema', { ...good, $schema: './profile.schema.json' }],
  [
    'everything else',
    {
      ...good,
      redirectPath: '/a/b',
      scope: 'openid krr:read',
      acrValues: ['idporten-loa-high', 'eidas-loa-high'],
      uiLocales: 'nn nb',
      prompt: 'login',
      resource: ['https://api.test/'],
      authorizationDetails: [{ type: 'idporten:fullmakt', permission_roles: ['arbeid'] }],
      par: 'never',
      dpop: true,
      remember: true,
      loginTimeoutSeconds: 60,
      inactivityMinutes: 1,
      postLogoutRedirectUri: 'https://example.no/ute',
      apis: [api, { ...api, name: 'other', method: 'POST' }],
    },
  ],
])('takes %s, as the app does', (_, profile) => {
  expect(appTakes(profile)).toBe(true)
  expect(schemaTakes(profile)).toBe(true)
})

test.each<readonly [what: string, profile: unknown]>([
  ['a list', [good]],
  ['nothing', {}],
  ['no issuer', { ...good, issuer: undefined }],
  ['an unknown key', { ...good, colour: 'blue' }],
  ['an unknown key of an API', { ...good, apis: [{ ...api, colour: 'blue' }] }],
  ['an API without a scope', { ...good, apis: [{ ...api, scope: undefined }] }],
  ['another method', { ...good, apis: [{ ...api, method: 'PUT' }] }],
  ['an empty name', { ...good, name: '' }],
  ['a name over two lines', { ...good, name: 'a\nb' }],
  ['a number for a text', { ...good, clientId: 7 }],
  ['a redirect path without a slash', { ...good, redirectPath: 'callback' }],
  ['a redirect path with a query', { ...good, redirectPath: '/callback?x=y' }],
  ['scopes with two spaces', { ...good, scope: 'openid  profile' }],
  ['one level that is no list', { ...good, acrValues: 'idporten-loa-high' }],
  ['an unknown prompt', { ...good, prompt: 'select_account' }],
  ['an unknown use of pushed requests', { ...good, par: true }],
  ['no time to log in', { ...good, loginTimeoutSeconds: 0 }],
  ['half a second', { ...good, loginTimeoutSeconds: 0.5 }],
  ['a session of more than 30 minutes', { ...good, inactivityMinutes: 31 }],
  ['authorization details without a type', { ...good, authorizationDetails: [{}] }],
])('refuses %s, as the app does', (_, profile) => {
  expect(appTakes(profile)).toBe(false)
  expect(schemaTakes(JSON.parse(JSON.stringify(profile)))).toBe(false)
})

test.each<readonly [what: string, profile: typeof good & Record<string, unknown>, words: string]>([
  ['an issuer that is http', { ...good, issuer: 'http://idporten.no' }, 'must be https'],
  ['an issuer with a query', { ...good, issuer: 'https://idporten.no/?a' }, 'hold a query'],
  ['a path that climbs', { ...good, redirectPath: '/a/../b' }, 'must be a plain path'],
  ['scopes without openid', { ...good, scope: 'profile' }, 'must hold openid'],
  ['two APIs of one name', { ...good, apis: [api, api] }, 'must have different names'],
])('says in words that the app refuses %s', (_, profile, words) => {
  expect(appTakes(profile)).toBe(false)
  expect(schemaTakes(profile)).toBe(true)
  expect(JSON.stringify(schema)).toContain(words)
})
