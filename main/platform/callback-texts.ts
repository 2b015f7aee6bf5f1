import { isMainTextKey, mainTranslator } from '../../assets/locales/index.ts'
import type { Language } from '../../preload/contract.ts'
import type { CallbackTexts } from '../login/index.ts'

/** The words of the callback pages in the language of the app. */
export function callbackTexts(language: Language): CallbackTexts {
  const t = mainTranslator(language)
  return {
    lang: language,
    appName: t('app.name'),
    note: t('callback.never-share'),
    text: (page, part, values) => {
      const key = `callback.${page}.${part}`
      return isMainTextKey(key) ? t(key, values) : ''
    },
  }
}
