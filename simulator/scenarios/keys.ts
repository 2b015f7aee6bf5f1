import { createHash } from 'node:crypto'
import type { JWK } from 'jose'
import { byStranger, keysWith } from './changes.ts'
import { bad, either, good } from './outcome.ts'
import type { Scenario, Tools } from './scenario.ts'

/** Signs without a private key: to the power of 1, the padded digest is its own signature. */
function forgedForExponentOne(unsigned: string): string {
  const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const digest = createHash('sha256').update(unsigned.slice(0, -1)).digest()
  const end = Buffer.concat([Buffer.from([0]), digestInfo, digest])
  const padding = Buffer.alloc(256 - 2 - end.length, 0xff)
  return unsigned + Buffer.concat([Buffer.from([0, 1]), padding, end]).toString('base64url')
}

/** Changes each published key. */
const eachKey = (change: (key: JWK, tools: Tools) => unknown) => ({
  keys: ({ keys }: { readonly keys: readonly JWK[] }, tools: Tools) => ({
    keys: keys.map((key) => change(key, tools)),
  }),
})

/** What is wrong, or unusual, in the keys that are published. */
export const keySets = {
  'rotated-keys': good('The keys rotate before each ID token; the old one is removed.', {
    request: (step, { rotateKeys }) => (step === 'token' ? rotateKeys() : undefined),
  }),
  'rotated-during-login': good(
    'The keys rotate while the person logs in; the old one is removed.',
    {
      callback: (_, __, { rotateKeys }) => rotateKeys(),
    },
  ),
  'endless-rotation': bad('The keys rotate at each ID token and each time they are read.', {
    request: (step, { rotateKeys }) =>
      step === 'token' || step === 'keys' ? rotateKeys() : undefined,
  }),
  'keys-weak-512': bad('The key that signs has 512 bits.', {
    ...byStranger('rsa-512', (_, { kid }) => ({ kid })),
    ...keysWith('rsa-512'),
  }),
  'keys-weak-1024': bad('The key that signs has 1024 bits.', {
    ...byStranger('rsa-1024', (_, { kid }) => ({ kid })),
    ...keysWith('rsa-1024'),
  }),
  'keys-private-members': bad(
    'The private key is published.',
    eachKey((_, tools) => tools.ownKey().privateJwk),
  ),
  'keys-duplicate-kid': bad('Two keys have the same kid.', {
    keys: async ({ keys }, { strangerKey }) => {
      const { publicJwk } = await strangerKey('rsa-2048')
      return { keys: [{ ...publicJwk, kid: keys[0]?.kid }, ...keys] }
    },
  }),
  'keys-use-enc': bad(
    'The key is for encryption.',
    eachKey((key) => ({ ...key, use: 'enc' })),
  ),
  'keys-key-ops-sign': bad(
    'The key is not for verifying.',
    eachKey((key) => ({ ...key, key_ops: ['sign'] })),
  ),
  'keys-alg-other': bad(
    'The key is for another algorithm.',
    eachKey((key) => ({ ...key, alg: 'RS512' })),
  ),
  'keys-without-kid': either(
    'The key has no kid.',
    eachKey((key) => ({ ...key, kid: undefined })),
  ),
  'keys-without-use-and-alg': good(
    'The key says neither use nor alg.',
    eachKey((key) => ({ ...key, use: undefined, alg: undefined })),
  ),
  'keys-kty-missing': bad(
    'The key has no kty.',
    eachKey((key) => ({ ...key, kty: undefined })),
  ),
  'keys-modulus-missing': bad(
    'The key has no modulus.',
    eachKey((key) => ({ ...key, n: undefined })),
  ),
  'keys-modulus-garbage': bad(
    'The modulus is not base64url.',
    eachKey((key) => ({ ...key, n: '***' })),
  ),
  'keys-exponent-one': bad('The public exponent is 1, so that anybody can sign.', {
    ...eachKey((key) => ({ ...key, e: 'AQ' })),
    idToken: (token, tools) => forgedForExponentOne(tools.sign(token, tools.ownKey(), 'none')),
  }),
  'keys-symmetric': bad('The key is a secret, and the token is HS256 with it.', {
    keys: () => ({ keys: [{ kty: 'oct', kid: 'secret', alg: 'HS256', k: 'c2VjcmV0' }] }),
    idToken: ({ header: former, claims: body }, { signWithSecret }) =>
      signWithSecret(
        { header: { ...former, kid: 'secret', alg: 'HS256' }, claims: body },
        'secret',
      ),
  }),
  'keys-of-a-stranger': bad("The key is a stranger's, under the kid of the right one.", {
    keys: async ({ keys }, { strangerKey }) => ({
      keys: [{ ...(await strangerKey('rsa-2048')).publicJwk, kid: keys[0]?.kid }],
    }),
  }),
  'keys-x5c-garbage': either(
    'The key comes with a certificate chain that is none.',
    eachKey((key) => ({ ...key, x5c: ['AAAA'], x5t: 'AAAA', 'x5t#S256': 'AAAA' })),
  ),
  'keys-x5u': good(
    'The key says where its certificate is, which must not be fetched.',
    eachKey((key, { issuer }) => ({ ...key, x5u: `${issuer}/certificate.pem` })),
  ),
  'keys-and-unknown-kinds': good('Keys of unknown kinds are among them.', {
    keys: ({ keys }) => ({
      keys: [
        { kty: 'XYZ', kid: 'x' },
        { kty: 'AKP', alg: 'ML-DSA-44', kid: 'y', pub: 'AA' },
        ...keys,
      ],
    }),
  }),
  'keys-two': good('The next key is published already.', keysWith('rsa-2048')),
  'keys-10000': either('There are 10 000 keys.', {
    keys: async ({ keys }, { strangerKey }) => {
      const { publicJwk } = await strangerKey('rsa-2048')
      const others = Array.from({ length: 9999 }, (_, index) => ({
        ...publicJwk,
        kid: `k${index}`,
      }))
      return { keys: [...others, ...keys] }
    },
  }),
  'keys-empty': bad('There is no key.', { keys: () => ({ keys: [] }) }),
  'keys-not-an-array': bad('keys is an object.', { keys: ({ keys }) => ({ keys: keys[0] }) }),
  'keys-missing': bad('The document has no keys.', { keys: () => ({}) }),
} as const satisfies Record<string, Scenario>
