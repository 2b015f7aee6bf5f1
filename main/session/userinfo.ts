import { fetchUserinfo, secretRemover, secretsOf } from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanFailure } from './failures.ts'
import type { Session } from './session.ts'

/** Asks the provider what else it says of the person; the session is as good without an answer. */
export type AskUserinfo = (session: Session) => Promise<void>

export function createUserinfo(context: Pick<Context, 'http' | 'log' | 'store'>): AskUserinfo {
  const { http, log, store } = context
  return async (session) => {
    const { login, profile, ended } = session
    if (login.provider.userinfo_endpoint === undefined || !login.scope.includes('profile')) return
    const secrets = secretsOf(login)
    try {
      const answer = await fetchUserinfo(login, profile.clientId, http(ended))
      const userinfo = secretRemover(secrets)(answer)
      store.dispatch({ type: 'session-changed', login: session.id, change: { userinfo } })
    } catch (error) {
      if (!ended.aborted) log('userinfo failed', { error: cleanFailure(error, secrets).error })
    }
  }
}
