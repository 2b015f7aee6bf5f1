import process from 'node:process'

/** Whether this is the thorough run (`npm run test:all`), which has what a merge need not wait for. */
export const thorough = process.env['IDPORTEN_DESKTOP_THOROUGH'] === '1'

/** How often a property is tried: so often for a merge, and so often in the thorough run. */
export const runs = (merge: number, all: number): number => (thorough ? all : merge)

// The first process of a run chooses the seed, and the others get it with their environment.
process.env['IDPORTEN_DESKTOP_SEED'] ??= thorough
  ? String(Math.floor(Math.random() * 0x7fffffff))
  : '1'

/** The seed of all properties: the same for every merge, another one for each thorough run. */
export const seed = Number(process.env['IDPORTEN_DESKTOP_SEED'])
