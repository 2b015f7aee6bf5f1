import process from 'node:process'
import type { Runtime } from '../bootstrap/electron-runtime.mjs'

/** The certificate that an app is signed with, as a file or in base64, and its password. */
const signing = ['CSC_LINK', 'CSC_KEY_PASSWORD']

/** A key of App Store Connect, with which Apple is asked to look at the app. */
const notarisation = ['APPLE_API_KEY', 'APPLE_API_KEY_ID', 'APPLE_API_ISSUER']

/** What electron-builder takes from the environment. On Linux whoever publishes the packages signs them, later. */
const needed: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  win32: signing,
  darwin: [...signing, ...notarisation],
}

/** Says what keeps a build from being a release, in a sentence each; nothing when all is there. */
export function whatReleaseLacks(build: {
  readonly runtime: Pick<Runtime, 'version' | 'official'>
  readonly platform?: NodeJS.Platform
  readonly env?: NodeJS.ProcessEnv
}): readonly string[] {
  const { runtime, platform = process.platform, env = process.env } = build
  // A secret that a build server does not have arrives as an empty text.
  const missing = (needed[platform] ?? []).filter((name) => (env[name] ?? '').trim() === '')
  return [
    ...(runtime.official
      ? []
      : [`Electron ${runtime.version} gets no more fixes: a release needs the pinned one.`]),
    ...(missing.length === 0
      ? []
      : [`A release is signed, and these variables are not set: ${missing.join(' ')}.`]),
  ]
}
