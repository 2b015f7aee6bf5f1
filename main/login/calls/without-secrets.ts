import type { HttpOptions } from '../base/http.ts'
import { type Secret, secretRemover } from '../base/secret.ts'
import { cleanError, toLoginError } from '../errors.ts'

/**
 * Does a call that follows a login. What it throws gets a name and repeats none of the secrets, to which the
 * call may add; the reason of its signal is thrown as it is.
 */
export async function withoutSecrets<T>(
  secrets: readonly Secret[],
  { signal }: Pick<HttpOptions, 'signal'>,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    throw cleanError(toLoginError(error), secretRemover(secrets))
  }
}
