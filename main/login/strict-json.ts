import { visit } from 'jsonc-parser'

/** How deep lists and objects may stand in each other; nothing that a provider sends is near it. */
const maximumDepth = 32

/**
 * Parses JSON that can be read in one way only: UTF-8 without a byte order mark, no name twice in an
 * object, no `__proto__`, no more than 32 levels.
 * Throws `SyntaxError` with a reason that quotes nothing.
 * Source: RFC 8259 §4 and §8.1, RFC 7519 §4 (claim names must be unique), RFC 7515 §4 (so must header names).
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
  const names: Set<string>[] = []
  let depth = 0
  const enter = (): void => {
    depth += 1
    if (depth > maximumDepth) throw new SyntaxError('JSON that is too deep')
  }
  const leave = (): void => {
    depth -= 1
  }
  visit(text, {
    onObjectBegin: () => {
      enter()
      names.push(new Set())
    },
    onObjectProperty: (name) => {
      const known = names.at(-1)
      if (known?.has(name) === true) throw new SyntaxError('JSON with a name twice')
      if (name === '__proto__') throw new SyntaxError('JSON with a forbidden name')
      known?.add(name)
    },
    onObjectEnd: () => {
      leave()
      names.pop()
    },
    onArrayBegin: enter,
    onArrayEnd: leave,
  })
  return value
}

function decode(bytes: Uint8Array): string {
  let text = ''
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SyntaxError('not UTF-8')
  }
  if (text.startsWith('\uFEFF')) throw new SyntaxError('JSON with a byte order mark')
  return text
}
