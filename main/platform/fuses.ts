/** What stands before the fuses in every executable of Electron (electron/fuses, "sentinel"). */
const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX')

/** The fuses in their order, and how a package of this app has them (electron-builder.yml). */
const fuses = [
  ['RunAsNode', 'off'],
  ['EnableCookieEncryption', 'on'],
  ['EnableNodeOptionsEnvironmentVariable', 'off'],
  ['EnableNodeCliInspectArguments', 'off'],
  ['EnableEmbeddedAsarIntegrityValidation', 'on'],
  ['OnlyLoadAppFromAsar', 'on'],
  ['LoadBrowserProcessSpecificV8Snapshot', 'off'],
  ['GrantFileProtocolExtraPrivileges', 'off'],
] as const

/** The fuses of an executable that are otherwise than in a package, such as `RunAsNode on`; null when it has none. */
export function otherFuses(executable: Buffer): string[] | null {
  const at = executable.indexOf(sentinel)
  if (at === -1) return null
  // A byte each for the version and the number of the fuses, then '0', '1' or 'r' (removed) for each.
  const first = at + sentinel.length + 2
  const wire = executable.toString('latin1', first, first + fuses.length)
  const states = fuses.map(([name, wanted], index) => ({
    name,
    wanted,
    state: wire[index] === '1' ? 'on' : 'off',
  }))
  return states
    .filter(({ state, wanted }) => state !== wanted)
    .map(({ name, state }) => `${name} ${state}`)
}
