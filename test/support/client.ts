import { createHash, randomUUID } from 'node:crypto'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { persons } from '../../simulator/persons.ts'
import { clientId } from '../../simulator/clients.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { TestBrowser, beginLogin, finishLogin } from './browser.ts'
import type { Attempt } from './browser.ts'

/** The hint that logs a person in without pages; the first person when none is named. */
export function loginHint(pid = persons[0]?.pid ?? ''): string {
  return `testid:${pid}_idporten-loa-high`
}

/** Gets as far as a code, without pages. */
export async function getCode(simulator: Simulator, parameters: Record<string, string> = {}) {
  const browser = new TestBrowser()
  const attempt = await beginLogin(simulator, { login_hint: loginHint(), ...parameters })
  const { left } = await browser.open(attempt.url)
  return { attempt, left, browser }
}

/** Logs in without pages. */
export async function getTokens(simulator: Simulator, parameters?: Record<string, string>) {
  const { attempt, left, browser } = await getCode(simulator, parameters)
  return { attempt, browser, tokens: await finishLogin(attempt, left) }
}

/** Sends a form and reads the JSON of the answer. */
export async function post(
  simulator: Simulator,
  path: string,
  form: Record<string, string> | URLSearchParams,
  headers: Record<string, string> = {},
) {
  const body = new URLSearchParams(form)
  const response = await fetch(`${simulator.issuer}${path}`, { method: 'POST', body, headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

/** The token request that belongs to a code. */
export function codeForm(attempt: Attempt, left: URL | undefined): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: left?.searchParams.get('code') ?? '',
    redirect_uri: attempt.redirectUri,
    code_verifier: attempt.verifier,
  }
}

/** The token request that refreshes. */
export function refreshForm(refreshToken: unknown): Record<string, string> {
  return {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: String(refreshToken),
  }
}

/** Calls an API, with a bearer token unless the headers say otherwise. */
export async function callApi(
  address: string,
  token: string | undefined,
  init: {
    readonly method?: string
    readonly body?: string
    readonly headers?: Readonly<Record<string, string>>
  } = {},
) {
  const headers = new Headers(init.headers)
  if (token !== undefined && !headers.has('authorization')) {
    headers.set('authorization', `Bearer ${token}`)
  }
  const response = await fetch(address, { ...init, headers, redirect: 'manual' })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    challenge: response.headers.get('www-authenticate') ?? '',
    text,
    body: text.startsWith('{') ? JSON.parse(text) : undefined,
  }
}

/** Makes proofs with one key; what is wrong in them is up to the test. */
export async function createProver() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    proof: (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      new SignJWT({ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
        .sign(privateKey),
  }
}

/** The hash of an access token, as a proof carries it. */
export function athOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
