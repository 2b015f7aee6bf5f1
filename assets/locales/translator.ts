import type { Language } from '../../preload/contract.ts'
import type nb from './nb.json'

/** Every text by its key; bokmål is the source. */
export type TextKey = keyof typeof nb

/** The texts of a language; Northern Sami has some of them only. */
export type Catalogue = Readonly<Partial<Record<TextKey, string>>>

/** The text of a key in one language; values are put in as they are, never escaped. */
export interface Translator<Key extends TextKey = TextKey> {
  (key: Key, values?: Readonly<Record<string, string | number>>): string
  /** The language the text of this key is really in: bokmål where Northern Sami has none. */
  readonly languageOf: (key: Key) => Language
}

/** Makes the translator of a language from its texts, and those in bokmål for what it lacks. */
export function createTranslator(
  language: Language,
  texts: Catalogue,
  bokmal: Catalogue,
): Translator {
  const has = (key: TextKey) => Object.hasOwn(texts, key)
  return Object.assign(
    (key: TextKey, values: Readonly<Record<string, string | number>> = {}) =>
      // A value from outside is never read for names of other values.
      ((has(key) ? texts : bokmal)[key] ?? key).replaceAll(
        /\{\{(\w+)\}\}/g,
        (name, value: string) => (Object.hasOwn(values, value) ? String(values[value]) : name),
      ),
    { languageOf: (key: TextKey): Language => (has(key) ? language : 'nb') },
  )
}
