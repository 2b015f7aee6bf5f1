import { Select } from '@digdir/designsystemet-react'
import { LanguageIcon } from '@navikt/aksel-icons'
import { type Language, languages } from '../../preload/contract.ts'
import { useSend } from '../bridge.ts'
import { useTexts } from '../i18n.ts'

/** The choice of language; each is named by itself. */
export function LanguageSelect({ chosen }: { chosen: Language }) {
  const { t } = useTexts()
  const send = useSend()
  return (
    <label className="language">
      <LanguageIcon aria-hidden fontSize="1.5rem" />
      <span className="ds-sr-only">{t('language.label')}</span>
      <Select
        name="language"
        width="auto"
        data-size="sm"
        value={chosen}
        onChange={({ target }) => {
          const next = languages.find((option) => option === target.value)
          if (next) void send((main) => main.setLanguage(next))
        }}
      >
        {languages.map((option) => (
          <Select.Option key={option} value={option} lang={option}>
            {t(`language.${option}`)}
          </Select.Option>
        ))}
      </Select>
    </label>
  )
}
