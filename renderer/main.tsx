import './design-system.css'
import '@digdir/designsystemet-css/theme'
import './app.css'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { connect, exposedBridge } from './bridge.ts'

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

createRoot(root).render(<App connection={connect(exposedBridge())} />)
