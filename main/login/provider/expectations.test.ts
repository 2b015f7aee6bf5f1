import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { acrValues } from '../../../simulator/levels.ts'
import { discoveryDocument } from '../../../simulator/provider/discovery.ts'
import { providerDifferences } from './expectations.ts'

const good = discoveryDocument('https://issuer.test')

/** The members that differ once these are changed. */
const membersOf = (changes: Readonly<Record<string, unknown>>) =>
  providerDifferences({ ...good, ...changes }).map(({ member }) => member)

it('tells no difference of what ID-porten publishes', () => {
  expect(providerDifferences(good)).toEqual([])
})

it.each([
  { dpop_signing_alg_values_supported: ['ES256', 'PS256'] },
  { backchannel_logout_supported: true, backchannel_logout_session_supported: true },
  { authorization_details_types_supported: ['idporten:fullmakt'] },
  { acr_values_supported: [...acrValues, 'selfregistered-email'] },
  { require_pushed_authorization_requests: false },
])('tells no difference of what ID-porten may add: $0', (added) => {
  expect(membersOf(added)).toEqual([])
})

it('tells no difference of a member that ID-porten documents, whatever it says there', () => {
  const documented = `authorization_endpoint authorization_signing_alg_values_supported
    backchannel_logout_session_supported backchannel_logout_supported claims_parameter_supported
    display_values_supported frontchannel_logout_session_supported frontchannel_logout_supported
    introspection_endpoint issuer jwks_uri request_parameter_supported
    request_uri_parameter_supported subject_types_supported token_endpoint
    token_endpoint_auth_signing_alg_values_supported`.split(/\s+/)
  expect(membersOf(Object.fromEntries(documented.map((member) => [member, 'any'])))).toEqual([])
})

it.each([
  ['pushed_authorization_request_endpoint', undefined],
  ['pushed_authorization_request_endpoint', 'nowhere'],
  ['userinfo_endpoint', undefined],
  ['revocation_endpoint', undefined],
  ['end_session_endpoint', 7],
  ['end_session_endpoint', ['https://issuer.test/logout']],
  ['require_pushed_authorization_requests', true],
  ['authorization_response_iss_parameter_supported', undefined],
  ['authorization_response_iss_parameter_supported', 'true'],
  ['response_types_supported', ['code', 'id_token']],
  ['response_modes_supported', ['form_post']],
  ['grant_types_supported', ['authorization_code']],
  ['token_endpoint_auth_methods_supported', ['private_key_jwt']],
  ['code_challenge_methods_supported', ['S256', 'plain']],
  ['code_challenge_methods_supported', 'S256'],
  ['id_token_signing_alg_values_supported', ['RS256', 'none']],
  ['id_token_signing_alg_values_supported', []],
  ['dpop_signing_alg_values_supported', ['RS256']],
  ['scopes_supported', ['openid']],
  ['acr_values_supported', ['substantial', 'high']],
  ['prompt_values_supported', ['none']],
  ['ui_locales_supported', ['nb', 'en']],
  ['authorization_details_types_supported', ['other']],
  ['registration_endpoint', 'https://issuer.test/register'],
])('tells that %s is %j', (member, value) => {
  expect(membersOf({ [member]: value })).toEqual([member])
})

it('tells what was expected and what came, and what is absent', () => {
  const changes = { code_challenge_methods_supported: ['plain'], userinfo_endpoint: undefined }
  expect(providerDifferences({ ...good, ...changes })).toEqual([
    { member: 'userinfo_endpoint', expected: 'an address', got: 'absent' },
    {
      member: 'code_challenge_methods_supported',
      expected: 'S256 alone',
      got: "[ 'plain' ]",
    },
  ])
})

it('shows a long list on one line', () => {
  const algorithms = [
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
  ]
  const [difference] = providerDifferences({
    ...good,
    id_token_signing_alg_values_supported: algorithms,
  })
  for (const algorithm of algorithms) expect(difference?.got).toContain(`'${algorithm}'`)
  expect(difference?.got).not.toMatch(/[\n\uFFFD]/)
})

it('shows hostile words as one short line', () => {
  const [difference] = providerDifferences({
    ...good,
    'a\u202Eb\n': `\u202E\u001B[31m${'x'.repeat(5000)}`,
  })
  expect(difference?.member).toBe('a\uFFFDb\uFFFD')
  expect(difference?.got).toMatch(/^[^\p{C}]{1,301}$/u)
})

it('counts what is added beyond the first twenty members, and no more when there are just twenty', () => {
  const added = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`member-${index}`, index]))
  expect(membersOf(added(20))).toHaveLength(20)
  const differences = providerDifferences({ ...good, ...added(25) })
  expect(differences).toHaveLength(21)
  expect(differences.at(-1)).toEqual({ member: '…', expected: 'absent', got: '5 more members' })
})

it('expects no levels of ID-porten from Ansattporten, and of ID-porten it does', () => {
  const members = (issuer: string) =>
    providerDifferences({ issuer, acr_values_supported: [] }).map(({ member }) => member)
  expect(members('https://test.ansattporten.no')).not.toContain('acr_values_supported')
  expect(members('https://test.ansattporten.no')).toContain('userinfo_endpoint')
  expect(members('https://test.idporten.no')).toContain('acr_values_supported')
})

it('throws nothing, whatever is in the metadata', () => {
  const names = fc.oneof(fc.constantFrom(...Object.keys(good)), fc.string())
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.anything({ withBigInt: true, withNullPrototype: true })),
      (metadata) => {
        for (const { got } of providerDifferences(metadata)) expect(got.length).toBeLessThan(302)
      },
    ),
  )
})
