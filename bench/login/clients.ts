/** The clients behind one interface, each as its own documentation has a desktop login done. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
// The same copy as ours, not the one that openid-client brings along.
import * as oauth from '../../node_modules/oauth4webapi/build/index.js'
import { startLogin } from '../../main/login/login.ts'
import { systemClock } from '../../main/login/base/clock.ts'
import { createProviderCache } from '../../main/login/provider/cache.ts'
import { clientId } from './provider.ts'

export const clientNames = [
  'ours',
  'ours, pushed',
  'ours, traced',
  'oauth4webapi',
  'openid-client',
  '@mongodb-js/oidc-plugin',
] as const
export type ClientName = (typeof clientNames)[number]
/** What the others are compared with. */
export const bare: ClientName = 'oauth4webapi'

export type Claims = Readonly<Record<string, unknown>>

export interface Client {
  /** One login, from the click to its claims; `open` gets the address for the browser. */
  readonly login: (open: (address: string) => void) => Promise<Claims>
  /** Forgets what earlier logins have fetched. */
  readonly forget: () => void
}

export const installed = new URL('./node_modules/', import.meta.url)
export const redirectPath = '/callback'
const scope = 'openid profile'
const acrValues = ['idporten-loa-substantial']
const uiLocales = 'nb'
const nothing = (): void => {}

export async function versionOf(name: ClientName): Promise<string> {
  const root = new URL('../../', import.meta.url)
  const file = name.startsWith('ours')
    ? new URL('package.json', root)
    : new URL(`${name}/package.json`, name === bare ? new URL('node_modules/', root) : installed)
  const manifest: { version: string } = JSON.parse(await readFile(file, 'utf8'))
  return manifest.version
}

/** Loads one client: what that takes is before the click. */
export async function load(name: ClientName, issuer: string): Promise<Client> {
  switch (name) {
    case 'ours':
      return createOurs(issuer, 'never')
    case 'ours, pushed':
      return createOurs(issuer, 'always')
    case 'ours, traced':
      return createOurs(issuer, 'never', nothing)
    case 'oauth4webapi':
      return createBare(issuer)
    case 'openid-client':
      return await loadOpenidClient(issuer)
    case '@mongodb-js/oidc-plugin':
      return await loadMongo(issuer)
  }
}

/** As `main/session/controller.ts`: the discovery lives as long as the app. */
function createOurs(issuer: string, par: 'never' | 'always', onTrace?: () => void): Client {
  let providerCache = createProviderCache(systemClock)
  const policy = { issuer, clientId, redirectPath, scope, acrValues, uiLocales, par }
  return {
    login: async (open) => {
      const attempt = startLogin({
        // Asks for a fresh login, so that `auth_time` is checked too.
        ...policy,
        prompt: 'login',
        texts: { lang: 'en', appName: 'Bench', text: (page) => page },
        loginTimeout: 10_000,
        providerCache,
        fetch,
        clock: systemClock,
        openBrowser: async (address) => open(address),
        onEvent: nothing,
        onTrace,
      })
      const login = await attempt.result
      if (login === null) throw new Error('cancelled')
      return login.claims
    },
    forget: () => (providerCache = createProviderCache(systemClock)),
  }
}

/** The least that can be a listener: any request to its path is the callback. */
async function listen() {
  const arrived = Promise.withResolvers<URL>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const known = url.pathname === redirectPath
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' })
    response.end('You can close this tab and go back to the app.')
    if (known) arrived.resolve(new URL(url.search, redirectUri))
  })
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no address')
  const redirectUri = `http://127.0.0.1:${address.port}${redirectPath}`
  return { redirectUri, callback: arrived.promise, close: () => void server.close() }
}

const asked = {
  scope,
  acr_values: acrValues.join(' '),
  ui_locales: uiLocales,
  prompt: 'login',
  code_challenge_method: 'S256',
}

/** The script that one would write with oauth4webapi's examples, with the signature check. */
function createBare(issuer: string): Client {
  const client: oauth.Client = { client_id: clientId }
  const options = { [oauth.allowInsecureRequests]: true }
  let known: oauth.AuthorizationServer | null = null
  return {
    login: async (open) => {
      const url = new URL(issuer)
      const server = (known ??= await oauth.processDiscoveryResponse(
        url,
        await oauth.discoveryRequest(url, options),
      ))
      const listener = await listen()
      try {
        const { redirectUri } = listener
        const state = oauth.generateRandomState()
        const nonce = oauth.generateRandomNonce()
        const verifier = oauth.generateRandomCodeVerifier()
        const challenge = await oauth.calculatePKCECodeChallenge(verifier)
        const address = new URL(server.authorization_endpoint ?? '')
        address.search = new URLSearchParams({
          ...asked,
          response_type: 'code',
          client_id: clientId,
          redirect_uri: redirectUri,
          state,
          nonce,
          code_challenge: challenge,
        }).toString()
        open(address.href)

        const callback = await listener.callback
        const parameters = oauth.validateAuthResponse(server, client, callback, state)
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          oauth.None(),
          parameters,
          redirectUri,
          verifier,
          options,
        )
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        })
        await oauth.validateApplicationLevelSignature(server, response, options)
        return claimsOf(oauth.getValidatedIdTokenClaims(tokens))
      } finally {
        listener.close()
      }
    },
    forget: () => (known = null),
  }
}

