import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { otherFuses } from './fuses.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuses-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** An executable with nothing but Electron's fuses, which Electron's own tool then sets. */
async function executableWith(fuses: Partial<Record<FuseV1Options, boolean>>): Promise<Buffer> {
  const file = join(folder, 'executable')
  const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
  await writeFile(file, `before${sentinel}\u0001\u000810101011and after`)
  await flipFuses(file, { version: FuseVersion.V1, ...fuses })
  return await readFile(file)
}

const asInPackage = {
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableCookieEncryption]: true,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
}

it('tells no fuse of an executable that has them as a package does', async () => {
  expect(otherFuses(await executableWith(asInPackage))).toEqual([])
})

it('tells each fuse that is otherwise than in a package', async () => {
  const others = { [FuseV1Options.RunAsNode]: true, [FuseV1Options.OnlyLoadAppFromAsar]: false }
  const executable = await executableWith({ ...asInPackage, ...others })
  expect(otherFuses(executable)).toEqual(['RunAsNode on', 'OnlyLoadAppFromAsar off'])
})

it('says of what is no Electron that it has no fuses', () => {
  expect(otherFuses(Buffer.from('no fuses'))).toBe(null)
})
