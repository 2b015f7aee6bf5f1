import { configDefaults, defineConfig } from 'vitest/config'
import { thorough } from './test/support/thorough.ts'

export default defineConfig({
  test: {
    include: ['{main,preload,renderer,assets,simulator,scripts,test}/**/*.test.{ts,tsx}'],
    exclude: [...configDefaults.exclude, ...(thorough ? [] : ['test/stress/**'])],
    // To start a process for each of the files is a quarter of a merge's time; the thorough run does it.
    isolate: thorough,
    // A test compares the two.
    css: { include: /design-?system|inspector|later/ },
    globalSetup: 'test/support/announce.ts',
  },
})
