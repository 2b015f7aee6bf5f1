import { chmod, cp, mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses'
import type { Runtime } from '../bootstrap/electron-runtime.mjs'
import { project } from '../bootstrap/setup.mjs'
import { writeNotices } from './notices.ts'
import { appName, dist, run, sourceDate } from './tools.ts'

/** The app as a folder. */
export const unpacked = path.join(dist, 'linux-unpacked')

/** The same with the one fuse that Playwright's Electron driver needs. */
export const testFlavour = path.join(dist, 'test-flavour')

/** What electron-builder makes beside the unpacked app. */
export interface Building {
  /** Makes the installers of Windows and macOS; those of Linux are packed later. */
  readonly installers: boolean
  /** Ends when an app for Windows or macOS could not be signed. */
  readonly release: boolean
}

/** Builds the three parts, and makes the unpacked app of them in `dist/`; the installers too, where they are asked for. */
export async function buildUnpacked(runtime: Runtime, building: Building): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: String(sourceDate()) }
  await rm(dist, { recursive: true, force: true })
  for (const part of ['main', 'preload', 'renderer']) {
    const vite = path.join(project, 'node_modules/vite/bin/vite.js')
    // oxlint-disable-next-line no-await-in-loop -- one after the other, for whoever reads the output
    await run(process.execPath, [vite, 'build', '-c', `vite.${part}.config.ts`], { env })
  }
  await writeNotices(runtime.executable)
  const builder = path.join(project, 'node_modules/electron-builder/cli.js')
  await run(process.execPath, [builder, ...builderOptions(runtime, building)], { env })
  if (process.platform !== 'linux') return
  await settlePermissions(unpacked)
  await makeTestFlavour()
}

function builderOptions({ executable, version }: Runtime, building: Building): string[] {
  const isLinux = process.platform === 'linux'
  // An app for both kinds of Mac is made of two Electrons, which the builder downloads and checks itself.
  const isMac = process.platform === 'darwin'
  return [
    '--publish=never',
    `-c.electronVersion=${version}`,
    ...(isMac ? [] : [`-c.electronDist=${path.dirname(executable)}`]),
    ...(isLinux || !building.installers ? ['--dir'] : []),
    ...(building.release ? ['-c.forceCodeSigning=true'] : []),
  ]
}

/** Everyone reads and nobody but the owner writes, whatever the umask of the build was. */
export async function settlePermissions(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const isProgram = [appName, 'chrome-sandbox', 'chrome_crashpad_handler'].includes(entry.name)
    const mode = entry.isDirectory() || isProgram ? 0o755 : 0o644
    // oxlint-disable-next-line no-await-in-loop
    await chmod(path.join(entry.parentPath, entry.name), mode)
  }
}

async function makeTestFlavour(): Promise<void> {
  await mkdir(testFlavour)
  await cp(unpacked, testFlavour, { recursive: true })
  await flipFuses(path.join(testFlavour, appName), {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  })
}
