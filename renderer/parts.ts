import { isStart, type Snapshot } from '../preload/contract.ts'
import { hasTexts, loadTexts } from './i18n.ts'
import type * as Later from './views/later.ts'
import { isWorking } from './views/working.tsx'

let later: typeof Later | null = null

/** Fetches the views that come after the start. */
export async function loadLaterViews(): Promise<void> {
  later ??= await import('./views/later.ts')
}

/** The views that come after the start; no snapshot that needs them is shown before they are there. */
export function laterViews(): typeof Later {
  if (later === null) throw new Error('the views have not been fetched')
  return later
}

/** Tells whether all is there that a snapshot is shown with: the texts of its language, and its view. */
export function hasParts(snapshot: Snapshot): boolean {
  return hasTexts(snapshot.language) && (later !== null || !needsLaterViews(snapshot))
}

/** Fetches what a snapshot is shown with. */
export async function loadParts(snapshot: Snapshot): Promise<void> {
  await Promise.all([
    loadTexts(snapshot.language),
    needsLaterViews(snapshot) ? loadLaterViews() : null,
  ])
}

function needsLaterViews(snapshot: Snapshot): boolean {
  return snapshot.update !== null || (!isStart(snapshot) && !isWorking(snapshot.status))
}
