import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '../../errors.ts'
import type { Clock } from '../../login/index.ts'
import { Damaged, vaultUnavailable } from './failures.ts'
import { readContent, type StoredSession, writeContent } from './stored-session.ts'

/** Encryption by the operating system, under a key that it keeps. It need not notice changed bytes. */
export interface Cipher {
  /** Why nothing can be encrypted safely here, or null when it can. */
  unavailable(): Promise<string | null>
  encrypt(text: string): Promise<Uint8Array>
  /** Rejects with `AppError` `E_VAULT_UNAVAILABLE` when it may work later, with anything else when it never will. */
  decrypt(bytes: Uint8Array): Promise<string>
}

/** Bytes of a whole file at most; refresh tokens of ID-porten are about 2 kB. */
export const maximumSize = 64 * 1024
/** Milliseconds that the system may take to encrypt: a person may be asked to unlock a keyring. */
const cipherLimit = 5_000

// The file: magic, version, length of the sealed key, sealed key, initialization vector, text, tag.
const magic = Buffer.from('IDPV')
const version = 2
const lengthAt = magic.length + 1
const keyAt = lengthAt + 2
const algorithm = 'aes-256-gcm'
const keyLength = 32
const ivLength = 12
const tagLength = 16

/**
 * Makes the bytes of the file. The system encrypts a fresh key only, and the text is encrypted under that
 * key by a cipher that notices every changed byte: on Linux and macOS the system's is AES-CBC with a
 * fixed initialization vector, which does not (Chromium, components/os_crypt).
 *
 * @throws {AppError} `E_VAULT_UNAVAILABLE`
 */
export async function seal(
  stored: StoredSession,
  cipher: Cipher,
  clock: Clock,
): Promise<Uint8Array> {
  const plain = writeContent(stored)
  const key = randomBytes(keyLength)
  const sealedKey = await ask(cipher, clock, async () => {
    try {
      return await cipher.encrypt(key.toString('base64'))
    } catch (error) {
      if (error instanceof AppError) throw error
      throw vaultUnavailable('the system could not encrypt', error)
    }
  })
  const head = Buffer.alloc(keyAt)
  magic.copy(head)
  head.writeUInt8(version, magic.length)
  const size = keyAt + sealedKey.length + ivLength + Buffer.byteLength(plain) + tagLength
  if (size > maximumSize) throw vaultUnavailable('too much to keep')
  head.writeUInt16BE(sealedKey.length, lengthAt)
  const iv = randomBytes(ivLength)
  // Stryker disable next-line ObjectLiteral: it is the default, and said beside what is read
  const sealing = createCipheriv(algorithm, key, iv, { authTagLength: tagLength })
  sealing.setAAD(Buffer.concat([head, sealedKey]))
  // Stryker disable next-line StringLiteral: it is the default
  const sealed = [sealing.update(plain, 'utf8'), sealing.final()]
  return Buffer.concat([head, sealedKey, iv, ...sealed, sealing.getAuthTag()])
}

/** Takes the bytes of the file apart. Throws `Damaged`, or `AppError` `E_VAULT_UNAVAILABLE` when it may work later. */
export async function unseal(bytes: Buffer, cipher: Cipher, clock: Clock): Promise<StoredSession> {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Damaged('not a vault')
  if (bytes[magic.length] !== version) throw new Damaged('of another version')
  // Stryker disable next-line EqualityOperator: what has nothing behind its head is cut off, whatever the head says
  const ivAt = bytes.length < keyAt ? keyAt : keyAt + bytes.readUInt16BE(lengthAt)
  const textAt = ivAt + ivLength
  const tagAt = bytes.length - tagLength
  // Stryker disable next-line EqualityOperator: no text at all is no JSON, and damaged as well
  if (tagAt < textAt) throw new Damaged('cut off')

  const key = await ask(cipher, clock, async () => {
    try {
      return Buffer.from(await cipher.decrypt(bytes.subarray(keyAt, ivAt)), 'base64')
    } catch (error) {
      if (error instanceof AppError) throw error
      throw new Damaged('the system could not decrypt', error)
    }
  })
  // Stryker disable next-line StringLiteral: it is set below, or nothing is returned
  let plain = ''
  try {
    const iv = bytes.subarray(ivAt, textAt)
    // Stryker disable next-line ObjectLiteral: what is given below has that length; no shorter one is ever to be taken
    const opening = createDecipheriv(algorithm, key, iv, { authTagLength: tagLength })
    opening.setAAD(bytes.subarray(0, ivAt)).setAuthTag(bytes.subarray(tagAt))
    // Stryker disable next-line StringLiteral: bytes that are joined to a text are read as UTF-8, too
    plain = opening.update(bytes.subarray(textAt, tagAt), undefined, 'utf8') + opening.final('utf8')
  } catch (error) {
    throw new Damaged('changed', error)
  }
  return readContent(plain)
}

/** Asks the system for something, unless it says that it cannot, and gives up when it takes too long. */
async function ask<T>(cipher: Cipher, clock: Clock, work: () => Promise<T>): Promise<T> {
  const answer = cipher.unavailable().then(
    (reason) => {
      if (reason !== null) throw vaultUnavailable(reason)
      return work()
    },
    (error: unknown) => {
      throw vaultUnavailable('the system does not say whether it can encrypt', error)
    },
  )
  let stop = (): void => {}
  const limit = new Promise<never>((_resolve, reject) => {
    stop = clock.after(cipherLimit, () => reject(vaultUnavailable('the keyring did not answer')))
  })
  try {
    return await Promise.race([answer, limit])
  } finally {
    stop()
  }
}
