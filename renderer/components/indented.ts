const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]|[^\s"[\]{},:]+/g

// Deeper than this it stops: a hostile answer could fill the memory with spaces.
const deepest = 32

/**
 * JSON with a line for each value and every token to the letter: numbers too long for JavaScript and
 * names that appear twice stay as they came. What is not JSON is left as it is.
 */
export function indented(text: string): string {
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  let depth = 0
  let previous = ''
  let result = ''
  const newLine = () => `\n${'  '.repeat(Math.min(depth, deepest))}`
  for (const [token] of text.matchAll(tokens)) {
    const opened = previous === '{' || previous === '['
    if (token === '}' || token === ']') {
      depth -= 1
      result += opened ? token : newLine() + token
    } else {
      if (opened || previous === ',') result += newLine()
      result += token === ':' ? ': ' : token
      if (token === '{' || token === '[') depth += 1
    }
    previous = token
  }
  return result
}
