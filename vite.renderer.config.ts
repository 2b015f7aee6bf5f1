import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { bundledPackages } from './scripts/build/bundled-packages.ts'
import { firstViews } from './scripts/build/first-views.ts'
import { fontSubset } from './scripts/build/font-subset.ts'

export default defineConfig({
  root: 'renderer',
  // The page lives at app://bundle/, where only files of this build are served.
  base: './',
  plugins: [react(), fontSubset, firstViews, bundledPackages],
  build: {
    outDir: '../out/renderer',
    emptyOutDir: true,
    // The oldest Chromium it runs on (docs/building.md).
    target: 'chrome130',
    // The content security policy allows neither inlined assets nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // It would tell that the font takes its time.
      checks: { bundlerTimings: false },
      treeshake: {
        moduleSideEffects: [
          // It defines the elements that the inspector's tabs are made of.
          { test: /@digdir\/designsystemet-web\/dist\/esm\/tabs\//, sideEffects: true },
          // They say nothing of side effects, so all sixty components and their polyfills would
          // come along. The ones used here need none of that.
          { test: /@digdir\/designsystemet-(react|web)\//, sideEffects: false },
        ],
      },
    },
  },
})
