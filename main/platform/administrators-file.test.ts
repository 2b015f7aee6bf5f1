import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { administratorsFile, isOpenToOthers } from './administrators-file.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'administrators-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('who can change a file or folder', () => {
  it.each([
    [0, 0o100644],
    [0, 0o100400],
    [0, 0o040755],
    [0, 0o040700],
  ])('root alone, with owner %i and mode %o', (uid, mode) => {
    expect(isOpenToOthers({ uid, mode })).toBe(false)
  })

  it.each([
    [1000, 0o100644],
    [1000, 0o100400],
    [0, 0o100664],
    [0, 0o100646],
    [0, 0o040775],
    [0, 0o041777],
    [65534, 0o040755],
  ])('others too, with owner %i and mode %o', (uid, mode) => {
    expect(isOpenToOthers({ uid, mode })).toBe(true)
  })
})

// Windows has neither these files nor these permissions.
describe.skipIf(process.platform === 'win32')('a file is', () => {
  const system = realpathSync('/etc/passwd')
  const refusal = (place: string) =>
    new Error(`can be changed by others than administrators, at ${place}`)

  it('accepted when it and all its folders are root’s', async () => {
    expect(await administratorsFile(system)).toBe(system)
  })

  it('refused when one of its folders is open to others, even if the file is root’s', async () => {
    // Root makes a file of root's here, anyone else one of their own: in both the folder is open.
    chmodSync(folder, 0o777)
    const inner = join(folder, 'inner')
    mkdirSync(inner, { mode: 0o755 })
    const file = join(inner, 'profile.json')
    writeFileSync(file, '{}', { mode: 0o644 })
    const first = process.getuid?.() === 0 ? folder : inner
    await expect(administratorsFile(file)).rejects.toEqual(refusal(first))
  })

  it('refused when it is a link that others can replace, even if its target is root’s', async () => {
    chmodSync(folder, 0o777)
    const link = join(folder, 'profile.json')
    symlinkSync(system, link)
    await expect(administratorsFile(link)).rejects.toEqual(refusal(folder))
  })

  it('refused when it cannot be reached', async () => {
    const link = join(folder, 'profile.json')
    symlinkSync(join(folder, 'nothing'), link)
    await expect(administratorsFile(link)).rejects.toThrow('cannot be read')
  })
})
