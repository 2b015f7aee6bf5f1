import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The system's folder, as a constant: whoever starts the app chooses its environment variables. */
export const windows = String.raw`C:\Windows`
const folder = String.raw`${windows}\System32\WindowsPowerShell\v1.0`

/**
 * Runs a script in the system's own PowerShell, with no other variables than those that are given to it.
 *
 * @param limit milliseconds that it may take
 * @returns what the script prints
 */
export async function runPowerShell(
  script: string,
  limit: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  // Modules are looked for in the person's own folders too, where another command of that name could be.
  const safe = `$env:PSModulePath = '${folder}\\Modules'; ${script}`
  const { stdout } = await promisify(execFile)(
    String.raw`${folder}\powershell.exe`,
    ['-NoProfile', '-NonInteractive', '-Command', safe],
    { env: { ...variables, SystemRoot: windows }, timeout: limit, windowsHide: true },
  )
  return stdout
}
