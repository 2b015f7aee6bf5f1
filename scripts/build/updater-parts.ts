import type { Plugin } from 'vite'

/** Of electron-updater what this app never calls: the feeds of other services, and the download of differences. */
const unused = [
  /electron-updater\/out\/providers\/(?:Bitbucket|GitHub|GitLab|Keygen|PrivateGitHub)Provider\.js$/,
  /electron-updater\/out\/differentialDownloader\/\w+\.js$/,
  /builder-util-runtime\/out\/xml\.js$/,
]

/**
 * Leaves out of what is built for Linux the whole updater, since the package manager updates the app there, and
 * elsewhere the parts of electron-updater that are not used. What is called nevertheless is undefined, and so refused.
 */
export const updaterParts = (platform: string): Plugin => ({
  name: 'updater-parts',
  enforce: 'pre',
  transform: {
    filter: {
      id: platform === 'linux' ? /main\/platform\/updates\/updater\.ts$/ : unused,
    },
    handler: () =>
      platform === 'linux' ? 'export const createUpdater = undefined' : 'module.exports = {}',
  },
})
