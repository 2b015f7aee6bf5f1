import { Tag } from '@digdir/designsystemet-react'
import { CheckmarkIcon, MinusIcon, XMarkIcon } from '@navikt/aksel-icons'
import type { Check } from '../../preload/contract.ts'
import { keyOr } from '../i18n.ts'
import { Fact, Facts } from './facts.tsx'
import { Text } from './text.tsx'
import { Value } from './value.tsx'

const results = {
  pass: { color: 'success', Icon: CheckmarkIcon },
  fail: { color: 'danger', Icon: XMarkIcon },
  skipped: { color: 'neutral', Icon: MinusIcon },
} as const

/** The rules that a token was checked by, each with what was expected, what came and the source. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <ul className="rows">
      {checks.map((check) => (
        <CheckRow key={check.rule} {...check} />
      ))}
    </ul>
  )
}

function CheckRow({ rule, result, expected, got, source }: Check) {
  const { color, Icon } = results[result]
  return (
    <li data-check={rule} data-result={result}>
      <div className="check-head">
        <code>{rule}</code>
        <Tag data-color={color} data-size="sm">
          <Icon aria-hidden />
          <Text id={`checks.result.${result}`} />
        </Tag>
      </div>
      <p className="explanation">
        <Text id={keyOr(`check.${rule}`, 'check.unknown')} />
      </p>
      <Facts>
        <Fact label="checks.expected">
          <Value part="expected">{expected}</Value>
        </Fact>
        <Fact label="checks.got">
          <Value part="got">{got}</Value>
        </Fact>
        <Fact label="checks.source">
          <span lang="en">{source}</span>
        </Fact>
      </Facts>
    </li>
  )
}
