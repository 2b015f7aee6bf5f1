/**
 * electron-updater, held to what this app takes from a feed. A part of the bundle of its own, which is loaded only
 * where a feed is configured; so it shares nothing with the rest of main but types.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { autoUpdater, type ClientRequest, type Session } from 'electron'
import type { AppUpdater, UpdateInfo } from 'electron-updater'
import { ElectronHttpExecutor } from 'electron-updater/out/electronHttpExecutor.js'
import { MacUpdater } from 'electron-updater/out/MacUpdater.js'
import { NsisUpdater } from 'electron-updater/out/NsisUpdater.js'
import { CancellationToken } from 'electron-updater/out/types.js'
import type { runPowerShell } from '../power-shell.ts'
import type { Updater } from './updates.ts'
import { readSignature, whatIsWrong } from './windows-signature.ts'

/** Milliseconds that the feed may take to say what it has, and to bring it. */
const limits = { look: 60_000, download: 3_600_000 }
/** Milliseconds that macOS has to end the app in its own way, before the app ends itself. */
const macPatience = 10_000

export interface UpdaterOptions {
  readonly feed: string
  readonly platform: NodeJS.Platform
  readonly runPowerShell: typeof runPowerShell
}

/**
 * Makes the updater of a system. Rejects with `E_UPDATE_UNSIGNED` in an app that is not signed itself, and with
 * `E_UPDATE_INSTALLATION` in one that no updater has installed.
 */
export async function createUpdater(options: UpdaterOptions): Promise<Updater> {
  return await (options.platform === 'darwin' ? forMac(options) : forWindows(options))
}

async function forWindows({ feed, runPowerShell: run }: UpdaterOptions): Promise<Updater> {
  // NSIS puts its uninstaller there, and an MSI does not; the next NSIS beside an MSI would be a second app.
  const uninstaller = path.join(
    path.dirname(process.execPath),
    `Uninstall ${path.basename(process.execPath)}`,
  )
  if (!existsSync(uninstaller)) refuse('E_UPDATE_INSTALLATION', 'NSIS has not installed this app')
  const updater = new NsisUpdater()
  const publishers = await publishersOf(updater)
  const feedOf = hold(updater, feed)
  updater.autoInstallOnAppQuit = false
  let file = ''
  let isVerified = false

  const verify = async (candidate: string): Promise<string | null> => {
    const version = feedOf.offered()?.version ?? ''
    isVerified = true
    try {
      return whatIsWrong(await readSignature(candidate, run), { publishers, version })
    } catch (error) {
      // electron-updater itself lets a file through when there is no PowerShell to ask.
      return `its signature cannot be read: ${error instanceof Error ? error.message : 'unknown'}`
    }
  }
  updater.verifyUpdateCodeSignature = (_, candidate) => verify(candidate)

  return {
    look: feedOf.look,
    download: async (signal) => {
      isVerified = false
      const [downloaded = ''] = await feedOf.download(signal)
      // electron-updater does not verify what an earlier run has left.
      const wrong = isVerified ? null : await verify(downloaded)
      if (wrong !== null) refuse('E_UPDATE_SIGNATURE', wrong)
      file = downloaded
    },
    install: async (startAgain) => {
      // It has lain where every program of the person can write, and is about to be run by an administrator.
      if (!sumsOf(feedOf.offered()).includes(await sha512(file))) {
        refuse('E_UPDATE_HASH', 'the file has changed since it was fetched')
      }
      const wrong = await verify(file)
      if (wrong !== null) refuse('E_UPDATE_SIGNATURE', wrong)
      const errors: unknown[] = []
      updater.on('error', (error) => errors.push(error))
      // Asked last: a second start may have come while the file was checked.
      const started = updater.install(true, startAgain())
      // A program that cannot be started is told after this.
      await setImmediate()
      if (!started || errors.length > 0) {
        refuse('E_UPDATE_SYSTEM', 'the installer does not start', errors[0])
      }
    },
  }
}

