import { defineConfig } from 'vite'
import { bundledPackages } from './scripts/build/bundled-packages.ts'

/** The preload as one CommonJS file, as a sandboxed one must be. */
export default defineConfig({
  publicDir: false,
  plugins: [bundledPackages],
  ssr: { noExternal: true },
  build: {
    ssr: 'preload/index.ts',
    outDir: 'out/preload',
    target: 'chrome130',
    minify: false,
    sourcemap: false,
    rolldownOptions: {
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: 'index.cjs', codeSplitting: false },
    },
  },
})
