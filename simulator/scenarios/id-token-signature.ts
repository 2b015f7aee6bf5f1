import { algorithm, byStranger, corrupted, header, keysWith, otherPid, text } from './changes.ts'
import { bad, either, good } from './outcome.ts'
import type { Scenario } from './scenario.ts'

/** What is wrong, or unusual, in the header and the signature of the ID token. */
export const signatures = {
  'kid-absent-single': good(
    'The token names no key, and there is one.',
    header({ kid: undefined }),
  ),
  'kid-absent-multiple-jwks': either('The token names no key, and there are two.', {
    ...header({ kid: undefined }),
    ...keysWith('rsa-2048'),
  }),
  'kid-unknown': bad('The token names a key that is not published.', header({ kid: 'unknown' })),
  'kid-number': bad('kid is a number.', header({ kid: 1 })),
  'kid-path': bad('kid is a path.', header({ kid: '../../../../dev/null' })),
  'sig-none': bad('The token is not signed.', algorithm('none')),
  'sig-none-mixed-case': bad('The token is not signed, and says nOnE.', {
    idToken: ({ header: former, claims: body }, tools) =>
      tools.sign({ header: { ...former, alg: 'nOnE' }, claims: body }, tools.ownKey(), 'none'),
  }),
  'sig-empty': bad('The signature is empty.', {
    idToken: (token, tools) => tools.sign(token, tools.ownKey(), 'none'),
  }),
  'sig-stripped': bad('The token has two parts.', {
    idToken: (token, tools) => tools.sign(token).split('.').slice(0, 2).join('.'),
  }),
  'invalid-sig-rs256': bad('The signature is not valid.', {
    idToken: (token, tools) => corrupted(tools.sign(token)),
  }),
  'sig-of-other-claims': bad('The claims were changed after they were signed.', {
    idToken: ({ header: former, claims: body }, tools) => {
      const signed = tools.sign({ header: former, claims: body })
      const other = tools.sign({ header: former, claims: { ...body, pid: otherPid } })
      return [...other.split('.').slice(0, 2), signed.split('.')[2]].join('.')
    },
  }),
  'sig-hs256': bad("HS256 with the provider's public key for a secret.", algorithm('HS256')),
  'sig-hs256-client-id': bad('HS256 with the client_id for a secret.', {
    idToken: ({ header: former, claims: body }, tools) =>
      tools.signWithSecret(
        { header: { ...former, alg: 'HS256' }, claims: body },
        text(body['aud']),
      ),
  }),
  'sig-hs256-empty-secret': bad('HS256 with an empty secret.', {
    idToken: ({ header: former, claims: body }, tools) =>
      tools.signWithSecret({ header: { ...former, alg: 'HS256' }, claims: body }, ''),
  }),
  'invalid-sig-hs256': bad('HS256 with a signature that is not valid.', {
    idToken: ({ header: former, claims: body }, tools) =>
      corrupted(
        tools.sign({ header: { ...former, alg: 'HS256' }, claims: body }, tools.ownKey(), 'HS256'),
      ),
  }),
  'sig-es256': bad('ES256 with a key that is published, for a client of RS256.', {
    ...byStranger('p-256', (_, { kid }) => ({ kid, alg: 'ES256' })),
    ...keysWith('p-256'),
  }),
  'invalid-sig-es256': bad('ES256 with a published key and a signature that is not valid.', {
    idToken: async (token, tools) => {
      const key = await tools.strangerKey('p-256')
      const changed = { ...token.header, kid: key.kid, alg: 'ES256' }
      return corrupted(tools.sign({ header: changed, claims: token.claims }, key))
    },
    ...keysWith('p-256'),
  }),
  'alternate-alg': bad("PS256 with the provider's key.", algorithm('PS256')),
  'alternate-alg-rs384': bad("RS384 with the provider's key.", algorithm('RS384')),
  'alternate-alg-rs512': bad("RS512 with the provider's key.", algorithm('RS512')),
  'alg-lowercase': bad('alg is rs256.', header({ alg: 'rs256' })),
  'alg-missing': bad('The header has no alg.', header({ alg: undefined })),
  'alg-array': bad('alg is an array.', header({ alg: ['RS256'] })),
  'wrong-key-signature': bad(
    "A stranger signed, and the header names the provider's key.",
    byStranger('rsa-2048', () => ({})),
  ),
  'wrong-key-own-kid': bad(
    'A stranger signed, and the header names the key of the stranger.',
    byStranger('rsa-2048', (_, { kid }) => ({ kid })),
  ),
  'encrypted-id-token': bad('The ID token has the five parts of an encrypted one.', {
    idToken: (token, tools) => {
      const [, , ...rest] = tools.sign(token).split('.')
      const jwe = Buffer.from(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' }))
      const part = (length: number) => Buffer.alloc(length, 7).toString('base64url')
      return [jwe.toString('base64url'), part(256), part(12), ...rest, part(16)].join('.')
    },
  }),
  'header-jwk': bad(
    'The header brings the key of the stranger who signed.',
    byStranger('rsa-2048', (_, { publicJwk, kid }) => ({ jwk: publicJwk, kid })),
  ),
  'header-jku': bad(
    'The header says where the key of the stranger is, which must not be fetched.',
    {
      ...byStranger('rsa-2048', (_, { kid }, { issuer }) => ({
        kid,
        jku: `${issuer}/stranger-keys.json`,
      })),
      endpoints: {
        '/stranger-keys.json': async ({ strangerKey }) => ({
          type: 'application/json',
          body: JSON.stringify({ keys: [(await strangerKey('rsa-2048')).publicJwk] }),
        }),
      },
    },
  ),
  'header-x5u': bad('The header says where a certificate is, which must not be fetched.', {
    ...byStranger('rsa-2048', (_, { kid }, { issuer }) => ({ kid, x5u: `${issuer}/stranger.pem` })),
    endpoints: { '/stranger.pem': () => ({ type: 'text/plain', body: '' }) },
  }),
  'header-own-jku': either('The header says where the published keys are.', {
    idToken: ({ header: former, claims: body }, { issuer }) => ({
      header: { ...former, jku: `${issuer}/jwks.json` },
      claims: body,
    }),
  }),
  'header-crit': bad(
    'The header has an extension that must be understood.',
    header({ crit: ['simulator'], simulator: true }),
  ),
  'header-b64': bad(
    'The header says that the payload is not encoded.',
    header({ crit: ['b64'], b64: false }),
  ),
  'header-typ-at-jwt': bad('The header says it is an access token.', header({ typ: 'at+jwt' })),
  'header-typ-logout': bad('The header says it is a logout token.', header({ typ: 'logout+jwt' })),
  'header-typ-lowercase': good('typ is jwt.', header({ typ: 'jwt' })),
  'header-not-json': bad('The header is not JSON.', {
    idToken: (token, tools) => tools.sign({ ...token, header: '{"alg":"RS256"' }),
  }),
} as const satisfies Record<string, Scenario>
