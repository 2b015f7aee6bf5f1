import { spawn } from 'node:child_process'
import process from 'node:process'

/** `start` is a word of cmd.exe alone, and a shell would read the address; `rundll32` opens the same browser. */
const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/**
 * Opens an address in the person's browser, which goes on when this program has ended. `onFailed` is told why no
 * browser opened, as far as the system says so.
 */
export function openInBrowser(address: string, onFailed: (reason: string) => void): void {
  const [opener, ...args] = openers[process.platform] ?? ['xdg-open']
  const browser = spawn(opener, [...args, address], { detached: true, stdio: 'ignore' })
  browser.once('error', (error: NodeJS.ErrnoException) => {
    onFailed(error.code === 'ENOENT' ? `there is no ${opener}` : `${opener} did not start`)
  })
  browser.once('exit', (code) => {
    if (code !== 0) onFailed(`${opener} could not`)
  })
  browser.unref()
}
