import { AppError } from '../../errors.ts'

/** A file that will never be of use. */
export class Damaged extends Error {
  override readonly name = 'Damaged'

  constructor(reason: string, cause?: unknown) {
    // Stryker disable next-line ObjectLiteral: the cause is for the log alone
    super(`vault: ${reason}`, { cause })
  }
}

/** The failure of a vault that cannot be used now, and why. */
export function vaultUnavailable(reason: string, cause?: unknown): AppError {
  return new AppError('E_VAULT_UNAVAILABLE', `vault: ${reason}`, {
    cause,
    detail: { key: 'vault', reason },
  })
}

/** The code of a failed system call, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  const { code } = Object(error)
  return typeof code === 'string' ? code : 'unknown'
}
