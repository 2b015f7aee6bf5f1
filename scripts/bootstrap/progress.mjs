/**
 * What the set-up says while it works. Everything goes to stderr, so that stdout stays free for
 * results (a path, a closing line).
 */
import process from 'node:process'

const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1)

/**
 * Writes one line of progress.
 *
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/**
 * Shows a transfer of known size: one line that is rewritten on a terminal, a line for every tenth
 * elsewhere (logs of CI).
 *
 * @param {string} title
 * @returns {(bytes: number, total: number) => void}
 */
export function transferProgress(title) {
  const { isTTY } = process.stderr
  let shownTenth = -1
  let finished = false
  return (bytes, total) => {
    const tenth = Math.floor((10 * bytes) / total)
    if (finished || (!isTTY && tenth === shownTenth)) return
    shownTenth = tenth
    finished = bytes >= total
    const percent = String(Math.floor((100 * bytes) / total)).padStart(3)
    const line = `${title}: ${megabytes(bytes)} of ${megabytes(total)} MB, ${percent} %`
    process.stderr.write(isTTY ? `\r${line}\u001B[K${finished ? '\n' : ''}` : `${line}\n`)
  }
}

/**
 * Does something of unknown size, and tells every ten seconds that it is still going on.
 *
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function waitingProgress(title, work) {
  const start = performance.now()
  const seconds = () => Math.round((performance.now() - start) / 1000)
  say(`${title} …`)
  const timer = setInterval(() => say(`${title}: still working, ${seconds()} s`), 10_000)
  try {
    const result = await work()
    say(`${title}: done in ${seconds()} s`)
    return result
  } finally {
    clearInterval(timer)
  }
}
