import type { ServerResponse } from 'node:http'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Wire } from './faults/fault.ts'
import { comesAfter, faults } from './faults/index.ts'
import type { FaultName } from './faults/index.ts'
import { stepOf } from './faults/steps.ts'
import type { Step } from './faults/steps.ts'
import { signCompact } from './keys.ts'
import type { Keys } from './keys.ts'
import { scenarios } from './scenarios/index.ts'
import type { ScenarioName } from './scenarios/index.ts'
import type { Scenario, Tools } from './scenarios/scenario.ts'
import { grantOf, spoil } from './spoil.ts'
import type { Playing } from './spoil.ts'

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

const nothing = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }

function bytesOf(body: unknown): string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body)
    ? body
    : body === undefined || body === null
      ? ''
      : JSON.stringify(body)
}

/** Takes every header away but the clock. */
function clearHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (name !== 'date') {
      response.removeHeader(name)
    }
  }
}

function createTools(issuer: string, keys: Keys): Tools {
  const { protocol, hostname, port } = new URL(issuer)
  return {
    issuer,
    elsewhere: `${protocol}//${hostname === 'localhost' ? '127.0.0.1' : 'localhost'}:${port}`,
    ownKey: keys.current,
    strangerKey: keys.stranger,
    rotateKeys: keys.rotate,
    sign: ({ header, claims }, key = keys.current(), algorithm = key.alg) =>
      signCompact(header, claims, { key, algorithm }),
    signWithSecret: ({ header, claims }, secret) => signCompact(header, claims, { secret }),
  }
}

/** A request at the moment when a fault could hit it. */
interface FaultMoment {
  readonly step: Step | undefined
  readonly when: 'before' | 'after'
  readonly grant: unknown
  readonly refused: boolean
}

/** The fault that a scenario has for a request, however often it has hit before. */
function faultAt(
  fault: Scenario['fault'],
  { step, when, grant, refused }: FaultMoment,
): FaultName | undefined {
  if (
    fault === undefined ||
    fault.step !== step ||
    (fault.grant !== undefined && fault.grant !== grant)
  ) {
    return undefined
  }
  const moment = comesAfter(fault.kind) ? 'after' : (fault.when ?? 'before')
  // A refusal is not the right answer that such a fault spoils.
  return moment !== when || (refused && comesAfter(fault.kind)) ? undefined : fault.kind
}

/** Lets a fault write in Koa's place what the provider would have answered. */
function spoilWire(ctx: KoaContextWithOIDC, fault: FaultName, surroundings: Surroundings): void {
  const { req: request, res: response, status } = ctx
  const body = bytesOf(ctx.body)
  const headers = response.getHeaders()
  delete headers['content-length']
  clearHeaders(response)
  // From here on the fault writes, not Koa.
  ctx.respond = false
  faults[fault].play({ request, response, ...surroundings, answer: { status, headers, body } })
}

/** Creates the stage of one simulator, on which nothing plays. */
export function createStage(issuer: string, keys: Keys): Stage {
  const tools = createTools(issuer, keys)
  const { elsewhere } = tools
  const replaced = new Map<string, string>()
  let scenario: Scenario | null = null
  let faultsPlayed = 0

  const playing: Playing = {
    get scenario() {
      return scenario
    },
    keys,
    tools,
    replaced,
  }
  const clock = () => scenario?.clock ?? 0
  const surroundings = (): Surroundings => ({
    issuer,
    elsewhere,
    now: new Date(Date.now() + clock() * 1000),
  })

  /** The fault that hits a request now; it is counted. */
  function nextFault(moment: FaultMoment): FaultName | undefined {
    const fault = scenario?.fault
    const kind = faultsPlayed < (fault?.times ?? Infinity) ? faultAt(fault, moment) : undefined
    faultsPlayed += kind === undefined ? 0 : 1
    return kind
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
      const grant = form.get('grant_type')
      const fault = nextFault({ step, when: 'before', grant, refused: false })
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
      await spoil(ctx, step, playing)
      const refused = ctx.status >= 400
      const fault = nextFault({ step, when: 'after', grant: grantOf(ctx), refused })
      if (fault !== undefined) {
        spoilWire(ctx, fault, surroundings())
      }
    },
  }
}
