import process from 'node:process'
import { seed, thorough } from './thorough.ts'

/** Says at the start of a run which seed repeats it, and whether there is more to run. */
export default function announce(): void {
  const more = thorough ? '' : '; npm run test:all runs more'
  process.stderr.write(`\nProperties with seed ${seed} (to repeat them: --seed=${seed})${more}\n`)
}
