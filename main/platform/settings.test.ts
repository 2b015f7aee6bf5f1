import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSettings } from './settings.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = () => join(folder, 'settings.json')
const window = { x: -5, y: 0, width: 800, height: 600, maximized: false }
function open() {
  const errors: unknown[] = []
  return { settings: openSettings(folder, (error) => errors.push(error)), errors }
}

describe('a settings file counts as empty', () => {
  it.each([
    ['that is damaged', '{"language":'],
    ['that is empty', ''],
    ['that is a list', '[]'],
    ['with an unknown language', '{"language":"xx"}'],
    ['with half a window', '{"window":{"x":1}}'],
    ['with a window of no size', JSON.stringify({ window: { ...window, width: 0 } })],
    ['with a window at half a pixel', JSON.stringify({ window: { ...window, x: 0.5 } })],
  ])('%s; the next save makes it whole', (_, text) => {
    writeFileSync(file(), text)
    const { settings, errors } = open()
    expect(settings.current).toEqual({})
    settings.save({ language: 'se' })
    expect([open().settings.current, errors]).toEqual([{ language: 'se' }, []])
  })

  it('that is a folder', () => {
    mkdirSync(file())
    expect(open().settings.current).toEqual({})
  })

  it('that is missing, and is not made by reading', () => {
    expect(open().settings.current).toEqual({})
    expect(readdirSync(folder)).toEqual([])
  })
})

it('is read back as it was saved, each part by itself, and unknown parts are dropped', () => {
  writeFileSync(file(), JSON.stringify({ language: 'nn', token: 'x' }))
  const { settings } = open()
  settings.save({ window })
  expect(settings.current).toEqual({ language: 'nn', window })
  expect(open().settings.current).toEqual({ language: 'nn', window })
  expect(readFileSync(file(), 'utf8')).not.toContain('token')
})

it.skipIf(process.platform === 'win32')(
  'is readable for its owner only, also when it was not',
  () => {
    writeFileSync(file(), '{}', { mode: 0o644 })
    open().settings.save({ language: 'en' })
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  },
)

it('is replaced as a whole: a reader has the old file or the new one', () => {
  const { settings } = open()
  settings.save({ language: 'en' })
  const before = statSync(file()).ino
  settings.save({ language: 'nb' })
  expect(statSync(file()).ino).not.toBe(before)
  expect(readdirSync(folder)).toEqual(['settings.json'])
})

describe('a disk that refuses', () => {
  it('is reported and not thrown, and the change holds for this run', () => {
    rmSync(folder, { recursive: true })
    writeFileSync(folder, '')
    const { settings, errors } = open()
    settings.save({ language: 'en' })
    expect([settings.current, errors.length]).toEqual([{ language: 'en' }, 1])
    rmSync(folder)
    settings.save({ window })
    expect([open().settings.current, errors.length]).toEqual([{ language: 'en', window }, 1])
  })

  it('leaves no half file behind', () => {
    mkdirSync(file())
    const { settings, errors } = open()
    settings.save({ language: 'en' })
    expect([errors.length, readdirSync(folder)]).toEqual([1, ['settings.json']])
  })
})
