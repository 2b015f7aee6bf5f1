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
  const displays = ['DISPLAY', 'WAYLAND_DISPLAY', 'WAYLAND_SOCKET']
  if (platform === 'linux' && displays.every((name) => !env[name])) return 'display'
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
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another start of the app may have made it in this moment.
    if (!existsSync(folder)) throw error
  }
}
