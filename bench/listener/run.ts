/**
 * Measures our loopback listener side by side with those of two peers, and prints a table.
 * `--json` prints every value instead. Nothing leaves 127.0.0.1 but `npm ci`, when a peer is missing.
 *
 * Every listener has a process of its own for every row and round, and the order changes by round.
 * The browser is this process; the work on the tokens takes the same time for all (none, or 20 ms in
 * the row of closing after a login).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { npm } from '../../scripts/bootstrap/npm.mjs'
import { bringCallback, preconnect, refused, type Visit, visitStart } from './browser.ts'
import { type FloodOrder, type FloodReport, idleSockets, straysPerSecond } from './flood.ts'
import { type ListenerName, listenerNames, machineTime, versionOf } from './listeners.ts'
import type { ProbeOrder, ProbeReport } from './prober.ts'
import type { Order, Report } from './subject.ts'
import { type Cell, formatTable, marks, type Row, summarise } from './table.ts'

const rounds = 6
const quietRuns = { warmUp: 10, measured: 30 }
const closeRuns = { warmUp: 3, measured: 10 }
const floodRuns = 10
const memoryRuns = { warmUp: 100, attempts: 1000 }
const tokenWork = 20
/** After that a browser has given up, in ms. */
const patience = 2000

/** A child process and what it reports, each kind in its order. */
class Child<Orders extends object, Reports extends { readonly type: string }> {
  readonly #process: ChildProcess
  readonly #kept: Reports[] = []
  #wake = (): void => {}

  constructor(file: string, argument: string) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), [argument], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#process.on('message', (message: Reports) => {
      this.#kept.push(message)
      this.#wake()
    })
    this.#process.once('exit', () => this.#wake())
  }

  order(order: Orders): void {
    this.#process.send(order)
  }

  async next<T extends Reports['type']>(type: T): Promise<Extract<Reports, { type: T }>> {
    const wanted = (report: Reports): report is Extract<Reports, { type: T }> =>
      report.type === type
    for (;;) {
      const found = this.#kept.find(wanted)
      if (found !== undefined) {
        this.#kept.splice(this.#kept.indexOf(found), 1)
        return found
      }
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`a process of the bench ended before it reported "${type}"`)
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.disconnect()
    await ended
  }
}

type Subject = Child<Order, Report>
type Flood = Child<FloodOrder, FloodReport>
type Prober = Child<ProbeOrder, ProbeReport>

async function opened(subject: Subject, work = 0) {
  subject.order({ type: 'open', work })
  const listener = await subject.next('opened')
  await visitStart(listener.start)
  return listener
}

async function endOf(subject: Subject): Promise<number> {
  subject.order({ type: 'ended' })
  const { at } = await subject.next('ended')
  return at
}

/** Row 1: the callback of a login in peace. */
async function quiet(subject: Subject): Promise<{ first: number; last: number }> {
  const { callback, success } = await opened(subject)
  const visit = await bringCallback(callback, patience)
  if (!visit.body.includes(success)) throw new Error('not the last page')
  await endOf(subject)
  return visit
}

interface Flooded {
  /** Null when the callback did not come to the last page. */
  readonly visit: Visit | null
  readonly rejections: { sent: number; answered: number; lasted: number }
}

/** Row 2: the same while the port is flooded. */
async function flooded(subject: Subject, flood: Flood): Promise<Flooded> {
  const { port, callback, success } = await opened(subject)
  flood.order({ type: 'start', port, path: new URL(callback.url).pathname })
  await flood.next('flooding')
  const visit = await bringCallback(callback, patience).then(
    (found) => (found.body.includes(success) ? found : null),
    () => null,
  )
  flood.order({ type: 'stop' })
  const rejections = await flood.next('stopped')
  if (visit === null) subject.order({ type: 'cancel' })
  await endOf(subject)
  await refused(port, patience)
  return { visit, rejections }
}

interface Closing {
  readonly took: number
  readonly uncertainty: number
}

