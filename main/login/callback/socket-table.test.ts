import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
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

it('a file comes in whole lines, and as it is', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'table-'))
  try {
    const file = path.join(folder, 'tcp')
    const text = Array.from({ length: 20_000 }, (_, index) => line(`A:${index}`, 'B:1')).join('')
    writeFileSync(file, `${text}the end`)
    const came: string[] = []
    for await (const part of readProcFile(file)) came.push(part)
    expect(came.join('')).toBe(`${text}the end`)
    expect(came.slice(0, -1).filter((part) => part !== '' && !part.endsWith('\n'))).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
