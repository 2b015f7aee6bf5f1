import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { redact, redactText } from '../redact.ts'

/** Writes one line; never throws, also when neither output nor disk takes it. */
export type Log = (event: string, details?: Readonly<Record<string, unknown>>) => void

/** What a log needs of `process.stdout` and `process.stderr`. */
export interface Output {
  readonly write: (line: string) => unknown
  readonly on: (event: 'error', listener: () => void) => unknown
}

/** Bytes after which a new file is begun. */
const maxFileSize = 1_000_000

/**
 * Writes to `<folder>/main.log` (two files of 1 MB at most) and to standard output; everything goes
 * through `redact` first. English only, for support.
 */
export function createLog(
  folder: string,
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output } = process,
): Log {
  const print = createPrinter(stdout, stderr)
  return (event, details) => {
    const text = describe(event, details)
    appendToFile(folder, `${new Date().toISOString()} ${text}\n`)
    print(`${text}\n`)
  }
}

function describe(event: string, details?: Readonly<Record<string, unknown>>): string {
  const text = redactText(event)
  if (details === undefined) return text
  try {
    return `${text} ${JSON.stringify(redact(details))}`
  } catch {
    // A thrown value can be anything, also an object whose properties throw when they are read.
    return `${text} [unreadable]`
  }
}

/**
 * A stream whose reader is gone or whose disk is full raises an `error` for every line. Without a
 * listener each would be an uncaught exception, whose handler logs: a loop that never ends. The first
 * error ends the printing for good.
 */
function createPrinter(stdout: Output, stderr: Output): (line: string) => void {
  let lost = false
  stdout.on('error', () => {
    lost = true
  })
  // The app writes nothing there, but Node and Electron do.
  stderr.on('error', () => {})
  return (line) => {
    if (!lost) stdout.write(line)
  }
}

/** A file that somebody holds open cannot be moved on Windows: it grows until it can. */
function rotate(file: string, old: string): void {
  try {
    renameSync(file, old)
  } catch {
    // The line itself is worth more than the limit.
  }
}

/** A line that the disk does not take is lost; the next one tries again. */
function appendToFile(folder: string, line: string): void {
  const file = join(folder, 'main.log')
  try {
    // The folder may have been removed since the last line.
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {}
    if (size > maxFileSize) rotate(file, join(folder, 'main.old.log'))
    appendFileSync(file, line, { mode: 0o600 })
  } catch {
    // There is no other place that could be told.
  }
}
