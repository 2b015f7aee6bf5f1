import type { KoaContextWithOIDC } from 'oidc-provider'
import { pageHeaders } from '../pages.ts'
import { ForwardedRequest } from './forwarded-request.ts'

/** A parameter as text; empty when it is anything else. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A parameter when it is a text. */
export function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The form that a request brought, or an empty one. */
export function formOf({ req }: KoaContextWithOIDC): URLSearchParams {
  return req instanceof ForwardedRequest ? req.form : new URLSearchParams()
}

/** The address as the client wrote it, without the query. */
export function addressOf(ctx: KoaContextWithOIDC): URL {
  return ctx.req instanceof ForwardedRequest ? ctx.req.address : new URL(ctx.path, ctx.origin)
}

/** A copy of the JSON object that is the answer so far, or an empty object. */
export function bodyOf(ctx: KoaContextWithOIDC): Record<string, unknown> {
  const body: unknown = ctx.body
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** Answers with a page, under the headers of every page. */
export function sendPage(ctx: KoaContextWithOIDC, status: number, html: string): void {
  ctx.status = status
  ctx.set({ ...pageHeaders })
  ctx.body = html
}
