import { errors } from 'oidc-provider'
import { lowLevelPerson, persons } from './persons.ts'
import type { TestPerson } from './persons.ts'

/** What ID-porten says of a login on behalf of somebody else. */
export interface Representation {
  readonly type: typeof representationType
  readonly authorizer: { readonly name: string; readonly pid: string }
  readonly authorized_representative: { readonly name: string; readonly pid: string }
  readonly permissions: readonly { readonly owner: string; readonly role: string }[]
}

const representationType = 'idporten:fullmakt'
const owners = new Map([
  ['arbeid', 'nav'],
  ['bostoette', 'husbanken'],
])

/** Who has let whom act in which roles. */
const powers: readonly {
  readonly from: TestPerson | undefined
  readonly to: TestPerson | undefined
  readonly roles: readonly string[]
}[] = [
  { from: persons[1], to: persons[0], roles: ['arbeid', 'bostoette'] },
  { from: lowLevelPerson, to: persons[0], roles: ['bostoette'] },
  { from: persons[0], to: persons[1], roles: ['bostoette'] },
]

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The roles that one authorization detail asks for. */
function rolesOf(detail: unknown): readonly string[] {
  const roles: unknown = isRecord(detail) ? detail['permission_roles'] : undefined
  if (!isRecord(detail) || detail['type'] !== representationType) {
    throw new errors.InvalidAuthorizationDetails('the type is not supported')
  }
  if (!Array.isArray(roles) || roles.length === 0) {
    throw new errors.InvalidAuthorizationDetails('permission_roles must be an array with roles')
  }
  return roles.map((role: unknown) => {
    if (typeof role !== 'string') {
      throw new errors.InvalidAuthorizationDetails('a role must be a text')
    }
    return role
  })
}

/**
 * The roles in which the person shall act for somebody else, as `authorization_details` has them;
 * undefined when nothing is asked for.
 * @see https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_rar
 */
export function requestedRoles(parameter: unknown): readonly string[] | undefined {
  if (parameter === undefined) {
    return undefined
  }
  let details: unknown
  try {
    details = JSON.parse(typeof parameter === 'string' ? parameter : '')
  } catch {
    throw new errors.InvalidAuthorizationDetails('authorization_details is not JSON')
  }
  if (!Array.isArray(details)) {
    throw new errors.InvalidAuthorizationDetails('authorization_details is not an array')
  }
  return details.length === 0 ? undefined : details.flatMap(rolesOf)
}

const named = ({ label, pid }: TestPerson) => ({ name: label.toUpperCase(), pid })

/** Everybody that a person may act for in at least one of the roles. */
export function representationsOf(
  person: TestPerson,
  roles: readonly string[],
): readonly Representation[] {
  return powers.flatMap(({ from, to, roles: given }) => {
    const permissions = given
      .filter((role) => roles.includes(role))
      .map((role) => ({ owner: owners.get(role) ?? '', role }))
    return from === undefined || to !== person || permissions.length === 0
      ? []
      : [
          {
            type: representationType,
            authorizer: named(from),
            authorized_representative: named(person),
            permissions,
          },
        ]
  })
}
