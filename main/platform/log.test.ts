import { EventEmitter } from 'node:events'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from './log.ts'

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'log-'))
  folder = join(root, 'logs')
})
afterEach(() => rmSync(root, { recursive: true }))

/**
 * A standard output whose reader can close it. As on a real one, each write raises an error from then
 * on, a moment later.
 */
function open() {
  const printed: string[] = []
  const attempts = { count: 0 }
  let broken = false
  const stdout = Object.assign(new EventEmitter(), {
    write: (line: string) => {
      attempts.count++
      if (broken) setImmediate(() => stdout.emit('error', new Error('write EPIPE')))
      else printed.push(line)
      return true
    },
  })
  const stderr = Object.assign(new EventEmitter(), { write: () => true })
  const log = createLog(folder, { stdout, stderr })
  return { log, printed, attempts, stdout, stderr, close: () => (broken = true) }
}
const read = (name = 'main.log') => readFileSync(join(folder, name), 'utf8')
const texts = () =>
  read()
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''))

it('a line goes to the file with its time, and to the output', () => {
  const { log, printed } = open()
  log('started')
  log('status', { status: 'signed-out', code: 'secret' })
  const lines = ['started', 'status {"status":"signed-out","code":"[secret]"}']
  expect(texts()).toEqual(lines)
  expect(read()).toMatch(/^\d{4}-/)
  expect(printed).toEqual(lines.map((line) => `${line}\n`))
  expect(statSync(join(folder, 'main.log')).mode & 0o777).toBe(0o600)
})

describe('an output that is lost', () => {
  it('is not written to again, and the file has each line once', async () => {
    const { log, attempts, stdout, close } = open()
    log('before')
    close()
    const error = new Promise((resolve) => stdout.once('error', resolve))
    log('lost')
    await error
    for (let time = 0; time < 100; time++) log('after')
    expect(attempts.count).toBe(2)
    expect(texts()).toEqual(['before', 'lost', ...Array.from({ length: 100 }, () => 'after')])
  })

  it('on the error side raises nothing that a handler would log', () => {
    const { stderr } = open()
    // Without a listener this would throw.
    expect(stderr.emit('error', new Error('write EPIPE'))).toBe(true)
  })
})

describe('a file that cannot be written', () => {
  it('on a full disk costs its lines alone, and the log goes on when there is room', () => {
    const { log, printed } = open()
    log('first')
    rmSync(join(folder, 'main.log'))
    symlinkSync('/dev/full', join(folder, 'main.log'))
    log('lost')
    rmSync(join(folder, 'main.log'))
    log('last')
    expect(texts()).toEqual(['last'])
    expect(printed).toEqual(['first\n', 'lost\n', 'last\n'])
  })

  it('because its folder is gone is made again with the folder', () => {
    const { log } = open()
    log('first')
    rmSync(folder, { recursive: true })
    log('second')
    expect(texts()).toEqual(['second'])
  })

  it('because its folder cannot be made costs its lines alone', () => {
    const { log, printed } = open()
    writeFileSync(folder, '')
    log('lost')
    expect(printed).toEqual(['lost\n'])
    rmSync(folder)
    log('last')
    expect(texts()).toEqual(['last'])
  })
})

it('a file of more than 1 MB makes way for a new one, and only one old one is kept', () => {
  const { log } = open()
  log('oldest')
  writeFileSync(join(folder, 'main.log'), 'x'.repeat(1_000_001))
  writeFileSync(join(folder, 'main.old.log'), 'older')
  log('new')
  expect(texts()).toEqual(['new'])
  expect(read('main.old.log')).toHaveLength(1_000_001)
  expect(readdirSync(folder).toSorted()).toEqual(['main.log', 'main.old.log'])
  log('newer')
  expect(texts()).toEqual(['new', 'newer'])
})

it('details that throw when they are read cost the details alone', () => {
  const { log } = open()
  const error = {
    get message() {
      throw new Error('no')
    },
  }
  log('uncaught exception', { error })
  expect(texts()).toEqual(['uncaught exception [unreadable]'])
})
