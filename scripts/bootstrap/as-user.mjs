/** What root does as somebody else, so that nothing in that user's folders can lead root astray. */
import { execFileSync } from 'node:child_process'

/**
 * Whoever a process runs as, and where when its way there may be closed to the user.
 *
 * @typedef {{ uid: number, gid: number, cwd?: string }} User
 */

/**
 * @param {User} user
 * @param {string} command
 * @param {string[]} args
 * @param {string | Buffer} [input]
 */
export function runAs(user, command, args, input = '') {
  execFileSync(command, args, { cwd: '/', ...user, input, stdio: ['pipe', 'ignore', 'inherit'] })
}

/**
 * @param {User} user
 * @param {string} file
 * @param {string | Buffer} content
 */
export function writeAs(user, file, content) {
  runAs(user, 'sh', ['-c', 'umask 077; cat > "$0"', file], content)
}
