import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import { failure } from '../errors.ts'
import { nameLibraryError, oauthReason, plain } from '../error-map.ts'
import { type Http, steps } from '../base/http.ts'

/** The one signature algorithm that ID-porten uses; another one is a new release, not a setting. */
export const idTokenAlgorithm = 'RS256'

/** Metadata of the provider, checked and frozen: one copy serves an attempt from start to end. */
export interface Provider extends oauth.AuthorizationServer {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
}

const listWith = (value: string) =>
  v.pipe(
    v.array(v.string()),
    v.check((list) => list.includes(value), `does not offer ${value}`),
  )

const metadata = v.looseObject({
  issuer: v.string(),
  authorization_endpoint: v.string(),
  token_endpoint: v.string(),
  jwks_uri: v.string(),
  response_types_supported: listWith('code'),
  subject_types_supported: v.pipe(v.array(v.string()), v.nonEmpty()),
  code_challenge_methods_supported: listWith('S256'),
  id_token_signing_alg_values_supported: listWith(idTokenAlgorithm),
  pushed_authorization_request_endpoint: v.optional(v.string()),
  userinfo_endpoint: v.optional(v.string()),
  revocation_endpoint: v.optional(v.string()),
  end_session_endpoint: v.optional(v.string()),
})

/**
 * The endpoints that the login may use. Others are not checked: a new one on another host would lock every
 * installation out, although nobody uses it.
 */
const usedEndpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'pushed_authorization_request_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
] as const

/** Tells whether an address is plain http on the loopback interface, as test installations use it. */
export function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && url.hostname === '127.0.0.1'
}

/**
 * Fetches the provider's metadata and checks it before a browser is opened.
 *
 * @throws {LoginError} `E_PROVIDER_METADATA` when it is not acceptable, `E_NETWORK_…` when it did not come
 * @see OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3
 */
export async function discover(issuer: string, http: Http): Promise<Provider> {
  if (!URL.canParse(issuer)) refuse('issuer', 'is no address')
  const url = new URL(issuer)
  // The library would refuse it by itself, in words that name no key.
  if (url.protocol !== 'https:' && !isLoopback(url)) {
    refuse('issuer', 'must be https, or http on 127.0.0.1')
  }
  const response = await oauth
    .discoveryRequest(url, {
      [oauth.customFetch]: http.requestJson(steps.discovery),
      [oauth.allowInsecureRequests]: isLoopback(url),
    })
    .catch((error: unknown) => {
      throw nameLibraryError(error, steps.discovery)
    })
  return await http.judge(response, () => checkMetadata(issuer, url, response, http))
}

async function checkMetadata(
  issuer: string,
  url: URL,
  response: Response,
  http: Http,
): Promise<Provider> {
  if (response.status !== 200) refuse('status', `HTTP ${response.status}`)
  const parsed = v.safeParse(metadata, http.jsonOf(response))
  if (!parsed.success) {
    const [issue] = parsed.issues
    // The library's own words may quote what came.
    const reason = issue.type === 'check' ? issue.message : 'is absent or not valid'
    refuse(v.getDotPath(issue) ?? 'document', reason)
  }
  const { issuer: named, authorization_endpoint, token_endpoint, jwks_uri } = parsed.output
  // By bytes, not as URLs: to a URL parser "https://idporten.no" and "https://idporten.no/" are one.
  if (named !== issuer) {
    refuse('issuer', `is not exactly the configured issuer ${issuer} but ${plain(named)}`)
  }
  for (const name of usedEndpoints) {
    const address = parsed.output[name]
    if (address !== undefined) refuseForeignEndpoint(name, address, url)
  }

  // Stryker disable next-line ArrowFunction,StringLiteral: the library looks at nothing more today, and a later one may
  const refused = (error: unknown): never => refuse('document', oauthReason(error).reason, error)
  const server = await oauth.processDiscoveryResponse(url, response).catch(refused)
  return Object.freeze({ ...server, authorization_endpoint, token_endpoint, jwks_uri })
}

/** ID-porten spreads its endpoints over its own host and hosts below it (`login.`): nothing else is taken. */
function refuseForeignEndpoint(name: string, address: string, issuer: URL): void {
  if (!URL.canParse(address)) refuse(name, 'is not an address')
  const url = new URL(address)
  if (isLoopback(issuer) ? !isLoopback(url) : url.protocol !== 'https:')
    refuse(name, 'is not https')
  if (url.username !== '' || url.password !== '') refuse(name, 'carries credentials')
  if (address.includes('#')) refuse(name, 'has a fragment')
  if (url.port === '0') refuse(name, 'has port 0')
  if (url.hostname !== issuer.hostname && !url.hostname.endsWith(`.${issuer.hostname}`)) {
    refuse(name, 'is on another site than the issuer')
  }
}

function refuse(key: string, reason: string, cause?: unknown): never {
  throw failure('E_PROVIDER_METADATA', key, reason, { subject: 'discovery', cause })
}
