import { join } from 'node:path'
import { app } from 'electron'
import { parseProfile, type ProfilePlace, readProfile } from '../session/profile.ts'
import { findMachineProfile } from './machine-profile.ts'

/**
 * Finds the profile: `--config` (unpackaged runs only), else the machine's, else the user's. A profile that is
 * wrong is never passed over for the next.
 */
export async function findProfile(): Promise<ProfilePlace> {
  const named = app.commandLine.getSwitchValue('config')
  if (!app.isPackaged && named !== '') {
    return { file: named, read: () => readProfile(named, 'command-line') }
  }
  const user = join(app.getPath('userData'), 'profile.json')
  const origin = app.isPackaged ? 'user' : 'command-line'
  const own = { file: user, parse: (text: string) => parseProfile(text, origin) }
  return (await findMachineProfile()) ?? { file: user, own, read: () => readProfile(user, origin) }
}
