import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JWK } from 'jose'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { type Claims, type Clock, Secret } from '../login/index.ts'

/** Encryption by the operating system, under a key that it keeps. It need not notice changed bytes. */
export interface Cipher {
  /** Why nothing can be encrypted safely here, or null when it can. */
  unavailable(): Promise<string | null>
  encrypt(text: string): Promise<Uint8Array>
  /** Rejects with `AppError` `E_VAULT_UNAVAILABLE` when it may work later, with anything else when it never will. */
  decrypt(bytes: Uint8Array): Promise<string>
}

/** What is remembered of a login, so that it can be renewed in a later run. */
export interface StoredSession {
  readonly issuer: string
  readonly clientId: string
  readonly refreshToken: Secret
  /** Unix time in milliseconds; null when the provider did not say. */
  readonly refreshTokenExpiresAt: number | null
  /** The private key that the tokens are bound to; null for Bearer. */
  readonly proofKey: JWK | null
  /** Of the login: a renewed ID token may repeat it. */
  readonly nonce: Secret
  /** What was granted; a renewal that does not say so has the same. */
  readonly scope: readonly string[]
  /** Of the ID token, to compare a renewal with: the subject above all (OpenID Connect Core 1.0 §12.2). */
  readonly claims: Claims
  /** When the person was active last, Unix time in milliseconds. */
  readonly activeAt: number
}

export interface Vault {
  /**
   * Gives what was kept for this issuer and client, or null when nothing usable is there. A file that
   * is damaged, huge, of another version, issuer or client is put aside as `vault.bad`, over an older
   * one; one that the system cannot decrypt now is left for a later time. Never throws.
   */
  read(owner: { readonly issuer: string; readonly clientId: string }): Promise<StoredSession | null>
  /**
   * Replaces what is kept: killed at any moment, the file is the old or the new one. Does nothing when
   * a later `write` or a `clear` was faster. Throws `AppError` `E_VAULT_UNAVAILABLE` with the reason;
   * then the file is the old one.
   */
  write(kept: StoredSession): Promise<void>
  /** Removes it and what was put aside, without waiting for the system's encryption. Never throws. */
  clear(): Promise<void>
}

/** Refresh tokens of ID-porten are about 2 kB. */
const maximumSize = 64 * 1024
/** A person may be asked to unlock a keyring; until then nobody waits longer. */
const cipherLimit = 5_000
const firstPause = 10
const longestPause = 320

// The file: magic, version, length of the sealed key, sealed key, initialization vector, text, tag.
const magic = Buffer.from('IDPV')
const version = 2
const lengthAt = magic.length + 1
const keyAt = lengthAt + 2
const algorithm = 'aes-256-gcm'
const keyLength = 32
const ivLength = 12
const tagLength = 16

const text = v.pipe(v.string(), v.nonEmpty())
const time = v.pipe(v.number(), v.finite())
const content = v.object({
  issuer: text,
  clientId: text,
  refreshToken: text,
  refreshTokenExpiresAt: v.nullable(time),
  proofKey: v.nullable(
    v.object({
      kty: v.literal('EC'),
      crv: text,
      x: text,
      y: text,
      d: text,
      alg: v.exactOptional(text),
      use: v.exactOptional(text),
      ext: v.exactOptional(v.boolean()),
      key_ops: v.exactOptional(v.array(text)),
    }),
  ),
  nonce: text,
  scope: v.array(text),
  claims: v.looseObject({ sub: text }),
  activeAt: time,
})

/** A file that will never be of use. */
class Damaged extends Error {
  override readonly name = 'Damaged'

  constructor(reason: string, cause?: unknown) {
    super(`vault: ${reason}`, { cause })
  }
}

