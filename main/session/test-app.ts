import * as v from 'valibot'
import { type Snapshot, snapshotSchema } from '../../preload/contract.ts'
import type { JournalEntry, Simulator } from '../../simulator/simulator.ts'
import {
  arrive,
  createMailbox,
  createTestClock,
  type Deed,
  logInAt,
  texts,
} from '../login/test-browser.ts'
import { redact, redactText } from '../redact.ts'
import { type ControllerOptions, createController } from './controller.ts'
import { parseProfile, type Profile } from './profile.ts'

/** The profile of a simulator, with other values where a test wants them. */
export function profileOf(simulator: Simulator, changes: object = {}): Profile {
  return parseProfile(JSON.stringify({ ...simulator.profile, ...changes }), 'command-line')
}

export type TestApp = ReturnType<typeof createTestApp>

/** The whole app without Electron: its window, log, clipboard, browser and clock are the test. */
export function createTestApp(simulator: Simulator, options: Partial<ControllerOptions> = {}) {
  const clock = createTestClock()
  const opened = createMailbox<string>()
  const snapshots: Snapshot[] = []
  const lines: string[] = []
  const copied: string[] = []
  const addresses: string[] = []
  const chosen: string[] = []
  const counts = { outcomes: 0 }
  // By the entry and not by its place: the journal forgets its oldest entries.
  const before = simulator.journal.at(-1)
  const isBefore = (entry: JournalEntry): boolean => entry === before
  let waiters: { wanted: (snapshot: Snapshot) => boolean; resolve: () => void }[] = []
  const controller = createController({
    profile: profileOf(simulator),
    language: 'nn',
    clock,
    fetch,
    texts: (language) => ({ ...texts, lang: language }),
    openBrowser: async (address) => {
      addresses.push(address)
      opened.put(address)
    },
    copy: async (text) => {
      copied.push(text)
    },
    onOutcome: () => {
      counts.outcomes += 1
    },
    onSnapshot: (snapshot) => {
      snapshots.push(v.parse(snapshotSchema, snapshot))
      for (const { wanted, resolve } of waiters) if (wanted(snapshot)) resolve()
      waiters = waiters.filter(({ wanted }) => !wanted(snapshot))
    },
    onLanguage: (language) => chosen.push(language),
    // As the log of the app does: redacted before it becomes a line.
    log: (event, details) => {
      lines.push(`${redactText(event)} ${JSON.stringify(redact(details ?? {}))}`)
    },
    ...options,
  })
  const until = async (wanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> => {
    if (!wanted(controller.snapshot())) {
      await new Promise<void>((resolve) => waiters.push({ wanted, resolve }))
    }
    return controller.snapshot()
  }
  const reach = (status: Snapshot['status']) => until((snapshot) => snapshot.status === status)
  const logIn = async (deed?: Deed) => {
    await controller.signIn()
    const page = await arrive(await logInAt(await opened.next(), deed))
    return { page, snapshot: await until(({ session, error }) => Boolean(session ?? error)) }
  }
  /** Every request that the simulator got since this app began. */
  const journal = (): JournalEntry[] =>
    simulator.journal.slice(simulator.journal.findLastIndex(isBefore) + 1)
  return {
    controller,
    clock,
    opened,
    snapshots,
    lines,
    copied,
    addresses,
    chosen,
    counts,
    until,
    reach,
    logIn,
    journal,
    requests: (path: string) => journal().filter((entry) => entry.path === path),
    ready: () => reach('signed-out'),
    statuses: () =>
      snapshots
        .map(({ status }) => status)
        .filter((status, index, all) => status !== all[index - 1]),
  }
}

/** Every text in a value, keys included. */
export function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)])
}
