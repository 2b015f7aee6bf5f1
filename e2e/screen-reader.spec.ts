import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Language, Snapshot } from '../preload/contract.ts'
import { picturedStates } from '../test/support/pictured-states.ts'
import { tell } from '../test/support/told-window.ts'
import { type Desktop, expect, type LaunchOptions, logInAt, test } from './fixtures/desktop.ts'

/**
 * What a screen reader gets of the window from the desktop, over AT-SPI on a real bus. `e2e/screen-reader/` keeps it,
 * reviewed by reading; IDPORTEN_DESKTOP_KEEP_TREES=1 writes it anew.
 */

interface ScreenReader {
  readonly tree: () => Promise<string>
  /** Presses a control by its name, through the action interface. */
  readonly press: (name: string) => Promise<string>
  /** Everything that live regions have said so far. */
  readonly heard: () => Promise<readonly string[]>
}

const python = '/usr/bin/python3'
const kept = path.join('e2e', 'screen-reader')

/** What the app needs in order to tell the desktop, as it does by itself where a screen reader runs. */
const accessible: LaunchOptions = {
  args: ['--force-renderer-accessibility'],
  env: { ACCESSIBILITY_ENABLED: '1', GSETTINGS_BACKEND: 'memory' },
}

function readerOf(child: ChildProcessWithoutNullStreams): ScreenReader {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const said: string[] = []
  let errors = ''
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const ask = async (command: string): Promise<string[]> => {
    child.stdin.write(`${command}\n`)
    const answer: string[] = []
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one line after the other
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`desktop-tree.py ended: ${errors}`)
      if (value === '.') return answer
      answer.push(value)
    }
  }
  return {
    tree: async () => (await ask('tree ')).join('\n'),
    press: async (name) => (await ask(`press ${name}`)).join('\n'),
    heard: async () => {
      said.push(...(await ask('heard')))
      return said
    },
  }
}

const withReader = test.extend<{ reader: ScreenReader }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures from here.
  reader: async ({}, use) => {
    const child = spawn(python, ['-W', 'ignore', 'test/support/desktop-tree.py'], {
      env: { ...process.env, GSETTINGS_BACKEND: 'memory' },
    })
    await use(readerOf(child))
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
  },
})

/** Waits until the desktop has what the window shows: its title is the last that changes. */
async function settled(reader: ScreenReader, { window }: Desktop): Promise<string> {
  const title = await window.title()
  const heading = (await window.locator('h1').textContent()) ?? ''
  await expect
    .poll(reader.tree, { message: 'the tree of the desktop', timeout: 30_000 })
    .toMatch(new RegExp(`^document web "${title}"[^]*heading 1 "${heading}" focused`))
  return await reader.tree()
}

const central: readonly [state: string, language: Language][] = [
  ['restoring', 'nb'],
  ['first run', 'nb'],
  ['preparing', 'nb'],
  ['waiting', 'nb'],
  ['waiting, no browser yet', 'nb'],
  ['waiting, little time', 'nb'],
  ['exchanging', 'nb'],
  ['signed in', 'nb'],
  ['signed in, with services', 'nb'],
  ['signed in, about to end', 'nb'],
  ['renewing, in the browser', 'nb'],
  ['declined', 'nb'],
  ['clock wrong', 'nb'],
  ['asked to wait', 'nb'],
  ['E_PROFILE_INVALID', 'nb'],
  ['signing out', 'nb'],
  ['signed out', 'nb'],
  ['sign-out failed', 'nb'],
  ['waiting', 'nn'],
  ['signed in', 'en'],
  ['waiting', 'se'],
]

/** Without times, which count down, and the empty place that the design system adds when the inspector has been fetched. */
const steady = (tree: string): string =>
  tree.replaceAll(/\b\d+:\d\d(?::\d\d)?\b/g, '<time>').replace(/\n {2}section live=assertive$/, '')

const stateOf = (name: string): Snapshot => {
  const snapshot = picturedStates[name]
  if (snapshot === undefined) throw new Error(`no state ${name}`)
  return snapshot
}

