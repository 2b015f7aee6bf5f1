import { fetchUserinfo } from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanFailure } from './failures.ts'
import type { ClaimChanges } from './inspection.ts'
import type { Session } from './session.ts'

/** Asks the provider what else it says of the person; the session is as good without an answer. */
export type AskUserinfo = (session: Session) => Promise<void>

export function createUserinfo(
  context: Pick<Context, 'calls' | 'log' | 'store'>,
  changes: ClaimChanges,
): AskUserinfo {
  const { calls, log, store } = context
  return async (session) => {
    const { login, ended } = session
    if (login.provider.userinfo_endpoint === undefined || !login.scope.includes('profile')) return
    try {
      const userinfo = await fetchUserinfo(login, calls(ended))
      changes.note(userinfo)
      store.dispatch({ type: 'session-changed', login: session.id, change: { userinfo } })
    } catch (error) {
      if (!ended.aborted) log('userinfo failed', { error: cleanFailure(error).error })
    }
  }
}
