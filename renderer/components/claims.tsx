import type { Claim } from '../../preload/contract.ts'
import { keyOr } from '../i18n.ts'
import { LocalTime } from './clock.tsx'
import { Text } from './text.tsx'
import { Value } from './value.tsx'

const times = new Set(['auth_time', 'exp', 'iat', 'nbf'])

/** The claims of a token or of userinfo, each with its value to the letter and what it means. */
export function Claims({
  token,
  claims,
}: {
  token: 'id' | 'access' | 'userinfo'
  claims: readonly Claim[]
}) {
  return (
    <dl className="rows">
      {claims.map(({ name, value, masked }) => (
        <div key={name} data-token={token} data-claim={name}>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            <Value masked={masked} digits={name === 'pid'}>
              {value}
            </Value>
            {times.has(name) && /^\d+$/.test(value) && (
              <span className="aside">
                <LocalTime at={Number(value) * 1000} />
              </span>
            )}
          </dd>
          <dd className="explanation">
            <Text id={keyOr(`claim.${name}`, 'claim.unknown')} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
