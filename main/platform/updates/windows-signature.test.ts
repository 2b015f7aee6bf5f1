import { describe, expect, it } from 'vitest'
import { runPowerShell } from '../power-shell.ts'
import { type FileSignature, readSignature, whatIsWrong } from './windows-signature.ts'

const good: FileSignature = {
  status: 'Valid',
  subject: 'CN=Etaten, O=Etaten, C=NO',
  name: 'Etaten',
  version: '1.1.0',
}
const wanted = { publishers: ['Etaten'], version: '1.1.0' }

describe('the signature of a file', () => {
  it.each<[string, Partial<FileSignature>, string]>([
    ['none', { status: 'NotSigned', subject: '', name: '' }, 'its signature is NotSigned'],
    ['a broken one', { status: 'HashMismatch' }, 'its signature is HashMismatch'],
    ['one that Windows does not know', { status: 'UnknownError' }, 'its signature is UnknownError'],
    ['one without a status', { status: '' }, 'its signature is '],
    ["another's", { subject: 'CN=Other', name: 'Other' }, 'it is signed by Other'],
    ['a longer name', { subject: 'CN=Etaten AS', name: 'Etaten AS' }, 'it is signed by Etaten AS'],
    ['that of an older version', { version: '1.0.9' }, 'it is version 1.0.9 and not 1.1.0'],
    ['that of no version', { version: '' }, 'it is version  and not 1.1.0'],
  ])('is refused when it is %s', (_, change, reason) => {
    expect(whatIsWrong({ ...good, ...change }, wanted)).toBe(reason)
    expect(whatIsWrong(good, wanted)).toBeNull()
  })

  it("is the publisher's by its common name, or by its whole name", () => {
    const publishers = ['Before', good.subject]
    expect(whatIsWrong(good, { ...wanted, publishers })).toBeNull()
    expect(whatIsWrong(good, { ...wanted, publishers: [] })).toBe('it is signed by Etaten')
    expect(whatIsWrong(good, { ...wanted, publishers: ['CN=Etaten'] })).not.toBeNull()
  })
})

describe('the words of PowerShell', () => {
  it.each([
    ['nothing', '', 'JSON'],
    ['no JSON', 'Valid', 'JSON'],
    ['no object', '"Valid"', 'no status'],
    ['without a version', JSON.stringify({ ...good, version: undefined }), 'no version'],
    ['with a number', JSON.stringify({ ...good, status: 0 }), 'no status'],
  ])('are refused when they are %s', async (_, printed, reason) => {
    await expect(readSignature('C:\\file.exe', async () => printed)).rejects.toThrow(reason)
    const read = readSignature('C:\\file.exe', async () => `${JSON.stringify(good)}\r\n`)
    await expect(read).resolves.toEqual(good)
  })

  it('are about the file as a variable, so that its name is no command', async () => {
    const file = String.raw`C:\a'; Remove-Item C:\; 'b.exe`
    const ran: unknown[] = []
    await readSignature(file, async (script, _limit, variables) => {
      ran.push(script.includes('Remove-Item'), variables)
      return JSON.stringify(good)
    })
    expect(ran).toEqual([false, { PROGRAM_FILE: file }])
  })

  it.runIf(process.platform !== 'win32')(
    'do not come where there is no PowerShell at its place in Windows',
    async () => {
      await expect(runPowerShell('1', 1000)).rejects.toThrow('ENOENT')
      await expect(readSignature('C:\\file.exe', runPowerShell)).rejects.toThrow('ENOENT')
    },
  )
})
