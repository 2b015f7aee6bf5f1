import { type SafeStorage, safeStorage } from 'electron'
import { AppError } from '../errors.ts'
import { vaultUnavailable } from '../session/vault/failures.ts'
import type { Cipher } from '../session/vault/seal.ts'

type AsynchronousCalls = 'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync'
/** Electron before 42 has only the calls that block. */
export type Storage = Pick<
  SafeStorage,
  'getSelectedStorageBackend' | 'isEncryptionAvailable' | 'encryptString' | 'decryptString'
> &
  Partial<Pick<SafeStorage, AsynchronousCalls>>

/** What Linux is encrypted with under a password that stands in Chromium's source: no protection. */
const knownPassword = Buffer.from('v10')

/** What the operating system's encryption is called, to be used when the app is ready. */
export function keyringName(): string {
  if (process.platform === 'darwin') return 'Keychain'
  return process.platform === 'win32' ? 'DPAPI' : safeStorage.getSelectedStorageBackend()
}

/**
 * The encryption of the operating system: Keychain, DPAPI, Secret Service or KWallet. To be used when
 * the app is ready.
 */
export function createSystemCipher(
  storage: Storage = safeStorage,
  platform: NodeJS.Platform = process.platform,
): Cipher {
  const isWeak = (bytes: Uint8Array): boolean =>
    platform === 'linux' && knownPassword.equals(bytes.subarray(0, knownPassword.length))

  const encrypt: Cipher['encrypt'] = async (text) => {
    const bytes = (await storage.encryptStringAsync?.(text)) ?? storage.encryptString(text)
    if (isWeak(bytes)) throw vaultUnavailable('the keyring gives no key')
    return bytes
  }

  return {
    unavailable: async () => {
      if (platform === 'linux') {
        const backend = storage.getSelectedStorageBackend()
        if (backend === 'basic_text' || backend === 'unknown') {
          return `this desktop has no keyring (${backend})`
        }
      }
      const available =
        (await storage.isAsyncEncryptionAvailable?.()) ?? storage.isEncryptionAvailable()
      if (!available) return 'the keyring is locked, refused or not there'
      // The asynchronous calls are always available, and fall back to the known password without a word.
      if (platform === 'linux') {
        try {
          await encrypt('probe')
        } catch (error) {
          return error instanceof AppError && error.detail !== null
            ? error.detail.reason
            : 'the system could not encrypt'
        }
      }
      return null
    },
    encrypt,
    decrypt: async (bytes) => {
      if (isWeak(bytes)) throw new Error('encrypted with a known password')
      const encrypted = Buffer.from(bytes)
      try {
        const answer = await storage.decryptStringAsync?.(encrypted)
        return answer === undefined ? storage.decryptString(encrypted) : answer.result
      } catch (error) {
        // Chromium's flag for a keyring that was not unlocked; Electron tells it in words only.
        if (error instanceof Error && error.message.includes('temporarily unavailable')) {
          throw vaultUnavailable('the keyring was not unlocked', error)
        }
        throw error
      }
    },
  }
}
