import type { Page } from '@playwright/test'
import { languages } from '../preload/contract.ts'
import { signedIn } from '../test/support/snapshots.ts'
import { picturedStates } from '../test/support/pictured-states.ts'
import { resize, tell } from '../test/support/told-window.ts'
import { type Desktop, expect, signIn, test } from './fixtures/desktop.ts'

/** What of the page cannot be read or pressed: sideways scrolling, text that is cut, small targets. */
async function lostIn(window: Page): Promise<string[]> {
  return await window.evaluate(() => {
    const lost: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) lost.push(`the page is ${scrollWidth} px wide`)
    const named = (element: Element): string =>
      `${element.outerHTML.replace(/(?<=>).*/s, '')}${element.textContent.slice(0, 40)}`
    const isThere = (element: Element): boolean =>
      element.checkVisibility() && element.closest('.ds-sr-only, [aria-hidden]') === null
    const scrolls = (element: Element): boolean => element.closest('[data-api-result]') !== null

    for (const element of document.body.querySelectorAll('*')) {
      if (!isThere(element) || !(element instanceof HTMLElement)) continue
      const { overflowX, overflowY } = getComputedStyle(element)
      const wide = element.scrollWidth - element.clientWidth > 1 && overflowX !== 'visible'
      const high = element.scrollHeight - element.clientHeight > 1 && overflowY !== 'visible'
      if ((wide || high) && !scrolls(element)) lost.push(`cut: ${named(element)}`)
      if (element.matches('button, input, select, summary, [role="tab"]')) {
        const { width, height } = element.getBoundingClientRect()
        if (width < 24 || height < 24) lost.push(`${width} × ${height}: ${named(element)}`)
      }
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const holder = texts.currentNode.parentElement
      if (!holder || !isThere(holder) || scrolls(holder) || holder.closest('select')) continue
      const range = document.createRange()
      range.selectNodeContents(texts.currentNode)
      for (const { left, right } of range.getClientRects()) {
        if (left < -1 || right > clientWidth + 1) lost.push(`outside: ${named(holder)}`)
      }
    }
    return lost
  })
}

/** WCAG 1.4.12, as the person's own style sheet: what the page itself says does not count. */
const textSpacing = `
  * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
  p { margin-block-end: 2em !important; }`

async function spaceText({ app }: Desktop): Promise<void> {
  await app.evaluate(
    async ({ BrowserWindow }, css) =>
      await BrowserWindow.getAllWindows()[0]?.webContents.insertCSS(css, { cssOrigin: 'user' }),
    textSpacing,
  )
}

const narrow = { width: 320, height: 860 }
const sizes = {
  '320 px': narrow,
  'a zoom of 200 %': { width: 1280, height: 860, zoom: 2 },
  'a zoom of 400 %': { width: 1280, height: 1000, zoom: 4 },
}

for (const language of languages) {
  test(`nothing is cut, too small or out of sight in any state (${language}), narrow, enlarged and with wider text (what the window shows is told in place of main) @thorough`, async ({
    launch,
  }) => {
    test.setTimeout(300_000)
    const desktop = await launch({ args: [`--lang=${language}`] })
    const { app, window, expectStatus } = desktop
    await expectStatus('signed-out')
    const lost: string[] = []
    const look = async (how: string): Promise<void> => {
      for (const [state, snapshot] of Object.entries(picturedStates)) {
        await tell(app, window, { ...snapshot, language })
        lost.push(...(await lostIn(window)).map((what) => `${how}, ${state}: ${what}`))
      }
    }
    for (const [how, size] of Object.entries(sizes)) {
      await resize(app, window, size)
      await look(how)
    }
    await spaceText(desktop)
    await resize(app, window, narrow)
    await look('wider text')
    expect(lost).toEqual([])
  })
}

test('the keys for larger text go beyond 400 %, and back @thorough', async ({ launch }) => {
  const { app, expectStatus } = await launch()
  await expectStatus('signed-out')
  const zoom = async (): Promise<number> =>
    await app.evaluate(
      ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomFactor() ?? 0,
    )
  // Electron's own event: what Playwright presses goes to the page past the window.
  const press = async (keyCode: string): Promise<void> =>
    await app.evaluate(
      ({ BrowserWindow }, code) =>
        BrowserWindow.getAllWindows()[0]?.webContents.sendInputEvent({
          type: 'keyDown',
          keyCode: code,
          modifiers: ['control'],
        }),
      keyCode,
    )
  for (let times = 0; times < 10; times += 1) await press('=')
  await expect.poll(zoom).toBeGreaterThan(4)
  await press('0')
  await expect.poll(zoom).toBe(1)
})

