import { describe, expect, it } from 'vitest'
import { grantsChangesToOthers } from './windows-access-list.ts'

const installer = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464'
const person = 'S-1-5-21-1004336348-1177238915-682003330-1001'
/** `C:\Program Files` as Windows is delivered. */
const programFiles =
  `O:${installer}G:${installer}D:PAI(A;;FA;;;${installer})(A;CIIO;GA;;;${installer})` +
  '(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)' +
  '(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;;0x1200a9;;;AC)(A;OICIIO;GXGR;;;AC)'
/** What an administrator makes there. */
const inherited = 'O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;0x1200a9;;;AC)'
const withEntry = (entry: string) => `O:BAG:SYD:AI(A;;FA;;;BA)${entry}`

describe('administrators alone can change', () => {
  it.each([
    ['the folder of programs as Windows is delivered', programFiles],
    ['a file made there by an administrator', inherited],
    ['a file of the system', inherited.replace('O:BA', 'O:SY')],
    ['a file with numbers for names', inherited.replaceAll('BA', 'S-1-5-32-544')],
    ['a file without a group', 'O:BAD:P(A;;FA;;;BA)'],
    ['a file with an audit list', `${inherited}S:AI(AU;SAFA;FA;;;WD)`],
    ['what everyone may read and run', withEntry('(A;;FRFX;;;WD)(A;OICI;0xa0000000;;;AU)')],
    ['what everyone may read, said right by right', withEntry('(A;;CCSWWPLORC;;;WD)')],
    ['what others are denied', withEntry('(D;;FA;;;BU)')],
    ['a folder whose entry counts for its content alone', withEntry('(A;OICIIO;FA;;;CO)')],
  ])('%s', (_name, sddl) => {
    expect(grantsChangesToOthers(sddl)).toBe(false)
  })
})

describe('others can change', () => {
  it.each([
    ['a file that belongs to a person', inherited.replace('O:BA', `O:${person}`)],
    ['a file of all users', inherited.replace('O:BA', 'O:BU')],
    // The default of C:\ProgramData: everyone may make files and folders there.
    [
      'a folder as in ProgramData',
      'O:SYG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)',
    ],
    ...['FA', 'FW', 'GA', 'GW', 'SD', 'WD', 'WO', 'DC', 'LC', 'RP', 'DT', 'CR', 'XX'].map(
      (right) => [`a file with the right ${right} for everyone`, withEntry(`(A;;${right};;;WD)`)],
    ),
    ...[0x2, 0x4, 0x10, 0x40, 0x100, 0x1_0000, 0x4_0000, 0x8_0000, 0x1000_0000, 0x4000_0000].map(
      (bit) => [
        `a file with the bit ${bit.toString(16)} for everyone`,
        withEntry(`(A;;0x${(0x120089 + bit).toString(16)};;;WD)`),
      ],
    ),
    ['a right among harmless ones', withEntry('(A;;FRWDFX;;;WD)')],
    ['a file that its creator may change', withEntry(`(A;ID;FA;;;${person})`)],
    ['an inherited entry that counts here too', withEntry('(A;OICIID;FA;;;AU)')],
    ['a condition', withEntry('(XA;;FR;;;WD;(@User.Title=="x"))')],
    ['an entry for an object type', withEntry('(OA;;FR;x;;WD)')],
    ['an entry without an account', withEntry('(A;;FA)')],
    ['an entry without rights', withEntry('(A;;;;;WD)')],
    ['a number that is too long', withEntry('(A;;0x100000000;;;WD)')],
    ['no access list, which lets everyone do everything', 'O:BAG:SY'],
    ['a null access list', 'O:BAG:SYD:NO_ACCESS_CONTROL'],
    ['an empty access list', 'O:BAG:SYD:'],
    ['no owner', 'D:(A;;FA;;;BA)'],
    ['an error instead of a list', 'Get-Acl : access is denied'],
    ['nothing', ''],
  ])('%s', (_name, sddl = '') => {
    expect(grantsChangesToOthers(sddl)).toBe(true)
  })
})
