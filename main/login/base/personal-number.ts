/** Eleven digits, or six and five as Norwegians write them. */
const personalNumber = /(?<!\d)(\d{6}[ \u00A0]?)\d{5}(?!\d)/g

/** Hides the last five digits of every personal number in a text; the birth date stays to know it by. */
export function maskPersonalNumbers(text: string): string {
  return text.replace(personalNumber, '$1•••••')
}

/** Tells whether a text has a personal number in it. */
export function hasPersonalNumber(text: string): boolean {
  return text.search(personalNumber) !== -1
}
