import type { Language } from '../../preload/contract.ts'
import { mainTexts } from './main-texts.ts'
import en from './en.json' with { type: 'json' }
import nb from './nb.json' with { type: 'json' }
import nn from './nn.json' with { type: 'json' }
import se from './se.json' with { type: 'json' }
import { type Catalogue, createTranslator, type TextKey, type Translator } from './translator.ts'

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

/** Makes the translator of main, which has no other texts. */
export const mainTranslator: (language: Language) => Translator<MainTextKey> = translator

/** Makes the translator of a language; Northern Sami falls back to bokmål. */
export function translator(language: Language): Translator {
  return createTranslator(language, catalogues[language], catalogues.nb)
}
