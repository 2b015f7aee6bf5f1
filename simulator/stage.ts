import type { ServerResponse } from 'node:http'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Wire } from './faults/fault.ts'
import { comesAfter, faults } from './faults/index.ts'
import type { FaultName } from './faults/index.ts'
import { stepOf } from './faults/steps.ts'
import type { Step } from './faults/steps.ts'
import { ForwardedRequest } from './provider/forwarded-request.ts'
import { signCompact } from './keys.ts'
import { errorPage, messagePage, pageHeaders } from './pages.ts'
import type { Keys } from './keys.ts'
import { scenarios } from './scenarios/index.ts'
import type { ScenarioName } from './scenarios/index.ts'
import type { IssuedIdToken, Scenario, Tools } from './scenarios/scenario.ts'

/** The scenario that plays, and what it does to the provider's answers. */
export interface Stage {
  /** The scenario that plays; null when the provider is well behaved. */
  readonly scenario: Scenario | null
  /** Seconds that the provider's clock is ahead. */
  readonly clock: number
  readonly play: (scenario: ScenarioName | Scenario | null) => void
  /** Does what comes before the provider; true when the request is answered or left unanswered. */
  readonly before: (
    path: string,
    form: URLSearchParams,
    wire: Omit<Wire, keyof Surroundings | 'answer'>,
  ) => Promise<boolean>
  /** Spoils the provider's answer. */
  readonly after: (ctx: KoaContextWithOIDC) => Promise<void>
  /** The ID token that the provider knows, for one that a scenario or a rotation made of it. */
  readonly originalOf: (idToken: string) => string
}

type Surroundings = Pick<Wire, 'issuer' | 'elsewhere' | 'now'>

const maxReplaced = 1000
const nothing = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

/** Sends a value as JSON, also one that JSON objects are not made of. */
function sendJson(ctx: KoaContextWithOIDC, value: unknown): void {
  const type = ctx.response.get('content-type')
  ctx.body = JSON.stringify(value) ?? ''
  ctx.type = type === '' ? 'application/json; charset=utf-8' : type
}

function bytesOf(body: unknown): string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body)
    ? body
    : body === undefined || body === null
      ? ''
      : JSON.stringify(body)
}

function shifted(claims: Record<string, unknown>, seconds: number): Record<string, unknown> {
  const times = ['iat', 'exp', 'auth_time'].flatMap((name) => {
    const time = claims[name]
    return typeof time === 'number' ? [[name, time + seconds]] : []
  })
  return { ...claims, ...Object.fromEntries(times) }
}

/** The grant of a token request; empty for any other request. */
function grantOf({ req }: KoaContextWithOIDC): string {
  return (req instanceof ForwardedRequest ? req.form.get('grant_type') : null) ?? ''
}

/** Takes every header away but the clock. */
function clearHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (name !== 'date') {
      response.removeHeader(name)
    }
  }
}

