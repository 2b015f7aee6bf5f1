import type { Plugin } from 'vite'
import { mainTexts } from '../../assets/locales/main-texts.ts'

/** Leaves the texts of the window out of main, which never says them; the app would be a tenth larger. */
export const mainTextsOnly: Plugin = {
  name: 'main-texts',
  enforce: 'pre',
  transform: {
    filter: { id: /assets\/locales\/\w+\.json$/ },
    handler: (code) => {
      const texts: Readonly<Record<string, string>> = JSON.parse(code)
      const said = Object.entries(texts).filter(([key]) =>
        mainTexts.some((beginning) => key.startsWith(beginning)),
      )
      return JSON.stringify(Object.fromEntries(said))
    },
  },
}
