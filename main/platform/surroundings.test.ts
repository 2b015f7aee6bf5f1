import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findObstacle } from './surroundings.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surroundings-'))
})
afterEach(async () => {
  await chmod(folder, 0o700)
  await rm(folder, { recursive: true })
})
const x11 = { DISPLAY: ':0' }

it('refuses to start without a display on Linux, and starts with either kind', () => {
  expect(findObstacle(folder, 'linux', {})).toBe('display')
  expect(findObstacle(folder, 'linux', { DISPLAY: '' })).toBe('display')
  expect(findObstacle(folder, 'linux', x11)).toBe(null)
  expect(findObstacle(folder, 'linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBe(null)
  expect(findObstacle(folder, 'linux', { WAYLAND_SOCKET: '3' })).toBe(null)
  expect(findObstacle(folder, 'darwin', {})).toBe(null)
})

it('makes a data folder that is missing, for this user alone', async () => {
  const missing = join(folder, 'a', 'b')
  expect(findObstacle(missing, 'linux', x11)).toBe(null)
  expect((await stat(missing)).mode & 0o777).toBe(0o700)
})

it('refuses a data folder that is a file, and one that cannot be made', async () => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  expect(findObstacle(join(file, 'inside'), 'linux', x11)).toBe('data folder')
  expect(findObstacle('/proc/no-such', 'linux', x11)).toBe('data folder')
})

it.skipIf(process.getuid?.() === 0)(
  `refuses a data folder that may not be written${process.getuid?.() === 0 ? ' (SKIPPED: root may write everywhere)' : ''}`,
  async () => {
    await chmod(folder, 0o500)
    expect(findObstacle(folder, 'linux', x11)).toBe('data folder')
    await chmod(folder, 0o700)
    expect(findObstacle(folder, 'linux', x11)).toBe(null)
  },
)