function claimsOf(claims: object | undefined): Claims {
  if (claims === undefined) throw new Error('no claims')
  return { ...claims }
}

/** Its configuration is only passed on here. */
interface OpenidClient {
  readonly allowInsecureRequests: (config: object) => void
  readonly enableNonRepudiationChecks: (config: object) => void
  discovery(
    issuer: URL,
    clientId: string,
    metadata: undefined,
    authentication: unknown,
    options: { execute: ((config: object) => void)[] },
  ): Promise<object>
  None(): unknown
  randomState(): string
  randomNonce(): string
  randomPKCECodeVerifier(): string
  calculatePKCECodeChallenge(verifier: string): Promise<string>
  buildAuthorizationUrl(config: object, parameters: Record<string, string>): URL
  authorizationCodeGrant(
    config: object,
    callback: URL,
    checks: { pkceCodeVerifier: string; expectedState: string; expectedNonce: string },
  ): Promise<{ claims(): object | undefined }>
}

async function loadOpenidClient(issuer: string): Promise<Client> {
  const file = new URL('openid-client/build/index.js', installed)
  const peer: OpenidClient = await import(file.href)
  let known: object | null = null
  return {
    login: async (open) => {
      const config = (known ??= await peer.discovery(
        new URL(issuer),
        clientId,
        undefined,
        peer.None(),
        { execute: [peer.allowInsecureRequests, peer.enableNonRepudiationChecks] },
      ))
      const listener = await listen()
      try {
        const expectedState = peer.randomState()
        const expectedNonce = peer.randomNonce()
        const pkceCodeVerifier = peer.randomPKCECodeVerifier()
        const address = peer.buildAuthorizationUrl(config, {
          ...asked,
          redirect_uri: listener.redirectUri,
          state: expectedState,
          nonce: expectedNonce,
          code_challenge: await peer.calculatePKCECodeChallenge(pkceCodeVerifier),
        })
        open(address.href)
        const tokens = await peer.authorizationCodeGrant(config, await listener.callback, {
          pkceCodeVerifier,
          expectedState,
          expectedNonce,
        })
        return claimsOf(tokens.claims())
      } finally {
        listener.close()
      }
    },
    forget: () => (known = null),
  }
}

interface MongoPlugin {
  readonly mongoClientOptions: {
    readonly authMechanismProperties: {
      OIDC_HUMAN_CALLBACK(parameters: {
        version: 1
        idpInfo: { issuer: string; clientId: string }
        timeoutContext: AbortSignal
      }): Promise<object>
    }
  }
  readonly logger: {
    on(
      event: 'mongodb-oidc-plugin:auth-succeeded',
      listener: (event: { tokens: { idToken: string } }) => void,
    ): void
  }
}

interface MongoPackage {
  createMongoDBOIDCPlugin(options: {
    redirectURI: string
    openBrowser: (options: { url: string }) => Promise<void>
    customFetch: typeof fetch
    defaultScopes: string[]
  }): MongoPlugin
}

/** As MongoDB's driver calls it. It hands out tokens alone, so the claims are read from its log. */
async function loadMongo(issuer: string): Promise<Client> {
  const file = new URL('@mongodb-js/oidc-plugin/dist/index.js', installed)
  const peer: MongoPackage = await import(file.href)
  let opening: (address: string) => void = nothing
  let idToken = ''
  const create = (): MongoPlugin => {
    const plugin = peer.createMongoDBOIDCPlugin({
      // Its default is a fixed port on every address of localhost.
      redirectURI: `http://127.0.0.1:0${redirectPath}`,
      openBrowser: async ({ url }) => opening(url),
      customFetch: fetch,
      defaultScopes: scope.split(' '),
    })
    plugin.logger.on('mongodb-oidc-plugin:auth-succeeded', (event) => {
      ;({ idToken } = event.tokens)
    })
    return plugin
  }
  let plugin = create()
  return {
    login: async (open) => {
      opening = open
      await plugin.mongoClientOptions.authMechanismProperties.OIDC_HUMAN_CALLBACK({
        version: 1,
        idpInfo: { issuer, clientId },
        timeoutContext: new AbortController().signal,
      })
      return JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
    },
    forget: () => (plugin = create()),
  }
}
