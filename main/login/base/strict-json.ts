/** How deep lists and objects may stand in each other; nothing that a provider sends is near it. */
const maximumDepth = 32

/**
 * Parses JSON that can be read in one way only: UTF-8 without a byte order mark, no name twice in an
 * object, no `__proto__`, no more than 32 levels.
 *
 * @throws {SyntaxError} with a reason that quotes nothing
 * @see RFC 8259 §4 and §8.1, RFC 7519 §4 (claim names must be unique), RFC 7515 §4 (so must header names)
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SyntaxError('not JSON')
  }
  // JSON.parse takes the last of two equal names, another parser the first: a signature covers both.
  if (countNames(value, 1) !== countColons(text)) throw new SyntaxError('JSON with a name twice')
  return value
}

/** How many names were written: outside of its strings, JSON has one colon for each. */
function countColons(json: string): number {
  // Stryker disable next-line StringLiteral: any text without a colon in their place gives the same count
  return json.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '').split(':').length - 1
}

/** How many names are left, at any depth. */
function countNames(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth > maximumDepth) throw new SyntaxError('JSON that is too deep')
  if (Object.hasOwn(value, '__proto__')) throw new SyntaxError('JSON with a forbidden name')
  const items: unknown[] = Object.values(value)
  return items.reduce<number>(
    (count, item) => count + countNames(item, depth + 1),
    Array.isArray(value) ? 0 : items.length,
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): string {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw new SyntaxError('not UTF-8')
  }
  if (text.startsWith('\uFEFF')) throw new SyntaxError('JSON with a byte order mark')
  return text
}
