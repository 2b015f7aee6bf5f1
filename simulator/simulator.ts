import { createServer as createHttpServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { clientId } from './clients.ts'
import { createKeys } from './keys.ts'
import { persons } from './persons.ts'
import type { TestPerson } from './persons.ts'
import { apiPaths } from './provider/discovery.ts'
import { toForwarded } from './provider/forwarding.ts'
import { createProvider } from './provider/index.ts'
import { defaultLifetimes } from './provider/lifetimes.ts'
import type { Lifetimes } from './provider/lifetimes.ts'
import { createStore } from './provider/store.ts'
import type { Store } from './provider/store.ts'
import type { ScenarioName } from './scenarios/index.ts'
import type { RefreshTokenUsage, Scenario } from './scenarios/scenario.ts'
import { createStage } from './stage.ts'
import type { Stage } from './stage.ts'

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

/** Listens on 127.0.0.1; `port` is the one that it got. */
async function listen(
  tls: SimulatorOptions['tls'],
  wanted: number,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server =
    tls === undefined ? createHttpServer() : createHttpsServer({ key: tls.key, cert: tls.cert })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, '127.0.0.1', resolve)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

/** What a request of a running simulator passes through. */
interface Passage {
  readonly issuer: string
  readonly journal: JournalEntry[]
  readonly stage: Stage
  readonly store: Store
  /** Lets oidc-provider answer. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

function record(
  journal: JournalEntry[],
  request: IncomingMessage,
  url: URL,
  form: URLSearchParams,
  response: ServerResponse,
): void {
  journal.push({
    method: request.method ?? '',
    path: url.pathname,
    query: new URLSearchParams(url.search),
    form: new URLSearchParams(form),
    headers: request.headers,
    get status() {
      return response.headersSent ? response.statusCode : undefined
    },
  })
  journal.splice(0, journal.length - maxJournalEntries)
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { issuer, journal, stage, store, answer }: Passage,
): Promise<void> {
  const url = URL.parse(`${issuer}${request.url}`)
  if (url === null || request.url?.startsWith('/') !== true) {
    response.writeHead(400).end()
    return
  }
  const body = await readBody(request)
  const type = request.headers['content-type']
  const isForm = type?.startsWith('application/x-www-form-urlencoded') === true
  const form = new URLSearchParams(isForm ? body : '')
  record(journal, request, url, form, response)
  if (body === undefined) {
    response.writeHead(413, { connection: 'close' }).end()
    return
  }
  if (await stage.before(url.pathname, form, { request, response })) {
    return
  }
  await answer(
    toForwarded({ request, url, form, body, isForm }, { issuer, stage, store }),
    response,
  )
}

/**
 * Starts a look-alike of ID-porten on 127.0.0.1.
 * @returns The running simulator, to be closed by its caller.
 * @see docs/simulator.md for every difference from ID-porten
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { tls, redirectPath = '/callback', refreshTokens = false } = options
  const lifetimes: Lifetimes = { ...defaultLifetimes, ...options.lifetimes }
  const { server, port } = await listen(tls, options.port ?? 0)
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
  const journal: JournalEntry[] = []
  const passage: Passage = { issuer, journal, stage, store, answer: provider.callback() }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response, passage).catch((error: unknown) => {
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
