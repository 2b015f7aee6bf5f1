import {
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createTable, readProcFile } from './socket-table.ts'

const line = (local: string, remote: string) => `  7: ${local} ${remote} 01 rest of ${local}\n`

/** A table in three parts, of which it is counted how many were read in each reading. */
function tableOf(parts: readonly string[]) {
  const readings: number[] = []
  const find = createTable('/proc/net/tcp', async function* () {
    const reading = readings.push(0) - 1
    for (const part of parts) {
      readings[reading] = (readings[reading] ?? 0) + 1
      yield part
    }
  })
  return { find, readings }
}
const head = '  sl  local_address rem_address   st\n'
const parts = [
  head + line('A:1', 'B:1') + line('A:2', 'B:2'),
  line('A:3', 'B:3'),
  line('A:4', 'B:4'),
]

it('a reading ends where it has found what is needed', async () => {
  const { find, readings } = tableOf(parts)
  const found = await find('A:2 B:2', ['A:1 B:1', 'A:4 B:4'])
  expect([...found]).toEqual([
    ['A:1 B:1', '01 rest of A:1'],
    ['A:2 B:2', '01 rest of A:2'],
  ])
  expect(readings).toEqual([1])
})

it('a reading goes on until all who share it have what they need', async () => {
  const { find, readings } = tableOf(parts)
  const found = await Promise.all([find('A:1 B:1', []), find('A:3 B:3', []), find('A:2 B:2', [])])
  expect(found.map((lines) => lines.size)).toEqual([3, 3, 3])
  expect(readings).toEqual([2])
})

it('a reading goes on to the end for what is not there', async () => {
  const { find, readings } = tableOf(parts)
  const found = await find('A:4 B:5', ['A:4 B:4'])
  expect([[...found.keys()], readings]).toEqual([['A:4 B:4'], [3]])
})

it('nothing is found in a table that breaks off', async () => {
  const find = createTable('/proc/net/tcp', async function* () {
    yield parts[0] ?? ''
    throw new Error('EIO')
  })
  expect(await find('A:4 B:4', ['A:1 B:1'])).toEqual(new Map())
})

/** A file with so many lines and a last one that does not end, which is gone after its use. */
async function withFile(
  lines: number,
  use: (file: string, text: string) => Promise<void>,
): Promise<void> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'table-')))
  try {
    const file = path.join(folder, 'tcp')
    const all = Array.from({ length: lines }, (_, index) => line(`A:${index}`, 'B:1')).join('')
    writeFileSync(file, `${all}the end`)
    await use(file, `${all}the end`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('a file comes in whole lines, and as it is', async () => {
  await withFile(20_000, async (file, text) => {
    const came: string[] = []
    for await (const part of readProcFile(file)) came.push(part)
    expect(came.join('')).toBe(text)
    expect(came.slice(0, -1).filter((part) => part !== '' && !part.endsWith('\n'))).toEqual([])
  })
})

it('a file is read in small parts at first, and in large ones when it is long', async () => {
  await withFile(20_000, async (file) => {
    const lengths: number[] = []
    for await (const part of readProcFile(file)) lengths.push(part.length)
    const first = lengths.slice(0, 10).reduce((sum, length) => sum + length, 0)
    expect([first <= 6000, Math.max(...lengths) > 16_000]).toEqual([true, true])
  })
})

it('a very long file lets others have their turn after each million of bytes', async () => {
  await withFile(70_000, async (file, text) => {
    let turns = 0
    const count = (): void => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    for await (const _ of readProcFile(file)) void _
    clearImmediate(next)
    expect([turns, Math.floor(text.length / 1_000_000)]).toEqual([2, 2])
  })
})

it.runIf(process.platform === 'linux')('a file is closed, also when nobody reads on', async () => {
  const isOpen = (file: string): boolean =>
    readdirSync('/proc/self/fd').some((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`) === file
      } catch {
        return false
      }
    })
  await withFile(1000, async (file) => {
    for await (const part of readProcFile(file)) {
      expect([part === '', isOpen(file)]).toEqual([false, true])
      break
    }
    expect(isOpen(file)).toBe(false)
  })
})
