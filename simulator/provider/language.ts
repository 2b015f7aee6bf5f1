import type { KoaContextWithOIDC } from 'oidc-provider'
import { asText } from './context.ts'
import { locales } from './discovery.ts'
import type { Locale } from './discovery.ts'

/** The cookie in which ID-porten keeps the language that the person chose. */
export const languageCookie = 'IDPORTEN_SELECTED_LANGUAGE'

/** Tells whether a value is a language of ID-porten. */
export function isLocale(value: unknown): value is Locale {
  return locales.some((locale) => locale === value)
}

/** The language of the pages: what the person chose, else what `ui_locales` wants, else bokmål. */
export function languageOf(ctx: KoaContextWithOIDC, uiLocales: unknown): Locale {
  const chosen = ctx.cookies.get(languageCookie, { signed: false })
  const wanted = asText(uiLocales).split(' ')
  return [chosen, ...wanted].find(isLocale) ?? 'nb'
}
