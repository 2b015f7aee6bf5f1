import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { licenceText, refuseOtherLicences } from './licences.ts'

const bundled = (license: string) => ({ name: 'one', version: '1.2.3', license })

describe('the list of licences', () => {
  it.each(['MIT', 'ISC', 'BSD-3-Clause', 'BlueOak-1.0.0', 'OFL-1.1'])(
    'lets %s through',
    (license) => {
      expect(() => refuseOtherLicences([bundled(license)])).not.toThrow()
    },
  )

  it.each([
    'GPL-3.0-only',
    'AGPL-3.0-or-later',
    'UNLICENSED',
    'SEE LICENSE IN LICENSE',
    '(MIT OR GPL-3.0)',
    'mit',
    '',
  ])('refuses %j, and names the package', (license) => {
    expect(() => refuseOtherLicences([bundled('MIT'), bundled(license)])).toThrow(
      `one 1.2.3: ${license}`,
    )
  })
})

describe('the text of a licence', () => {
  let project = ''

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'licences-'))
    await mkdir(join(project, 'node_modules/@scope/one'), { recursive: true })
    await mkdir(join(project, 'assets/licences/@scope'), { recursive: true })
  })
  afterEach(async () => await rm(project, { recursive: true }))

  const one = { name: '@scope/one', folder: 'node_modules/@scope/one' }
  const write = async (name: string, text: string) => await writeFile(join(project, name), text)

  it('is what the package brings, with its notice', async () => {
    await write(join(one.folder, 'license.md'), 'You may.\n')
    await write(join(one.folder, 'NOTICE'), 'It was me.\n')
    await write(join(one.folder, 'README.md'), 'Hello.\n')
    await write('assets/licences/@scope/one.txt', 'Another.\n')
    expect(await licenceText(one, project)).toBe('It was me.\n\nYou may.')
  })

  it('is the kept one for a package that comes without', async () => {
    await write('assets/licences/@scope/one.txt', 'Kept.\n')
    expect(await licenceText(one, project)).toBe('Kept.')
  })

  it('is missed when there is none, with the place where it belongs', async () => {
    await expect(licenceText(one, project)).rejects.toThrow(
      `@scope/one comes without its licence, which belongs into ${join(project, 'assets/licences/@scope/one.txt')}`,
    )
  })
})
