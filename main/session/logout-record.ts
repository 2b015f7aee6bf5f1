import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { replaceFile } from '../replace-file.ts'

/** What a session has left at an issuer when it ended here; nothing of the person. */
export interface OpenLogout {
  /** The provider may still know the person in the browser: the next login must be a fresh one. */
  readonly freshLogin: boolean
  /** The browser has not been handed the logout. */
  readonly browser: boolean
  /** The provider has not answered the revocation of the tokens. */
  readonly revocation: boolean
}

/** Remembers, beyond the end of the process, what is still to be done about sessions that have ended. */
export interface LogoutRecord {
  /** What is open at an issuer; all is false when nothing is. */
  read(issuer: string): OpenLogout
  /** Changes what is open, on the disk before it returns. A disk that refuses is told to `onError`. */
  change(issuer: string, change: Partial<OpenLogout>): void
}

const parts = ['freshLogin', 'browser', 'revocation'] as const
/** What counts for an issuer without an entry of its own, after a file that could not be understood. */
// Stryker disable next-line StringLiteral: any text that no issuer is would do
const everyIssuer = '*'
const nothing: OpenLogout = { freshLogin: false, browser: false, revocation: false }
const fileSchema = v.record(
  v.string(),
  v.object({ freshLogin: v.boolean(), browser: v.boolean(), revocation: v.boolean() }),
)

/**
 * Opens the record in a folder. A file that cannot be understood counts as "a fresh login everywhere":
 * asking once too often costs a login, asking too rarely lets the next person in as the former one.
 */
export function openLogoutRecord(folder: string, onError: (error: unknown) => void): LogoutRecord {
  const file = join(folder, 'logout.json')
  const { entries, isWhole } = readEntries(file, onError)
  let isOnDisk = isWhole
  const read = (issuer: string): OpenLogout =>
    entries.get(issuer) ?? entries.get(everyIssuer) ?? nothing
  return {
    read,
    change: (issuer, change) => {
      const before = read(issuer)
      const next = { ...before, ...change }
      if (isOnDisk && parts.every((part) => before[part] === next[part])) return
      entries.set(issuer, next)
      isOnDisk = false
      try {
        // A folder in its place would never give way to the file.
        if (!isWhole) rmSync(file, { recursive: true, force: true })
        const isOpen = (entry: OpenLogout): boolean => parts.some((part) => entry[part])
        const left = [...entries].filter(([, entry]) => isOpen(entry) || entries.has(everyIssuer))
        replaceFile(file, `${JSON.stringify(Object.fromEntries(left), null, 2)}\n`)
        isOnDisk = true
      } catch (error) {
        onError(error)
      }
    },
  }
}

interface Entries {
  readonly entries: Map<string, OpenLogout>
  /** Whether the file was absent or understood. */
  readonly isWhole: boolean
}

function readEntries(file: string, onError: (error: unknown) => void): Entries {
  try {
    // Stryker disable next-line StringLiteral: the parser of JSON reads bytes as UTF-8, too
    const content = v.parse(fileSchema, JSON.parse(readFileSync(file, 'utf8')))
    return { entries: new Map(Object.entries(content)), isWhole: true }
  } catch (error) {
    // Stryker disable next-line ConditionalExpression,LogicalOperator: all that is thrown here is an error, and has that code or another or none
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (missing) return { entries: new Map(), isWhole: true }
    onError(error)
    const unknown = { ...nothing, freshLogin: true }
    return { entries: new Map([[everyIssuer, unknown]]), isWhole: false }
  }
}
