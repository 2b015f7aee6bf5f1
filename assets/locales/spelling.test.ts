import { readFile } from 'node:fs/promises'
import nspell from 'nspell'
import { expect, it } from 'vitest'
import nb from './nb.json' with { type: 'json' }
import nn from './nn.json' with { type: 'json' }
import terms from './terms.json' with { type: 'json' }

/** The words of the texts in small letters, without the names of values that are put in. */
function wordsIn(texts: Readonly<Record<string, string>>): Set<string> {
  const words = (text: string) => text.replaceAll(/\{\{\w+\}\}/g, ' ').match(/[\p{L}\d-]+/gu) ?? []
  return new Set(
    Object.values(texts)
      .flatMap(words)
      .filter((word) => /\p{L}/u.test(word)),
  )
}

async function spellerOf(language: string): Promise<ReturnType<typeof nspell>> {
  const file = (name: string) =>
    readFile(new URL(`../../node_modules/dictionary-${language}/index.${name}`, import.meta.url))
  return nspell({ aff: await file('aff'), dic: await file('dic') })
}

it.each([
  { language: 'nb', texts: nb, own: terms.nb },
  { language: 'nn', texts: nn, own: terms.nn },
])(
  '$language is spelled as the dictionary has it, but for terms of our own, each of which is used',
  async ({ language, texts, own }) => {
    const speller = await spellerOf(language)
    const unknown = [...wordsIn(texts)].filter((word) => !speller.correct(word))
    const found = new Set(unknown.map((word) => word.toLowerCase()))
    expect([...found].toSorted()).toEqual(own)
  },
  // Reading a dictionary takes some seconds.
  60_000,
)
