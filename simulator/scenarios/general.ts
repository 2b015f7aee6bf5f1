import { omit, text } from './changes.ts'
import { bad, either, good } from './outcome.ts'
import type { Scenario } from './scenario.ts'

const pushed = (members: Readonly<Record<string, unknown>>) => ({
  pushedRequest: (body: Readonly<Record<string, unknown>>) => ({ ...body, ...members }),
})
/** What is wrong in userinfo, in pushed requests or with the clock, and the provider without a fault. */
export const others = {
  normal: good('Nothing is wrong.', {}),
  'userinfo-invalid-sub': either('The userinfo is of another person.', {
    userinfo: (body) => ({ ...body, sub: `${text(body['sub'])}invalid` }),
  }),
  'userinfo-missing-sub': either('The userinfo has no sub.', {
    userinfo: (body) => omit(body, 'sub'),
  }),
  'userinfo-signed': either('The userinfo is a signed JWT.', {
    userinfo: (body, { issuer, ownKey, sign }) =>
      sign({
        header: { kid: ownKey().kid, alg: 'RS256' },
        claims: { ...body, iss: issuer },
      }),
  }),
  'userinfo-unsigned': either('The userinfo is a JWT without a signature.', {
    userinfo: (body, { issuer, ownKey, sign }) =>
      sign({ header: { alg: 'none' }, claims: { ...body, iss: issuer } }, ownKey(), 'none'),
  }),
  'par-missing-request-uri': either('A pushed request gets no request_uri.', {
    pushedRequest: (body) => omit(body, 'request_uri'),
  }),
  'par-request-uri-number': either('request_uri is a number.', pushed({ request_uri: 1 })),
  'par-request-uri-empty': either('request_uri is empty.', pushed({ request_uri: '' })),
  'par-request-uri-unknown': either(
    'request_uri is unknown to the provider.',
    pushed({ request_uri: 'urn:idporten:unknown' }),
  ),
  'par-request-uri-web': either(
    'request_uri is an address on the web.',
    pushed({ request_uri: 'https://idporten.example/request.jwt' }),
  ),
  'par-request-uri-parameters': either(
    'request_uri tries to add parameters.',
    pushed({ request_uri: 'urn:idporten:x&client_id=other&redirect_uri=https://a.no#' }),
  ),
  'par-missing-expires-in': either('A pushed request gets no expires_in.', {
    pushedRequest: (body) => omit(body, 'expires_in'),
  }),
  'par-expires-in-zero': either('expires_in is 0.', pushed({ expires_in: 0 })),
  'par-expires-in-negative': either('expires_in is negative.', pushed({ expires_in: -1 })),
  'par-expires-in-string': either('expires_in is a text.', pushed({ expires_in: '120' })),
  'par-expires-in-huge': either('expires_in is 10^300.', pushed({ expires_in: 1e300 })),
  'clock-9-minutes-ahead': bad("The provider's clock is 9 minutes ahead.", { clock: 9 * 60 }),
  'clock-9-minutes-behind': bad("The provider's clock is 9 minutes behind.", { clock: -9 * 60 }),
} as const satisfies Record<string, Scenario>
