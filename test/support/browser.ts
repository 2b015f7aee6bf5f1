import * as oauth from 'oauth4webapi'
import { clientId } from '../../simulator/clients.ts'
import type { Simulator } from '../../simulator/simulator.ts'

/** Where a visit ended: on a page of the simulator, or at an address of the client. */
export interface Visit {
  readonly url: URL
  readonly status: number
  readonly html: string
  readonly headers: Headers
  /** Set when the simulator sent the browser on to the client. */
  readonly left: URL | undefined
  /** Pages between the first address and this one. */
  readonly hops: readonly { readonly status: number; readonly location: string }[]
}

interface Cookie {
  readonly value: string
  readonly path: string
}

/** A browser without scripts: keeps cookies, follows redirects of the simulator, sends forms. */
export class TestBrowser {
  readonly cookies = new Map<string, Cookie>()

  async open(address: URL | string, init: RequestInit = {}): Promise<Visit> {
    let url = new URL(address)
    const { origin } = url
    const hops: { status: number; location: string }[] = []
    let request = init
    for (;;) {
      // One request depends on the answer to the one before it.
      // oxlint-disable-next-line no-await-in-loop
      const response = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: {
          ...Object.fromEntries(new Headers(request.headers)),
          cookie: this.#cookiesFor(url),
          accept: 'text/html,*/*',
        },
      })
      this.keep(response.headers.getSetCookie())
      const location = response.headers.get('location')
      // oxlint-disable-next-line no-await-in-loop
      const html = await response.text()
      const visit = { url, status: response.status, html, headers: response.headers, hops }
      if (location === null) {
        return { ...visit, left: undefined }
      }
      hops.push({ status: response.status, location })
      const next = new URL(location, url)
      if (next.origin !== origin) {
        return { ...visit, left: next }
      }
      url = next
      request = {}
    }
  }

  /** Presses a button of the page, with what is chosen on it unless told otherwise. */
  async press(page: Visit, action: string, chosen: Record<string, string> = {}): Promise<Visit> {
    if (!page.html.includes(`data-action="${action}"`)) {
      throw new Error(`no button ${action} on ${page.url.href}`)
    }
    const form = new URLSearchParams({ ...checkedOn(page.html), ...chosen, action })
    return this.open(page.url, { method: 'POST', body: form })
  }

  #cookiesFor(url: URL): string {
    return [...this.cookies]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
  }

  /** Takes the cookies of `Set-Cookie` headers, or drops those that are emptied. */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const [name = '', value = ''] = pair.split('=')
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
      if (value === '') {
        this.cookies.delete(name)
      } else {
        this.cookies.set(name, { value, path })
      }
    }
  }
}

/** The values of the radio buttons that are chosen on a page. */
export function checkedOn(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="radio" name="(\w+)" value="([^"]*)" checked/g)
  return Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, value]))
}

/** What a client must remember between its authorization request and its token request. */
export interface Attempt {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly url: URL
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** Options that allow plain http, which only a simulator on this machine may speak. */
export const insecure = { [oauth.allowInsecureRequests]: true } as const

/** Reads the discovery document and builds an authorization request. */
export async function beginLogin(
  simulator: Simulator,
  parameters: Readonly<Record<string, string | undefined>> = {},
): Promise<Attempt> {
  const issuer = new URL(simulator.issuer)
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, insecure),
  )
  const verifier = oauth.generateRandomCodeVerifier()
  const values: Record<string, string | undefined> = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1:35432/callback',
    scope: 'openid profile',
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  }
  const url = new URL(server.authorization_endpoint ?? '')
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) {
      url.searchParams.set(name, value)
    }
  }
  return {
    server,
    client: { client_id: values['client_id'] ?? '' },
    url,
    redirectUri: values['redirect_uri'] ?? '',
    state: values['state'] ?? '',
    nonce: values['nonce'] ?? '',
    verifier,
  }
}

/** Checks the authorization response and exchanges its code, with every check of oauth4webapi. */
export async function finishLogin(
  attempt: Attempt,
  response: URL | undefined,
  options: { readonly DPoP?: oauth.DPoPHandle; readonly resource?: string } = {},
): Promise<oauth.TokenEndpointResponse> {
  const { server, client, redirectUri, state, nonce, verifier } = attempt
  const callback = oauth.validateAuthResponse(
    server,
    client,
    response?.searchParams ?? new URLSearchParams(),
    state,
  )
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    callback,
    redirectUri,
    verifier,
    {
      ...insecure,
      ...(options.DPoP === undefined ? {} : { DPoP: options.DPoP }),
      ...(options.resource === undefined
        ? {}
        : { additionalParameters: { resource: options.resource } }),
    },
  )
  return oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce })
}
