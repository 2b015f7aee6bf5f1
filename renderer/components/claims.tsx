import { Paragraph, Tag } from '@digdir/designsystemet-react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Claim } from '../../preload/contract.ts'
import { keyOr, useTexts } from '../i18n.ts'
import { LocalTime, timeInWords, useSecondsLeft } from './clock.tsx'
import { matches } from './filter.ts'
import { Text } from './text.tsx'
import { Value } from './value.tsx'

const times = new Set(['auth_time', 'exp', 'iat', 'nbf'])

/** The claims of a token or of userinfo, a line each: name, value to the letter, meaning. */
export function Claims({
  token,
  text,
  claims,
  filter,
  changed,
}: {
  token: 'id' | 'access' | 'userinfo'
  text: TextKey
  claims: readonly Claim[]
  /** Names and values without what was typed here are left out. */
  filter: string
  /** Names of claims that differ from the login or renewal before. */
  changed: ReadonlySet<string>
}) {
  const { t } = useTexts()
  return (
    <>
      <Paragraph data-size="sm">
        <Text id={text} />
      </Paragraph>
      <dl className="rows claims">
        {claims.map(({ name, value, masked }) => (
          <div
            key={name}
            data-token={token}
            data-claim={name}
            hidden={!matches(filter, name, value, t(keyOr(`claim.${name}`, 'claim.unknown')))}
          >
            <dt>
              <code>{name}</code>
              {changed.has(name) && <Changed />}
            </dt>
            <dd>
              <Value masked={masked} digits={name === 'pid'}>
                {value}
              </Value>
              {times.has(name) && /^\d+$/.test(value) && (
                <span className="aside">
                  <LocalTime at={Number(value) * 1000} />
                  {name === 'exp' && <Left until={Number(value) * 1000} />}
                </span>
              )}
            </dd>
            <dd className="explanation">
              <Text id={keyOr(`claim.${name}`, 'claim.unknown')} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

/** Marks a value that the login or renewal before did not have. */
function Changed() {
  const { t } = useTexts()
  return (
    <Tag data-color="info" data-size="sm" data-changed="" title={t('inspector.changed.text')}>
      <Text id="inspector.changed" />
    </Tag>
  )
}

/** How long something is valid by the clock of this computer. */
function Left({ until }: { until: number }) {
  const texts = useTexts()
  const seconds = useSecondsLeft(until, Date.now)
  return (
    <span data-left="">
      {' ('}
      {seconds > 0 ? (
        <Text id="inspector.left" values={{ time: timeInWords(seconds, texts) }} />
      ) : (
        <Text id="inspector.over" />
      )}
      {')'}
    </span>
  )
}
