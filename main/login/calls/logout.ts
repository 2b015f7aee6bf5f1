import * as oauth from 'oauth4webapi'
import { type CallbackTexts, logoutPage } from '../callback/pages.ts'
import type { Clock } from '../base/clock.ts'
import { isLoopback } from '../provider/metadata.ts'
import type { RejectionReason } from '../callback/judge.ts'
import { openLoopbackListener } from '../callback/listener.ts'
import { createPeerCheck, type PeerCheck } from '../callback/peer.ts'
import { Secret } from '../base/secret.ts'
import type { Login } from '../tokens/result.ts'

/** `done` when the browser came back, `opened` when it was sent and need not or did not, `failed` when none came. */
export type BrowserLogout = 'opened' | 'done' | 'failed'

/** Milliseconds for a browser to come, for it to come back, and for the provider's page to have got the form. */
const arrivalLimit = 60_000
const returnLimit = 60_000
const secondWayAfter = 8000
const handedOverAfter = 1000

/**
 * Ends the login at the provider in the person's browser: a page of our listener, served once, posts the
 * ID token, so that it stands in no address. Where the provider is to send the browser back and does not
 * (its cookie may not come with a form of another site), it is asked once more by an ordinary visit
 * without the token. Resolves when there is nothing more to wait for.
 * Throws `LoginError` `E_LISTENER_BIND`, `E_BROWSER_OPEN`.
 * Source: OpenID Connect RP-Initiated Logout 1.0 §2 and §3; Digdir, "Utlogging".
 */
export async function logOutInBrowser(options: {
  readonly login: Login
  readonly clientId: string
  readonly endpoint: string
  readonly postLogoutRedirectUri: string | undefined
  readonly texts: CallbackTexts
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Resolves when the app is ending: then it is enough that the browser has the form. */
  readonly hurry: Promise<void>
  readonly openBrowser: (address: string) => Promise<void>
  readonly onOpened: () => void
  /** Something was refused that wanted the page with the ID token, or came with a wrong answer. */
  readonly onRejected: (reason: RejectionReason) => void
  /** Somebody came to the address of that page after it had been shown. */
  readonly onStartReused: () => void
  /** Tells whose a connection to the listener is; by default the system is asked. */
  readonly peer?: PeerCheck | undefined
}): Promise<BrowserLogout> {
  const { login, clientId, endpoint, texts, clock, signal, hurry } = options
  const state = new Secret(oauth.generateRandomState())
  const back = returnPath(options.postLogoutRedirectUri)
  const arrived = Promise.withResolvers<void>()
  const listener = await openLoopbackListener({
    redirectPath: back ?? '/logged-out',
    texts,
    reference: '',
    clock,
    onArrival: () => {
      options.onOpened()
      arrived.resolve()
    },
    onStartReused: options.onStartReused,
    onRejected: options.onRejected,
    peer: options.peer ?? createPeerCheck(),
  })
  const uri = back === null ? options.postLogoutRedirectUri : listener.redirectUri
  const fields = {
    client_id: clientId,
    ...(uri !== undefined && { post_logout_redirect_uri: uri, state: state.reveal() }),
  }
  const hint = login.idToken.reveal()
  const posted = { ...fields, ...(hint !== '' && { id_token_hint: hint }) }
  listener.expect(state)

  const timers = new Set<() => void>()
  let over = false
  let hurrying = false
  void hurry.then(() => (hurrying = true))
  /** Never comes once all is over. */
  const after = async (milliseconds: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      if (!over) timers.add(clock.after(milliseconds, resolve))
    })
  }
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('given up')), { once: true })
  })
  ended.catch(() => {})
  try {
    signal.throwIfAborted()
    const start = listener.startAddress(async () => logoutPage(texts, endpoint, posted))
    await Promise.race([options.openBrowser(start), ended])
    const came = await Promise.race([
      arrived.promise.then(() => true),
      after(arrivalLimit).then(() => false),
      ended,
    ])
    if (!came) return 'failed'
    if (back === null) {
      await Promise.race([after(handedOverAfter), ended])
      return 'opened'
    }
    const returned = listener.callback.then(() => true)
    const secondWay = async (): Promise<false> => {
      await after(secondWayAfter)
      await options.openBrowser(listener.startAddress(async () => withQuery(endpoint, fields)))
      await after(returnLimit)
      return false
    }
    const handedOver = hurry.then(() => after(handedOverAfter)).then(() => false)
    const done = await Promise.race([returned, secondWay(), handedOver, ended])
    return done ? 'done' : 'opened'
  } finally {
    over = true
    for (const stop of timers) stop()
    const finished = listener.finish('logged-out')
    // The end of the app would take the last page away from a browser that is on its way to it.
    if (hurrying) await Promise.race([finished, ended]).catch(() => {})
  }
}

/** The path that the provider sends the browser back to, when that is our listener on a port of the system's choice. */
function returnPath(uri: string | undefined): string | null {
  if (uri === undefined) return null
  const url = new URL(uri)
  return isLoopback(url) && url.port === '0' ? url.pathname : null
}

function withQuery(address: string, fields: Readonly<Record<string, string>>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return url.href
}
