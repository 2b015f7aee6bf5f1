import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { runPowerShell, windows } from './power-shell.ts'
import { grantsChangesToOthers } from './windows-access-list.ts'

/** Milliseconds that PowerShell may take: the app starts after it. */
const powerShellLimit = 10_000

/**
 * The real path of a file that administrators alone can change: the file and each folder on the way
 * to it belong to them, and nobody else can write to one. A folder counts because whoever can write
 * to it can put another file in the place of this one. Throws `Error` with the reason.
 */
export async function administratorsFile(file: string): Promise<string> {
  const real = await realpath(file).catch((cause: unknown) => {
    throw new Error('cannot be read', { cause })
  })
  const open = await (process.platform === 'win32'
    ? findOpenOnWindows(file, real)
    : findOpenOnUnix([...foldersOf(file), real, ...foldersOf(real)]))
  if (open === undefined) return real
  throw new Error(`can be changed by others than administrators, at ${open}`)
}

/** Whether anyone but root can change a file or folder with this owner and these permissions. */
export function isOpenToOthers({ uid, mode }: { uid: number; mode: number }): boolean {
  return uid !== 0 || (mode & 0o022) !== 0
}

async function findOpenOnUnix(places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    if (isOpenToOthers(await stat(place))) return place
  }
  return undefined
}

function foldersOf(file: string): string[] {
  const folder = path.dirname(file)
  return folder === file ? [] : [folder, ...foldersOf(folder)]
}

/**
 * `C:\` itself is left out: by default everyone may make folders there, which does not let them
 * rename or replace one that is there.
 */
async function findOpenOnWindows(file: string, real: string): Promise<string | undefined> {
  // On a computer that has Windows elsewhere, everyone could have made these folders.
  if (process.env['SystemRoot']?.toLowerCase() !== windows.toLowerCase()) {
    throw new Error(`cannot be checked, because Windows is not in ${windows}`)
  }
  if (real.toLowerCase() !== file.toLowerCase()) throw new Error('is reached through a link')
  const places = [file, ...foldersOf(file).slice(0, -1)]
  const lists = await readAccessLists(places).catch((cause: unknown) => {
    throw new Error('cannot be checked, because its access list cannot be read', { cause })
  })
  return places.find((_, number) => grantsChangesToOthers(lists[number] ?? ''))
}

/** The access lists as SDDL, which names accounts by number: their names depend on the language. */
async function readAccessLists(places: readonly string[]): Promise<readonly string[]> {
  const list = places.map((place) => `'${place}'`).join()
  const lines = await runPowerShell(
    `(Get-Acl -ErrorAction Stop -LiteralPath ${list}).Sddl`,
    powerShellLimit,
  )
  return lines.split(/\r?\n/)
}