withReader(
  'the desktop gets every central state with its names, roles and order as they were reviewed (what the window shows is told in place of main) @thorough',
  async ({ launch, reader }) => {
    test.setTimeout(240_000)
    const desktop = await launch(accessible)
    await desktop.expectStatus('signed-out')
    for (const [state, language] of central) {
      // A view that has the same heading keeps the focus where it was: each state begins anew.
      await tell(desktop.app, desktop.window, { ...stateOf('restoring'), language })
      await tell(desktop.app, desktop.window, { ...stateOf(state), language })
      await expect(desktop.root).toHaveAttribute('lang', language)
      const tree = steady(await settled(reader, desktop))
      const file = path.join(kept, `${state} ${language}.txt`.replaceAll(/[^\w.-]+/g, '-'))
      if (process.env['IDPORTEN_DESKTOP_KEEP_TREES'] === '1') await writeFile(file, `${tree}\n`)
      expect.soft(`${tree}\n`, file).toBe(await readFile(file, 'utf8'))
      const unnamed = /^ *(?:push button|toggle button|combo box|entry|page tab|link)(?! ")/m
      expect.soft(tree, `${file}: every control has a name`).not.toMatch(unnamed)
    }
  },
)

withReader(
  'a login from the start to the sign-out by actions of the desktop alone @thorough',
  async ({ launch, reader, browserPage }) => {
    test.slow()
    const desktop = await launch(accessible)
    await desktop.expectStatus('signed-out')
    await settled(reader, desktop)
    expect(await reader.press('Logg inn')).toBe('pressed')
    await desktop.expectStatus('waiting-for-browser')
    const page = await browserPage('[data-action="login"]')
    await settled(reader, desktop)
    expect(await reader.press('Kopier lenken')).toBe('pressed')
    const copied = 'Lenken er kopiert. Den virker én gang og bare på denne maskinen.'
    await expectOnce(reader, copied)
    await logInAt(page)
    await desktop.expectStatus('signed-in')
    const tree = await settled(reader, desktop)
    expect(tree, 'the status of the app is told').toContain('"Du er logget inn')
    expect(await reader.press('Logg ut')).toBe('pressed')
    await desktop.expectStatus('signed-out')
    await settled(reader, desktop)
    await expectOnce(reader, copied)
  },
)

/** An announcement arrives, and is not repeated; each asks anew, so later ones count too. */
async function expectOnce(reader: ScreenReader, text: string): Promise<void> {
  const times = async (): Promise<number> => {
    const heard = await reader.heard()
    return heard.filter((line) => line.includes(text)).length
  }
  await expect.poll(times, text).toBe(1)
}

withReader(
  'what comes while somebody waits is announced, and once (what the window shows is told in place of main) @thorough',
  async ({ launch, reader }) => {
    test.slow()
    const desktop = await launch(accessible)
    const { app, window } = desktop
    await desktop.expectStatus('signed-out')
    await tell(app, window, stateOf('waiting'))
    await settled(reader, desktop)
    await tell(app, window, stateOf('waiting, no browser yet'))
    const hint = (await window.locator('[data-hint] h2').textContent()) ?? ''
    expect(hint).not.toBe('')
    await expectOnce(reader, hint)
    await tell(app, window, stateOf('waiting, little time'))
    const short = (await window.locator('.time-status').textContent()) ?? ''
    expect(short).not.toBe('')
    await expectOnce(reader, short)

    await tell(app, window, stateOf('signed in'))
    await settled(reader, desktop)
    await tell(app, window, stateOf('signed in, about to end'))
    const ends = (await window.locator('[data-ends-soon]').textContent()) ?? ''
    expect(ends).not.toBe('')
    await expectOnce(reader, ends)
    // The clock has gone on: what was said is not said again.
    await expect(window.locator('[data-time-left="session"]')).toContainText('1:16')
    for (const text of [hint, short, ends]) await expectOnce(reader, text)
  },
)
