import * as oauth from 'oauth4webapi'
import { type CallbackTexts, logoutPage } from '../callback/pages.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { isLoopback } from '../provider/metadata.ts'
import type { RejectionReason } from '../callback/judge.ts'
import { openLoopbackListener } from '../callback/listener.ts'
import { createPeerCheck, type PeerCheck } from '../callback/peer.ts'
import { defaultTexts } from '../callback/texts.ts'
import { Secret } from '../base/secret.ts'
import { openBrowser } from '../browser-trip.ts'
import { failure } from '../errors.ts'
import { type Login, secretsOf } from '../tokens/result.ts'
import type { TraceStep } from '../trace.ts'
import { createTracer, type Tracer } from '../tracer.ts'
import { withoutSecrets } from './without-secrets.ts'

/**
 * `done`: the browser came back. `opened`: it was sent, and was not to come back or did not. `failed`: no browser
 * came.
 */
export type BrowserLogout = 'opened' | 'done' | 'failed'

/** Milliseconds for a browser to come to the page with the form. */
const arrivalLimit = 60_000
/** Milliseconds for it to come back after the visit without the token. */
const returnLimit = 60_000
/** Milliseconds until that visit is made. */
const secondWayAfter = 8000
/** Milliseconds after which a browser that has the form has sent it. */
const handedOverAfter = 1000

export interface LogoutOptions {
  /** Opens an address in the person's browser, as for a login. */
  readonly openBrowser: (address: string) => unknown
  /**
   * Where the provider sends the browser back, as it is registered: a loopback address with port 0 comes back
   * here. Default: nowhere.
   */
  readonly postLogoutRedirectUri?: string | undefined
  /** The words of the pages in the browser. Default: bokmål, without the name of an app. */
  readonly texts?: CallbackTexts | undefined
  /** Gives the logout up, which then rejects. */
  readonly signal?: AbortSignal | undefined
  /** Resolves when the app is ending: then it is enough that the browser has the form. Default: never. */
  readonly hurry?: Promise<void> | undefined
  /** The browser has got the form with the ID token. */
  readonly onOpened?: (() => void) | undefined
  /** Something was refused that wanted the page with the ID token, or came with a wrong answer. */
  readonly onRejected?: ((reason: RejectionReason) => void) | undefined
  /** Somebody came to the address of that page after it had been shown. */
  readonly onStartReused?: (() => void) | undefined
  /** Told of the logout when it has ended, without secrets and personal numbers. */
  readonly onTrace?: ((step: TraceStep) => void) | undefined
  /** The time. Default: the system's. */
  readonly clock?: Clock | undefined
  /** Tells whose a connection to the listener is. Default: Linux is asked, other systems do not say. */
  readonly peer?: PeerCheck | undefined
}

/**
 * Ends the login at the provider in the person's browser: a page of our listener, served once, posts the
 * ID token, so that it stands in no address. Where the provider is to send the browser back and does not
 * (its cookie may not come with a form of another site), it is asked once more by an ordinary visit
 * without the token. Resolves when there is nothing more to wait for; with `failed` too when the provider has
 * no page for a logout.
 *
 * @throws {LoginError} `E_LISTENER_BIND`, `E_BROWSER_OPEN`
 * @see OpenID Connect RP-Initiated Logout 1.0 §2 and §3; Digdir, "Utlogging"
 */
export async function logOutInBrowser(
  login: Login,
  options: LogoutOptions,
): Promise<BrowserLogout> {
  const endpoint = login.provider.end_session_endpoint
  if (endpoint === undefined) return 'failed'
  const { onTrace, clock = systemClock } = options
  const state = new Secret(oauth.generateRandomState())
  const secrets = [...secretsOf(login), state]
  const tracer = createTracer({ onTrace, clock, secrets })
  return await withoutSecrets(secrets, options, async () => {
    try {
      const logout = await logOutAt(endpoint, login, { ...options, clock, state, tracer })
      tracer.end(logout === 'failed' ? failure('E_BROWSER_OPEN', 'browser', 'none came') : null)
      return logout
    } catch (error) {
      tracer.end(error)
      throw error
    }
  })
}

async function logOutAt(
  endpoint: string,
  login: Login,
  options: LogoutOptions & {
    readonly clock: Clock
    readonly state: Secret
    readonly tracer: Tracer
  },
): Promise<BrowserLogout> {
  const { texts = defaultTexts, clock, state, tracer } = options
  const { signal = new AbortController().signal, hurry = new Promise<void>(() => {}) } = options
  const nothing = (): void => {}
  const back = returnPath(options.postLogoutRedirectUri)
  const arrived = Promise.withResolvers<true>()
  const listener = await openLoopbackListener({
    redirectPath: back ?? '/logged-out',
    texts,
    reference: '',
    clock,
    onArrival: () => {
      options.onOpened?.()
      arrived.resolve(true)
    },
    onStartReused: options.onStartReused ?? nothing,
    onRejected: options.onRejected ?? nothing,
    peer: options.peer ?? createPeerCheck(),
  })
  const uri = back === null ? options.postLogoutRedirectUri : listener.redirectUri
  const fields = {
    client_id: login.policy.clientId,
    ...(uri !== undefined && { post_logout_redirect_uri: uri, state: state.reveal() }),
  }
  const hint = login.idToken.reveal()
  const posted = { ...fields, ...(hint !== '' && { id_token_hint: hint }) }
  listener.expect(state)
  tracer.begin('logout', {
    method: 'POST',
    url: endpoint,
    parameters: new URLSearchParams(posted),
  })

  const timers = new Set<() => void>()
  let over = false
  let hurrying = false
  void hurry.then(() => (hurrying = true))
  /** Resolves with false when the time has passed; never once all is over. */
  const after = (milliseconds: number): Promise<false> =>
    new Promise((resolve) => {
      if (!over) timers.add(clock.after(milliseconds, () => resolve(false)))
    })
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const giveUp = (): void => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  try {
    signal.throwIfAborted()
    const start = listener.startAddress(async () => logoutPage(texts, endpoint, posted))
    await Promise.race([openBrowser(options, start), ended])
    const came = await Promise.race([arrived.promise, after(arrivalLimit), ended])
    if (!came) return 'failed'
    if (back === null) {
      await Promise.race([after(handedOverAfter), ended])
      return 'opened'
    }
    const returned = listener.callback.then(() => true)
    const secondWay = async (): Promise<false> => {
      await after(secondWayAfter)
      const again = listener.startAddress(async () => withQuery(endpoint, fields))
      await openBrowser(options, again)
      return await after(returnLimit)
    }
    const handedOver = hurry.then(() => after(handedOverAfter))
    const done = await Promise.race([returned, secondWay(), handedOver, ended])
    return done ? 'done' : 'opened'
  } finally {
    over = true
    for (const stop of timers) stop()
    const finished = listener.finish('logged-out')
    // The end of the app would take the last page away from a browser that is on its way to it.
    if (hurrying) await Promise.race([finished, ended]).catch(() => {})
    signal.removeEventListener('abort', giveUp)
  }
}

/** The path that the provider sends the browser back to, when that is our listener on a port of the system's choice. */
function returnPath(uri: string | undefined): string | null {
  if (uri === undefined) return null
  if (!URL.canParse(uri)) throw failure('E_UNEXPECTED', 'postLogoutRedirectUri', 'is no address')
  const url = new URL(uri)
  return isLoopback(url) && url.port === '0' ? url.pathname : null
}

function withQuery(address: string, fields: Readonly<Record<string, string>>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return url.href
}
