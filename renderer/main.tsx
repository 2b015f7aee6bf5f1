import './design-system.css'
import '@digdir/designsystemet-css/theme'
import './app.css'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { connect, exposedBridge } from './bridge.ts'
import { loadTexts } from './i18n.ts'
import { hasParts, loadLaterViews, loadParts } from './parts.ts'

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

const connection = connect(exposedBridge(), { has: hasParts, load: loadParts })
// What the page was built with stays until main has said what to show, or that it says nothing.
const stop = connection.subscribe(() => {
  stop()
  void begin(root)
})

async function begin(place: HTMLElement): Promise<void> {
  if (connection.read().snapshot === null) await loadTexts('nb')
  place.inert = false
  createRoot(place).render(<App connection={connection} />)
  requestIdleCallback(() => void loadLaterViews())
}
