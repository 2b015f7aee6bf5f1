import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Step } from './faults/steps.ts'
import type { Keys } from './keys.ts'
import { errorPage, messagePage } from './pages.ts'
import { formOf, sendPage } from './provider/context.ts'
import type { IssuedIdToken, Scenario, Tools } from './scenarios/scenario.ts'

/** What plays, and what it works with. */
export interface Playing {
  /** The scenario that plays at the moment; null when the provider is well behaved. */
  readonly scenario: Scenario | null
  readonly keys: Keys
  readonly tools: Tools
  /** The ID tokens that the provider knows, by those that went out in their place. */
  readonly replaced: Map<string, string>
}

const maxReplaced = 1000

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

function shifted(claims: Record<string, unknown>, seconds: number): Record<string, unknown> {
  const times = ['iat', 'exp', 'auth_time'].flatMap((name) => {
    const time = claims[name]
    return typeof time === 'number' ? [[name, time + seconds]] : []
  })
  return { ...claims, ...Object.fromEntries(times) }
}

/** The grant of a token request; empty for any other request. */
export function grantOf(ctx: KoaContextWithOIDC): string {
  return formOf(ctx).get('grant_type') ?? ''
}

async function idTokenFor(
  original: string,
  accessToken: string,
  grant: string,
  { scenario, keys, tools, replaced }: Playing,
): Promise<string> {
  const clock = scenario?.clock ?? 0
  if (scenario?.idToken === undefined && clock === 0 && !keys.rotated()) {
    return original
  }
  const token: IssuedIdToken = {
    header: { ...decodeProtectedHeader(original), kid: keys.current().kid },
    claims: shifted(decodeJwt(original), clock),
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

async function spoilTokens(ctx: KoaContextWithOIDC, playing: Playing): Promise<void> {
  const body = asRecord(ctx.body)
  const { id_token: original, access_token: accessToken } = body
  const grant = grantOf(ctx)
  if (typeof original === 'string') {
    const idToken = await idTokenFor(original, String(accessToken), grant, playing)
    if (idToken !== original) {
      ctx.body = { ...body, id_token: idToken }
    }
  }
  const { scenario, tools } = playing
  if (scenario?.tokenResponse !== undefined) {
    sendJson(ctx, await scenario.tokenResponse(asRecord(ctx.body), tools, grant))
  }
}

async function spoilKeys(ctx: KoaContextWithOIDC, playing: Playing): Promise<void> {
  const { scenario, keys, tools } = playing
  if (keys.rotated()) {
    sendJson(ctx, { keys: [keys.current().publicJwk] })
  }
  if (scenario?.keys !== undefined) {
    sendJson(ctx, await scenario.keys({ keys: [keys.current().publicJwk] }, tools))
  }
}

async function spoilUserinfo(ctx: KoaContextWithOIDC, { scenario, tools }: Playing): Promise<void> {
  const made = await scenario?.userinfo?.(asRecord(ctx.body), tools)
  if (typeof made === 'string') {
    ctx.body = made
    ctx.type = 'application/jwt'
  } else if (scenario?.userinfo !== undefined) {
    sendJson(ctx, made)
  }
}

async function spoilRedirect(ctx: KoaContextWithOIDC, { scenario, tools }: Playing): Promise<void> {
  const location = ctx.response.get('location')
  if (scenario?.callback === undefined || !URL.canParse(location)) {
    return
  }
  const url = new URL(location)
  if (url.origin !== new URL(tools.issuer).origin) {
    await scenario.callback(url.searchParams, url, tools)
    ctx.set('location', url.href)
  }
}

async function spoilLogout(ctx: KoaContextWithOIDC, { scenario, tools }: Playing): Promise<void> {
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
  const page =
    end === 'page'
      ? messagePage('nb', 'loggedOutTitle', 'loggedOut')
      : errorPage('nb', 'saml_logout', 'Utloggingen stoppet hos en annen tjeneste')
  sendPage(ctx, 200, page)
}

/** Changes the provider's answer at one step as the scenario wants it, and to the keys of the moment. */
export async function spoil(ctx: KoaContextWithOIDC, step: Step, playing: Playing): Promise<void> {
  const { scenario, tools } = playing
  const ok = ctx.status === 200 || ctx.status === 201
  switch (step) {
    case 'discovery':
      if (ok && scenario?.metadata !== undefined) {
        sendJson(ctx, await scenario.metadata(asRecord(ctx.body), tools))
      }
      return
    case 'keys':
      return ok ? spoilKeys(ctx, playing) : undefined
    case 'pushed-request':
      if (ok && scenario?.pushedRequest !== undefined) {
        sendJson(ctx, await scenario.pushedRequest(asRecord(ctx.body), tools))
      }
      return
    case 'token':
      return ok ? spoilTokens(ctx, playing) : undefined
    case 'userinfo':
      return ok ? spoilUserinfo(ctx, playing) : undefined
    case 'api':
      if (ok && scenario?.api !== undefined) {
        sendJson(ctx, await scenario.api(asRecord(ctx.body), tools))
      }
      return
    case 'authorization':
      return spoilRedirect(ctx, playing)
    case 'end-session':
      return spoilLogout(ctx, playing)
    case 'revocation':
  }
}
