import type { Check, Claim } from '../../preload/contract.ts'
import { Checks } from './checks.tsx'
import { Claims } from './claims.tsx'

/** The claims and checks that there are; `access` is null when the access token is opaque. */
export interface Rows {
  readonly id?: readonly Claim[]
  readonly access?: readonly Claim[] | null
  readonly userinfo?: readonly Claim[] | null
  readonly checks?: readonly Check[]
}

export const rowKinds = ['id', 'access', 'userinfo', 'checks'] as const
export type RowKind = (typeof rowKinds)[number]

/** The rows of one kind: those that hold what was typed, and with a mark those that have changed. */
export function RowsOf({
  kind,
  rows,
  ...shown
}: {
  kind: RowKind
  rows: Rows
  filter: string
  changed: ReadonlySet<string>
}) {
  const { id, access, userinfo, checks } = rows
  switch (kind) {
    case 'id':
      return id && <Claims token="id" text="details.id-token.text" claims={id} {...shown} />
    case 'access':
      return (
        access !== undefined && (
          <Claims
            token="access"
            text={access ? 'details.access-token.text' : 'details.access-token.opaque'}
            claims={access ?? []}
            {...shown}
          />
        )
      )
    case 'userinfo':
      return (
        userinfo && (
          <Claims token="userinfo" text="details.userinfo.text" claims={userinfo} {...shown} />
        )
      )
    case 'checks':
      return (
        checks && (
          <Checks
            text={id ? 'details.checks.text' : 'details.checks.failed-text'}
            checks={checks}
            filter={shown.filter}
          />
        )
      )
    default:
      return kind satisfies never
  }
}
