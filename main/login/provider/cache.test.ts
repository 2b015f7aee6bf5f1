import { expect, it } from 'vitest'
import { createHttp } from '../base/http.ts'
import { createTestClock } from '../../../test/support/login.ts'
import { createProviderCache } from './cache.ts'

it('keys are kept from one attempt to the next, until everything is forgotten', async () => {
  const clock = createTestClock()
  const asked: string[] = []
  const http = createHttp({
    clock,
    signal: new AbortController().signal,
    fetch: async (url) => {
      asked.push(url)
      return Response.json({ keys: [] })
    },
  })
  const issuer = 'https://issuer.test'
  const provider = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  }
  const cache = createProviderCache(clock)
  await cache.keys(provider, http).prepare()
  await cache.keys(provider, http).prepare()
  expect(asked).toEqual([`${issuer}/jwks`])
  cache.forget()
  await cache.keys(provider, http).prepare()
  expect(asked).toHaveLength(2)
})
