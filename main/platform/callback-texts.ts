import { isMainTextKey, mainTranslator } from '../../assets/locales/index.ts'
import type { Language } from '../../preload/contract.ts'
import type { CallbackTexts } from '../login/index.ts'

/** The words of the callback pages in the language of the app. */
export function callbackTexts(language: Language): CallbackTexts {
  const t = mainTranslator(language)
  return {
    // Where Northern Sami has no text the page is in bokmål, and says so to a screen reader.
    lang: t.languageOf('callback.signed-in.title'),
    appName: t('app.name'),
    text: (page, part, values) => {
      const key = `callback.${page}.${part}`
      return isMainTextKey(key) ? t(key, values) : ''
    },
  }
}
