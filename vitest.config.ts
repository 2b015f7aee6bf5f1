import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{main,preload,renderer,assets,simulator,scripts,test}/**/*.test.{ts,tsx}'],
  },
})
