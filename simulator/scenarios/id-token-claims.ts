import { createHash } from 'node:crypto'
import { otherClientId } from '../clients.ts'
import { hostileTexts } from '../faults/hostile-texts.ts'
import { append, claims, now, set, text, without } from './changes.ts'
import { bad, either, good } from './outcome.ts'
import type { Scenario, Tools } from './scenario.ts'

const weekInSeconds = 7 * 24 * 60 * 60

/** What is wrong, or unusual, in the claims of the ID token, under a right signature. */
export const idTokenClaims = {
  'invalid-iss': bad('The ID token is from another issuer.', append('iss')),
  'missing-iss': bad('The ID token has no iss.', without('iss')),
  'missing-sub': bad('The ID token has no sub.', without('sub')),
  'invalid-aud': bad('The ID token is for another audience.', append('aud')),
  'missing-aud': bad('The ID token has no aud.', without('aud')),
  'missing-iat': bad('The ID token has no iat.', without('iat')),
  'missing-exp': bad('The ID token has no exp.', without('exp')),
  'expired-exp': bad(
    'The ID token expired 6 minutes ago.',
    claims((former) => ({ ...former, exp: now() - 6 * 60 })),
  ),
  'invalid-nonce': bad('The nonce is another one.', append('nonce')),
  'missing-nonce': bad('The ID token has no nonce.', without('nonce')),
  'iat-week-in-past': bad(
    'The ID token was issued a week ago.',
    claims((former) => ({ ...former, iat: now() - weekInSeconds })),
  ),
  'iat-in-future': bad(
    'The ID token is issued a day from now.',
    claims((former) => ({ ...former, iat: now() + 86_400, exp: now() + 86_520 })),
  ),
  'nbf-in-future': bad(
    'The ID token is valid from tomorrow on.',
    claims((former) => ({ ...former, nbf: now() + 86_400 })),
  ),
  'auth-time-last-year': either(
    'The login was a year ago, which matters when a fresh one was asked for.',
    claims((former) => ({ ...former, auth_time: now() - 365 * 86_400 })),
  ),
  'multiple-aud': bad(
    'The ID token is for this client and another one, and says it was made for this one.',
    claims((former) => ({ ...former, aud: [former['aud'], otherClientId], azp: former['aud'] })),
  ),
  'aud-array-of-one': good(
    'The audience is this client, in an array.',
    claims((former) => ({ ...former, aud: [former['aud']] })),
  ),
  'azp-other': bad('azp names another client.', set({ azp: otherClientId })),
  'azp-self': good(
    'azp names this client.',
    claims((former) => ({ ...former, azp: former['aud'] })),
  ),
  'invalid-at-hash': bad(
    'at_hash is of another access token.',
    set({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }),
  ),
  'right-at-hash': good(
    'at_hash is of the access token.',
    claims((former, { accessToken }) => {
      const hash = createHash('sha256').update(accessToken).digest()
      return { ...former, at_hash: hash.subarray(0, 16).toString('base64url') }
    }),
  ),
  'missing-at-hash': good('The ID token has no at_hash.', without('at_hash')),
  'invalid-c-hash': either('c_hash is of another code.', set({ c_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })),
  'acr-missing': bad('The ID token has no acr.', without('acr')),
  'acr-too-low': bad('The level is below substantial.', set({ acr: 'idporten-loa-low' })),
  'acr-array': bad('acr is an array.', set({ acr: ['idporten-loa-high'] })),
  'acr-superstring': bad('acr begins like a level.', set({ acr: 'idporten-loa-highest' })),
  'acr-with-prefix': bad('acr ends like a level.', set({ acr: 'not-idporten-loa-high' })),
  'acr-uppercase': bad('acr is in capitals.', set({ acr: 'IDPORTEN-LOA-HIGH' })),
  'acr-two-levels': bad(
    'acr names two levels.',
    set({ acr: 'idporten-loa-high idporten-loa-low' }),
  ),
  'acr-of-ansattporten': bad('acr is a bare word of Ansattporten.', set({ acr: 'high' })),
  'acr-unknown': bad('acr is no level.', set({ acr: 'urn:example:silver' })),
  'acr-high': good('The level is high.', set({ acr: 'idporten-loa-high' })),
  'iss-array': bad(
    'iss is an array.',
    claims((former) => ({ ...former, iss: [former['iss']] })),
  ),
  'iss-with-slash': bad(
    'iss has a slash at the end.',
    claims((former) => ({ ...former, iss: `${text(former['iss'])}/` })),
  ),
  'sub-number': bad('sub is a number.', set({ sub: 12_345 })),
  'sub-empty': bad('sub is empty.', set({ sub: '' })),
  'sub-300-characters': bad('sub is too long.', set({ sub: 'a'.repeat(300) })),
  'sub-not-ascii': bad('sub is not ASCII.', set({ sub: 'blåbær' })),
  'aud-empty-array': bad('aud is an empty array.', set({ aud: [] })),
  'aud-number': bad('aud is a number.', set({ aud: 1 })),
  'aud-nested-array': bad(
    'aud is an array in an array.',
    claims((former) => ({ ...former, aud: [[former['aud']]] })),
  ),
  'exp-string': bad(
    'exp is a text.',
    claims((former) => ({ ...former, exp: text(former['exp']) })),
  ),
  'exp-null': bad('exp is null.', set({ exp: null })),
  'exp-negative': bad('exp is negative.', set({ exp: -1 })),
  'exp-fraction': good(
    'exp has a fraction of a second.',
    claims((former) => ({ ...former, exp: Number(former['exp']) + 0.5 })),
  ),
  'iat-string': bad(
    'iat is a text.',
    claims((former) => ({ ...former, iat: text(former['iat']) })),
  ),
  'nonce-array': bad(
    'The nonce is in an array.',
    claims((former) => ({ ...former, nonce: [former['nonce']] })),
  ),
  'pid-number': bad(
    'pid is a number.',
    claims((former) => ({ ...former, pid: Number(former['pid']) })),
  ),
  'pid-letters': bad('pid is not a number of 11 digits.', set({ pid: 'abcdefghijk' })),
  'name-is-html': good(
    'The names are HTML, which must be shown as text.',
    set({ given_name: hostileTexts.html, family_name: hostileTexts['control-characters'] }),
  ),
  'claims-array': bad(
    'The claims are an array.',
    claims((former) => [former]),
  ),
  'claims-string': bad(
    'The claims are a text.',
    claims(() => '"claims"'),
  ),
  'claims-null': bad(
    'The claims are null.',
    claims(() => null),
  ),
  'claims-not-json': bad(
    'The claims are not JSON.',
    claims(() => '{"iss":'),
  ),
  'claims-duplicated': either(
    'Each claim comes twice, first with a wrong value.',
    claims((former) => {
      const wrong = Object.keys(former).map((name) => `${JSON.stringify(name)}:"INVALID"`)
      return JSON.stringify(former).replace('{', `{${wrong.join(',')},`)
    }),
  ),
  'claims-deep': either(
    'A claim is 100 000 arrays deep.',
    claims((former) =>
      JSON.stringify(former).replace('{', `{"more":${'['.repeat(1e5)}${']'.repeat(1e5)},`),
    ),
  ),
  'claims-with-proto': either(
    'A claim is named __proto__.',
    claims((former) => JSON.stringify(former).replace('{', '{"__proto__":{"polluted":true},')),
  ),
  'claims-1000': good(
    'There are 1000 claims more.',
    claims((former) => ({
      ...former,
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`claim_${index}`, index])),
    })),
  ),
  'aggregated-claims': good('Claims of another source come along, signed.', {
    idToken: (token, tools) => ({ ...token, claims: { ...token.claims, ...aggregated(tools) } }),
    userinfo: (body, tools) => ({ ...body, ...aggregated(tools) }),
  }),
  'distributed-claims': good('Claims wait at another address, which must not be fetched.', {
    idToken: (token, tools) => ({ ...token, claims: { ...token.claims, ...distributed(tools) } }),
    userinfo: (body, tools) => ({ ...body, ...distributed(tools) }),
    endpoints: { '/claim-source': (tools) => ({ type: 'application/jwt', body: address(tools) }) },
  }),
} as const satisfies Record<string, Scenario>

function address({ issuer, sign, ownKey }: Tools): string {
  const { kid, alg } = ownKey()
  return sign({ header: { kid, alg }, claims: { iss: issuer, address: { country: 'NO' } } })
}

function aggregated(tools: Tools) {
  return {
    _claim_names: { address: 'source' },
    _claim_sources: { source: { JWT: address(tools) } },
  }
}

function distributed({ issuer }: Tools) {
  const endpoint = `${issuer}/claim-source`
  return {
    _claim_names: { address: 'source' },
    _claim_sources: { source: { endpoint, access_token: 'claim-source-token' } },
  }
}
