import { readFileSync } from 'node:fs'
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
  const { entries, otherwise } = readEntries(file, onError)
  return {
    read: (issuer) => entries.get(issuer) ?? otherwise,
    change: (issuer, change) => {
      const before = entries.get(issuer) ?? otherwise
      const next = { ...before, ...change }
      if (parts.every((part) => before[part] === next[part])) return
      entries.set(issuer, next)
      try {
        const left = [...entries].filter(([, entry]) => parts.some((part) => entry[part]))
        replaceFile(file, `${JSON.stringify(Object.fromEntries(left), null, 2)}\n`)
      } catch (error) {
        onError(error)
      }
    },
  }
}

interface Entries {
  readonly entries: Map<string, OpenLogout>
  /** What counts for an issuer without an entry. */
  readonly otherwise: OpenLogout
}

function readEntries(file: string, onError: (error: unknown) => void): Entries {
  try {
    const content = v.parse(fileSchema, JSON.parse(readFileSync(file, 'utf8')))
    return { entries: new Map(Object.entries(content)), otherwise: nothing }
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (missing) return { entries: new Map(), otherwise: nothing }
    onError(error)
    return { entries: new Map(), otherwise: { ...nothing, freshLogin: true } }
  }
}