/** Row 3: from the order to close to the first refused connection; null when that never came. */
async function closing(subject: Subject, how: 'login' | 'cancel'): Promise<Closing | null> {
  const { port, callback } = await opened(subject, tokenWork)
  const idle = await preconnect(port)
  const probe = async (): Promise<void> => {
    prober.order({ port, limit: patience })
    await prober.next('probing')
  }
  if (how === 'cancel') {
    await probe()
    subject.order({ type: 'cancel' })
  } else {
    let probing = Promise.resolve()
    await bringCallback(callback, patience, () => (probing = probe()))
    await probing
  }
  const { refusal: found } = await prober.next('refused')
  idle.destroy()
  const ended = await endOf(subject)
  if (found === null) return null
  return { took: Math.max(0, found.at - ended), uncertainty: found.uncertainty }
}

/** Less than a page of V8's heap, and less than one byte an attempt, says nothing. */
const page = 0.262
const byte = memoryRuns.attempts / 1e3

const rowList = [
  { id: 'first', digits: 2, resolution: 0, name: 'callback to its own answer, ms' },
  { id: 'last', digits: 2, resolution: 0, name: 'callback to the last page, ms' },
  { id: 'floodFirst', digits: 2, resolution: 0, name: 'under flood to its own answer, ms' },
  { id: 'floodLast', digits: 2, resolution: 0, name: 'under flood to the last page, ms' },
  { id: 'closeLogin', digits: 2, resolution: 0, name: 'time to close after a login, ms' },
  { id: 'closeCancel', digits: 2, resolution: 0, name: 'time to close after a cancel, ms' },
  { id: 'rss', digits: 1, resolution: page, name: 'memory after 1,000 attempts, MB more' },
  { id: 'rssNext', digits: 1, resolution: page, name: 'memory after the next 1,000, MB more' },
  { id: 'heap', digits: 0, resolution: byte, name: 'heap after 1,000 attempts, kB more' },
  { id: 'heapNext', digits: 0, resolution: byte, name: 'heap after the next 1,000, kB more' },
  { id: 'handles', digits: 0, resolution: 0, name: 'handles left after all of them' },
] as const
type RowId = (typeof rowList)[number]['id']

/** Collects values by row and listener. */
function createSheet() {
  const cells = new Map<string, { values: number[]; failed: number }>()
  const cell = (row: RowId, name: ListenerName) => {
    const key = `${row} ${name}`
    const found = cells.get(key) ?? { values: [], failed: 0 }
    cells.set(key, found)
    return found
  }
  return {
    add: (row: RowId, name: ListenerName, value: number | null): void => {
      if (value === null) cell(row, name).failed += 1
      else cell(row, name).values.push(value)
    },
    cell: (row: RowId, name: ListenerName): Cell => cell(row, name),
  }
}

async function repeat(
  runs: { warmUp: number; measured: number },
  run: (counts: boolean) => void | Promise<void>,
) {
  for (let done = 0; done < runs.warmUp + runs.measured; done += 1) await run(done >= runs.warmUp)
}

async function install(): Promise<void> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(new URL('./package.json', import.meta.url), 'utf8'),
  )
  for (const name of listenerNames) {
    if (name === 'ours') continue
    const version = await versionOf(name).catch(() => null)
    if (version === manifest.dependencies[name]) continue
    process.stderr.write('Installing the peers …\n')
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here })
    return
  }
}

await install()
const began = machineTime()
setTimeout(() => {
  process.stderr.write('Stopped: the bench took longer than three minutes.\n')
  process.exit(1)
}, 180_000).unref()
const sheet = createSheet()
const prober: Prober = new Child('./prober.ts', 'probe')
const floods: Flooded[] = []
const uncertainties: number[] = []

async function close(
  subject: Subject,
  name: ListenerName,
  how: 'login' | 'cancel',
  counts: boolean,
): Promise<void> {
  const closed = await closing(subject, how)
  if (!counts) return
  sheet.add(how === 'login' ? 'closeLogin' : 'closeCancel', name, closed?.took ?? null)
  if (closed !== null) uncertainties.push(closed.uncertainty)
}

