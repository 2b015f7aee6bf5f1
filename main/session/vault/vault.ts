import { AppError } from '../../errors.ts'
import type { Clock } from '../../login/index.ts'
import { codeOf, Damaged, vaultUnavailable } from './failures.ts'
import { vaultFile } from './file.ts'
import { type Cipher, maximumSize, seal, unseal } from './seal.ts'
import type { StoredSession } from './stored-session.ts'

export interface Vault {
  /**
   * Gives what was stored for this issuer and client, or null when nothing usable is there. A file that
   * is damaged, huge, of another version, issuer or client is put aside as `vault.bad`, over an older
   * one; one that the system cannot decrypt now is left for a later time. Never throws.
   */
  read(owner: { readonly issuer: string; readonly clientId: string }): Promise<StoredSession | null>
  /**
   * Replaces what is stored: killed at any moment, the file is the old or the new one. Does nothing when
   * a later `write` or a `clear` was faster. Throws `AppError` `E_VAULT_UNAVAILABLE` with the reason;
   * then the file is the old one.
   */
  write(stored: StoredSession): Promise<void>
  /** Removes it and what was put aside, without waiting for the system's encryption. Never throws. */
  clear(): Promise<void>
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
  const file = vaultFile({ folder, maximumSize, clock, onError })
  const inTurn = createQueue()
  /** Numbers of the changes: the last one that was asked for, and the last one that the file has seen. */
  let asked = 0
  let done = 0

  const read: Vault['read'] = async (owner) => {
    let seen = done
    let failure: unknown = null
    let stored: StoredSession | null = null
    try {
      const bytes = await inTurn(async () => {
        seen = done
        return await file.read()
      })
      if (bytes === null) return null
      stored = await unseal(bytes, cipher, clock)
      if (stored.issuer !== owner.issuer || stored.clientId !== owner.clientId) {
        throw new Damaged('of another issuer or client')
      }
    } catch (error) {
      failure = error
    }
    // A spent refresh token must not be used again: what is old by now does not count.
    if (done !== seen) return await read(owner)
    if (failure === null) return stored
    onError(failure)
    if (failure instanceof Damaged) {
      await inTurn(async () => {
        if (done === seen) await file.setAside()
      }).catch(onError)
    }
    return null
  }

  return {
    read,
    write: async (stored) => {
      asked += 1
      const turn = asked
      try {
        const bytes = await seal(stored, cipher, clock)
        await inTurn(async () => {
          // Stryker disable next-line EqualityOperator: no two changes have the same number
          if (turn < done) return
          await file.replace(bytes)
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
        await file.remove()
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
