import os from 'node:os'

/** A failure whose message is all that the user needs. */
export class SetupError extends Error {
  exitCode = 1
}

/** Ctrl-C or a polite request to end; the exit code tells which, as shells do. */
export class Interrupted extends SetupError {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`Interrupted (${signal})`)
    this.exitCode = 128 + os.constants.signals[signal]
  }
}