type Task = (subject: Subject, name: ListenerName) => Promise<void>
const tasks: Task[] = [
  (subject, name) =>
    repeat(quietRuns, async (counts) => {
      const { first, last } = await quiet(subject)
      if (!counts) return
      sheet.add('first', name, first)
      sheet.add('last', name, last)
    }),
  async (subject, name) => {
    const flood: Flood = new Child('./flood.ts', 'flood')
    await repeat({ warmUp: 0, measured: floodRuns }, async () => {
      const result = await flooded(subject, flood)
      sheet.add('floodFirst', name, result.visit?.first ?? null)
      sheet.add('floodLast', name, result.visit?.last ?? null)
      floods.push(result)
    })
    await flood.end()
  },
  (subject, name) => repeat(closeRuns, (counts) => close(subject, name, 'login', counts)),
  (subject, name) => repeat(closeRuns, (counts) => close(subject, name, 'cancel', counts)),
  async (subject, name) => {
    subject.order({ type: 'memory', ...memoryRuns })
    const { first, next } = await subject.next('memory')
    sheet.add('rss', name, first.rss / 1e6)
    sheet.add('heap', name, first.heap / 1e3)
    sheet.add('rssNext', name, next.rss / 1e6)
    sheet.add('heapNext', name, next.heap / 1e3)
    sheet.add('handles', name, first.handles + next.handles)
  },
]

for (let round = 0; round < rounds; round += 1) {
  for (const task of tasks) {
    for (let turn = 0; turn < listenerNames.length; turn += 1) {
      const name = listenerNames[(round + turn) % listenerNames.length] ?? 'ours'
      const subject: Subject = new Child('./subject.ts', name)
      await subject.next('ready')
      await task(subject, name)
      await subject.end()
    }
  }
  process.stderr.write(`round ${round + 1} of ${rounds}\n`)
}

await prober.end()

const versions = await Promise.all(listenerNames.map((name) => versionOf(name)))
const heads = listenerNames.map((name, index) => `${name} ${versions[index]}`)
// The quick ones: a busy machine does not make a difference disappear.
uncertainties.sort((one, other) => one - other)
const probe = uncertainties[Math.floor(uncertainties.length / 20)] ?? 0
const rows: Row[] = rowList.map(({ id, digits, resolution, name }) => ({
  name,
  digits,
  resolution: id.startsWith('close') ? probe : resolution,
  cells: listenerNames.map((listener) => sheet.cell(id, listener)),
}))
const cpu = cpus()
const machine = `node ${process.version}, ${process.platform} ${process.arch}, ${cpu.length} × ${cpu[0]?.model.trim() ?? '?'}`

if (process.argv.includes('--json')) {
  const result = {
    machine,
    rows: rows.map((row) => {
      const { name, cells } = row
      const marked = marks(row)
      return {
        name,
        cells: cells.map((cell, index) => ({
          listener: heads[index],
          mark: marked[index],
          ...summarise(cell.values),
          ...cell,
        })),
      }
    }),
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
} else {
  const sum = (of: (flood: Flooded) => number): number =>
    floods.reduce((total, flood) => total + of(flood), 0)
  const rate = Math.round(
    (1000 * sum(({ rejections }) => rejections.sent)) / sum(({ rejections }) => rejections.lasted),
  )
  process.stdout.write(`${formatTable(heads, rows)}

* best; = cannot be told from the best: by a Mann-Whitney test (5 %), or because the medians are
within what the measurement resolves (closing: one probe at the port, ${probe.toFixed(2)} ms; memory: a page of
V8's heap, ${page} MB; heap: one byte an attempt).
Flood: ${idleSockets} idle sockets, ${rate} of ${straysPerSecond} rejected requests a second. Memory: attempts that are opened and
cancelled, ${memoryRuns.warmUp} before for warming up; the first 1,000 include the code that V8 compiles meanwhile.
${rounds} rounds in ${Math.round((machineTime() - began) / 1000)} s, each with a new process for each listener and measurement, in turn.
msal-node takes its callback by POST and answers it before the tokens are asked for; oidc-plugin
closes before that. Both say that it went well whatever comes of it; ours holds the page for the result.
${machine}
`)
}