async function forMac({ feed }: UpdaterOptions): Promise<Updater> {
  const bundle = path.resolve(process.execPath, '../../..')
  // An app that Apple does not know has no signature that a newer one could be compared with.
  const requirement = '-R=anchor apple generic'
  await promisify(execFile)('/usr/bin/codesign', ['--verify', requirement, bundle]).catch((error) =>
    refuse('E_UPDATE_UNSIGNED', 'this app is not signed with a certificate of Apple', error),
  )
  const updater = new MacUpdater()
  const feedOf = hold(updater, feed)
  return {
    look: feedOf.look,
    download: async (signal) => {
      // macOS takes the file from electron-updater, and compares its signature with that of this app.
      const ended = new AbortController()
      const takes = AbortSignal.any([signal, ended.signal])
      const taken = Promise.race([
        once(autoUpdater, 'update-downloaded', { signal: takes }),
        // macOS may say neither that it has it nor that it has not.
        setTimeout(limits.download, undefined, { signal: takes }).then(() =>
          refuse('E_UPDATE_SYSTEM', 'macOS does not take it in time'),
        ),
      ])
      try {
        await Promise.all([feedOf.download(signal), taken])
      } finally {
        ended.abort()
        // It hands the file to macOS over a port of its own, which electron-updater leaves open until the end.
        Reflect.apply(updater['closeServerIfExists'], updater, [])
      }
    },
    install: async (startAgain) => {
      // Without a restart macOS does it by itself, when the app has ended.
      if (!startAgain()) return
      updater.quitAndInstall()
      await setTimeout(macPatience)
    },
  }
}

/** Sets all that electron-updater leaves open, and gives the two ways to the feed. */
function hold(updater: AppUpdater, feed: string) {
  // It would name the person's folders, and go to the console.
  updater.logger = null
  updater.autoDownload = false
  updater.allowDowngrade = false
  updater.allowPrerelease = false
  updater.disableWebInstaller = true
  updater.disableDifferentialDownload = true
  updater.isUserWithinRollout = () => true
  // Else it writes a number for this installation to the disk, and sends it with every question.
  Object.assign(updater, { stagingUserIdPromise: { value: Promise.resolve('') } })
  // Nobody is asked for a password: no answer at all would wait for ever, and a wrong one ask again.
  updater.on('login', (_, answer) => {
    Reflect.apply(answer, null, [])
  })
  updater.setFeedURL({ provider: 'generic', url: feed })
  const breakOff = collectRequests(updater)
  const wentElsewhere = confine(updater.netSession, new URL(feed).origin)
  let offered: UpdateInfo | null = null

  /** Does something that ends with the signal, or when its time is over. */
  const within = async <T>(
    limit: number,
    signal: AbortSignal,
    run: (token: CancellationToken) => Promise<T>,
  ): Promise<T> => {
    const token = new CancellationToken()
    const end = AbortSignal.any([signal, AbortSignal.timeout(limit)])
    const stop = (): void => {
      token.cancel()
      breakOff()
    }
    end.throwIfAborted()
    end.addEventListener('abort', stop)
    try {
      return await run(token)
    } catch (cause) {
      throw named(cause, wentElsewhere())
    } finally {
      end.removeEventListener('abort', stop)
      breakOff()
    }
  }

  return {
    /** What the feed has said last. */
    offered: () => offered,
    look: (signal: AbortSignal) =>
      within(limits.look, signal, async () => {
        const found = await updater.checkForUpdates()
        if (found === null) return null
        const { version } = found.updateInfo
        if (!/^\d+\.\d+\.\d+$/.test(version)) {
          refuse('E_UPDATE_PRERELEASE', `${version} is no release`)
        }
        const order = updater.currentVersion.compare(version)
        if (order > 0) refuse('E_UPDATE_OLDER', `${version} is older than this app`)
        if (order === 0 || !found.isUpdateAvailable) return null
        offered = found.updateInfo
        return version
      }),
    download: (signal: AbortSignal) =>
      within(limits.download, signal, async (token) => await updater.downloadUpdate(token)),
  }
}

