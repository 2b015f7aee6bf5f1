import { expect, it, vi } from 'vitest'
import { openBrowser } from './browser.ts'

const openExternal = vi.hoisted(() => vi.fn<(address: string) => Promise<void>>())
vi.mock('electron', () => ({ shell: { openExternal } }))

const start = `http://127.0.0.1:4711/${'x'.repeat(32)}`

it('a system that opens no browser is named; a start address that it opens is all right', async () => {
  openExternal.mockRejectedValueOnce(new Error('no browser'))
  await expect(openBrowser(start)).rejects.toMatchObject({
    code: 'E_BROWSER_OPEN',
    detail: { key: 'browser', reason: 'the system refused' },
  })
  openExternal.mockResolvedValueOnce()
  await openBrowser(start)
  expect(openExternal.mock.calls).toEqual([[start], [start]])
})

it.each([
  'https://example.org/',
  'file:///etc/passwd',
  `http://localhost:4711/${'x'.repeat(32)}`,
  `${start}/more`,
  'http://127.0.0.1:4711/callback?code=x',
])('%s is never handed to the system', async (address) => {
  openExternal.mockClear()
  await expect(openBrowser(address)).rejects.toMatchObject({ code: 'E_BROWSER_OPEN' })
  expect(openExternal).not.toHaveBeenCalled()
})
