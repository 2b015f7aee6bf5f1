import { chmod, cp, mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses'
import type { Runtime } from '../bootstrap/electron-runtime.mjs'
import { project } from '../bootstrap/setup.mjs'
import { appName, dist, run, sourceDate } from './tools.ts'

/** The app as a folder. */
export const unpacked = path.join(dist, 'linux-unpacked')

/** The same with the one fuse that Playwright's Electron driver needs. */
export const testFlavour = path.join(dist, 'test-flavour')

/** Builds the three parts, and makes the unpacked app of them in `dist/`. */
export async function buildUnpacked({ executable, version }: Runtime): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: String(sourceDate()) }
  await rm(dist, { recursive: true, force: true })
  for (const part of ['main', 'preload', 'renderer']) {
    const vite = path.join(project, 'node_modules/vite/bin/vite.js')
    // oxlint-disable-next-line no-await-in-loop -- one after the other, for whoever reads the output
    await run(process.execPath, [vite, 'build', '-c', `vite.${part}.config.ts`], { env })
  }
  const builder = path.join(project, 'node_modules/electron-builder/cli.js')
  await run(
    process.execPath,
    [
      builder,
      '--dir',
      '--publish=never',
      `-c.electronDist=${path.dirname(executable)}`,
      `-c.electronVersion=${version}`,
    ],
    { env },
  )
  if (process.platform !== 'linux') return
  await settlePermissions(unpacked)
  await makeTestFlavour()
}

/** Everyone reads and nobody but the owner writes, whatever the umask of the build was. */
async function settlePermissions(folder: string): Promise<void> {
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
