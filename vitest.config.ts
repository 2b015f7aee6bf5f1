import { configDefaults, defineConfig } from 'vitest/config'
import { thorough } from './test/support/thorough.ts'

export default defineConfig({
  test: {
    include: ['{main,preload,renderer,assets,simulator,scripts,test}/**/*.test.{ts,tsx}'],
    exclude: [...configDefaults.exclude, ...(thorough ? [] : ['test/stress/**'])],
    globalSetup: 'test/support/announce.ts',
  },
})
