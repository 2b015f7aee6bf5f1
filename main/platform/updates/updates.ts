import type { Status } from '../../../preload/contract.ts'
import type { Clock } from '../../login/index.ts'
import { isBusy } from '../../session/state.ts'
import type { Log } from '../log.ts'

/** What finds, fetches and installs newer versions. What it refuses it rejects, with a `code` that begins with `E_UPDATE_`. */
export interface Updater {
  /** Asks the feed for a newer version; null when there is none. */
  readonly look: (signal: AbortSignal) => Promise<string | null>
  /** Fetches what `look` has found, and checks it. */
  readonly download: (signal: AbortSignal) => Promise<void>
  /** Checks what was fetched once more, and has it installed when the app has ended. */
  readonly install: (startAgain: () => boolean) => Promise<void>
}

/** What a snapshot tells of whether anything is in progress. */
export type Moment = Parameters<typeof isBusy>[0]

/** When the app looks for newer versions, and when it installs one. */
export interface Updates {
  /** To be told of every snapshot: a version is looked for when a login or a session has ended. */
  readonly observe: (moment: Moment) => void
  /** To be called when the app ends; tells whether a newer version is going to be installed. */
  readonly install: (startAgain: () => boolean) => Promise<boolean>
}

/** Milliseconds between two looks, at least. */
const pause = 24 * 60 * 60_000

/** Says why an app with that feed does not update itself here; null when it does. */
export function whyNoUpdates(where: {
  readonly platform: NodeJS.Platform
  readonly isPackaged: boolean
}): string | null {
  if (where.platform !== 'win32' && where.platform !== 'darwin') return 'the package manager does'
  return where.isPackaged ? null : 'this is no package'
}

/**
 * Looks for a newer version at the start and at most once a day, when a login or a session has ended, and never
 * while anything is in progress: a login that begins breaks the download off. Nothing here stops a person from
 * logging in.
 */
export function createUpdates({
  load,
  clock,
  log,
  onReady,
}: {
  /** Called before the first look, and again after it has rejected. */
  readonly load: () => Promise<Updater>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Log
  readonly onReady: (version: string) => void
}): Updates {
  let updater: Updater | null = null
  let isReady = false
  let lastLook: number | null = null
  let last: { readonly status: Status; readonly busy: boolean } | null = null
  let current = new AbortController()
  let queue: Promise<void> = Promise.resolve()

  const fetchNewer = async (signal: AbortSignal): Promise<void> => {
    updater ??= await load()
    const version = await updater.look(signal)
    signal.throwIfAborted()
    if (version === null) return
    log('update found', { version })
    await updater.download(signal)
    isReady = true
    log('update ready', { version })
    onReady(version)
  }
  const look = async (): Promise<void> => {
    const now = clock.monotonic()
    const isTooSoon = lastLook !== null && now - lastLook < pause
    if (isReady || isTooSoon || last === null || last.busy) return
    lastLook = now
    current = new AbortController()
    const { signal } = current
    try {
      await fetchNewer(signal)
    } catch (error) {
      // What a login has broken off is begun again when that has ended.
      if (signal.aborted) lastLook = null
      else log('update refused', { error })
    }
  }

  return {
    observe: (moment) => {
      const { status } = moment
      const busy = isBusy(moment)
      const hasEnded = last === null || last.busy || last.status !== status
      last = { status, busy }
      if (busy) current.abort()
      else if (hasEnded) queue = queue.then(look)
    },
    install: async (startAgain) => {
      current.abort()
      if (updater === null || !isReady) return false
      try {
        await updater.install(startAgain)
        return true
      } catch (error) {
        log('update refused', { error })
        return false
      }
    },
  }
}
