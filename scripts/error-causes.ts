import type { ErrorCode, OauthError } from '../preload/contract.ts'

/** What an integrator is told of an error beside its meaning, for docs/errors.md. */
interface Help {
  /** Likely causes at ID-porten, or outside of it. Source: Digdir's pages, unless it says otherwise. */
  readonly cause: string
  readonly remedy: string
}

const statusPage =
  "See Digdir's status page, https://status.digdir.no; the app respects `Retry-After` and repeats nothing by itself."
const elsewhere = 'Nothing at ID-porten.'
const seeOauth = 'The detail names the OAuth error: look for it [below](#errors-of-oauth).'

/** Help with each error of ours. */
export const causes: Readonly<Record<ErrorCode, Help>> = {
  E_PROFILE_INVALID: {
    cause:
      'The file is missing, is no JSON, has a key that is not known, or names an issuer that this kind of start does not take. The issuers of ID-porten have no slash at the end; that of Maskinporten has one.',
    remedy:
      'Correct the key that the detail names. `--check-profile` and `npm run doctor` say the same before a roll-out.',
  },
  E_LISTENER_BIND: {
    cause: `${elsewhere} The computer gives no port on 127.0.0.1: all are in use, too many files are open, or a security program forbids it.`,
    remedy:
      'The reason is the name that the system has for it (`EADDRINUSE`, `EACCES`, `EMFILE`). `npm run doctor` tries it.',
  },
  E_BROWSER_OPEN: {
    cause: `${elsewhere} The system has no default browser, or did not start it. Digdir forbids a login in a window of the app, so there is no other way.`,
    remedy: 'Set a default browser. The link of the waiting window can be copied into any browser.',
  },
  E_LOGIN_DENIED: {
    cause:
      "The person cancelled, or did not consent to a scope that asks for it. What ID-porten's button for cancelling sends is not documented; OAuth has `access_denied` for it.",
    remedy: 'Nothing: it is an answer, not a fault. Offer the login again.',
  },
  E_LOGIN_TIMEOUT: {
    cause:
      'ID-porten kept the browser. It shows a page of its own, and sends nobody back, for a client or a redirect URI that it does not know, for a session in the browser that is gone (an address that was bookmarked, cookies that are blocked), and for a person without the mandate that was asked for. Or the person took too long.',
    remedy:
      'Compare the client id and the redirect URI `http://127.0.0.1:0<path>` with the registration, in the same environment: test and production are apart, and a change takes up to two minutes. The detail has what was said to a pushed request.',
  },
  E_LOGIN_REFUSED: {
    cause: 'ID-porten sent the browser back with an OAuth error.',
    remedy: seeOauth,
  },
  E_CALLBACK_ISSUER: {
    cause:
      'ID-porten sends `iss` with every answer, equal to the issuer of its metadata. Another one, or none, means that somebody else answered, or that something on the way has changed the address.',
    remedy: 'Do not log in again before it is known what stands between the browser and the app.',
  },
  E_CALLBACK_INVALID: {
    cause:
      'ID-porten answers in the query with `code`, `iss` and `state`. Something else came in their place, or beside them.',
    remedy:
      'Look for a browser extension or a program that changes addresses. The detail says which parameter.',
  },
  E_PROVIDER_METADATA: {
    cause:
      'The issuer of the profile is not byte for byte that of the metadata (a slash, another environment), or the metadata are not from ID-porten: its endpoints are on the host of the issuer and on `login.` before it.',
    remedy: 'Compare the issuer; `npm run doctor` tells the key, and what else differs.',
  },
  E_PROVIDER_KEYS: {
    cause:
      "What came from `jwks_uri` is no key set. ID-porten's has RSA keys for RS256, on the host of the issuer.",
    remedy:
      'Let firewalls and proxies pass both hosts, with and without `login.`; `npm run doctor` asks for the keys.',
  },
  E_PAR_REFUSED: {
    cause:
      'The request could not be pushed, and the profile or the metadata want it pushed. Whether ID-porten lets a client without a secret push is not documented.',
    remedy: `\`par: "auto"\` goes the ordinary way when a push is refused. ${seeOauth}`,
  },
  E_TOKEN_REFUSED: {
    cause:
      'ID-porten did not give tokens for the code: it was used or too old, the verifier or the redirect URI is not that of the request, or the client is registered with another authentication than `none`.',
    remedy: seeOauth,
  },
  E_TOKEN_RESPONSE: {
    cause:
      'The answer is not what OAuth demands. ID-porten gives no ID token for a request without `openid`, which every profile has.',
    remedy: 'The detail names the member. If it is the same each time, ask Digdir.',
  },
  E_ID_TOKEN_SIGNATURE: {
    cause:
      'ID-porten signs with RS256 and a key of `jwks_uri`. A token of another environment does not fit; a key that is new is no cause, because the app asks for the keys again.',
    remedy: 'Compare the environments. The checks say which rule failed. Do not use the token.',
  },
  E_ID_TOKEN_CLAIM: {
    cause:
      'A claim is not what was asked for. With `acr` the person logged in at a lower level than the profile asks for; Ansattporten has other names for its levels than ID-porten.',
    remedy:
      'The detail and the checks name the rule, what was expected and what came ([validation](validation.md)).',
  },
  E_CLOCK_SKEW: {
    cause:
      'An ID token of ID-porten lives 120 seconds. With the five minutes that the app allows, a clock that is further away can judge none.',
    remedy:
      'Let the system set its clock. The explanation says in which direction and how far it is off.',
  },
  E_SESSION_EXPIRED: {
    cause:
      'Digdir demands that the session of an app ends after 30 minutes without activity, at the latest.',
    remedy: 'Log in again. `inactivityMinutes` can only be less.',
  },
  E_RENEWAL_REFUSED: {
    cause:
      "A refresh token lives 600 seconds without use and the authorization 7200 seconds in all, unless registered otherwise; whether it is for one use is registered too. Digdir's pages disagree whether a client without a secret may use them.",
    remedy:
      'Log in again in the browser; ID-porten asks for nothing while its own session lasts (30 minutes without use, two hours in all).',
  },
  E_RENEWAL_SUBJECT: {
    cause:
      'Somebody else has logged in at ID-porten in the same browser since: its session is shared by all services.',
    remedy: 'Log out, and log in as the person who is to use the app.',
  },
  E_API_RESPONSE: {
    cause: `${elsewhere} The API answered with success and something that is no JSON.`,
    remedy: 'Ask the owner of the API; compare the address in the profile.',
  },
  E_VAULT_UNAVAILABLE: {
    cause: `${elsewhere} The desktop has no keyring, or it is locked.`,
    remedy: 'The login works all the same, and is not remembered. `--doctor` tells the keyring.',
  },
  E_NETWORK_OFFLINE: {
    cause: `${elsewhere} There is no network, or the name of the host is not found.`,
    remedy:
      'Both names must be found: `idporten.no` and `login.idporten.no`, with `test.` before it in the test environment.',
  },
  E_NETWORK_UNREACHABLE: {
    cause: 'A firewall lets nothing through to ID-porten, or ID-porten is down.',
    remedy: `The reason is the name that the system has for it. ${statusPage}`,
  },
  E_NETWORK_TIMEOUT: {
    cause:
      'An answer did not begin in 10 seconds, or did not end in 15. No limit of requests is documented by Digdir.',
    remedy: statusPage,
  },
  E_NETWORK_TLS: {
    cause: `${elsewhere} A program or a proxy may open the connection with an authority of its own, or the clock is wrong.`,
    remedy:
      'Give the authority to the system ([where](administration.md#what-leaves-the-computer)); `--doctor` tells whose certificate came.',
  },
  E_NETWORK_PROXY: {
    cause: `${elsewhere} The system's proxy refuses the connection, or wants a password, for which the app does not ask.`,
    remedy: 'Let the proxy pass both hosts; `--doctor` tells which proxy it is.',
  },
  E_NETWORK_REDIRECT: {
    cause:
      'What the app itself asks ID-porten for is not redirected. A network may want a login of its own first.',
    remedy: 'Open a web page in the browser, log in to the network there, and try again.',
  },
  E_NETWORK_STATUS: {
    cause: 'ID-porten, or something before it, answered with HTTP 429 or 5xx.',
    remedy: statusPage,
  },
  E_NETWORK_BODY: {
    cause:
      'An answer was cut short, is larger than 256 KiB or cannot be unpacked. A proxy may have changed it.',
    remedy: 'Try another network.',
  },
  E_IPC_UNTRUSTED_SENDER: {
    cause: `${elsewhere} Something other than the window spoke to main.`,
    remedy: 'This is a fault or an attack: look for what was changed in the app.',
  },
  E_IPC_INVALID_ARGUMENTS: {
    cause: `${elsewhere} The window sent an intent that is not in the contract.`,
    remedy: 'This is a fault in the app: window and main are not of the same build.',
  },
  E_UNEXPECTED: {
    cause:
      'Nobody has foreseen it: a program that uses the login threw in a callback, or memory and files ran out.',
    remedy: 'The log has its cause. Report it.',
  },
}

