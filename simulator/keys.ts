import {
  type KeyObject,
  constants,
  createHmac,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import { type JWK, exportJWK } from 'jose'

const generate = promisify(generateKeyPair)

/** A key pair, as it signs and as it is published. */
export interface SigningKey {
  readonly kid: string
  readonly alg: 'RS256' | 'ES256'
  readonly privateKey: KeyObject
  readonly publicJwk: JWK
  readonly privateJwk: JWK
}

/** The keys that the provider never publishes by itself: of a stranger, too short, of another kind. */
export type StrangerKey = 'rsa-2048' | 'rsa-1024' | 'rsa-512' | 'p-256'

/** The ways in which a token can be signed; HS256 takes the public key, in PEM, for its secret. */
export type Algorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'ES256' | 'HS256' | 'none'

/** The keys of one simulator. */
export interface Keys {
  /** The key that signs now, and the only one that is published. */
  readonly current: () => SigningKey
  /** Whether the key is another one than at the start. */
  readonly rotated: () => boolean
  /** Makes a new signing key and forgets the one before. */
  readonly rotate: () => Promise<void>
  /** A key that is not the provider's; the same one each time. */
  readonly stranger: (kind: StrangerKey) => Promise<SigningKey>
}

async function createKey(kind: StrangerKey): Promise<SigningKey> {
  const alg = kind === 'p-256' ? 'ES256' : 'RS256'
  const { privateKey } =
    kind === 'p-256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: Number(kind.slice(4)) })
  const names = { kid: randomUUID(), use: 'sig', alg }
  return {
    kid: names.kid,
    alg,
    privateKey,
    publicJwk: { ...(await exportJWK(createPublicKey(privateKey))), ...names },
    privateJwk: { ...(await exportJWK(privateKey)), ...names },
  }
}

/** Creates the provider's first signing key, and the others when they are asked for. */
export async function createKeys(): Promise<Keys> {
  const first = await createKey('rsa-2048')
  const strangers = new Map<StrangerKey, Promise<SigningKey>>()
  let key = first
  return {
    current: () => key,
    rotated: () => key !== first,
    rotate: async () => {
      key = await createKey('rsa-2048')
    },
    stranger: (kind) => {
      const known = strangers.get(kind) ?? createKey(kind)
      strangers.set(kind, known)
      return known
    },
  }
}

function signature(data: Buffer, key: SigningKey, algorithm: Algorithm): Buffer {
  const { privateKey } = key
  switch (algorithm) {
    case 'RS256':
    case 'RS384':
    case 'RS512':
      return sign(`sha${algorithm.slice(2)}`, data, privateKey)
    case 'PS256':
      return sign('sha256', data, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    case 'ES256':
      return sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    case 'HS256':
      return hmac(
        data,
        createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
      )
    case 'none':
      return Buffer.alloc(0)
  }
}

function hmac(data: Buffer, secret: string): Buffer {
  return createHmac('sha256', secret).update(data).digest()
}

/** A part of a token: a text stands for itself, everything else becomes JSON. */
function encode(part: unknown): string {
  const text = typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(text).toString('base64url')
}

/** Signs whatever it is given, so that header and signature need not fit together. */
export function signCompact(
  header: unknown,
  claims: unknown,
  by: { readonly key: SigningKey; readonly algorithm: Algorithm } | { readonly secret: string },
): string {
  const signed = `${encode(header)}.${encode(claims)}`
  const data = Buffer.from(signed)
  const bytes = 'secret' in by ? hmac(data, by.secret) : signature(data, by.key, by.algorithm)
  return `${signed}.${bytes.toString('base64url')}`
}
