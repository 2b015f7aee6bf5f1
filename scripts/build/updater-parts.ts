import type { Plugin } from 'vite'

/**
 * Leaves out of electron-updater what this app never calls: the feeds of other services, and the download of
 * differences. What is called nevertheless is undefined, and so refused.
 */
export const updaterParts: Plugin = {
  name: 'updater-parts',
  enforce: 'pre',
  transform: {
    filter: {
      id: [
        /electron-updater\/out\/providers\/(?:Bitbucket|GitHub|GitLab|Keygen|PrivateGitHub)Provider\.js$/,
        /electron-updater\/out\/differentialDownloader\/\w+\.js$/,
        /builder-util-runtime\/out\/xml\.js$/,
      ],
    },
    handler: () => 'module.exports = {}',
  },
}
