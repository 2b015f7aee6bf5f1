import type { ServerResponse } from 'node:http'
import type { RejectionReason } from './judge.ts'
import {
  type CallbackPage,
  type CallbackTexts,
  callbackPage,
  type LocalPage,
  pageHeaders,
} from './pages.ts'

/** All that the listener ever answers: constant pages, and redirects. */
export interface Answers {
  page(response: ServerResponse, status: number, page: CallbackPage, headers?: object): void
  /** Answers with the page for what nobody asked for, and reports the reason. */
  reject(response: ServerResponse, status: number, reason: RejectionReason, headers?: object): void
  redirect(response: ServerResponse, location: string): void
  /** Sends the browser of a start address to an address, or shows it a page of its own kind. */
  leadOn(response: ServerResponse, way: string | LocalPage): void
  /** The bytes of an answer to what is no request at all: as constant as the pages, with the same headers. */
  withoutRequest(status: string, page: CallbackPage | null): string
}

/** Makes the answers with the texts of one attempt; `reference` stands in the pages. */
export function createAnswers(options: {
  readonly texts: CallbackTexts
  readonly reference: string
  readonly onRejected: (reason: RejectionReason) => void
}): Answers {
  const htmlOf = (page: CallbackPage): string =>
    callbackPage(page, options.texts, options.reference)

  const send = (response: ServerResponse, status: number, html: string, headers: object): void => {
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(html) })
    response.end(html)
  }
  const page: Answers['page'] = (response, status, name, headers = {}) =>
    send(response, status, htmlOf(name), { ...pageHeaders, ...headers })
  const redirect: Answers['redirect'] = (response, location) =>
    send(response, 303, '', { ...pageHeaders, Location: location })

  return {
    page,
    reject: (response, status, reason, headers) => {
      options.onRejected(reason)
      page(response, status, 'unknown', headers)
    },
    redirect,
    leadOn: (response, way) =>
      typeof way === 'string'
        ? redirect(response, way)
        : send(response, 200, way.html, way.headers),
    withoutRequest: (status, name) => {
      const html = name === null ? '' : htmlOf(name)
      const headers = { ...pageHeaders, 'Content-Length': Buffer.byteLength(html) }
      const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`)
      return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${html}`
    },
  }
}
