import { act, cleanup, render } from '@testing-library/react'
import { vi } from 'vitest'
import { type Bridge, languages, type Reply, type Snapshot } from '../preload/contract.ts'
import { App } from './app.tsx'
import { connect } from './bridge.ts'
import { loadTexts } from './i18n.ts'
import { hasParts, loadLaterViews, loadParts } from './parts.ts'

// happy-dom animates nothing, and a spinner asks what moves.
Object.assign(document, { getAnimations: () => [] })

/** A main that takes every intent and changes nothing until it is told to. */
function fakeMain(first: Snapshot) {
  let listener: (snapshot: Snapshot) => void = () => undefined
  const reply: Reply = { ok: true, snapshot: first }
  const intent = () => vi.fn<(...args: unknown[]) => Promise<Reply>>(async () => reply)
  const bridge = {
    getSnapshot: intent(),
    signIn: intent(),
    cancel: intent(),
    reopenBrowser: intent(),
    copyLink: intent(),
    prolong: intent(),
    signOut: intent(),
    switchUser: intent(),
    renew: intent(),
    callApi: intent(),
    restartToUpdate: intent(),
    chooseProfile: intent(),
    copyContents: intent(),
    copyRequest: intent(),
    exportAttempt: intent(),
    inspect: vi.fn<Bridge['inspect']>(async () => null),
    revealPid: intent(),
    setLanguage: intent(),
    onSnapshot: (next) => {
      listener = next
      return () => undefined
    },
  } satisfies Bridge
  return { bridge, push: (snapshot: Snapshot) => listener(snapshot) }
}

/** Shows the window for a snapshot; `push` brings the next one. */
export async function renderApp(first: Snapshot) {
  // Of the test before. A hook here would be that of the first file alone where files share a process.
  cleanup()
  const { bridge, push } = fakeMain(first)
  await Promise.all([...languages.map(loadTexts), loadLaterViews()])
  const connection = connect(bridge, { has: hasParts, load: loadParts })
  await act(async () => {
    render(<App connection={connection} />)
  })
  return {
    bridge,
    push: (snapshot: Snapshot) => act(() => push(snapshot)),
    action: (name: string) => document.querySelector<HTMLElement>(`[data-action="${name}"]`),
    press: (name: string) =>
      act(async () => document.querySelector<HTMLElement>(`[data-action="${name}"]`)?.click()),
  }
}

/** The verbatim value of a row. */
export function valueIn(row: string): string | null | undefined {
  return document.querySelector(`${row} [data-value]`)?.textContent
}