/**
 * Lets the updater's requests go to the origin of the feed and nowhere else: neither its list nor a redirect can
 * name another.
 *
 * @returns where else one wanted to go since the last call, if one did
 */
function confine(session: Session, origin: string): () => string | null {
  let elsewhere: string | null = null
  session.webRequest.onBeforeRequest(({ url }, answer) => {
    const target = new URL(url).origin
    if (target !== origin) elsewhere = target
    answer({ cancel: target !== origin })
  })
  session.webRequest.onBeforeSendHeaders(({ requestHeaders }, answer) => {
    const { 'x-user-staging-id': _, ...rest } = requestHeaders
    answer({ requestHeaders: rest })
  })
  return () => {
    const last = elsewhere
    elsewhere = null
    return last
  }
}

/**
 * Keeps the requests of the updater, which goes on with them after a cancel, and has none for its first question.
 *
 * @returns what breaks off those that were made since the last call
 */
function collectRequests(updater: AppUpdater): () => void {
  const executor: unknown = Reflect.get(updater, 'httpExecutor')
  if (!(executor instanceof ElectronHttpExecutor))
    throw new TypeError('electron-updater is another')
  let open: ClientRequest[] = []
  const create = executor.createRequest.bind(executor)
  executor.createRequest = (...about) => {
    const request = create(...about)
    open.push(request)
    return request
  }
  return () => {
    for (const request of open) {
      request.abort()
      // Electron tells an abort by an event that nobody there listens to.
      request.emit('error', new Error('broken off'))
    }
    open = []
  }
}

/** Who may have signed a newer version: electron-updater checks no signature when nobody is named. */
async function publishersOf(updater: NsisUpdater): Promise<readonly string[]> {
  let config: unknown
  try {
    config = await Reflect.apply(updater['loadUpdateConfig'], updater, [])
  } catch (cause) {
    refuse('E_UPDATE_UNSIGNED', 'app-update.yml cannot be read', cause)
  }
  const publishers = [Reflect.get(Object(config), 'publisherName')]
    .flat()
    .filter((name) => typeof name === 'string' && name !== '')
  if (publishers.length === 0) refuse('E_UPDATE_UNSIGNED', 'app-update.yml names no publisher')
  return publishers
}

/** The sums of all files of a version, one of which was fetched. */
function sumsOf(offered: UpdateInfo | null): readonly string[] {
  return (offered?.files ?? []).map((file) => file.sha512)
}

async function sha512(file: string): Promise<string> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(file), hash).catch((cause: unknown) =>
    refuse('E_UPDATE_HASH', 'the file is gone', cause),
  )
  return hash.digest('base64')
}

/** The codes of electron-updater that have a name here; whatever else goes wrong is the feed's. */
const names: Readonly<Record<string, string>> = {
  ERR_CHECKSUM_MISMATCH: 'E_UPDATE_HASH',
  ERR_UPDATER_NO_CHECKSUM: 'E_UPDATE_HASH',
  ERR_UPDATER_INVALID_SIGNATURE: 'E_UPDATE_SIGNATURE',
}

function named(cause: unknown, elsewhere: string | null): Error {
  if (elsewhere !== null) return withCode('E_UPDATE_ELSEWHERE', `it is at ${elsewhere}`, cause)
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (cause instanceof Error && code.startsWith('E_UPDATE_')) return cause
  const message = cause instanceof Error ? cause.message : 'unknown'
  return withCode(names[code] ?? 'E_UPDATE_FEED', message, cause)
}

function withCode(code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code })
}

function refuse(code: string, message: string, cause?: unknown): never {
  throw withCode(code, message, cause)
}
