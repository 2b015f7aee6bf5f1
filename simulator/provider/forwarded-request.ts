import { IncomingMessage } from 'node:http'

/** A request as the simulator hands it on to oidc-provider, with its form already read. */
export class ForwardedRequest extends IncomingMessage {
  readonly form: URLSearchParams
  /** The body as text. */
  readonly text: string
  /** The address as the client wrote it, without the query. */
  readonly address: URL

  constructor(
    original: IncomingMessage,
    changes: {
      readonly method: string
      readonly url: string
      readonly host: string
      readonly address: URL
      readonly form: URLSearchParams
      readonly body: string
      /** False takes every cookie away. */
      readonly cookies: boolean
    },
  ) {
    super(original.socket)
    this.method = changes.method
    this.url = changes.url
    this.httpVersion = original.httpVersion
    this.form = changes.form
    this.text = changes.body
    this.address = changes.address
    const { 'content-length': _, 'transfer-encoding': __, ...headers } = original.headers
    if (changes.method === 'GET') {
      delete headers['content-type']
    }
    if (!changes.cookies) {
      delete headers.cookie
    }
    this.headers = {
      ...headers,
      host: changes.host,
      ...(changes.body === '' ? {} : { 'content-length': String(Buffer.byteLength(changes.body)) }),
    }
    this.push(changes.body)
    this.push(null)
    // Without this, Node takes the end of this copy for a lost connection and closes the socket.
    this.complete = true
  }
}
