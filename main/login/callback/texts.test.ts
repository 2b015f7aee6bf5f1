import { expect, it } from 'vitest'
import { callbackPages } from '../../../test/support/login.ts'
import type { CallbackPage } from './pages.ts'
import { defaultTexts } from './texts.ts'

const reference = 'REFREF'

it.each(callbackPages)('the page %s has a title, and a text in whole sentences', (page) => {
  const title = defaultTexts.text(page, 'title', { reference })
  const text = defaultTexts.text(page, 'text', { reference })
  expect(title).toMatch(/^\p{Lu}.*\p{Ll}$/u)
  expect(text).toMatch(/^\p{Lu}.*\.$/u)
  expect(text).not.toBe(title)
})

it('the text of a failure alone holds the reference', () => {
  const holds = (page: CallbackPage) =>
    defaultTexts.text(page, 'text', { reference }).includes(reference)
  expect(callbackPages.filter(holds)).toEqual(['failed'])
})

it('the button of a logout has words of its own, and there is no name of an app', () => {
  const button = defaultTexts.text('logging-out', 'button', { reference })
  expect(button).toMatch(/^\p{Lu}/u)
  const others = (['title', 'text'] as const).map((part) =>
    defaultTexts.text('logging-out', part, { reference }),
  )
  expect(others).not.toContain(button)
  expect([defaultTexts.lang, defaultTexts.appName]).toEqual(['nb', ''])
  expect(defaultTexts.note).toMatch(/^Gi aldri adressen .*\.$/)
})
