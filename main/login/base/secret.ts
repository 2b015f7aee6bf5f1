import { inspect } from 'node:util'

/** A shorter value keeps no secret, and taking it out of every text would only garble the text. */
const shortestSecret = 16

/**
 * A value that leaves the program only in the requests that need it: a token, verifier, state or nonce, or the parameters of a callback, which
 * hold the authorization code. It cannot be put into a snapshot, and it prints as `[secret]` wherever it lands.
 */
export class Secret<Value = string> {
  readonly #value: Value

  constructor(value: Value) {
    this.#value = value
  }

  /** The value itself, for the one call that needs it. */
  reveal(): Value {
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

/** Where a text was cut off in the middle of a secret, the beginning of that is taken out too, if it is this long. */
const shortestRest = 8

function withoutSecret(text: string, secret: string): string {
  const begin = secret.slice(0, shortestRest)
  const whole = text.replaceAll(secret, '[secret]')
  const at = whole.lastIndexOf(begin)
  if (at === -1) return whole
  const rest = whole.slice(at).replace(/…$/, '')
  return secret.startsWith(rest) ? `${whole.slice(0, at)}[secret]` : whole
}

/**
 * Returns a function that takes the given values out of texts, lists and objects, at any depth: a
 * provider may repeat a code or a nonce in a claim or an error, and those are shown.
 */
export function secretRemover(secrets: readonly Secret[]): <T>(value: T) => T {
  const values = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value.length >= shortestSecret)
  const begins = values.map((value) => JSON.stringify(value).slice(1, 1 + shortestRest))
  // Beyond ASCII, JSON may write the beginning of a text in another way than the whole.
  const comparable = values.every((value) => /^[\x20-\x7E]+$/.test(value))
  /** One look at everything: most of what is shown holds no secret. */
  const mayHold = (value: unknown): boolean => {
    if (!comparable) return true
    const json = JSON.stringify([value])
    return begins.some((begin) => json.includes(begin))
  }
  const remove = (value: unknown): unknown => {
    if (typeof value === 'string') return values.reduce(withoutSecret, value)
    if (Array.isArray(value)) return value.map(remove)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [String(remove(name)), remove(item)]),
    )
  }
  // The shape is the same: only parts of texts are replaced.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return <T>(value: T) => (mayHold(value) ? (remove(value) as T) : value)
}
