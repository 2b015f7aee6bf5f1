import { createInstance } from 'i18next'
import type { Language } from '../../preload/contract.ts'
import { mainTexts } from './main-texts.ts'
import en from './en.json' with { type: 'json' }
import nb from './nb.json' with { type: 'json' }
import nn from './nn.json' with { type: 'json' }
import se from './se.json' with { type: 'json' }

/** Every text by its key; bokmål is the source. */
export type TextKey = keyof typeof nb

type Catalogue = Readonly<Partial<Record<TextKey, string>>>

// The types of nn and en make a key that bokmål has and they lack a compile error.
const complete: Readonly<Record<'nb' | 'nn' | 'en', Readonly<Record<TextKey, string>>>> = {
  nb,
  nn,
  en,
}
const catalogues: Readonly<Record<Language, Catalogue>> = { ...complete, se }

/** Whether a key put together at run time, such as `claim.` and a name, has a text. */
export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(nb, key)
}

/** The keys of the texts that main says by itself. */
export type MainTextKey = Extract<TextKey, `${(typeof mainTexts)[number]}${string}`>

/** Whether main has a text for a key put together at run time. */
export function isMainTextKey(key: string): key is MainTextKey {
  return isTextKey(key) && mainTexts.some((beginning) => key.startsWith(beginning))
}

/** The text of a key in one language; values are put in as they are, never escaped. */
export interface Translator<Key extends TextKey = TextKey> {
  (key: Key, values?: Readonly<Record<string, string | number>>): string
  /** The language the text of this key is really in: bokmål where Northern Sami has none. */
  readonly languageOf: (key: Key) => Language
}

/** Makes the translator of main, which has no other texts. */
export const mainTranslator: (language: Language) => Translator<MainTextKey> = translator

/** Makes the translator of a language; Northern Sami falls back to bokmål. */
export function translator(language: Language): Translator {
  const engine = createInstance()
  void engine.init({
    lng: language,
    fallbackLng: 'nb',
    initAsync: false,
    keySeparator: false,
    nsSeparator: false,
    pluralSeparator: '|',
    contextSeparator: '|',
    interpolation: { escapeValue: false },
    resources: {
      [language]: { translation: catalogues[language] },
      nb: { translation: catalogues.nb },
    },
  })
  return Object.assign(
    // A value from outside must not be taken for a reference to another text.
    (key: TextKey, values: Readonly<Record<string, string | number>> = {}) =>
      engine.t(key, { ...values, nest: false }),
    {
      languageOf: (key: TextKey): Language =>
        Object.hasOwn(catalogues[language], key) ? language : 'nb',
    },
  )
}