test('the inspector of a login reads without sideways scrolling at 320 px, also with wider text @thorough', async ({
  launch,
  browserPage,
}) => {
  test.slow()
  const desktop = await launch()
  const { app, window, action } = desktop
  await signIn(desktop, browserPage)
  await resize(app, window, narrow)
  await action('show-details').click()
  const lost: string[] = []
  const look = async (how: string): Promise<void> => {
    for (const tab of await window.locator('[data-tab]').all()) {
      await tab.click()
      const name = await tab.getAttribute('data-tab')
      await expect(window.locator(`[data-panel="${name}"]`)).toBeVisible()
      for (const fold of await window.locator('.inspector details:not([open]) > summary').all()) {
        if (await fold.isVisible()) await fold.click()
      }
      lost.push(...(await lostIn(window)).map((what) => `${how}, ${name}: ${what}`))
    }
  }
  await look('320 px')
  await spaceText(desktop)
  await look('wider text')
  expect(lost).toEqual([])
})

test('in forced colours every control has an edge, and the focus is seen (what the window shows is told in place of main) @thorough', async ({
  launch,
}) => {
  test.slow()
  const { app, window, expectStatus } = await launch()
  await expectStatus('signed-out')
  await window.emulateMedia({ forcedColors: 'active' })
  const missing: string[] = []
  for (const [state, snapshot] of Object.entries(picturedStates)) {
    await tell(app, window, snapshot)
    const found = await window.evaluate(() => {
      const without: string[] = []
      for (const control of document.querySelectorAll<HTMLElement>('button, input, select')) {
        if (!control.checkVisibility()) continue
        const { borderTopStyle, borderTopWidth, borderTopColor } = getComputedStyle(control)
        const { backgroundColor } = getComputedStyle(document.body)
        const isSeen = borderTopStyle !== 'none' && Number.parseFloat(borderTopWidth) >= 1
        if (!isSeen || borderTopColor === backgroundColor) without.push(control.outerHTML)
      }
      return without
    })
    missing.push(...found.map((control) => `${state}: ${control.slice(0, 120)}`))
    // After a key the focus that a script gives is one that shows.
    await window.keyboard.press('Shift')
    const unseen = await window.evaluate(() => {
      const without: string[] = []
      for (const control of document.querySelectorAll<HTMLElement>(
        'button:enabled, select, summary',
      )) {
        if (!control.checkVisibility()) continue
        control.focus()
        const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(control)
        const { backgroundColor } = getComputedStyle(document.body)
        const isSeen = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
        if (!isSeen || outlineColor === backgroundColor) without.push(control.outerHTML)
      }
      return without
    })
    missing.push(...unseen.map((control) => `${state}, focused: ${control.slice(0, 120)}`))
  }
  expect(missing).toEqual([])
})

test('with reduced motion nothing moves (what the window shows is told in place of main) @thorough', async ({
  launch,
}) => {
  test.slow()
  const { app, window, expectStatus } = await launch()
  await expectStatus('signed-out')
  await window.emulateMedia({ reducedMotion: 'reduce' })
  const moving: string[] = []
  const look = async (state: string): Promise<void> => {
    const found = await window.evaluate(() =>
      document.getAnimations().map((animation) => {
        const { effect } = animation
        const target = effect instanceof KeyframeEffect ? effect.target : null
        return `${target?.outerHTML.slice(0, 80)}: ${JSON.stringify(effect?.getTiming().duration)}`
      }),
    )
    moving.push(...found.map((what) => `${state}: ${what}`))
  }
  for (const [state, snapshot] of Object.entries(picturedStates)) {
    await tell(app, window, snapshot)
    await look(state)
  }
  await tell(app, window, signedIn)
  await window.locator('[data-action="show-details"]').press('Enter')
  await look('the details are opened')
  expect(moving).toEqual([])
})
