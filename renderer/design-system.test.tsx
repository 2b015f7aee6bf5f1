// @vitest-environment happy-dom
import allStyles from '@digdir/designsystemet-css/index.css?inline'
import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../preload/contract.ts'
import bundledStyles from './design-system.css?inline'
import inspectorStyles from './inspector/inspector.css?inline'
import laterStyles from './views/later.css?inline'
import { apiOf, failed, signedIn, signedOut, waiting } from '../test/support/snapshots.ts'
import { renderApp } from './fixtures.tsx'

/** The classes that have a rule of their own, and are not only mentioned by those of something else. */
function classesIn(styles: string): Set<string> {
  return new Set(styles.match(/(?<=[{}]\s*(?::where\()?\.)ds-[\w-]+(?=\)?\s*\{)/g))
}

const all = classesIn(allStyles)
const bundled = classesIn(bundledStyles + laterStyles + inspectorStyles)

const snapshots: readonly Snapshot[] = [
  signedOut,
  { ...signedOut, status: 'restoring' },
  { ...signedOut, status: 'exchanging' },
  failed(),
  waiting,
  { ...signedIn, renewing: 'browser', waiting: waiting.waiting },
  {
    ...signedIn,
    session: { ...signedIn.session, apis: [apiOf(), apiOf({ name: 'health', granted: false })] },
  },
]

describe('the styles of the design system', () => {
  it.each(snapshots)('are bundled for all that $status shows', async (snapshot) => {
    await renderApp(snapshot)

    const shown = [...document.querySelectorAll('[class]')].flatMap((element) => [
      ...element.classList,
    ])
    const styled = shown.filter((name) => all.has(name))
    expect(styled).toContain('ds-heading')
    expect(styled.filter((name) => !bundled.has(name))).toStrictEqual([])
  })

  it('are not bundled for components that the window does not have', () => {
    expect(all).toContain('ds-table')
    expect(bundled).not.toContain('ds-table')
  })
})
