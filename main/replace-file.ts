import { renameSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Replaces a file, readable for its owner only, and returns when it is on the disk: killed at any
 * moment, the file is the old one or the new one. Throws what the file system throws.
 */
export function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flush: true })
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
