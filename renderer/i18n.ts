import { createContext, use } from 'react'
import { isTextKey, type TextKey, translator, type Translator } from '../assets/locales/index.ts'
import type { ErrorCode, Language, Snapshot } from '../preload/contract.ts'

export interface Texts {
  readonly language: Language
  readonly t: Translator
}

export function textsIn(language: Language): Texts {
  return { language, t: translator(language) }
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
export function languageOfView(snapshot: Snapshot): Language {
  return snapshot.language === 'se' && !isCentral(snapshot) ? 'nb' : snapshot.language
}

function isCentral(snapshot: Snapshot): boolean {
  const { error, waiting, session, providerLogout, profile, renewing, retryInMs } = snapshot
  const explanation = error?.explanation ?? null
  return (
    renewing === null &&
    retryInMs === null &&
    (error === null ||
      (errorsInSami.has(error.code) &&
        (explanation === null ||
          (explanation.kind === 'oauth' && explanation.error === 'access_denied')))) &&
    (waiting === null ||
      (!waiting.requestRejected && !waiting.linkReused && waiting.pushRefused === null)) &&
    (session === null || isPlain(session)) &&
    (providerLogout === null || goesWell(providerLogout)) &&
    (session !== null || (profile?.acrValues ?? []).every((acr) => levelsInSami.test(acr)))
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

export const TextsContext = createContext<Texts>(textsIn('nb'))

export function useTexts(): Texts {
  return use(TextsContext)
}

/** A key put together from what came from main, or the one for names that have no text. */
export function keyOr(key: string, otherwise: TextKey): TextKey {
  return isTextKey(key) ? key : otherwise
}
