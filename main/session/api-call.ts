import { type ApiAnswer, callApi, type Login } from '../login/index.ts'
import type { Context } from './context.ts'
import { cleanFailure } from './failures.ts'
import type { Live } from './live.ts'
import type { Renewal } from './renew.ts'
import type { ApiCall } from './state.ts'

/** Calls an API of the profile by its place in the list, unless a call is under way there. Never throws. */
export type CallApiAt = (index: number) => Promise<void>

export function createApiCalls(
  context: Pick<Context, 'calls' | 'clock' | 'log' | 'store'>,
  parts: { readonly live: Live; readonly renewal: Renewal },
): CallApiAt {
  const { calls, clock, log, store } = context
  const { live, renewal } = parts
  return async (index) => {
    // Stryker disable next-line OptionalChaining: who asks has a session, so the compiler alone needs this
    const known = store.state().session?.apis[index]
    if (known?.granted !== true || known.running) return
    const session = live.session()
    // Stryker disable next-line OptionalChaining: as above
    const api = session?.profile.apis[index]
    // Stryker disable next-line ConditionalExpression,LogicalOperator: the state offers what the session has
    if (session === null || api === undefined) return
    const change = (changes: Partial<Omit<ApiCall, 'name'>>): void => {
      store.dispatch({ type: 'api-changed', login: session.id, index, change: changes })
    }
    change({ running: true, answer: null, failure: null })
    const call = async (former?: Login): Promise<ApiAnswer> =>
      await callApi(session.login, api, { ...calls(session.ended), former })
    try {
      // Stryker disable next-line OptionalChaining: as above
      const endsAt = store.state().session?.accessTokenEndsAt ?? null
      const expiredToken = endsAt !== null && endsAt <= clock.monotonic()
      if (expiredToken && !(await renewal.renew())) return change({ running: false })
      const { login: used } = session
      let answer = await call()
      if (session.ended.aborted) return
      // Once: an API that refuses fresh tokens as well has its reasons. Another call may have renewed them.
      if (answer.httpStatus === 401 && !expiredToken) {
        if (session.login !== used || (await renewal.renew())) answer = await call(used)
      }
      change({ running: false, answer })
    } catch (reason) {
      if (session.ended.aborted) return
      const { error, failure } = cleanFailure(reason)
      log('API call failed', { error, api: api.name })
      change({ running: false, failure })
    }
  }
}
