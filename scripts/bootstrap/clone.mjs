/** What git knows of a clone; the clone may belong to somebody else than whoever asks. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** What commands make in a clone, and git does not have. */
const made = ['.git', 'node_modules', 'out', 'dist', 'artifacts', 'test-results']

/**
 * The output of git; null when it fails, as where there is no git or no repository.
 *
 * @param {string} folder
 * @param {string[]} args
 */
export function git(folder, ...args) {
  const { status, stdout } = spawnSync('git', ['-c', 'safe.directory=*', ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 100_000_000,
  })
  return status === 0 ? stdout : null
}

/**
 * The files of a clone without what is made in it; folders among them where git cannot tell.
 *
 * @param {string} folder
 */
export function filesOfClone(folder) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const names = git(folder, ...list)?.split('\0')
  if (names === undefined) return readdirSync(folder).filter((name) => !made.includes(name))
  return names.filter((name) => name !== '' && existsSync(path.join(folder, name)))
}

/**
 * When the commit was made, in seconds since 1970, as text; null where git cannot tell.
 *
 * @param {string} folder
 */
export function commitDate(folder) {
  return git(folder, 'log', '-1', '--format=%ct')?.trim() ?? null
}
