import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { app } from 'electron'
import { diagnose, type Finding, finding } from '../doctor/diagnosis.ts'
import { report } from '../doctor/report.ts'
import { otherFuses } from './fuses.ts'
import { createSessionFetch, watchRoute } from './http.ts'
import { findProfile } from './profile-location.ts'
import { createSystemCipher, keyringName } from './safe-storage.ts'

/**
 * Finds out whether a login can work in this installation. To be used when the app is ready.
 *
 * @returns the report, and whether it can
 */
export async function examine(json: boolean): Promise<{ text: string; canLogIn: boolean }> {
  const diagnosis = await diagnose({
    findProfile,
    fetch: createSessionFetch(),
    route: watchRoute(),
    checkRuntime,
  })
  return { text: report(diagnosis, json), canLogIn: diagnosis.canLogIn }
}

/** What only Electron can tell; none of it keeps a person from logging in here and now. */
async function checkRuntime(): Promise<readonly Finding[]> {
  const { electron, chrome, node } = process.versions
  return [
    checkBrowser(),
    await checkKeyring(),
    finding('electron', 'ok', `${electron} (Chromium ${chrome}, Node ${node})`),
    app.commandLine.hasSwitch('no-sandbox')
      ? finding('sandbox', 'warning', 'switched off by --no-sandbox')
      : finding('sandbox', 'ok', 'on: Chromium ends the app where it can make none'),
    await checkFuses(),
  ]
}

function checkBrowser(): Finding {
  const name = app.getApplicationNameForProtocol('https://').trim()
  if (name === '') return finding('browser', 'warning', 'the system names none for https')
  return finding('browser', 'ok', name)
}

async function checkKeyring(): Promise<Finding> {
  const name = keyringName()
  const reason = await createSystemCipher().unavailable()
  if (reason === null) return finding('keyring', 'ok', name)
  return finding('keyring', 'warning', `${name}: ${reason}; no login is remembered`)
}

async function checkFuses(): Promise<Finding> {
  // On macOS they are in the framework beside the executable.
  const framework = '../../Frameworks/Electron Framework.framework/Electron Framework'
  const file =
    process.platform === 'darwin' ? resolve(process.execPath, framework) : process.execPath
  const others = await readFile(file).then(otherFuses, () => null)
  if (others === null) return finding('fuses', 'warning', 'cannot be read')
  if (others.length === 0) return finding('fuses', 'ok', 'as in a package of this app')
  const words = `otherwise than in a package: ${others.join(', ')}`
  return app.isPackaged
    ? finding('fuses', 'warning', words)
    : finding('fuses', 'ok', `${words}; this is none`)
}
