import { createContext, use } from 'react'
import {
  type Catalogue,
  createTranslator,
  type TextKey,
  type Translator,
} from '../assets/locales/translator.ts'
import type { ErrorCode, Language, Snapshot } from '../preload/contract.ts'

export interface Texts {
  readonly language: Language
  readonly t: Translator
}

/** Each language is a file of its own: the window fetches those that it shows. */
const files: Readonly<Record<Language, () => Promise<{ default: Catalogue }>>> = {
  nb: () => import('../assets/locales/nb.json'),
  nn: () => import('../assets/locales/nn.json'),
  en: () => import('../assets/locales/en.json'),
  se: () => import('../assets/locales/se.json'),
}
const loaded = new Map<Language, Catalogue>()

/** Tells whether the texts of a language are there; Northern Sami wants bokmål too, for what it lacks. */
export function hasTexts(language: Language): boolean {
  return loaded.has(language) && (language !== 'se' || loaded.has('nb'))
}

/** Fetches the texts of a language. */
export async function loadTexts(language: Language): Promise<void> {
  const wanted: readonly Language[] = language === 'se' ? ['se', 'nb'] : [language]
  await Promise.all(wanted.map(async (name) => loaded.set(name, (await files[name]()).default)))
}

/** The texts of a language that was loaded before. */
export function textsIn(language: Language): Texts {
  const texts = loaded.get(language)
  if (texts === undefined || !hasTexts(language)) throw new Error(`no texts in ${language}`)
  return { language, t: createTranslator(language, texts, loaded.get('nb') ?? texts) }
}

/** The errors that have words in Northern Sami. */
const errorsInSami: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_LOGIN_DENIED',
  'E_LOGIN_TIMEOUT',
])
const levelsInSami = /^idporten-loa-/

/**
 * The language of a whole view. Northern Sami has words for the central way alone, and no view mixes two languages:
 * with anything beside that way the view is in bokmål.
 */
export function languageOfView(snapshot: Snapshot, refused: ErrorCode | null): Language {
  const isCentralWay = refused === null && isCentral(snapshot)
  return snapshot.language === 'se' && !isCentralWay ? 'nb' : snapshot.language
}

function isCentral(snapshot: Snapshot): boolean {
  const { error, waiting, session, providerLogout, renewing, retryInMs, update } = snapshot
  const explanation = error?.explanation ?? null
  return (
    renewing === null &&
    update === null &&
    retryInMs === null &&
    (error === null ||
      (errorsInSami.has(error.code) &&
        (explanation === null ||
          (explanation.kind === 'oauth' && explanation.error === 'access_denied')))) &&
    (waiting === null ||
      (!waiting.requestRejected && !waiting.linkReused && waiting.pushRefused === null)) &&
    (session === null || isPlain(session)) &&
    (providerLogout === null || goesWell(providerLogout))
  )
}

function isPlain(session: NonNullable<Snapshot['session']>): boolean {
  const { problem, refusedScopes, apis, remembered, acr } = session
  return (
    problem === null &&
    refusedScopes.length === 0 &&
    apis.length === 0 &&
    remembered !== 'unavailable' &&
    levelsInSami.test(acr)
  )
}

function goesWell(logout: NonNullable<Snapshot['providerLogout']>): boolean {
  return (
    ![logout.browser, logout.revocation].some((part) => ['failed', 'interrupted'].includes(part)) &&
    !logout.requestRejected &&
    !logout.linkReused
  )
}

export const TextsContext = createContext<Texts | null>(null)

export function useTexts(): Texts {
  const texts = use(TextsContext)
  if (texts === null) throw new Error('no texts around this component')
  return texts
}

/** Whether a key put together at run time, such as `claim.` and a name, has a text. */
export function isTextKey(key: string): key is TextKey {
  return [...loaded.values()].some((texts) => Object.hasOwn(texts, key))
}

/** A key put together from what came from main, or the one for names that have no text. */
export function keyOr(key: string, otherwise: TextKey): TextKey {
  return isTextKey(key) ? key : otherwise
}
