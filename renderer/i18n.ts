import { createContext, use } from 'react'
import { isTextKey, type TextKey, translator, type Translator } from '../assets/locales/index.ts'
import type { Language } from '../preload/contract.ts'

export interface Texts {
  readonly language: Language
  readonly t: Translator
}

export function textsIn(language: Language): Texts {
  return { language, t: translator(language) }
}

export const TextsContext = createContext<Texts>(textsIn('nb'))

export function useTexts(): Texts {
  return use(TextsContext)
}

/** A key put together from what came from main, or the one for names that have no text. */
export function keyOr(key: string, otherwise: TextKey): TextKey {
  return isTextKey(key) ? key : otherwise
}
