import { describe, expect, it } from 'vitest'
import { errorCodes, oauthErrors, tlsProblems } from '../../preload/contract.ts'
import en from './en.json' with { type: 'json' }
import { isTextKey, translator } from './index.ts'
import nb from './nb.json' with { type: 'json' }
import nn from './nn.json' with { type: 'json' }
import se from './se.json' with { type: 'json' }

const catalogues: Record<string, Record<string, string>> = { nb, nn, en, se }
const entries = Object.entries(catalogues)

function variables(text = ''): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').toSorted()
}

describe('texts', () => {
  it.each(entries)('%s is sorted and has no empty text', (_, texts) => {
    const keys = Object.keys(texts)
    expect(keys).toStrictEqual(keys.toSorted())
    expect(Object.values(texts).filter((text) => text.trim() === '')).toStrictEqual([])
  })

  it('nynorsk and English are complete, Northern Sami has nothing of its own', () => {
    expect(Object.keys(nn)).toStrictEqual(Object.keys(nb))
    expect(Object.keys(en)).toStrictEqual(Object.keys(nb))
    expect(Object.keys(se).filter((key) => !isTextKey(key))).toStrictEqual([])
  })

  it.each(entries)('%s uses the values that bokmål uses', (_, texts) => {
    for (const [key, text] of Object.entries(texts)) {
      expect([key, variables(text)]).toStrictEqual([key, variables(catalogues['nb']?.[key])])
    }
  })

  it.each(errorCodes)('%s says what happened and what to do', (code) => {
    for (const part of ['title', 'text', 'next'])
      expect(nb).toHaveProperty([`error.${code}.${part}`])
  })

  it.each([
    { of: 'oauth', names: oauthErrors },
    { of: 'tls', names: tlsProblems },
  ])('explains each $of problem of the contract, and no other', ({ of, names }) => {
    const keys = names.map((name) => `${of}.${name}`).toSorted()
    for (const texts of [nb, nn, en]) {
      expect(Object.keys(texts).filter((key) => key.startsWith(`${of}.`))).toStrictEqual(keys)
    }
  })

  it('never suggests to go on over a connection that is not secure', () => {
    const ignoring = /ignor|overse|likevel|se bort|sjå bort|fortsett|hald fram|anyway|continue/i
    for (const [, texts] of entries) {
      const told = Object.entries(texts).filter(([key]) => key.startsWith('tls.'))
      expect(told.filter(([, text]) => ignoring.test(text))).toStrictEqual([])
    }
  })

  it('no language begs', () => {
    const begging = /vennligst|venlegast|please/i
    for (const [, texts] of entries) {
      expect(Object.values(texts).filter((text) => begging.test(text))).toStrictEqual([])
    }
  })

  it('nynorsk is nynorsk', () => {
    const bokmal =
      /(?<!\p{L})(ikke|jeg|hva|hvem|hvor|hvordan|fra|noe|noen|flere|mer|bare|nettleser\p{L}*|innloggingen|tjenest\p{L}*|maskinen|opplysningene|gjør|kommer|åpne\p{L}*|hvis|ble|være|nå|dere|deres|lenken|forespørsel\p{L}*|opplysninger|hvilke\p{L}*|selv|gammel\p{L}*|trenger|sendte|støtter|sekunder|minutter|timer|dager)(?!\p{L})/iu
    const words = Object.entries(nn).filter(([, text]) => bokmal.test(text))
    expect(words).toStrictEqual([])
  })
})

describe('translator', () => {
  it('puts values in as they are', () => {
    const reference = '<b>&$t(app.name){{reference}}'
    expect(translator('en')('callback.failed.text', { reference })).toContain(reference)
  })

  it('falls back to bokmål, and tells', () => {
    const t = translator('se')
    expect(t('action.sign-in')).toBe(se['action.sign-in'])
    expect(t.languageOf('action.sign-in')).toBe('se')
    expect(t('retry.ready')).toBe(nb['retry.ready'])
    expect(t.languageOf('retry.ready')).toBe('nb')
  })
})
