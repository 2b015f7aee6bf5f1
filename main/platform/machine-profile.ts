import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError } from '../errors.ts'
import { type Profile, type ProfilePlace, readProfile } from '../session/profile.ts'
import { administratorsFile } from './administrators-file.ts'

/**
 * Where administrators put a profile for everyone: fixed, so that no variable can move it, and outside
 * of every folder that an installer, an update or an uninstaller of this app empties.
 */
export const machineProfiles: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: '/etc/idporten-desktop/profile.json',
  darwin: '/Library/Application Support/ID-porten Desktop/profile.json',
  win32: String.raw`C:\Program Files\ID-porten Desktop Profile\profile.json`,
}

/** The machine's profile; null when there is none. */
export async function findMachineProfile(): Promise<ProfilePlace | null> {
  const file = machineProfiles[process.platform]
  if (file === undefined || !(await exists(file))) return null
  return { file, read: () => readMachineProfile(file) }
}

/**
 * Reads a file as the machine's profile, for administrators who want to know before they roll it out. Who may change
 * it counts only where the app would read it.
 *
 * @throws {AppError} `E_PROFILE_INVALID`
 */
export async function checkProfile(file: string): Promise<void> {
  const isInPlace = resolve(file) === machineProfiles[process.platform]
  await (isInPlace ? readMachineProfile(file) : readProfile(file, 'machine'))
}

async function readMachineProfile(place: string): Promise<Profile> {
  const file = await administratorsFile(place).catch(refuse)
  return await readProfile(file, 'machine')
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    // A profile that is there but cannot be read must not make way for the user's own.
    return !(
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'ENOTDIR'].includes(String(error.code))
    )
  }
}

function refuse(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : 'cannot be read'
  throw new AppError('E_PROFILE_INVALID', `profile: ${reason}`, {
    cause,
    detail: { key: 'file', reason },
  })
}
