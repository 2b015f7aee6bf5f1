import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { startSimulator } from '../simulator/simulator.ts'
import type { Simulator } from '../simulator/simulator.ts'

/** A running simulator, and a folder of its own with the profile for it. */
export interface SimulatedProfile {
  readonly simulator: Simulator
  readonly folder: string
  /** What tells the app to use the profile, and to keep its data in the folder. */
  readonly args: readonly string[]
}

/**
 * Starts a simulator for the time of some work, and removes everything after it.
 *
 * @param work gets the arguments for the app
 * @returns what the work returns
 */
export async function withSimulator<T>(
  work: (profile: SimulatedProfile) => Promise<T>,
): Promise<T> {
  const simulator = await startSimulator()
  const folder = await mkdtemp(path.join(os.tmpdir(), 'idporten-desktop-'))
  try {
    const config = path.join(folder, 'profile.json')
    await writeFile(config, JSON.stringify(simulator.profile, null, 2))
    const args = [`--config=${config}`, `--user-data-dir=${path.join(folder, 'user-data')}`]
    return await work({ simulator, folder, args })
  } finally {
    await simulator.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
