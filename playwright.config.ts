import { defineConfig } from '@playwright/test'
import { thorough } from './test/support/thorough.ts'

// Browser, proxy, certificates, keyring and processes are those of a Linux desktop; nothing is skipped elsewhere.
if (process.platform !== 'linux') throw new Error('The end-to-end tests run on Linux only.')

/** One worker: each test has its own display focus, browser and keyring, on two cores. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  timeout: 60_000,
  expect: { timeout: 10_000 },
  workers: 1,
  retries: 0,
  // Tests with this tag are left to the thorough run.
  ...(thorough ? {} : { grepInvert: /@thorough/ }),
  forbidOnly: process.env['CI'] === 'true',
  reporter: [['list']],
})
