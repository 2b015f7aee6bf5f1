import { Details, Heading } from '@digdir/designsystemet-react'
import { useMemo } from 'react'
import type { TextKey } from '../../assets/locales/translator.ts'
import type { Copied } from '../../preload/contract.ts'
import type { Inspection } from '../../preload/inspection.ts'
import { indented } from '../components/indented.ts'
import type { RowKind } from '../components/rows.tsx'
import { Text } from '../components/text.tsx'
import { useTexts } from '../i18n.ts'
import { CopyButton } from './copy-button.tsx'

/** What a tab of claims shows, as JSON. */
export function Contents({
  of,
  tokens: { id, access, userinfo },
}: {
  of: RowKind
  tokens: NonNullable<Inspection['tokens']>
}) {
  if (of === 'id') return id && <Raw of="id-token" {...id} />
  if (of === 'access') return access && <Raw of="access-token" {...access} />
  return of === 'userinfo' && userinfo !== null && <Raw of="userinfo" payload={userinfo} />
}

function Raw({ of, header, payload }: { of: Copied; header?: string; payload: string }) {
  return (
    <Details className="raw" data-color="neutral" data-size="sm">
      <Details.Summary>
        <Text id="inspector.json" />
      </Details.Summary>
      <Details.Content>
        {header !== undefined && <Json title="inspector.json.header" text={header} />}
        <Json title="inspector.json.payload" text={payload} />
        <CopyButton label="inspector.copy" name="copy" intent={(main) => main.copyContents(of)} />
      </Details.Content>
    </Details>
  )
}

function Json({ title, text }: { title: TextKey; text: string }) {
  const { t } = useTexts()
  return (
    <>
      <Heading level={3} data-size="2xs">
        <Text id={title} />
      </Heading>
      <pre
        className="answer"
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- the line breaks are part of it
        role="region"
        aria-label={t(title)}
        // It scrolls, so the keyboard must get there.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        <code>{useMemo(() => indented(text), [text])}</code>
      </pre>
    </>
  )
}
