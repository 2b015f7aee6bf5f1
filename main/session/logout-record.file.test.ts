import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLogoutRecord } from './logout-record.ts'

const issuer = 'https://a.test'
const nothing = { freshLogin: false, browser: false, revocation: false }
const open = { ...nothing, freshLogin: true }

let folder = ''
let file = ''
let errors: unknown[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'idporten-desktop-record-'))
  file = join(folder, 'logout.json')
  errors = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const openRecord = () => openLogoutRecord(folder, (error) => errors.push(error))
const written = (): unknown => JSON.parse(readFileSync(file, 'utf8'))
/** What would be written first stands in the way of it. */
const obstacle = () => `${file}.${process.pid}.tmp`

it('nothing is open where there is no file, and none is made for nothing', () => {
  const record = openRecord()
  expect(record.read(issuer)).toEqual(nothing)
  record.change(issuer, { browser: false })
  expect([existsSync(file), errors]).toEqual([false, []])
  record.change(issuer, { browser: true })
  expect(written()).toEqual({ [issuer]: { ...nothing, browser: true } })
})

it.each(['freshLogin', 'browser', 'revocation'] as const)('%s alone is remembered', (part) => {
  openRecord().change(issuer, { [part]: true })
  expect(openRecord().read(issuer)).toEqual({ ...nothing, [part]: true })
  openRecord().change(issuer, { [part]: false })
  expect(written()).toEqual({})
})

it('a good file is not written again for what it says already', () => {
  writeFileSync(file, JSON.stringify({ [issuer]: open }))
  const before = statSync(file).ino
  const record = openRecord()
  expect(record.read(issuer)).toEqual(open)
  record.change(issuer, { freshLogin: true })
  expect(statSync(file).ino).toBe(before)
  record.change(issuer, { browser: true })
  expect(written()).toEqual({ [issuer]: { ...open, browser: true } })
})

it('a disk that refuses leaves the file as it was, and is asked again with the next change', () => {
  writeFileSync(file, JSON.stringify({ [issuer]: open }))
  const record = openRecord()
  mkdirSync(obstacle())
  record.change(issuer, { browser: true })
  expect([errors.length, written()]).toEqual([1, { [issuer]: open }])
  rmSync(obstacle(), { recursive: true })
  record.change(issuer, { browser: true })
  expect([errors.length, written()]).toEqual([1, { [issuer]: { ...open, browser: true } }])
})

it('a broken file that goes by itself is no obstacle', () => {
  writeFileSync(file, '{')
  const record = openRecord()
  expect([record.read('https://b.test'), errors.length]).toEqual([open, 1])
  rmSync(file)
  record.change(issuer, { freshLogin: false })
  expect([written(), errors.length]).toEqual([{ '*': open, [issuer]: nothing }, 1])
})

it('a folder in the place of the file gives way, and what is written stays', () => {
  mkdirSync(join(file, 'more'), { recursive: true })
  const record = openRecord()
  record.change(issuer, { freshLogin: true })
  expect([written(), errors.length]).toEqual([{ '*': open, [issuer]: open }, 1])
  // A second file may get the number of the first, which is removed before it is written.
  mkdirSync(obstacle())
  record.change(issuer, { freshLogin: true })
  expect([written(), errors.length]).toEqual([{ '*': open, [issuer]: open }, 1])
})
