import { shell } from 'electron'
import { failure } from '../login/index.ts'

/** A one-time start address of our own listener: the only kind of address that is ever opened. */
const startAddress = /^http:\/\/127\.0\.0\.1:\d{1,5}\/[\w-]{32}$/

/**
 * Opens the system browser. Main builds the address; the renderer cannot give one.
 * On Linux it may resolve although no browser came up.
 *
 * @throws {LoginError} `E_BROWSER_OPEN`
 */
export async function openBrowser(address: string): Promise<void> {
  if (!startAddress.test(address)) throw failure('E_BROWSER_OPEN', 'browser', 'not a start address')
  try {
    await shell.openExternal(address)
  } catch (cause) {
    throw failure('E_BROWSER_OPEN', 'browser', 'the system refused', { cause })
  }
}
