import { type ErrorCode, errorCodes } from '../preload/contract.ts'
import { LoginError, type LoginErrorCode, unexpected } from './login/index.ts'

/** A failure of the app around the login: the profile, the stored session, the bridge. */
export class AppError extends LoginError<Exclude<ErrorCode, LoginErrorCode>> {
  override readonly name = 'AppError'
}

/** Returns the error itself when the contract has a name for it, else `E_UNEXPECTED` with it as the cause. */
export function toAppError(error: unknown): LoginError<ErrorCode> {
  return isNamed(error) ? error : unexpected(error)
}

function isNamed(error: unknown): error is LoginError<ErrorCode> {
  return error instanceof LoginError && errorCodes.some((code) => code === error.code)
}
