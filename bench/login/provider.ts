/**
 * A process that stands in for a provider, to measure clients with: it answers at once and asks nobody
 * anything. It is not the simulator, and says nothing about how ID-porten behaves beyond the protocol.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** What is wrong with the answers, one thing at a time: shows what a client looks at. */
export const faults = [
  'signature',
  'alg',
  'iss',
  'aud',
  'another audience',
  'azp',
  'exp',
  'iat',
  'nonce',
  'at_hash',
  'acr',
  'auth_time',
  'iss of the callback',
] as const
export type Fault = (typeof faults)[number]

export interface ProviderOrder {
  readonly type: 'answer'
  readonly fault: Fault | null
}

export type ProviderReport =
  | { readonly type: 'ready'; readonly issuer: string }
  | { readonly type: 'answering' }
  /** Milliseconds that each signature of an ID token took since the order before. */
  | { readonly type: 'signed'; readonly took: readonly number[] }

export const clientId = 'bench'
/** Synthetic: the month is 80 too high. */
export const pid = '17912099997'

function report(message: ProviderReport): void {
  process.send?.(message)
}

interface Granted {
  readonly nonce: string
  readonly redirectUri: string
  readonly challenge: string
}

const hash = (value: string): Buffer => createHash('sha256').update(value).digest()
const random = (): string => randomBytes(32).toString('base64url')
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function start(): void {
  const [own, strange] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
  if (own === undefined || strange === undefined) throw new Error('no keys')
  const kid = 'bench-key'
  const keys = [{ ...own.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }]
  const pushed = new Map<string, URLSearchParams>()
  const granted = new Map<string, Granted>()
  let fault: Fault | null = null
  let took: number[] = []

  const jwt = (claims: object, key = own.privateKey, alg = 'RS256'): string => {
    const signed = `${encode({ alg, typ: 'JWT', kid })}.${encode(claims)}`
    if (alg === 'none') return `${signed}.`
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
  }
  // Made once: clients only pass it on, and a second signature would hide what they cost.
  let accessToken = ''

  const idToken = (issuer: string, nonce: string): string => {
    const now = Math.floor(Date.now() / 1000)
    const change = (name: Fault, wrong: object): object => (fault === name ? wrong : {})
    const claims = {
      iss: issuer,
      sub: 'J0dNbwXLg0fC2wMqfQyn6CrUGZyY8xZR5JXw8qNCqYA',
      aud: clientId,
      exp: now + 120,
      iat: now,
      auth_time: now,
      nonce,
      acr: 'idporten-loa-substantial',
      amr: ['TestID'],
      at_hash: hash(accessToken).subarray(0, 16).toString('base64url'),
      jti: random(),
      sid: 'b2c3c9d5-37a8-4f4b-8e0e-6a1f0a4f9d11',
      locale: 'nb',
      pid,
      ...change('iss', { iss: `${issuer}/other` }),
      ...change('aud', { aud: 'other' }),
      ...change('another audience', { aud: [clientId, 'other'], azp: clientId }),
      ...change('azp', { azp: 'other' }),
      ...change('exp', { exp: now - 3600 }),
      ...change('iat', { iat: now - 86_400 }),
      ...change('nonce', { nonce: random() }),
      ...change('at_hash', { at_hash: hash(random()).subarray(0, 16).toString('base64url') }),
      ...change('acr', { acr: 'idporten-loa-low' }),
      ...change('auth_time', { auth_time: now - 86_400 }),
    }
    const key = fault === 'signature' ? strange.privateKey : own.privateKey
    const began = performance.now()
    const token = jwt(claims, key, fault === 'alg' ? 'none' : 'RS256')
    took.push(performance.now() - began)
    return token
  }

  const json = (response: ServerResponse, body: object, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(body))
  }
  const refuse = (response: ServerResponse, error: string): void => json(response, { error }, 400)

  const authorize = (response: ServerResponse, issuer: string, query: URLSearchParams): void => {
    const requestUri = query.get('request_uri')
    const asked = requestUri === null ? query : pushed.get(requestUri)
    if (requestUri !== null) pushed.delete(requestUri)
    if (asked?.get('client_id') !== clientId) return refuse(response, 'unauthorized_client')
    const redirectUri = asked.get('redirect_uri') ?? ''
    const code = random()
    const nonce = asked.get('nonce') ?? ''
    granted.set(code, { nonce, redirectUri, challenge: asked.get('code_challenge') ?? '' })
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', asked.get('state') ?? '')
    back.searchParams.set('iss', fault === 'iss of the callback' ? `${issuer}/other` : issuer)
    response.writeHead(302, { location: back.href }).end()
  }

  const token = (response: ServerResponse, issuer: string, form: URLSearchParams): void => {
    const code = form.get('code') ?? ''
    const grant = granted.get(code)
    granted.delete(code)
    const challenge = hash(form.get('code_verifier') ?? '').toString('base64url')
    if (grant?.redirectUri !== form.get('redirect_uri') || grant.challenge !== challenge) {
      return refuse(response, 'invalid_grant')
    }
    json(response, {
      access_token: accessToken,
      token_type: 'Bearer',
      // So short that oidc-plugin logs in anew each time instead of giving the same token again.
      expires_in: 10,
      id_token: idToken(issuer, grant.nonce),
      scope: 'openid profile',
    })
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const issuer = `http://127.0.0.1:${request.socket.localPort}`
    const { pathname, searchParams } = new URL(request.url ?? '/', issuer)
    switch (`${request.method} ${pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return json(response, {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          pushed_authorization_request_endpoint: `${issuer}/par`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ['code'],
          response_modes_supported: ['query'],
          grant_types_supported: ['authorization_code'],
          subject_types_supported: ['pairwise'],
          scopes_supported: ['openid', 'profile'],
          code_challenge_methods_supported: ['S256'],
          id_token_signing_alg_values_supported: ['RS256'],
          token_endpoint_auth_methods_supported: ['none'],
          authorization_response_iss_parameter_supported: true,
        })
      case 'GET /jwks':
        return json(response, { keys })
      case 'POST /par': {
        const requestUri = `urn:ietf:params:oauth:request_uri:${random()}`
        pushed.set(requestUri, new URLSearchParams(await text(request)))
        return json(response, { request_uri: requestUri, expires_in: 120 }, 201)
      }
      case 'GET /authorize':
        return authorize(response, issuer, searchParams)
      case 'POST /token':
        return token(response, issuer, new URLSearchParams(await text(request)))
      default:
        response.writeHead(404).end()
    }
  }

  const server = createServer((request, response) => void handle(request, response))
  server.listen({ host: '127.0.0.1', port: 0 }, () => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no address')
    const issuer = `http://127.0.0.1:${address.port}`
    accessToken = jwt({ iss: issuer, client_id: clientId, scope: 'openid profile', jti: random() })
    report({ type: 'ready', issuer })
  })
  process.on('message', (order: ProviderOrder) => {
    report({ type: 'signed', took })
    took = []
    fault = order.fault
    report({ type: 'answering' })
  })
  process.once('disconnect', () => process.exit())
}

if (process.argv[2] === 'provider') start()
