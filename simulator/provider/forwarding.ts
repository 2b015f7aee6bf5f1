import type { IncomingMessage } from 'node:http'
import { redirectedPath } from '../faults/status.ts'
import { paths } from './discovery.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import type { ProviderParts } from './parts.ts'
import { toProviderRequestUri } from './pushed-authorization.ts'
import { mapToken } from './revocation.ts'
import { cookieStays } from './same-site.ts'

/** A request with its body read. */
export interface ReceivedRequest {
  readonly request: IncomingMessage
  readonly url: URL
  /** Empty when the body is no form. */
  readonly form: URLSearchParams
  readonly body: string
  readonly isForm: boolean
}

type ForwardingParts = Pick<ProviderParts, 'issuer' | 'stage' | 'store'>

/** Renames, in the query and in the form, what oidc-provider has other names for. */
function mapParameters(url: URL, form: URLSearchParams, { stage, store }: ForwardingParts): void {
  for (const parameters of [url.searchParams, form]) {
    // oidc-provider takes a parameter once; an address has no space in it.
    const resources = parameters.getAll('resource')
    if (resources.length > 1) {
      parameters.set('resource', resources.join(' '))
    }
    const hint = parameters.get('id_token_hint')
    if (hint !== null && stage.originalOf(hint) !== hint) {
      parameters.set('id_token_hint', stage.originalOf(hint))
    }
  }
  mapToken(url.pathname, form, store)
  const requestUri = url.searchParams.get('request_uri')
  if (requestUri !== null) {
    url.searchParams.set('request_uri', toProviderRequestUri(requestUri))
  }
}

/** Makes the request that oidc-provider gets in place of the one that came; `url` and `form` change. */
export function toForwarded(
  { request, url, form, body, isForm }: ReceivedRequest,
  parts: ForwardingParts,
): ForwardedRequest {
  const { issuer, stage } = parts
  const ownAddress = new URL(url.pathname, issuer)
  const called = URL.parse(`${ownAddress.protocol}//${request.headers.host}${url.pathname}`)
  if (stage.scenario !== null && url.pathname.startsWith(`${redirectedPath}/`)) {
    url.pathname = url.pathname.slice(redirectedPath.length)
  }
  mapParameters(url, form, parts)
  // oidc-provider takes a logout by POST only together with a POST to /authorize.
  const isEndSession = url.pathname === paths.end_session
  const isLogout = request.method === 'POST' && isEndSession
  const search = isLogout ? `?${form.toString()}` : url.search
  return new ForwardedRequest(request, {
    method: isLogout ? 'GET' : (request.method ?? 'GET'),
    url: `${url.pathname}${search}`,
    host: new URL(issuer).host,
    address: called ?? ownAddress,
    form,
    body: isLogout ? '' : isForm ? form.toString() : body,
    cookies: !isEndSession || cookieStays(stage.scenario?.logoutCookie, request, issuer),
  })
}
