import { readFileSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Vite's licence file lists modules only; the font comes in through the style sheet. */
const fontLicence: Plugin = {
  name: 'font-licence',
  generateBundle() {
    this.emitFile({
      type: 'asset',
      fileName: 'licenses-inter.txt',
      source: readFileSync(new URL('node_modules/inter-ui/LICENSE.txt', import.meta.url)),
    })
  },
}

export default defineConfig({
  root: 'renderer',
  // The page lives at app://bundle/, where only files of this build are served.
  base: './',
  plugins: [react(), fontLicence],
  build: {
    outDir: '../out/renderer',
    emptyOutDir: true,
    // The oldest Chromium it runs on (docs/building.md).
    target: 'chrome130',
    // The content security policy allows neither inlined assets nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.txt' },
    rolldownOptions: {
      treeshake: {
        moduleSideEffects: [
          // They say nothing of side effects, so all sixty components and their polyfills would
          // come along. The ones used here need none of that.
          { test: /@digdir\/designsystemet-(react|web)\//, sideEffects: false },
        ],
      },
    },
  },
})
