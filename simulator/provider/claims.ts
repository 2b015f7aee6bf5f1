import { createHash, randomBytes } from 'node:crypto'
import type { AccountClaims, FindAccount } from 'oidc-provider'
import { levelBelow } from '../levels.ts'
import type { Acr } from '../levels.ts'
import { findPerson } from '../persons.ts'
import type { TestPerson } from '../persons.ts'
import type { LiveToken } from './apis.ts'
import type { Locale } from './discovery.ts'
import type { ProviderParts } from './parts.ts'

/** The `sub` of a person at one client; the sector is the client's id. */
export function pairwiseSubject(accountId: string, sector: string): string {
  return createHash('sha256').update(`simulator ${sector} ${accountId}`).digest('base64url')
}

/** The level that a login gives, which for one test person is too low on purpose. */
export function grantedAcr(person: TestPerson, chosen: Acr, minimum: Acr): Acr {
  return person.kind === 'low-level' ? levelBelow(minimum) : chosen
}

function claimsOf(person: TestPerson, use: string, scope: string, locale: Locale): AccountClaims {
  const names = { given_name: person.givenName, family_name: person.familyName }
  const claims = {
    sub: person.pid,
    ...(person.kind === 'without-pid' ? {} : { pid: person.pid }),
    ...(scope.split(' ').includes('profile') ? { locale, ...names } : {}),
    ...(use === 'id_token' ? { jti: randomBytes(8).toString('base64url') } : {}),
  }
  return { ...claims }
}

/** What userinfo says of the person behind an access token. */
export function userinfoOf({ person, scope, locale, clientId }: LiveToken): AccountClaims {
  return {
    ...claimsOf(person, 'userinfo', scope, locale),
    sub: pairwiseSubject(person.pid, clientId),
  }
}

/** Creates oidc-provider's way to a test person and to the claims of the ID token. */
export function accountFinder({ issues }: Pick<ProviderParts, 'issues'>): FindAccount {
  return (_ctx, accountId, token) => {
    const person = findPerson(accountId)
    const issue = issues.get(token?.jti ?? '')
    const locale = issue?.locale ?? 'nb'
    const authorization_details = issue?.representations
    return (
      person && {
        accountId,
        claims: (use, scope) => ({
          ...claimsOf(person, use, scope, locale),
          ...(authorization_details === undefined ? {} : { authorization_details }),
        }),
      }
    )
  }
}
