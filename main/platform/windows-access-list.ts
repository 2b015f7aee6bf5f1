/**
 * Whose rights do not matter: Administrators, the system, and the service that installs Windows'
 * own files (Microsoft, "Well-known SIDs").
 */
const administrators: ReadonlySet<string> = new Set([
  'BA',
  'S-1-5-32-544',
  'SY',
  'S-1-5-18',
  'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
])

/** Rights to read, list, run and look at attributes, as SDDL writes them (Microsoft, "ACE Strings"). */
const readRights: ReadonlySet<string> = new Set('FR FX GR GX RC CC SW WP LO'.split(' '))
/** The same as bits: generic read and execute, and what a file's "read and execute" consists of. */
const readMask = 0xa012_00a9

/**
 * Whether a file or folder belongs to, or can be changed by, others than administrators. What this
 * function does not understand counts as a change: an unknown right, a condition, no list at all.
 *
 * @param sddl owner, group and access list in Microsoft's Security Descriptor Definition Language
 */
export function grantsChangesToOthers(sddl: string): boolean {
  const parts = /^O:([\w-]+?)(?:G:[\w-]+?)?D:(?:P|AI|AR)*((?:\([^()]*\))+)(?:S:.*)?$/.exec(sddl)
  const [, owner = '', entries = ''] = parts ?? []
  if (!administrators.has(owner)) return true
  return !entries
    .slice(1, -1)
    .split(')(')
    .every((entry) => isHarmless(entry))
}

function isHarmless(entry: string): boolean {
  const [type, flags = '', rights = '', objectType, inheritedType, account = '', ...more] =
    entry.split(';')
  if (type === 'D') return true
  if (type !== 'A' || objectType !== '' || inheritedType !== '' || more.length > 0) return false
  // This entry is for what is made inside a folder, and not for the folder itself.
  if (flags.match(/../g)?.includes('IO') === true) return true
  return administrators.has(account) || isReadOnly(rights)
}

function isReadOnly(rights: string): boolean {
  if (/^0x[\da-f]{1,8}$/i.test(rights)) return (Number(rights) & ~readMask) === 0
  return (
    /^(?:[A-Z]{2})+$/.test(rights) &&
    (rights.match(/../g) ?? []).every((right) => readRights.has(right))
  )
}
