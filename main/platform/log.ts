import { join } from 'node:path'
import log from 'electron-log/node'
import { redact, redactText } from '../redact.ts'

export type Log = (event: string, details?: Readonly<Record<string, unknown>>) => void

/**
 * Writes to `<folder>/main.log` (two files of 1 MB at most) and to standard output; everything goes
 * through `redact` first. English only, for support.
 */
export function createLog(folder: string): Log {
  log.transports.file.resolvePathFn = () => join(folder, 'main.log')
  log.transports.file.maxSize = 1_000_000
  log.transports.file.format = '{iso} {text}'
  log.transports.file.writeOptions = { flag: 'a', mode: 0o600, encoding: 'utf8' }
  log.transports.console.format = '{text}'
  return (event, details) => {
    const text = redactText(event)
    log.info(details === undefined ? text : `${text} ${JSON.stringify(redact(details))}`)
  }
}
