/**
 * Hook of electron-builder, before it sets the fuses of electron-builder.yml: decides the one fuse
 * that it does not know, and stops when the runtime has a fuse that nobody has decided.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { flipFuses, FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses'

/**
 * @param {{ appOutDir: string, electronPlatformName: string, packager: { executableName: string, appInfo: { productFilename: string } } }} context
 */
export default async function afterPack(context) {
  const { appOutDir, electronPlatformName, packager } = context
  const name = packager.appInfo.productFilename
  const executable = path.join(
    appOutDir,
    electronPlatformName === 'darwin'
      ? `${name}.app/Contents/MacOS/${name}`
      : electronPlatformName === 'win32'
        ? `${name}.exe`
        : packager.executableName,
  )
  const wire = await getCurrentFuseWire(executable)
  const fuses = Object.keys(wire)
    .filter((key) => /^\d+$/u.test(key))
    .map(Number)
  const undecided = fuses.filter((fuse) => FuseV1Options[fuse] === undefined)
  if (undecided.length > 0) throw new Error(`Nobody has decided fuse ${undecided.join(', ')}`)
  // An older runtime has a shorter wire.
  if (fuses.includes(FuseV1Options.WasmTrapHandlers)) {
    await flipFuses(executable, {
      version: FuseVersion.V1,
      [FuseV1Options.WasmTrapHandlers]: true,
    })
  }
  // What the fallback runtime brings along for development: a stand-in for the default app, and our own mark.
  if (electronPlatformName === 'linux') {
    await rm(path.join(appOutDir, 'resources/app'), { recursive: true, force: true })
    await rm(path.join(appOutDir, '.complete.json'), { force: true })
  }
}