/** Creates the stage of one simulator, on which nothing plays. */
export function createStage(issuer: string, keys: Keys): Stage {
  const { protocol, hostname, port } = new URL(issuer)
  const elsewhere = `${protocol}//${hostname === 'localhost' ? '127.0.0.1' : 'localhost'}:${port}`
  const replaced = new Map<string, string>()
  let scenario: Scenario | null = null
  let faultsPlayed = 0

  const tools: Tools = {
    issuer,
    elsewhere,
    ownKey: keys.current,
    strangerKey: keys.stranger,
    rotateKeys: keys.rotate,
    sign: ({ header, claims }, key = keys.current(), algorithm = key.alg) =>
      signCompact(header, claims, { key, algorithm }),
    signWithSecret: ({ header, claims }, secret) => signCompact(header, claims, { secret }),
  }
  const clock = () => scenario?.clock ?? 0
  const surroundings = (): Surroundings => ({
    issuer,
    elsewhere,
    now: new Date(Date.now() + clock() * 1000),
  })

  /** The fault that hits a step now; it is counted. */
  function nextFault(
    step: Step | undefined,
    when: 'before' | 'after',
    grant: unknown,
    refused = false,
  ): FaultName | undefined {
    const fault = scenario?.fault
    if (
      fault === undefined ||
      fault.step !== step ||
      (fault.grant !== undefined && fault.grant !== grant) ||
      faultsPlayed >= (fault.times ?? Infinity)
    ) {
      return undefined
    }
    const moment = comesAfter(fault.kind) ? 'after' : (fault.when ?? 'before')
    // A refusal is not the right answer that such a fault spoils.
    if (moment !== when || (refused && comesAfter(fault.kind))) {
      return undefined
    }
    faultsPlayed += 1
    return fault.kind
  }

  async function idTokenFor(original: string, accessToken: string, grant: string): Promise<string> {
    if (scenario?.idToken === undefined && clock() === 0 && !keys.rotated()) {
      return original
    }
    const token: IssuedIdToken = {
      header: { ...decodeProtectedHeader(original), kid: keys.current().kid },
      claims: shifted(decodeJwt(original), clock()),
      accessToken,
      grant,
    }
    const made = (await scenario?.idToken?.(token, tools)) ?? token
    const idToken = typeof made === 'string' ? made : tools.sign(made)
    replaced.set(idToken, original)
    for (const oldest of [...replaced.keys()].slice(0, -maxReplaced)) {
      replaced.delete(oldest)
    }
    return idToken
  }

  async function spoilTokens(ctx: KoaContextWithOIDC): Promise<void> {
    const body = asRecord(ctx.body)
    const { id_token: original, access_token: accessToken } = body
    const grant = grantOf(ctx)
    if (typeof original === 'string') {
      const idToken = await idTokenFor(original, String(accessToken), grant)
      if (idToken !== original) {
        ctx.body = { ...body, id_token: idToken }
      }
    }
    if (scenario?.tokenResponse !== undefined) {
      sendJson(ctx, await scenario.tokenResponse(asRecord(ctx.body), tools, grant))
    }
  }

  async function spoilUserinfo(ctx: KoaContextWithOIDC): Promise<void> {
    const made = await scenario?.userinfo?.(asRecord(ctx.body), tools)
    if (typeof made === 'string') {
      ctx.body = made
      ctx.type = 'application/jwt'
    } else if (scenario?.userinfo !== undefined) {
      sendJson(ctx, made)
    }
  }

  async function spoilRedirect(ctx: KoaContextWithOIDC): Promise<void> {
    const location = ctx.response.get('location')
    if (scenario?.callback === undefined || !URL.canParse(location)) {
      return
    }
    const url = new URL(location)
    if (url.origin !== new URL(issuer).origin) {
      await scenario.callback(url.searchParams, url, tools)
      ctx.set('location', url.href)
    }
  }

  async function spoilLogout(ctx: KoaContextWithOIDC): Promise<void> {
    const location = ctx.response.get('location')
    if (scenario?.afterLogout === undefined || !URL.canParse(location)) {
      return
    }
    const back = new URL(location)
    const end = await scenario.afterLogout(back, tools)
    if (end === undefined) {
      ctx.set('location', back.href)
      return
    }
    ctx.remove('location')
    ctx.set({ ...pageHeaders })
    ctx.status = 200
    ctx.body =
      end === 'page'
        ? messagePage('nb', 'loggedOutTitle', 'loggedOut')
        : errorPage('nb', 'saml_logout', 'Utloggingen stoppet hos en annen tjeneste')
  }

  async function spoil(ctx: KoaContextWithOIDC, step: Step): Promise<void> {
    const ok = ctx.status === 200 || ctx.status === 201
    switch (step) {
      case 'discovery':
        if (ok && scenario?.metadata !== undefined) {
          sendJson(ctx, await scenario.metadata(asRecord(ctx.body), tools))
        }
        return
      case 'keys':
        if (ok && keys.rotated()) {
          sendJson(ctx, { keys: [keys.current().publicJwk] })
        }
        if (ok && scenario?.keys !== undefined) {
          sendJson(ctx, await scenario.keys({ keys: [keys.current().publicJwk] }, tools))
        }
        return
      case 'pushed-request':
        if (ok && scenario?.pushedRequest !== undefined) {
          sendJson(ctx, await scenario.pushedRequest(asRecord(ctx.body), tools))
        }
        return
      case 'token':
        return ok ? spoilTokens(ctx) : undefined
      case 'userinfo':
        return ok ? spoilUserinfo(ctx) : undefined
      case 'api':
        if (ok && scenario?.api !== undefined) {
          sendJson(ctx, await scenario.api(asRecord(ctx.body), tools))
        }
        return
      case 'authorization':
        return spoilRedirect(ctx)
      case 'end-session':
        return spoilLogout(ctx)
      case 'revocation':
    }
  }

  return {
    get scenario() {
      return scenario
    },
    get clock() {
      return clock()
    },
    play: (next) => {
      scenario = typeof next === 'string' ? scenarios[next] : next
      faultsPlayed = 0
    },
    originalOf: (idToken) => replaced.get(idToken) ?? idToken,
    before: async (path, form, wire) => {
      const step = stepOf(path)
      if (clock() !== 0) {
        wire.response.setHeader('date', surroundings().now.toUTCString())
      }
      const endpoint = scenario?.endpoints?.[path]
      if (endpoint !== undefined) {
        const { type, body } = await endpoint(tools)
        wire.response.writeHead(200, { 'content-type': type }).end(body)
        return true
      }
      if (step !== undefined) {
        await scenario?.request?.(step, tools)
      }
      const fault = nextFault(step, 'before', form.get('grant_type'))
      if (fault === undefined) {
        return false
      }
      faults[fault].play({ ...wire, ...surroundings(), answer: nothing })
      return true
    },
    after: async (ctx) => {
      const step = stepOf(ctx.path)
      if (step === undefined) {
        return
      }
      await spoil(ctx, step)
      const refused = ctx.status >= 400
      const fault = nextFault(step, 'after', grantOf(ctx), refused)
      if (fault === undefined) {
        return
      }
      const { req: request, res: response, status } = ctx
      const body = bytesOf(ctx.body)
      const headers = response.getHeaders()
      delete headers['content-length']
      clearHeaders(response)
      // From here on the fault writes, not Koa.
      ctx.respond = false
      faults[fault].play({
        request,
        response,
        ...surroundings(),
        answer: { status, headers, body },
      })
    },
  }
}
