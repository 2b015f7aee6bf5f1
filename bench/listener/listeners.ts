/**
 * The three listeners behind one interface, each driven in the order in which its own library or, for
 * ours, `main/login/login.ts` drives it in a login. Only the work on the tokens is left out.
 *
 * Neither peer exports its listener, so their classes are imported by path from their packages:
 * `LoopbackClient` of msal-node and `RFC8252HTTPServer` of oidc-plugin, both unchanged.
 */
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CallbackPage } from '../../main/login/callback/pages.ts'
import { systemClock } from '../../main/login/base/clock.ts'
import { openLoopbackListener } from '../../main/login/callback/listener.ts'
import { createPeerCheck } from '../../main/login/callback/peer.ts'
import { Secret } from '../../main/login/base/secret.ts'

export const listenerNames = ['ours', '@azure/msal-node', '@mongodb-js/oidc-plugin'] as const
export type ListenerName = (typeof listenerNames)[number]

/** The request that brings the browser back, in the only form that this listener accepts. */
export interface CallbackRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly body: string
}

/** A listener that waits for its browser. */
export interface Opened {
  readonly port: number
  /** The local address that the browser is opened at, where there is one. */
  readonly start: string | null
  readonly callback: CallbackRequest
  /** Part of the last page of a login that succeeded. */
  readonly success: string
  /** When the listener was told to close, in machine-wide milliseconds. */
  readonly ended: Promise<number>
  readonly cancel: () => Promise<void>
}

/** Opens a listener; `work` stands for the work on the tokens. */
export type Open = (work: () => Promise<void>) => Promise<Opened>

/** Machine-wide monotonic milliseconds: they can be compared between processes. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export const installed = new URL('./node_modules/', import.meta.url)

export async function versionOf(name: ListenerName): Promise<string> {
  const file =
    name === 'ours'
      ? new URL('../../package.json', import.meta.url)
      : new URL(`${name}/package.json`, installed)
  const manifest: { version: string } = JSON.parse(await readFile(fileURLToPath(file), 'utf8'))
  return manifest.version
}

/** Loads one listener and nothing of the others. */
export async function load(name: ListenerName): Promise<Open> {
  if (name === 'ours') return openOurs
  return name === '@azure/msal-node' ? await loadMsal() : await loadMongo()
}

const state = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
const answer = new URLSearchParams({
  code: 'c'.repeat(43),
  state,
  iss: 'https://idporten.example',
}).toString()
const provider = 'https://idporten.example/authorize'
const nothing = (): void => {}

const words: Partial<Record<CallbackPage, string>> = { 'signed-in': 'You are signed in' }
const texts = {
  lang: 'en',
  appName: 'Bench',
  text: (page: CallbackPage, part: 'title' | 'text') =>
    part === 'title' ? (words[page] ?? page) : 'You can close this tab and go back to the app.',
}

/** One for all logins, as in the app. */
const peerCheck = createPeerCheck()

const openOurs: Open = async (work) => {
  const listener = await openLoopbackListener({
    redirectPath: '/callback',
    texts,
    reference: 'ABC234',
    clock: systemClock,
    onArrival: nothing,
    onStartReused: nothing,
    onRejected: nothing,
    peer: peerCheck,
  })
  listener.expect(new Secret(state))
  const ended = Promise.withResolvers<number>()
  const finish = async (outcome: 'signed-in' | 'cancelled'): Promise<void> => {
    ended.resolve(machineTime())
    await listener.finish(outcome)
  }
  void listener.callback.then(work).then(() => finish('signed-in'))
  return {
    port: listener.port,
    start: listener.startAddress(() => Promise.resolve(provider)),
    callback: { method: 'GET', url: `${listener.redirectUri}?${answer}`, body: '' },
    success: 'You are signed in',
    ended: ended.promise,
    cancel: () => finish('cancelled'),
  }
}

interface LoopbackClient {
  listenForAuthCode(expectedState: string): Promise<unknown>
  getRedirectUri(): string
  closeServer(): void
}

/** As `PublicClientApplication.acquireTokenInteractive`, which however asks for the port every 100 ms. */
async function loadMsal(): Promise<Open> {
  const file = new URL('@azure/msal-node/dist/network/LoopbackClient.mjs', installed)
  const peer: { LoopbackClient: new () => LoopbackClient } = await import(file.href)
  return async (work) => {
    const client = new peer.LoopbackClient()
    const ended = Promise.withResolvers<number>()
    const close = (): void => {
      ended.resolve(machineTime())
      client.closeServer()
    }
    void client.listenForAuthCode(state).then(work).then(close)
    const port = await portOf(client)
    return {
      port,
      start: null,
      callback: { method: 'POST', url: `http://127.0.0.1:${port}/`, body: answer },
      success: 'Auth code was successfully acquired',
      ended: ended.promise,
      // Its public API has no way to cancel: this is what a failed login comes to.
      cancel: async () => close(),
    }
  }
}

async function portOf(client: LoopbackClient): Promise<number> {
  for (;;) {
    await setImmediate()
    try {
      return Number(new URL(client.getRedirectUri()).port)
    } catch (error) {
      if (!(error instanceof Error) || !/no_loopback_server_exists/u.test(String(error)))
        throw error
    }
  }
}

interface RedirectServer {
  readonly listeningPort: number
  readonly listeningRedirectUrl: string
  listen(): Promise<void>
  addRedirect(target: string): Promise<{ localUrl: string; onAccessed: Promise<void> }>
  waitForOIDCParams(): Promise<string>
  waitForOIDCParamsAndClose(options: { signal: AbortSignal }): Promise<string>
  close(): Promise<void>
}

interface RedirectServerOptions {
  readonly redirectUrl: string
  readonly oidcStateParam: string
}

/** As `MongoDBOIDCPluginImpl.authorizationCodeFlow`: it closes before the work on the tokens. */
async function loadMongo(): Promise<Open> {
  const file = new URL('@mongodb-js/oidc-plugin/dist/rfc-8252-http-server.js', installed)
  const peer: { RFC8252HTTPServer: new (options: RedirectServerOptions) => RedirectServer } =
    await import(file.href)
  return async (work) => {
    const server = new peer.RFC8252HTTPServer({
      // Its default is a fixed port on every address of localhost.
      redirectUrl: 'http://127.0.0.1:0/redirect',
      oidcStateParam: state,
    })
    await server.listen()
    const port = server.listeningPort
    const url = server.listeningRedirectUrl
    const { localUrl, onAccessed } = await server.addRedirect(provider)
    const aborted = new AbortController()
    const ended = Promise.withResolvers<number>()
    void server.waitForOIDCParams().then(() => ended.resolve(machineTime()))
    const run = async (): Promise<void> => {
      try {
        const stopped = new Promise((resolve) => {
          aborted.signal.addEventListener('abort', resolve, { once: true })
        })
        await Promise.race([onAccessed, stopped])
        await server.waitForOIDCParamsAndClose({ signal: aborted.signal })
      } finally {
        await server.close()
      }
      await work()
    }
    const login = run().catch((error: unknown) => {
      if (!aborted.signal.aborted) throw error
    })
    return {
      port,
      start: localUrl,
      callback: { method: 'GET', url: `${url}?${answer}`, body: '' },
      success: 'Authentication successful',
      ended: ended.promise,
      cancel: async () => {
        ended.resolve(machineTime())
        aborted.abort()
        await login
      },
    }
  }
}
