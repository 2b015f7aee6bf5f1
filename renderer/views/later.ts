/** The views that come after the start: one chunk of its own, so that the first can be there at once. */
import './later.css'

export { loadInspector } from '../components/details.tsx'
export { Update } from '../components/update.tsx'
export { SignedIn } from './signed-in.tsx'
export { SignedOut } from './signed-out.tsx'
export { Waiting } from './waiting.tsx'
