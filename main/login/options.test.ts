import { expect, it } from 'vitest'
import { createTestClock, texts } from '../../test/support/login.ts'
import { systemClock } from './base/clock.ts'
import { defaultTexts } from './callback/texts.ts'
import { type LoginOptions, settingsOf } from './options.ts'
import { createProviderCache } from './provider/cache.ts'
import type { LoginPolicy } from './request/authorization.ts'

const least: LoginOptions = {
  issuer: 'https://issuer.test',
  clientId: 'client',
  openBrowser: () => {},
}
const defaults: LoginPolicy = {
  issuer: 'https://issuer.test',
  clientId: 'client',
  redirectPath: '/callback',
  scope: 'openid profile',
  acrValues: ['idporten-loa-substantial'],
  uiLocales: 'nb',
  prompt: undefined,
  resource: [],
  authorizationDetails: undefined,
  par: 'auto',
  dpop: false,
  remember: false,
}
const given: LoginPolicy = {
  issuer: 'https://issuer.test',
  clientId: 'client',
  redirectPath: '/back',
  scope: 'openid',
  acrValues: ['idporten-loa-high'],
  uiLocales: 'se',
  prompt: 'login',
  resource: ['https://api.test'],
  authorizationDetails: [{ type: 'ansattporten:altinn:service' }],
  par: 'never',
  dpop: true,
  remember: true,
}

it('what is not given has its default, also when it is undefined', () => {
  const undefinedOnes = Object.fromEntries(
    Object.keys(given)
      .filter((name) => name !== 'issuer' && name !== 'clientId')
      .map((name) => [name, undefined]),
  )
  const more = { clock: undefined, texts: undefined, loginTimeout: undefined, onEvent: undefined }
  for (const options of [
    least,
    { ...least, ...undefinedOnes, ...more, providerCache: undefined },
  ]) {
    const settings = settingsOf(options)
    expect(settings.policy).toEqual(defaults)
    expect([settings.clock, settings.texts, settings.loginTimeout]).toEqual([
      systemClock,
      defaultTexts,
      300_000,
    ])
    expect(settings.onEvent({ type: 'exchanging' })).toBeUndefined()
    expect(settings.providerCache.forget()).toBeUndefined()
  }
})

it('what is given is kept', () => {
  const clock = createTestClock()
  const onEvent = () => {}
  const more = { clock, texts, onEvent, loginTimeout: 1, providerCache: createProviderCache(clock) }
  const settings = settingsOf({ ...least, ...given, ...more })
  expect(settings.policy).toEqual(given)
  expect(settings).toMatchObject(more)
  expect(settings.openBrowser).toBe(least.openBrowser)
})

it('the language of the pages is that of the provider’s, when that is not given', () => {
  expect(settingsOf({ ...least, texts }).policy.uiLocales).toBe(texts.lang)
})

it('a reference is six signs that do not look alike, another one for each login', () => {
  const references = Array.from({ length: 100 }, () => settingsOf(least).reference)
  expect(references.filter((text) => !/^[A-HJ-NP-Z2-9]{6}$/.test(text))).toEqual([])
  expect(new Set(references).size).toBe(100)
})
