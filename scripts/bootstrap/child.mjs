import os from 'node:os'
import process from 'node:process'
import { Interrupted } from './failures.mjs'

/**
 * Waits for the end of a process and passes on the signals that this one gets meanwhile, so that the
 * process can clean up after itself.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {{ timeoutMs?: number }} [options] after that time it is asked to end
 * @returns {Promise<number>} its exit code
 * @throws {Interrupted} after the end, when there was such a signal
 */
export async function exitCode(child, options = {}) {
  /** @type {NodeJS.Signals | undefined} */
  let received
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    received = signal
    child.kill(signal)
  }
  process.on('SIGINT', passOn).on('SIGTERM', passOn).on('SIGHUP', passOn)
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          process.stderr.write(`Stopped: it took longer than ${options.timeoutMs} ms.\n`)
          child.kill()
        }, options.timeoutMs)
  try {
    /** @type {number} */
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (ended, signal) => {
        resolve(ended ?? 128 + (signal === null ? 0 : os.constants.signals[signal]))
      })
    })
    if (received !== undefined) throw new Interrupted(received)
    return code
  } finally {
    clearTimeout(timer)
    process.off('SIGINT', passOn).off('SIGTERM', passOn).off('SIGHUP', passOn)
  }
}
