import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  finish,
  isComplete,
  networkRoute,
  provideDownload,
  wasRefused,
} from './electron-runtime.mjs'

const content = 'the whole runtime'
const wanted = {
  package: 'runtime@1.0.0',
  file: 'runtime-1.0.0.tgz',
  size: content.length,
  sha512: createHash('sha512').update(content).digest('base64'),
}

let folder = ''
beforeEach(async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  folder = await mkdtemp(path.join(os.tmpdir(), 'runtime-test-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

/** Stands for the network: each call brings the next content. */
const network = (...contents: string[]) =>
  vi.fn<(wanted: unknown, target: string) => Promise<string>>(async (_, target) => {
    const file = path.join(target, 'arrived.tgz')
    await writeFile(file, contents.shift() ?? '')
    return file
  })

test('keeps a download and does not fetch it again', async () => {
  const fetchFile = network(content)
  const file = await provideDownload(folder, wanted, fetchFile)
  expect(await readFile(file, 'utf8')).toBe(content)
  expect(await provideDownload(folder, wanted, fetchFile)).toBe(file)
  expect(fetchFile).toHaveBeenCalledTimes(1)
})

test('removes a damaged download and fetches it again', async () => {
  await writeFile(path.join(folder, wanted.file), content.replace('whole', 'whale'))
  const file = await provideDownload(folder, wanted, network(content))
  expect(await readFile(file, 'utf8')).toBe(content)
})

test('fetches once more what arrives cut off', async () => {
  const fetchFile = network(content.slice(0, 4), content)
  await provideDownload(folder, wanted, fetchFile)
  expect(fetchFile).toHaveBeenCalledTimes(2)
  expect(await readdir(folder)).toEqual([wanted.file])
})

test('does not accept a download that is wrong twice, and leaves nothing of it', async () => {
  const download = provideDownload(folder, wanted, network('wrong', 'wrong'))
  await expect(download).rejects.toThrow('does not have the expected checksum')
  expect(await readdir(folder)).toEqual([])
})

test('takes an unpacked runtime only whole and unchanged', async () => {
  const temporary = path.join(folder, 'part')
  const target = path.join(folder, 'runtime')
  await mkdir(temporary)
  await writeFile(path.join(temporary, 'electron'), content)
  expect(await isComplete(temporary)).toBe(false)
  await finish(temporary, target)
  expect(await isComplete(target)).toBe(true)
  await writeFile(path.join(target, 'electron'), content.slice(0, 4))
  expect(await isComplete(target)).toBe(false)
})

test('asks the download server again the next day, and at once on another route', async () => {
  const file = path.join(folder, 'refused')
  const route = networkRoute({}, {})
  expect(await wasRefused(file, route)).toBe(false)
  await writeFile(file, JSON.stringify({ route, reason: 'the server does not answer' }))
  expect(await wasRefused(file, route)).toBe(true)
  expect(await wasRefused(file, networkRoute({}, { ELECTRON_MIRROR: 'https://a.test/' }))).toBe(
    false,
  )
  expect(await wasRefused(file, networkRoute({}, { https_proxy: 'http://b.test' }))).toBe(false)
  expect(await wasRefused(file, networkRoute({ npm_config_proxy: 'http://b.test' }, {}))).toBe(
    false,
  )
  const yesterday = new Date(Date.now() - 25 * 3_600_000)
  await utimes(file, yesterday, yesterday)
  expect(await wasRefused(file, route)).toBe(false)
})

test('does not take the note of an older version for a refusal', async () => {
  const file = path.join(folder, 'refused')
  await writeFile(file, 'the server does not answer')
  expect(await wasRefused(file, networkRoute({}, {}))).toBe(false)
})
