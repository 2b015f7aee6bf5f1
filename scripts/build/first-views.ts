import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import type { Plugin } from 'vite'
import type { Language } from '../../preload/contract.ts'

interface FirstView {
  readonly status: string
  readonly language: Language
  readonly html: string
}

/** Replaces each part, and stops the build where one is not there: the page would come without it. */
function replace(text: string, parts: readonly (readonly [string | RegExp, string])[]): string {
  return parts.reduce((left, [part, by]) => {
    if (left.search(part) === -1) throw new Error(`no ${part} in the page`)
    return left.replace(part, () => by)
  }, text)
}

/**
 * Writes beside index.html the page with each first view in each language in it, so that the window shows something
 * before a script has run.
 */
export const firstViews: Plugin = {
  name: 'first-views',
  enforce: 'post',
  async generateBundle(_, bundle) {
    const page = bundle['index.html']
    const parts = Object.values(bundle)
    const icon = parts.find(({ fileName }) => /^assets\/icon-.*\.svg$/.test(fileName))
    if (page?.type !== 'asset' || icon === undefined) throw new Error('no page, or no icon')
    const file = fileURLToPath(new URL('../../renderer/first-view.tsx', import.meta.url))
    const { module } = await runnerImport<{ firstViews: readonly FirstView[] }>(file, {
      configFile: false,
      root: 'renderer',
      logLevel: 'error',
      build: { assetsInlineLimit: 0 },
    })
    for (const { status, language, html } of module.firstViews) {
      const texts = parts.find(
        (part) => part.type === 'chunk' && part.facadeModuleId?.endsWith(`/${language}.json`),
      )
      if (texts === undefined) throw new Error(`no texts in ${language}`)
      const preload = `<link rel="modulepreload" crossorigin href="./${texts.fileName}" />`
      // React asks for the icon beforehand too, at its place on the computer that builds.
      const view = replace(html, [
        [/<link rel="preload"[^>]*>/, ''],
        [/src="[^"]*icon\.svg"/, `src="./${icon.fileName}"`],
      ])
      const source = replace(String(page.source), [
        ['lang="nb"', `lang="${language}"`],
        ['</head>', `${preload}</head>`],
        // Nothing in it can be pressed before the script is there.
        ['<div id="root"></div>', `<div id="root" inert>${view}</div>`],
      ])
      this.emitFile({ type: 'asset', fileName: `${status}.${language}.html`, source })
    }
  },
}
