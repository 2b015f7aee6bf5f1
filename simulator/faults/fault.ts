import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { steps } from './steps.ts'
import type { Step } from './steps.ts'

/** An answer before it is written. */
export interface Answer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer | string
}

/** What a fault has to work with. */
export interface Wire {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly issuer: string
  /** The same simulator under another host name, without a slash at the end. */
  readonly elsewhere: string
  /** The provider's clock. */
  readonly now: Date
  /** What the provider would have said; an empty object when it was not asked. */
  readonly answer: Answer
}

/** One thing that goes wrong on the wire. */
export interface Fault<Steps extends readonly Step[] = readonly Step[]> {
  /** What happens on the wire, in one sentence. */
  readonly summary: string
  readonly steps: Steps
  /** It spoils the provider's own answer, so the provider is always asked first. */
  readonly changes?: true
  /** A client may live with it: it is neither sure to fail nor sure to go well. */
  readonly bearable?: true
  readonly play: (wire: Wire) => void
}

/** Headers of an answer in JSON. */
export const json = { 'content-type': 'application/json; charset=utf-8' }
/** Headers of a page. */
export const html = { 'content-type': 'text/html; charset=utf-8' }
/** The page of a guest network. */
export const portal = '<!doctype html><title>Logg inn</title><h1>Velkommen til gjestenettet</h1>'

/** Writes a whole answer. */
export function reply({ response }: Wire, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** A fault that answers in the provider's place. */
export function answers<const S extends readonly Step[]>(
  summary: string,
  of: S,
  answer: (wire: Wire) => Answer,
): Fault<S> {
  return { summary, steps: of, play: (wire) => reply(wire, answer(wire)) }
}

/** A fault that changes the body that the provider gives. */
export function changes<const S extends readonly Step[]>(
  summary: string,
  of: S,
  change: (body: string, answer: Answer) => Partial<Answer>,
  bearable?: 'bearable',
): Fault<S> {
  return {
    summary,
    steps: of,
    changes: true,
    ...(bearable && { bearable: true }),
    play: (wire) =>
      reply(wire, { ...wire.answer, ...change(wire.answer.body.toString(), wire.answer) }),
  }
}

/** A fault that answers with an error and a page, at any step. */
export function page(code: number, headers: (wire: Wire) => OutgoingHttpHeaders = () => ({})) {
  return answers(`HTTP ${code} with a page in HTML.`, steps, (wire) => ({
    status: code,
    headers: { ...html, ...headers(wire) },
    body: portal,
  }))
}
