import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { dist } from './tools.ts'

const sumsFile = path.join(dist, 'SHA256SUMS')

/** The SHA-256 of a file, in hexadecimal. */
export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** The packed files in `dist/`, by name. */
async function packedFiles(): Promise<string[]> {
  const entries = await readdir(dist, { withFileTypes: true })
  return entries
    .filter(
      (entry) =>
        entry.isFile() && /\.(deb|rpm|tar\.gz|msi|exe|dmg|zip|cdx\.json)$/.test(entry.name),
    )
    .map(({ name }) => name)
    .toSorted()
}

/** Writes `SHA256SUMS`, which `sha256sum --check` reads. */
export async function writeSums(): Promise<void> {
  const names = await packedFiles()
  const lines = await Promise.all(
    names.map(async (name) => `${await sumOf(path.join(dist, name))}  ${name}\n`),
  )
  await writeFile(sumsFile, lines.join(''))
}

/** Prints the packed files with their sizes and sums. */
export async function listSums(): Promise<void> {
  for (const line of (await readFile(sumsFile, 'utf8')).split('\n').slice(0, -1)) {
    const [sum = '', name = ''] = line.split('  ')
    // oxlint-disable-next-line no-await-in-loop -- in their order
    const { size } = await stat(path.join(dist, name))
    process.stdout.write(`${sum}  ${(size / 1e6).toFixed(1).padStart(6)} MB  dist/${name}\n`)
  }
}
