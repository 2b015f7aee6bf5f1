import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createUpdates, type Moment, type Updater, whyNoUpdates } from './updates.ts'

const day = 24 * 60 * 60_000
const signedOut: Moment = {
  status: 'signed-out',
  renewing: null,
  session: null,
  providerLogout: null,
}
const signedIn: Moment = { ...signedOut, status: 'signed-in', session: { apis: [] } }
const restoring: Moment = { ...signedOut, status: 'restoring' }
const waiting: Moment = { ...signedOut, status: 'waiting-for-browser' }
const exchanging: Moment = { ...signedOut, status: 'exchanging' }
const renewing: Moment = { ...signedIn, renewing: 'refresh-token' }
const leaving: Moment = {
  ...signedOut,
  providerLogout: {
    revocation: 'running',
    browser: 'none',
    requestRejected: false,
    linkReused: false,
  },
}

/** Stands in for electron-updater, which has a test of its own (e2e/updates.spec.ts). */
function fakeUpdater(version: string | null) {
  return {
    look: vi.fn<Updater['look']>(async () => version),
    download: vi.fn<Updater['download']>(async () => {}),
    install: vi.fn<Updater['install']>(async () => {}),
  }
}

let now = 0
beforeEach(() => {
  now = 0
})

/** The updates of an app, with what they have said. */
function create(
  updater: ReturnType<typeof fakeUpdater>,
  load = async (): Promise<Updater> => updater,
) {
  const ready: string[] = []
  const lines: string[] = []
  const updates = createUpdates({
    load,
    clock: { monotonic: () => now },
    log: (event, details) => lines.push(`${event} ${codeIn(details)}`.trim()),
    onReady: (version) => ready.push(version),
  })
  /** Lets moments pass one after another, and lets what they set off come to its end. */
  const show = async (...moments: Moment[]) => {
    for (const moment of moments) {
      updates.observe(moment)
      // oxlint-disable-next-line no-await-in-loop
      await settled()
    }
  }
  return { updates, show, ready, lines }
}

const settled = async () => await new Promise((resolve) => setImmediate(resolve))

function codeIn(details: Readonly<Record<string, unknown>> = {}): string {
  const { error, version } = details
  if (error instanceof Error) return String(Reflect.get(error, 'code'))
  return typeof version === 'string' ? version : ''
}

const refusal = (code: string) => Object.assign(new Error('refused'), { code })

/** A step that lasts until it is broken off. */
const untilAborted = async (signal: AbortSignal): Promise<never> =>
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('broken off')))
  })

describe('an app that updates itself', () => {
  it('is one on Windows or macOS, and packaged; another leaves it to others', () => {
    expect(whyNoUpdates({ platform: 'win32', isPackaged: true })).toBeNull()
    expect(whyNoUpdates({ platform: 'darwin', isPackaged: true })).toBeNull()
    expect(whyNoUpdates({ platform: 'win32', isPackaged: false })).toBe('this is no package')
    expect(whyNoUpdates({ platform: 'linux', isPackaged: true })).toBe('the package manager does')
  })
})

