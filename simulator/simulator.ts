import { createServer as createHttpServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { apiPaths, paths } from './discovery.ts'
import { redirectedPath } from './faults.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import { createKeys } from './keys.ts'
import { persons } from './persons.ts'
import type { TestPerson } from './persons.ts'
import { clientId, createProvider, defaultLifetimes, toProviderRequestUri } from './provider.ts'
import type { Lifetimes } from './provider.ts'
import { cookieStays } from './same-site.ts'
import type { RefreshTokenUsage, Scenario, ScenarioName } from './scenarios.ts'
import { createStage } from './stage.ts'
import { createStore } from './store.ts'

/** What a simulator can be told. */
export interface SimulatorOptions {
  /** Port on 127.0.0.1; 0, the default, lets the operating system choose. */
  readonly port?: number
  readonly lifetimes?: Partial<Lifetimes>
  /** Serves https under this host name, still on 127.0.0.1 only. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly host: string }
  /** Path of the redirect URI that is registered for the client. */
  readonly redirectPath?: string
  /** Issues refresh tokens; ID-porten's pages disagree on them for public clients. */
  readonly refreshTokens?: boolean
  /** Whether a refresh token is replaced when it is used, the default, or stays. */
  readonly refreshTokenUsage?: RefreshTokenUsage
  /** What the provider does wrong from the start. */
  readonly scenario?: ScenarioName
}

/** One request that the simulator received. It holds secrets: never write it to a log. */
export interface JournalEntry {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly form: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Status of the answer, once there is one. */
  readonly status: number | undefined
}

/** The settings a client needs to log in at the simulator. */
interface SimulatorProfile {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly redirectPath: string
  readonly scope: string
  readonly acrValues: readonly string[]
}

/** A running simulator. */
export interface Simulator {
  readonly issuer: string
  readonly profile: SimulatorProfile
  /** Addresses of the APIs that take its access tokens, each with the scope that it needs. */
  readonly apis: {
    /** The contact register, for the person who is logged in: `krr:user/kontaktinformasjon.read`. */
    readonly person: string
    /** Answers with what it was sent: `altinn:lookup`. */
    readonly echo: string
  }
  readonly persons: readonly TestPerson[]
  readonly journal: readonly JournalEntry[]
  /** Lets the provider do something wrong from now on; null makes it well behaved again. */
  readonly play: (scenario: ScenarioName | Scenario | null) => void
  /** Publishes a new signing key in place of the one before. */
  readonly rotateKeys: () => Promise<void>
  /** Stops listening and ends every connection, also those that a fault holds. */
  readonly close: () => Promise<void>
}

const maxBodyBytes = 64 * 1024
const maxJournalEntries = 1000

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > maxBodyBytes) {
      return undefined
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

/**
 * Starts a look-alike of ID-porten on 127.0.0.1.
 * @returns The running simulator, to be closed by its caller.
 * @see docs/simulator.md for every difference from ID-porten
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { tls, redirectPath = '/callback', refreshTokens = false } = options
  const lifetimes: Lifetimes = { ...defaultLifetimes, ...options.lifetimes }
  const server =
    tls === undefined ? createHttpServer() : createHttpsServer({ key: tls.key, cert: tls.cert })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const issuer = tls === undefined ? `http://127.0.0.1:${port}` : `https://${tls.host}:${port}`

  const store = createStore(lifetimes.par)
  const keys = await createKeys()
  const stage = createStage(issuer, keys)
  stage.play(options.scenario ?? null)
  const provider = createProvider({
    issuer,
    lifetimes,
    redirectPath,
    refreshTokens,
    refreshTokenUsage: options.refreshTokenUsage ?? 'onetime',
    secure: tls !== undefined,
    store,
    keys,
    stage,
  })
  const answer = provider.callback()
  const journal: JournalEntry[] = []

  function record(request: IncomingMessage, url: URL, form: URLSearchParams, res: ServerResponse) {
    journal.push({
      method: request.method ?? '',
      path: url.pathname,
      query: new URLSearchParams(url.search),
      form: new URLSearchParams(form),
      headers: request.headers,
      get status() {
        return res.headersSent ? res.statusCode : undefined
      },
    })
    journal.splice(0, journal.length - maxJournalEntries)
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(`${issuer}${request.url}`)
    if (url === null || request.url?.startsWith('/') !== true) {
      response.writeHead(400).end()
      return
    }
    const body = await readBody(request)
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    const form = new URLSearchParams(isForm === true ? body : '')
    record(request, url, form, response)
    if (body === undefined) {
      response.writeHead(413, { connection: 'close' }).end()
      return
    }

    if (await stage.before(url.pathname, form, { request, response })) {
      return
    }
    const ownAddress = new URL(url.pathname, issuer)
    const called = URL.parse(`${ownAddress.protocol}//${request.headers.host}${url.pathname}`)
    if (stage.scenario !== null && url.pathname.startsWith(`${redirectedPath}/`)) {
      url.pathname = url.pathname.slice(redirectedPath.length)
    }

    for (const parameters of [url.searchParams, form]) {
      // oidc-provider takes a parameter once; an address has no space in it.
      const resources = parameters.getAll('resource')
      if (resources.length > 1) {
        parameters.set('resource', resources.join(' '))
      }
      const hint = parameters.get('id_token_hint')
      if (hint !== null && stage.originalOf(hint) !== hint) {
        parameters.set('id_token_hint', stage.originalOf(hint))
      }
    }
    const token = form.get('token')
    if ((url.pathname === paths.revocation || url.pathname === paths.introspection) && token) {
      // oidc-provider refuses every JWT here; one that is unknown must count as an unknown token.
      const opaque = store.resolve(token)
      form.set('token', opaque.includes('.') ? 'unknown' : opaque)
    }
    const requestUri = url.searchParams.get('request_uri')
    if (requestUri !== null) {
      url.searchParams.set('request_uri', toProviderRequestUri(requestUri))
    }
    // oidc-provider takes a logout by POST only together with a POST to /authorize.
    const isEndSession = url.pathname === paths.end_session
    const isLogout = request.method === 'POST' && isEndSession
    const search = isLogout ? `?${form.toString()}` : url.search
    const forwarded = new ForwardedRequest(request, {
      method: isLogout ? 'GET' : (request.method ?? 'GET'),
      url: `${url.pathname}${search}`,
      host: new URL(issuer).host,
      address: called ?? ownAddress,
      form,
      body: isLogout ? '' : isForm === true ? form.toString() : body,
      cookies: !isEndSession || cookieStays(stage.scenario?.logoutCookie, request, issuer),
    })
    await answer(forwarded, response)
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      // A client that goes away in the middle of its request is no fault of the simulator.
      if (request.complete) {
        process.emitWarning(error instanceof Error ? error : String(error))
      }
      response.destroy()
    })
  })

  return {
    issuer,
    profile: {
      name: 'Simulator',
      issuer,
      clientId,
      redirectPath,
      scope: 'openid profile',
      acrValues: ['idporten-loa-substantial'],
    },
    apis: { person: `${issuer}${apiPaths.person}`, echo: `${issuer}${apiPaths.echo}` },
    persons,
    journal,
    play: stage.play,
    rotateKeys: keys.rotate,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
