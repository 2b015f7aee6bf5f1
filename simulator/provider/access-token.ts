import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { findPerson } from '../persons.ts'
import type { TestPerson } from '../persons.ts'
import type { LiveToken } from './apis.ts'
import { pairwiseSubject } from './claims.ts'
import type { Issue, ProviderParts } from './parts.ts'
import { audienceOf } from './resources.ts'

/** An opaque access token of oidc-provider, with what its JWT shall say besides. */
interface AccessTokenOrder {
  readonly accessToken: NonNullable<KoaContextWithOIDC['oidc']['accessToken']>
  readonly person: TestPerson
  readonly acr: string | undefined
  readonly issue: Issue
}

/** Signs the JWT that ID-porten would have issued in place of an opaque access token. */
export async function signAccessToken(
  { accessToken, person, acr, issue }: AccessTokenOrder,
  { issuer, keys, stage }: Pick<ProviderParts, 'issuer' | 'keys' | 'stage'>,
): Promise<string> {
  const { jkt, representations, resource } = issue
  const caller = accessToken.clientId ?? ''
  const iat = Math.floor(Date.now() / 1000) + stage.clock
  const key = keys.current()
  return await new SignJWT({
    sub: pairwiseSubject(person.pid, caller),
    acr,
    scope: accessToken.scope,
    iss: issuer,
    client_amr: 'none',
    ...(person.kind === 'without-pid' ? {} : { pid: person.pid }),
    exp: iat + accessToken.expiration,
    iat,
    jti: randomBytes(8).toString('base64url'),
    client_id: caller,
    consumer: { authority: 'iso6523-actorid-upis', ID: '0192:991825827' },
    ...(resource === undefined ? {} : { aud: audienceOf(resource) }),
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
    ...(representations === undefined ? {} : { authorization_details: representations }),
  })
    .setProtectedHeader({ kid: key.kid, alg: 'RS256' })
    .sign(key.privateKey)
}

/** Finds an access token that is alive, with what belongs to it. */
export async function findToken(
  value: string,
  provider: Provider,
  { issues }: Pick<ProviderParts, 'issues'>,
): Promise<LiveToken | undefined> {
  const token = await provider.AccessToken.find(value)
  const grant = await provider.Grant.find(token?.grantId ?? '')
  const person = findPerson(token?.accountId)
  if (token === undefined || grant === undefined || person === undefined) {
    return undefined
  }
  const { locale = 'nb', jkt } = issues.get(token.jti) ?? {}
  return { clientId: token.clientId ?? '', person, scope: token.scope ?? '', locale, jkt }
}
