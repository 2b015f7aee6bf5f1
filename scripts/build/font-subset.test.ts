import { describe, expect, it } from 'vitest'
import en from '../../assets/locales/en.json' with { type: 'json' }
import nb from '../../assets/locales/nb.json' with { type: 'json' }
import nn from '../../assets/locales/nn.json' with { type: 'json' }
import se from '../../assets/locales/se.json' with { type: 'json' }
import { fontCharacters } from './font-subset.ts'

const missing = (text: string): string[] =>
  Array.from(text).filter((character) => !fontCharacters.includes(character))

describe('the characters that the font is left with', () => {
  it.each(Object.entries({ nb, nn, en, se }))('are enough for every text in %s', (_, texts) => {
    expect(missing(Object.values(texts).join(''))).toStrictEqual([])
  })

  it.each([
    ['Norwegian', 'æøå ÆØÅ é ò ô'],
    ['Northern Sami', 'á č đ ŋ š ŧ ž Á Č Đ Ŋ Š Ŧ Ž'],
  ])('are enough for the letters of %s', (_, letters) => {
    expect(missing(letters)).toStrictEqual([])
  })

  it('are not all that there are', () => {
    expect(missing('Жλ漢')).toStrictEqual(['Ж', 'λ', '漢'])
  })
})
