import type { TextKey } from '../../assets/locales/translator.ts'
import { useTexts } from '../i18n.ts'

/**
 * A text in the chosen language. One that is missing there is bokmål, and says so to a screen
 * reader (WCAG 3.1.2).
 */
export function Text({ id, values }: { id: TextKey; values?: Record<string, string | number> }) {
  const { language, t } = useTexts()
  const actual = t.languageOf(id)
  return actual === language ? t(id, values) : <span lang={actual}>{t(id, values)}</span>
}
