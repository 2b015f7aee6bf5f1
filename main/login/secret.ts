import { inspect } from 'node:util'

/**
 * A value that must not leave main: a token, code, verifier, state or nonce.
 * It is no string, so it cannot be put into a snapshot, and it prints as `[secret]` wherever it lands.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the one call that needs it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
