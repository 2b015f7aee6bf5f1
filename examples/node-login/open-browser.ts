/** Opens an address in the person's browser, which goes on when this program has ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

export async function openBrowser(address: string): Promise<void> {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open']
  const browser = spawn(command, [...args, address], { detached: true, stdio: 'ignore' })
  await once(browser, 'spawn')
  browser.unref()
}
