import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** What keeps the app from starting: nowhere to show a window, or nowhere to keep its data. */
export type Obstacle = 'display' | 'data folder'

/**
 * Finds what keeps the app from starting, so that it can say so: Chromium crashes without a display, and without a
 * data folder the app could not tell whether it runs already or who has to log in anew.
 */
export function findObstacle(
  dataFolder: string,
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
): Obstacle | null {
  const isHeadless = platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']
  if (isHeadless) return 'display'
  return isWritable(dataFolder) ? null : 'data folder'
}

function isWritable(folder: string): boolean {
  try {
    makeFolder(folder)
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Node's own recursive way never ends where a system answers ENOENT for a folder that is there, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}
