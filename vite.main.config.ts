import { builtinModules } from 'node:module'
import { defineConfig } from 'vite'
import { bundledPackages } from './scripts/build/bundled-packages.ts'
import { mainTextsOnly } from './scripts/build/main-texts.ts'
import { updaterParts } from './scripts/build/updater-parts.ts'

/**
 * Main as one ES module with all npm code inside, and the updater as another, which few installations load; only
 * Electron and Node are left to import.
 */
export default defineConfig({
  publicDir: false,
  plugins: [
    mainTextsOnly,
    // A test builds what another system gets.
    updaterParts(process.env['IDPORTEN_DESKTOP_BUILD_FOR'] ?? process.platform),
    bundledPackages,
  ],
  ssr: { noExternal: true },
  build: {
    ssr: 'main/index.ts',
    outDir: 'out/main',
    target: 'node20',
    sourcemap: false,
    rolldownOptions: {
      external: ['electron', /^node:/, ...builtinModules],
      output: {
        format: 'es',
        entryFileNames: 'index.js',
        chunkFileNames: '[name].js',
        // The package stays small; a stack trace in the log still names functions and classes.
        minify: { compress: true, mangle: { keepNames: true }, codegen: true },
      },
    },
  },
})
