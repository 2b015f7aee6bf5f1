import type { JSHandle, Page } from '@playwright/test'
import { type Desktop, expect, logInAt, test } from './fixtures/desktop.ts'

/** A control that has the focus, by its name in the automation contract, and what hides that it has it. */
interface Stop {
  readonly name: string
  readonly problems: readonly string[]
}

interface Probe {
  /** Remembers what everything that can have the focus looks like while it does not have the focus. */
  readonly remember: () => void
  readonly judge: () => Stop
}

async function probeOf(window: Page): Promise<JSHandle<Probe>> {
  return await window.evaluateHandle((): Probe => {
    const looks = new Map<Element, string>()
    const lookOf = (element: Element): string => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element)
      const outline = outlineStyle === 'none' ? 'none' : `${outlineWidth} ${outlineColor}`
      return `outline ${outline}, shadow ${boxShadow}`
    }
    const nameOf = (element: Element): string => {
      const named = ['data-action', 'data-tab', 'name', 'data-value-of', 'data-step']
      const found = named.map((attribute) => element.getAttribute(attribute)).find(Boolean)
      return found ?? (element.hasAttribute('data-filter') ? 'filter' : element.localName)
    }
    return {
      remember: () => {
        looks.clear()
        for (const element of document.querySelectorAll(
          'button, input, select, summary, [tabindex]',
        )) {
          if (element !== document.activeElement) looks.set(element, lookOf(element))
        }
      },
      judge: () => {
        const focused = document.activeElement ?? document.body
        const name = nameOf(focused)
        if (focused === document.body) return { name, problems: [] }
        const problems: string[] = []
        if (!focused.matches(':focus-visible')) problems.push('is not :focus-visible')
        if (lookOf(focused) === looks.get(focused)) problems.push(`looks alike: ${lookOf(focused)}`)
        const { top, left, width, height } = focused.getBoundingClientRect()
        const seen = document.elementFromPoint(left + width / 2, top + height / 2)
        if (!focused.contains(seen)) problems.push(`is behind ${seen?.outerHTML.slice(0, 80)}`)
        return { name, problems: problems.map((problem) => `${name} ${problem}`) }
      },
    }
  })
}

/** Whoever has the keyboard alone: each key that moves the focus must show where it went (WCAG 2.4.7, 2.4.11). */
async function keyboardOf({ window }: Desktop) {
  const { keyboard } = window
  const probe = await probeOf(window)
  const problems: string[] = []
  const move = async (key: string): Promise<string> => {
    await probe.evaluate(({ remember }) => remember())
    await keyboard.press(key)
    const stop = await probe.evaluate(({ judge }) => judge())
    problems.push(...stop.problems)
    return stop.name
  }
  return {
    problems,
    press: async (key: string): Promise<void> => await keyboard.press(key),
    move,
    /** Goes on until a control is reached; gives every stop on the way. */
    to: async (name: string, key = 'Tab'): Promise<string[]> => {
      const stops: string[] = []
      while (stops.length < 60) {
        // oxlint-disable-next-line no-await-in-loop -- one key after the other
        stops.push(await move(key))
        if (stops.at(-1) === name) return stops
      }
      throw new Error(`${name} is not reached by ${key}: ${stops.join(' ')}`)
    },
  }
}

test('from the start to the sign-out by keyboard alone, and it is always seen where the focus is', async ({
  launch,
  browserPage,
}) => {
  const desktop = await launch()
  const { window, root, expectStatus } = desktop
  await expectStatus('signed-out')
  const title = window.locator('h1')
  await expect(title).toBeFocused()
  const { problems, press, move, to } = await keyboardOf(desktop)

  expect(await to('language', 'Shift+Tab')).toEqual(['language'])
  await press('ArrowDown')
  await expect(root).toHaveAttribute('lang', 'nn')
  await press('ArrowUp')
  await expect(root).toHaveAttribute('lang', 'nb')
  expect(await to('sign-in'), 'signed out').toEqual(['sign-in'])
  await press('Enter')
  await expectStatus('waiting-for-browser')
  const page = await browserPage('[data-action="login"]')
  await expect(title).toBeFocused()
  expect(await to('cancel'), 'while waiting').toEqual([
    'prolong',
    'reopen-browser',
    'copy-link',
    'cancel',
  ])
  await to('copy-link', 'Shift+Tab')
  await press('Space')
  await expect(window.locator('[role="status"]', { hasText: 'Lenken er kopiert' })).toBeVisible()
  expect(await move('Tab'), 'the focus stays where it was').toBe('cancel')
  await logInAt(page)
  await expectStatus('signed-in')
  await expect(title).toBeFocused()
  const stops = await to('show-details')
  expect(stops, 'signed in').toEqual([
    'reveal-pid',
    'sign-out',
    'renew',
    'switch-user',
    'show-details',
  ])
  await press('Enter')
  await expect(window.locator('[data-panel="steps"]')).toBeVisible()
  expect(await move('Tab')).toBe('filter')
  await to('steps')
  expect(await move('ArrowRight'), 'the arrow keys go from tab to tab').toBe('id')
  await press('Enter')
  await expect(window.locator('[data-panel="id"]')).toBeVisible()

  await to('reveal-pid', 'Shift+Tab')
  await press('Space')
  await expect(window.locator('[data-action="reveal-pid"]')).toHaveAttribute('aria-pressed', 'true')
  expect(await move('Tab')).toBe('sign-out')
  await press('Enter')
  await expectStatus('signed-out')
  await expect(title).toBeFocused()
  expect(await to('sign-in')).toEqual(['sign-in'])
  expect(problems).toEqual([])
})