/** Opens the vault in a folder. Nothing is touched before the first call. */
export function createVault(options: {
  readonly folder: string
  readonly cipher: Cipher
  readonly clock: Clock
  /** Told of what `read` and `clear` do not throw. */
  readonly onError: (error: unknown) => void
}): Vault {
  const { folder, cipher, clock, onError } = options
  const file = join(folder, 'vault')
  const bad = `${file}.bad`
  const inTurn = createQueue()
  /** Numbers of the changes: the last one that was asked for, and the last one that the file has seen. */
  let asked = 0
  let done = 0

  const setAside = async (): Promise<void> => {
    await rm(bad, { recursive: true, force: true })
    await retry(clock, () => rename(file, bad))
  }

  const read: Vault['read'] = async (owner) => {
    let seen = done
    let failure: unknown = null
    let kept: StoredSession | null = null
    try {
      const bytes = await inTurn(async () => {
        seen = done
        await removeLeftovers(folder).catch(onError)
        return await load(file)
      })
      if (bytes === null) return null
      kept = await unseal(bytes, cipher, clock)
      if (kept.issuer !== owner.issuer || kept.clientId !== owner.clientId) {
        throw new Damaged('of another issuer or client')
      }
    } catch (error) {
      failure = error
    }
    // A spent refresh token must not be used again: what is old by now does not count.
    if (done !== seen) return await read(owner)
    if (failure === null) return kept
    onError(failure)
    if (failure instanceof Damaged) {
      await inTurn(async () => {
        if (done === seen) await setAside()
      }).catch(onError)
    }
    return null
  }

  const replace = async (bytes: Uint8Array): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // A file takes the place of a file or a symbolic link, but not of a folder.
    if ((await find(file))?.isDirectory() === true) await setAside()
    const temporary = `${file}.${randomBytes(8).toString('hex')}.tmp`
    try {
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await retry(clock, () => rename(temporary, file))
    } catch (error) {
      await rm(temporary, { force: true }).catch(onError)
      throw error
    }
    await syncFolder(folder)
  }

  return {
    read,
    write: async (kept) => {
      asked += 1
      const turn = asked
      try {
        const bytes = await seal(kept, cipher, clock)
        await inTurn(async () => {
          if (turn < done) return
          await replace(bytes)
          done = turn
        })
      } catch (error) {
        if (error instanceof AppError) throw error
        throw vaultUnavailable(`the file could not be written (${codeOf(error)})`, error)
      }
    },
    clear: async () => {
      asked += 1
      const turn = asked
      await inTurn(async () => {
        done = turn
        await removeLeftovers(folder).catch(onError)
        await rm(bad, { recursive: true, force: true }).catch(onError)
        await retry(clock, () => rm(file, { recursive: true, force: true })).catch(
          async (error: unknown) => {
            onError(error)
            await empty(file)
          },
        )
        await syncFolder(folder)
      }).catch(onError)
    },
  }
}

/** Runs one job after the other, whatever becomes of each. */
function createQueue(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (job) => {
    const result = last.then(job)
    last = result.catch(() => {})
    return result
  }
}

/**
 * Makes the bytes of the file. The system encrypts a fresh key only, and the text is encrypted under that
 * key by a cipher that notices every changed byte: on Linux and macOS the system's is AES-CBC with a
 * fixed initialization vector, which does not (Chromium, components/os_crypt).
 * Throws `AppError` `E_VAULT_UNAVAILABLE`.
 */
async function seal(kept: StoredSession, cipher: Cipher, clock: Clock): Promise<Uint8Array> {
  const plain = writeContent(kept)
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
  const sealing = createCipheriv(algorithm, key, iv, { authTagLength: tagLength })
  sealing.setAAD(Buffer.concat([head, sealedKey]))
  const sealed = [sealing.update(plain, 'utf8'), sealing.final()]
  return Buffer.concat([head, sealedKey, iv, ...sealed, sealing.getAuthTag()])
}

