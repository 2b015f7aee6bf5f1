import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../login/index.ts'
import { codeOf, Damaged } from './failures.ts'

/** Milliseconds between two tries of what another program holds up: the first pause, and the last. */
const firstPause = 10
const longestPause = 320

/** The one file of the vault, and the place for one that is damaged. Its calls must not run side by side. */
export interface VaultFile {
  /** Gives the bytes, or null when there is no file. Throws `Damaged` for what is no plain file, or huge. */
  read(): Promise<Buffer | null>
  /** Replaces the file as a whole: killed at any moment, it is the old or the new one. */
  replace(bytes: Uint8Array): Promise<void>
  /** Puts the file aside as `vault.bad`, over an older one. */
  setAside(): Promise<void>
  /** Removes the file and what was put aside. Throws only when the file can be neither removed nor emptied. */
  remove(): Promise<void>
}

/** Knows the vault's file in a folder; `maximumSize` is in bytes, and `onError` is told of what is not thrown. */
export function vaultFile(options: {
  readonly folder: string
  readonly maximumSize: number
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}): VaultFile {
  const { folder, clock, onError } = options
  const file = join(folder, 'vault')
  const bad = `${file}.bad`

  const setAside = async (): Promise<void> => {
    await rm(bad, { recursive: true, force: true })
    await retry(clock, () => rename(file, bad))
  }

  return {
    read: async () => {
      await removeLeftovers(folder).catch(onError)
      return await load(file, options.maximumSize)
    },
    replace: async (bytes) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // A file takes the place of a file or a symbolic link, but not of a folder.
      if ((await find(file))?.isDirectory() === true) await setAside()
      const temporary = `${file}.${randomBytes(8).toString('hex')}.tmp`
      try {
        const handle = await open(temporary, 'wx', 0o600)
        try {
          await handle.writeFile(bytes)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await retry(clock, () => rename(temporary, file))
      } catch (error) {
        await rm(temporary, { force: true }).catch(onError)
        throw error
      }
      await syncFolder(folder)
    },
    setAside,
    remove: async () => {
      await removeLeftovers(folder).catch(onError)
      await rm(bad, { recursive: true, force: true }).catch(onError)
      await retry(clock, () => rm(file, { recursive: true, force: true })).catch(
        async (error: unknown) => {
          onError(error)
          await empty(file)
        },
      )
      // Stryker disable next-line CallExpression: only a computer that loses its power shows the difference
      await syncFolder(folder)
    },
  }
}

/** Reads a file that is a plain one with one name and not huge, or gives null when there is nothing. */
async function load(file: string, maximumSize: number): Promise<Buffer | null> {
  const there = await find(file)
  if (there === null) return null
  if (!there.isFile() || there.nlink > 1) throw new Damaged('not a plain file')
  if (there.size > maximumSize) throw new Damaged('huge')
  // Should another thing have come in its place since: no link is followed, no pipe waited for.
  // Windows has neither flag; they count as 0 there.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** What stands at a path itself, links not followed; null when nothing does. */
async function find(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Removes what writes left that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  // Stryker disable next-line ArrayDeclaration: a name that is no leftover is left alone
  const names = (await find(folder)) === null ? [] : await readdir(folder)
  const leftovers = names.filter((name) => /^vault\.[0-9a-f]{16}\.tmp$/.test(name))
  // Stryker disable next-line ObjectLiteral,BooleanLiteral: one that is gone already is gone for another process only
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })))
}

/** Where a file may not be removed, it may still be emptied. */
async function empty(file: string): Promise<void> {
  const { O_WRONLY, O_TRUNC, O_NOFOLLOW } = constants
  const handle = await open(file, O_WRONLY | O_TRUNC | O_NOFOLLOW)
  await handle.close()
}

/** Makes the names in a folder last through a power failure, where the system can (Windows cannot). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The file itself is safe; only its being there may be lost.
  }
}

/** Tries again for less than a second what a virus scanner on Windows can hold up. */
async function retry(clock: Clock, work: () => Promise<void>, pause = firstPause): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (pause > longestPause || !['EPERM', 'EBUSY', 'EACCES'].includes(codeOf(error))) throw error
    await new Promise<void>((resolve) => {
      clock.after(pause, resolve)
    })
    await retry(clock, work, pause * 2)
  }
}