const noRequestObject =
  "This app sends none. The metadata of ID-porten say that it takes none, though a page of Digdir's describes them."
const changed = 'Look for what changes the request on its way.'
const withoutPage =
  'It is asked for with `prompt: "none"`, which shows no page. Digdir: silent renewal is not supported.'
const otherPrompt = 'Leave `prompt` out of the profile, or use `login`.'

/** Help with each error of OAuth. */
export const oauthCauses: Readonly<Record<OauthError, Help>> = {
  access_denied: {
    cause: 'The person cancelled, or did not consent. The app calls it `E_LOGIN_DENIED`.',
    remedy: 'Offer the login again.',
  },
  account_selection_required: { cause: withoutPage, remedy: otherPrompt },
  consent_required: {
    cause: `${withoutPage} A scope can be set to ask each person for consent.`,
    remedy: otherPrompt,
  },
  insufficient_scope: {
    cause:
      'The token lacks a scope. Userinfo wants `profile`. A scope for which the person refused consent is simply absent from the token.',
    remedy:
      'A scope must be granted to the organisation, registered on the client, and asked for in the profile.',
  },
  insufficient_user_authentication: {
    cause: 'An API wants a higher level or a more recent login than this one (RFC 9470).',
    remedy: 'Ask for the level in `acrValues`, or for a fresh login with `prompt: "login"`.',
  },
  interaction_required: { cause: withoutPage, remedy: otherPrompt },
  invalid_authorization_details: {
    cause: 'The one type that Digdir documents is `idporten:fullmakt`, in a pilot.',
    remedy: 'Compare `authorizationDetails` of the profile with what Digdir agreed to.',
  },
  invalid_client: {
    cause:
      'The client id is not known in this environment, or the client is registered with another authentication than `none`: ID-porten demands exactly the registered one.',
    remedy:
      'Compare `clientId`, the environment, `application_type: native` and `token_endpoint_auth_method: none` ([registration](registration.md)).',
  },
  invalid_dpop_proof: {
    cause:
      "A wrong clock, a proof that was used before, or an address that is not the endpoint's. DPoP needs no setting at ID-porten.",
    remedy: 'Set the clock; without `dpop` in the profile no proof is sent.',
  },
  invalid_grant: {
    cause:
      'The code or the refresh token was used, is too old or was withdrawn; or the verifier, or the redirect URI with its port, is not that of the request.',
    remedy: 'Log in again. If it comes each time, compare the clock and what answers on the way.',
  },
  invalid_request: {
    cause:
      'A parameter is missing or is not as it must be. ID-porten demands PKCE with S256, and of public clients `state`.',
    remedy: 'Compare the profile with the registration; the trace of a login shows what was sent.',
  },
  invalid_request_object: { cause: noRequestObject, remedy: changed },
  invalid_request_uri: {
    cause: 'A pushed request lives 120 seconds and is spent by one login.',
    remedy: 'Open the browser again from the app, which pushes anew; do not keep addresses.',
  },
  invalid_scope: {
    cause:
      'A scope is not registered on the client. `integration_type: idporten` has `openid profile` alone; others must be granted to the organisation, unless they are open to all.',
    remedy: 'Register the scopes of the profile and its APIs; `npm run doctor` lists them.',
  },
  invalid_target: {
    cause: 'ID-porten checks of `resource` only that it is a URI.',
    remedy: 'Correct `resource` in the profile.',
  },
  invalid_token: {
    cause:
      'An access token lives 120 seconds unless registered or capped otherwise. A logout ends tokens with `openid profile` alone; the person can withdraw a login too.',
    remedy: 'Renew, or log in again. The app renews once by itself when an API answers so.',
  },
  login_required: {
    cause: `${withoutPage} ID-porten's session ends after 30 minutes without use and two hours in all, and a client can be isolated from it.`,
    remedy: otherPrompt,
  },
  registration_not_supported: { cause: 'This app sends nothing of the kind.', remedy: changed },
  request_not_supported: { cause: noRequestObject, remedy: changed },
  request_uri_not_supported: {
    cause: 'ID-porten takes a `request_uri` that it gave for a pushed request, and no other.',
    remedy: 'Try `par: "never"`, and tell Digdir.',
  },
  server_error: { cause: 'A fault at ID-porten.', remedy: statusPage },
  temporarily_unavailable: {
    cause: 'ID-porten is too busy, or closed for maintenance.',
    remedy: statusPage,
  },
  unauthorized_client: {
    cause: 'The client is not registered for this grant (`grant_types`).',
    remedy: 'Register `authorization_code`, and `refresh_token` where you are offered it.',
  },
  unmet_authentication_requirements: {
    cause: 'No level of `acrValues` could be reached, with the eID that the person has or chose.',
    remedy: 'Ask for a level that the persons have; `idporten-loa-high` leaves MinID out.',
  },
  unsupported_grant_type: {
    cause:
      'ID-porten has `authorization_code` and `refresh_token`. The endpoint is most likely that of another service.',
    remedy: 'Compare the issuer.',
  },
  unsupported_response_type: {
    cause:
      'ID-porten has `code` alone; the implicit flow was removed. The endpoint is most likely that of another service.',
    remedy: 'Compare the issuer.',
  },
  unsupported_token_type: {
    cause: "Tokens of this kind cannot be revoked. Digdir's page names no kind that is excluded.",
    remedy: 'Nothing: the person is signed out here, and the token ends by itself.',
  },
  use_dpop_nonce: {
    cause:
      'Proofs need a nonce of ID-porten. The app takes it and tries once more; this error is left when that is refused too.',
    remedy: 'Try again; set the clock.',
  },
}
