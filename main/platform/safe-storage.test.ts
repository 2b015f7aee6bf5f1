import { describe, expect, it, vi } from 'vitest'
import { AppError } from '../errors.ts'
import { failureOf } from '../../test/support/login.ts'
import { createSystemCipher, type Storage } from './safe-storage.ts'

// Outside Electron there is none; each test brings what a system would.
vi.mock('electron', () => ({ safeStorage: {} }))

const shift = (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => byte ^ 0x55))
/** An Electron that encrypts with a prefix, as Chromium does. */
const storageWith = (prefix: string, change: Partial<Storage> = {}): Storage => ({
  getSelectedStorageBackend: () => 'gnome_libsecret',
  isEncryptionAvailable: () => true,
  encryptString: (text) => Buffer.concat([Buffer.from(prefix), shift(Buffer.from(text))]),
  decryptString: (bytes) => shift(bytes.subarray(3)).toString(),
  ...change,
})
/** The calls of Electron 42 and later; the older ones must not be used beside them. */
const asynchronous = (prefix: string, change: Partial<Storage> = {}): Storage => {
  const { encryptString, decryptString } = storageWith(prefix)
  const forbidden = () => {
    throw new Error('blocks the main process')
  }
  return storageWith(prefix, {
    isEncryptionAvailable: forbidden,
    encryptString: forbidden,
    decryptString: forbidden,
    isAsyncEncryptionAvailable: async () => true,
    encryptStringAsync: async (text) => encryptString(text),
    decryptStringAsync: async (bytes) => ({ result: decryptString(bytes), shouldReEncrypt: false }),
    ...change,
  })
}
const noKey = 'the keyring gives no key'

describe.each([
  ['the calls that block', storageWith],
  ['the asynchronous calls', asynchronous],
])('with %s', (_name, make) => {
  it.each([
    ['linux', 'v11'],
    ['linux', 'v12'],
    ['darwin', 'v10'],
    ['win32', 'v10'],
  ] as const)('on %s a text that is encrypted as %s comes back', async (platform, prefix) => {
    const cipher = createSystemCipher(make(prefix), platform)
    expect(await cipher.unavailable()).toBeNull()
    const bytes = await cipher.encrypt('æøå')
    expect(Buffer.from(bytes).toString('latin1')).not.toContain('æøå')
    expect(await cipher.decrypt(bytes)).toBe('æøå')
    expect(await cipher.decrypt(new Uint8Array(bytes))).toBe('æøå')
    expect(await cipher.decrypt(await cipher.encrypt(''))).toBe('')
  })

  it.each(['basic_text', 'unknown'] as const)(
    '%s is refused before a key is asked for',
    async (backend) => {
      const storage = make('v11', {
        getSelectedStorageBackend: () => backend,
        encryptString: () => expect.unreachable(),
        encryptStringAsync: () => expect.unreachable(),
      })
      const reason = `this desktop has no keyring (${backend})`
      expect(await createSystemCipher(storage, 'linux').unavailable()).toBe(reason)
    },
  )

  it('the password that everybody knows is refused, whatever the system says', async () => {
    const cipher = createSystemCipher(make('v10'), 'linux')
    expect(await cipher.unavailable()).toBe(noKey)
    expect((await failureOf(cipher.encrypt('x'), AppError)).detail?.reason).toBe(noKey)
    const planted = Buffer.concat([Buffer.from('v10'), shift(Buffer.from('planted'))])
    // A plain failure: the file will never be of use.
    await expect(cipher.decrypt(planted)).rejects.toThrow('encrypted with a known password')
  })

  it('what is not asked of Windows and macOS', async () => {
    const storage = make('v10', { getSelectedStorageBackend: () => expect.unreachable() })
    expect(await createSystemCipher(storage, 'win32').unavailable()).toBeNull()
    expect(await createSystemCipher(storage, 'darwin').unavailable()).toBeNull()
  })
})

describe('a keyring that does not help', () => {
  const locked = 'the keyring is locked, refused or not there'

  it('is told of', async () => {
    const off = storageWith('v11', { isEncryptionAvailable: () => false })
    expect(await createSystemCipher(off, 'linux').unavailable()).toBe(locked)
    const asyncOff = asynchronous('v11', { isAsyncEncryptionAvailable: async () => false })
    expect(await createSystemCipher(asyncOff, 'darwin').unavailable()).toBe(locked)
    const failing = asynchronous('v11', {
      encryptStringAsync: () => Promise.reject(new Error('no')),
    })
    expect(await createSystemCipher(failing, 'linux').unavailable()).toBe(
      'the system could not encrypt',
    )
  })

  it('may help later, or never', async () => {
    const saying = (message: string) =>
      createSystemCipher(
        asynchronous('v11', { decryptStringAsync: () => Promise.reject(new Error(message)) }),
        'linux',
      ).decrypt(Buffer.from('v11x'))
    // As Electron words it in electron_api_safe_storage.cc.
    const later = 'safeStorage.decryptStringAsync is temporarily unavailable. Please try again.'
    expect(await failureOf(saying(later), AppError)).toMatchObject({
      code: 'E_VAULT_UNAVAILABLE',
      detail: { reason: 'the keyring was not unlocked' },
    })
    const never =
      'Error while decrypting the ciphertext provided to safeStorage.decryptStringAsync.'
    await expect(saying(never)).rejects.toThrow(new Error(never))
  })
})
