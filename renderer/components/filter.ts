/** Tells whether what somebody has typed is in one of the texts, in whatever case. */
export function matches(filter: string, ...texts: readonly string[]): boolean {
  const wanted = filter.trim().toLowerCase()
  return texts.some((text) => text.toLowerCase().includes(wanted))
}
