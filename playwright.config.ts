import { defineConfig } from '@playwright/test'

/** One worker: each test has its own display focus, browser and keyring, on two cores. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  timeout: 60_000,
  expect: { timeout: 10_000 },
  workers: 1,
  retries: 0,
  forbidOnly: process.env['CI'] === 'true',
  reporter: [['list']],
})
