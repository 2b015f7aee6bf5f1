import { inspect } from 'node:util'

/** A shorter value keeps no secret, and taking it out of every text would only garble the text. */
const shortestSecret = 16

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

/**
 * Returns a function that takes the given values out of texts, lists and objects, at any depth: a
 * provider may repeat a code or a nonce in a claim or an error, and those are shown.
 */
export function secretRemover(secrets: readonly Secret[]): <T>(value: T) => T {
  const values = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value.length >= shortestSecret)
  const remove = (value: unknown): unknown => {
    if (typeof value === 'string') {
      if (value.length < shortestSecret) return value
      return values.reduce((text, secret) => text.replaceAll(secret, '[secret]'), value)
    }
    if (Array.isArray(value)) return value.map(remove)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [String(remove(name)), remove(item)]),
    )
  }
  // The shape is the same: only parts of texts are replaced.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return <T>(value: T) => remove(value) as T
}