/** Takes the bytes of the file apart. Throws `Damaged`, or `AppError` `E_VAULT_UNAVAILABLE` when it may work later. */
async function unseal(bytes: Buffer, cipher: Cipher, clock: Clock): Promise<StoredSession> {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Damaged('not a vault')
  if (bytes[magic.length] !== version) throw new Damaged('of another version')
  const ivAt = bytes.length < keyAt ? keyAt : keyAt + bytes.readUInt16BE(lengthAt)
  const textAt = ivAt + ivLength
  const tagAt = bytes.length - tagLength
  if (tagAt < textAt) throw new Damaged('cut off')

  const key = await ask(cipher, clock, async () => {
    try {
      return Buffer.from(await cipher.decrypt(bytes.subarray(keyAt, ivAt)), 'base64')
    } catch (error) {
      if (error instanceof AppError) throw error
      throw new Damaged('the system could not decrypt', error)
    }
  })
  let plain = ''
  try {
    const iv = bytes.subarray(ivAt, textAt)
    const opening = createDecipheriv(algorithm, key, iv, { authTagLength: tagLength })
    opening.setAAD(bytes.subarray(0, ivAt)).setAuthTag(bytes.subarray(tagAt))
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

function writeContent(kept: StoredSession): string {
  const parsed = v.safeParse(content, {
    ...kept,
    refreshToken: kept.refreshToken.reveal(),
    nonce: kept.nonce.reveal(),
  })
  if (parsed.success) return JSON.stringify(parsed.output)
  // Only the name: an issue of valibot holds the value too.
  throw vaultUnavailable(`${v.getDotPath(parsed.issues[0]) ?? 'something'} cannot be kept`)
}

function readContent(plain: string): StoredSession {
  let value: unknown
  try {
    value = JSON.parse(plain)
  } catch {
    throw new Damaged('not JSON')
  }
  const parsed = v.safeParse(content, value)
  if (!parsed.success) throw new Damaged('holds something else')
  const { refreshToken, nonce, ...others } = parsed.output
  return { ...others, refreshToken: new Secret(refreshToken), nonce: new Secret(nonce) }
}

/** Reads a file that is a plain one with one name and not huge, or gives null when there is nothing. */
async function load(file: string): Promise<Buffer | null> {
  const there = await find(file)
  if (there === null) return null
  if (!there.isFile() || there.nlink > 1) throw new Damaged('not a plain file')
  if (there.size > maximumSize) throw new Damaged('huge')
  // Should another thing have come in its place since: no link is followed, no pipe waited for.
  // Windows has neither flag; they count as 0 there.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** What stands at a path itself, links not followed; null when nothing does. */
async function find(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Removes what writes left that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = (await find(folder)) === null ? [] : await readdir(folder)
  const leftovers = names.filter((name) => /^vault\.[0-9a-f]{16}\.tmp$/.test(name))
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })))
}

/** Where a file may not be removed, it may still be emptied. */
async function empty(file: string): Promise<void> {
  const { O_WRONLY, O_TRUNC, O_NOFOLLOW } = constants
  const handle = await open(file, O_WRONLY | O_TRUNC | O_NOFOLLOW)
  await handle.close()
}

/** Makes the names in a folder last through a power failure, where the system can (Windows cannot). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The file itself is safe; only its being there may be lost.
  }
}

/** Tries again for less than a second what a virus scanner on Windows can hold up. */
async function retry(clock: Clock, work: () => Promise<void>, pause = firstPause): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (pause > longestPause || !['EPERM', 'EBUSY', 'EACCES'].includes(codeOf(error))) throw error
    await new Promise<void>((resolve) => {
      clock.after(pause, resolve)
    })
    await retry(clock, work, pause * 2)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

/** The failure of a vault that cannot be used now, and why. */
export function vaultUnavailable(reason: string, cause?: unknown): AppError {
  return new AppError('E_VAULT_UNAVAILABLE', `vault: ${reason}`, {
    cause,
    detail: { key: 'vault', reason },
  })
}
