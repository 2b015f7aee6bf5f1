import { Details, Paragraph, Tag } from '@digdir/designsystemet-react'
import { CheckmarkIcon, MinusIcon, XMarkIcon } from '@navikt/aksel-icons'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Check } from '../../preload/contract.ts'
import { keyOr, useTexts } from '../i18n.ts'
import { Fact, Facts } from './facts.tsx'
import { matches } from './filter.ts'
import { Text } from './text.tsx'
import { Value } from './value.tsx'

const results = {
  pass: { color: 'success', Icon: CheckmarkIcon },
  fail: { color: 'danger', Icon: XMarkIcon },
  skipped: { color: 'neutral', Icon: MinusIcon },
} as const

/** The rules that a token was checked by, and how many of them hold. */
export function Checks({
  checks,
  text,
  filter,
}: {
  checks: readonly Check[]
  text: TextKey
  filter: string
}) {
  const passed = checks.filter(({ result }) => result === 'pass').length
  return (
    <>
      <Paragraph data-size="sm">
        <Text id={text} />{' '}
        <Text id="details.checks.summary" values={{ passed, total: checks.length }} />
      </Paragraph>
      <CheckList checks={checks} filter={filter} />
    </>
  )
}

/** A line for each rule, what failed first; opened it tells what was expected, what came and the source. */
export function CheckList({ checks, filter = '' }: { checks: readonly Check[]; filter?: string }) {
  const failedFirst = checks.toSorted(
    (one, other) => Number(other.result === 'fail') - Number(one.result === 'fail'),
  )
  return (
    <ul className="rows checks">
      {failedFirst.map((check) => (
        <CheckRow key={check.rule} check={check} filter={filter} />
      ))}
    </ul>
  )
}

function CheckRow({ check, filter }: { check: Check; filter: string }) {
  const { rule, result, expected, got, source } = check
  const { color, Icon } = results[result]
  const { t } = useTexts()
  const meaning = keyOr(`check.${rule}`, 'check.unknown')
  const shown = [rule, t(meaning), t(`checks.result.${result}`), expected, got, source]
  return (
    <li data-check={rule} data-result={result} hidden={!matches(filter, ...shown)}>
      <Details data-size="sm" data-color="neutral">
        <Details.Summary>
          <span className="check-head">
            <Tag data-color={color} data-size="sm">
              <Icon aria-hidden />
              <Text id={`checks.result.${result}`} />
            </Tag>
            <code>{rule}</code>
            <span className="explanation">
              <Text id={meaning} />
            </span>
          </span>
        </Details.Summary>
        <Details.Content>
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
        </Details.Content>
      </Details>
    </li>
  )
}
