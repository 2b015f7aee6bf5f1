/** Linux's tables of TCP sockets, `/proc/net/tcp` and `/proc/net/tcp6`, and how the lines of connections are found. */
import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Reads a file of `/proc` in parts, each of whole lines. Throws when it cannot be read. */
export type ReadLines = (file: string) => AsyncIterable<string>

/** For each pair of ends (`<local> <remote>`) that was found, the rest of its line, which begins with the state. */
export type FoundLines = ReadonlyMap<string, string>

/**
 * Finds the lines of pairs of ends. The reading stops when `needed` is found, so of `others` it finds only
 * what stands before that; when `needed` is nowhere, it finds all of them.
 */
export type FindLines = (needed: string, others: readonly string[]) => Promise<FoundLines>

/** What one reading is to find. */
interface Search {
  readonly wanted: Set<string>
  /** Of these, what is needed and was not found yet. */
  readonly missing: Set<string>
}

/**
 * Shares one reading of a table among all who ask before it begins, and lets it go on until all have what they
 * need. So each gets a table that is younger than its connection, and a flood of connections never makes more
 * than one reading at a time. In a table that cannot be read nothing is found.
 */
export function createTable(file: string, read: ReadLines): FindLines {
  let running: Promise<unknown> = Promise.resolve()
  let next: { readonly search: Search; readonly found: Promise<FoundLines> } | null = null
  return (needed, others) => {
    if (next === null) {
      const search: Search = { wanted: new Set(), missing: new Set() }
      const found = running.then(() => {
        next = null
        return findLines(read(file), search)
      })
      next = { search, found }
      running = found
    }
    const { search, found } = next
    search.missing.add(needed)
    for (const ends of [needed, ...others]) search.wanted.add(ends)
    return found
  }
}

async function findLines(
  parts: AsyncIterable<string>,
  { wanted, missing }: Search,
): Promise<FoundLines> {
  const found = new Map<string, string>()
  try {
    for await (const part of parts) {
      for (const line of part.split('\n')) {
        // A number, both ends and the rest: `  12: 0100007F:AD45 0100007F:D431 01 …`.
        const start = line.indexOf(': ') + 2
        const end = line.indexOf(' ', line.indexOf(' ', start) + 1)
        const ends = line.slice(start, end)
        if (!wanted.has(ends) || found.has(ends)) continue
        found.set(ends, line.slice(end + 1))
        missing.delete(ends)
      }
      if (missing.size === 0) break
    }
    return found
  } catch {
    return new Map()
  }
}

/** Bytes of a table that are read without a break: some 7,000 connections, and about 4 ms. */
const readAtOnce = 1_000_000
/** Bytes that are asked for at once: at first four connections, because the kernel searches its memory for more. */
const leastPart = 600
const mostPart = 16_384

/**
 * Reads a file of `/proc`, which gives 4 kB at a time. Asking another thread for each of them takes longer
 * than the reading itself, so it is done here, with a break after each slice of a table that is very long.
 */
export async function* readProcFile(file: string): AsyncGenerator<string> {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(mostPart)
    let rest = ''
    let total = 0
    let nextBreak = readAtOnce
    for (;;) {
      const wanted = Math.min(Math.max(leastPart, Math.floor(total / 16)), mostPart)
      const length = readSync(descriptor, buffer, 0, wanted, null)
      const text = rest + buffer.toString('latin1', 0, length)
      const end = length === 0 ? text.length : text.lastIndexOf('\n') + 1
      yield text.slice(0, end)
      if (length === 0) return
      rest = text.slice(end)
      total += length
      // Stryker disable next-line EqualityOperator: a byte more or less between two breaks makes no difference
      if (total < nextBreak) continue
      nextBreak += readAtOnce
      // oxlint-disable-next-line no-await-in-loop -- The break is what is wanted.
      await nextTurn()
    }
  } finally {
    closeSync(descriptor)
  }
}