describe('a look for a newer version', () => {
  it('is not taken while anything is in progress, and is when that has ended', async () => {
    for (const busy of [restoring, waiting, exchanging, renewing, leaving]) {
      const updater = fakeUpdater(null)
      const { show } = create(updater)
      // oxlint-disable-next-line no-await-in-loop
      await show(busy, busy)
      expect(updater.look).not.toHaveBeenCalled()
      // oxlint-disable-next-line no-await-in-loop
      await show(signedIn)
      expect(updater.look).toHaveBeenCalledOnce()
    }
  })

  it('is not taken twice in a day, and not because time passes or the window changes', async () => {
    const updater = fakeUpdater(null)
    const { show } = create(updater)
    await show(signedOut)
    now = day - 1
    await show(waiting, signedIn, signedOut)
    expect(updater.look).toHaveBeenCalledOnce()
    now = day
    await show({ ...signedOut })
    expect(updater.look).toHaveBeenCalledOnce()
    await show(signedIn)
    expect(updater.look).toHaveBeenCalledTimes(2)
  })

  it('is broken off by a login, and taken anew when that has ended', async () => {
    const updater = fakeUpdater('2.0.0')
    updater.look.mockImplementationOnce(untilAborted)
    const { show, ready, lines } = create(updater)
    await show(signedOut, waiting)
    expect(updater.download).not.toHaveBeenCalled()
    expect(lines).toEqual([])
    await show(signedIn)
    expect(updater.look).toHaveBeenCalledTimes(2)
    expect(ready).toEqual(['2.0.0'])
  })

  it('that comes back in the middle of a login brings no download', async () => {
    const updater = fakeUpdater('2.0.0')
    const answer = Promise.withResolvers<string>()
    updater.look.mockImplementationOnce(async () => await answer.promise)
    const { show, ready } = create(updater)
    await show(signedOut, waiting)
    answer.resolve('2.0.0')
    await settled()
    expect(updater.download).not.toHaveBeenCalled()
    await show(signedIn)
    expect(ready).toEqual(['2.0.0'])
  })

  it('that is refused is told in the log by its code, changes nothing, and is taken again the next day', async () => {
    const updater = fakeUpdater('2.0.0')
    updater.look.mockRejectedValueOnce(refusal('E_UPDATE_OLDER'))
    const { updates, show, ready, lines } = create(updater)
    await show(signedOut)
    expect(lines).toEqual(['update refused E_UPDATE_OLDER'])
    expect(ready).toEqual([])
    expect(await updates.install(() => false)).toBe(false)
    now = day
    await show(signedIn)
    expect(ready).toEqual(['2.0.0'])
  })

  it('in an app that cannot be updated is refused, and the app goes on', async () => {
    const updater = fakeUpdater('2.0.0')
    const { updates, show, lines } = create(updater, async () => {
      throw refusal('E_UPDATE_UNSIGNED')
    })
    await show(signedOut, waiting, signedIn)
    expect(lines).toEqual(['update refused E_UPDATE_UNSIGNED'])
    expect(await updates.install(() => true)).toBe(false)
  })
})

describe('a download', () => {
  it('is broken off by a login, and begins anew when that has ended', async () => {
    const updater = fakeUpdater('2.0.0')
    updater.download.mockImplementationOnce(untilAborted)
    const { updates, show, ready } = create(updater)
    await show(signedOut, waiting)
    expect(ready).toEqual([])
    expect(await updates.install(() => false)).toBe(false)
    await show(signedOut)
    expect(updater.download).toHaveBeenCalledTimes(2)
    expect(ready).toEqual(['2.0.0'])
  })

  it.each(['E_UPDATE_HASH', 'E_UPDATE_SIGNATURE'])(
    'that is refused with %s is never ready and never installed; a good one is both',
    async (code) => {
      const updater = fakeUpdater('2.0.0')
      updater.download.mockRejectedValueOnce(refusal(code))
      const { updates, show, ready, lines } = create(updater)
      await show(signedOut)
      expect(lines).toEqual(['update found 2.0.0', `update refused ${code}`])
      expect(await updates.install(() => true)).toBe(false)
      expect(updater.install).not.toHaveBeenCalled()

      now = day
      await show(signedIn)
      expect(ready).toEqual(['2.0.0'])
      expect(await updates.install(() => true)).toBe(true)
      expect(updater.install.mock.calls.map(([startAgain]) => startAgain())).toEqual([true])
    },
  )

  it('that is ready ends the looking', async () => {
    const updater = fakeUpdater('2.0.0')
    const { show, ready } = create(updater)
    await show(signedOut)
    now = 2 * day
    await show(signedIn, signedOut)
    expect(updater.look).toHaveBeenCalledOnce()
    expect(ready).toEqual(['2.0.0'])
  })
})

describe('the end of the app', () => {
  it('installs nothing when nothing was looked for, and breaks off what goes on', async () => {
    const updater = fakeUpdater('2.0.0')
    updater.download.mockImplementationOnce(untilAborted)
    const { updates, show, ready } = create(updater)
    expect(await updates.install(() => false)).toBe(false)
    await show(signedOut)
    expect(await updates.install(() => false)).toBe(false)
    await settled()
    expect(ready).toEqual([])
    expect(updater.install).not.toHaveBeenCalled()
  })

  it('says when what was ready is refused after all, so that the app can start again as it is', async () => {
    const updater = fakeUpdater('2.0.0')
    updater.install.mockRejectedValueOnce(refusal('E_UPDATE_HASH'))
    const { updates, show, lines } = create(updater)
    await show(signedOut)
    expect(await updates.install(() => true)).toBe(false)
    expect(lines.at(-1)).toBe('update refused E_UPDATE_HASH')
    expect(await updates.install(() => false)).toBe(true)
    expect(updater.install.mock.lastCall?.[0]()).toBe(false)
  })
})
