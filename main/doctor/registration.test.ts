import { expect, it } from 'vitest'
import { parseProfile } from '../session/profile.ts'
import { registrationFor } from './registration.ts'

const registered = (keys: object = {}) =>
  registrationFor(
    parseProfile(
      JSON.stringify({
        name: 'The agency',
        issuer: 'https://test.idporten.no',
        clientId: 'client',
        ...keys,
      }),
      'command-line',
    ),
  )

const api = { name: 'krr', url: 'https://api.test/x', scope: 'krr:read' }

it('of a login alone is as docs/registration.md has it', () => {
  expect(registered().fields).toEqual({
    client_name: 'The agency',
    integration_type: 'idporten',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    code_challenge_method: 'S256',
    grant_types: ['authorization_code'],
    redirect_uris: ['http://127.0.0.1:0/callback'],
    post_logout_redirect_uris: [],
    scopes: ['openid', 'profile'],
  })
})

it.each([
  ['the path', { redirectPath: '/min' }, { redirect_uris: ['http://127.0.0.1:0/min'] }],
  [
    'what is remembered',
    { remember: true },
    { grant_types: ['authorization_code', 'refresh_token'] },
  ],
  [
    'the APIs',
    { apis: [api] },
    { integration_type: 'api_klient', scopes: ['openid', 'profile', 'krr:read'] },
  ],
  [
    'the end of a logout',
    { postLogoutRedirectUri: 'http://127.0.0.1:0/out' },
    { post_logout_redirect_uris: ['http://127.0.0.1:0/out'] },
  ],
  ['the provider', { issuer: 'https://ansattporten.no' }, { integration_type: 'ansattporten' }],
])('follows %s of the profile', (_, keys, fields) => {
  expect(registered(keys).fields).toMatchObject(fields)
})

it('says which required fields no profile names, and which it does', () => {
  expect(Object.keys(registered().notes)).toContain('post_logout_redirect_uris')
  const { notes } = registered({ postLogoutRedirectUri: 'https://agency.test/out' })
  expect(Object.keys(notes)).not.toContain('post_logout_redirect_uris')
  expect(Object.keys(notes)).toContain('client_uri')
})
