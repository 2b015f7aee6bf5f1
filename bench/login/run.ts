/**
 * Measures whole logins, from the click to the claims, beside those of three others, and prints a table.
 * `--json` prints every value instead. Nothing leaves 127.0.0.1 but `npm ci`, when a client is missing.
 *
 * The provider is a process of its own and answers at once; the browser is this process. Every client
 * has a new process in every round, and says by its own clock what a login took.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { npm } from '../../scripts/bootstrap/npm.mjs'
import { bringCallback } from '../listener/browser.ts'
import { type Cell, marks, summarise } from '../listener/table.ts'
import { bare, type ClientName, clientNames, installed, versionOf } from './clients.ts'
import { type Fault, faults, type ProviderOrder, type ProviderReport } from './provider.ts'
import type { Order, Report, Times } from './subject.ts'
import { findings, formatTable, ratioOf, type Row } from './table.ts'

const rounds = 60
/** Pairs of logins in each process after its first: one that knows nothing, one that knows the provider. */
const pairs = { warmUp: 4, measured: 8 }
/** Between two logins, in ms: what is left to close is nobody's login. */
const rest = 5
/** After that a browser has given up, in ms. */
const patience = 5000
const goal = 1.3

/** A child process and what it reports, each kind in its order. */
class Child<Orders extends object, Reports extends { readonly type: string }> {
  readonly #process: ChildProcess
  readonly #kept: Reports[] = []
  #wake = (): void => {}

  constructor(file: string, args: readonly string[]) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
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

  async next<T extends Reports['type']>(
    ...types: readonly T[]
  ): Promise<Extract<Reports, { type: T }>> {
    const wanted = (report: Reports): report is Extract<Reports, { type: T }> =>
      types.some((type) => type === report.type)
    for (;;) {
      const found = this.#kept.find(wanted)
      if (found !== undefined) {
        this.#kept.splice(this.#kept.indexOf(found), 1)
        return found
      }
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`a process of the bench ended before it reported "${types.join(' or ')}"`)
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

/** One login with this process as its browser; `times` is null when the client refused it. */
async function login(subject: Subject, fresh: boolean) {
  subject.order({ type: 'login', fresh })
  const first = await subject.next('open', 'done')
  if (first.type === 'done') return first
  const visit = bringCallback({ method: 'GET', url: first.address, body: '' }, patience)
  const [done] = await Promise.all([subject.next('done'), visit])
  await pause(rest)
  return done
}

async function timesOf(subject: Subject, name: ClientName, fresh: boolean): Promise<Times> {
  const { times, reason } = await login(subject, fresh)
  if (times === null) throw new Error(`${name} refused a good login: ${reason}`)
  return times
}

/** Tells the provider what to answer; returns what its signatures took since the last time. */
async function answer(fault: Fault | null): Promise<readonly number[]> {
  provider.order({ type: 'answer', fault })
  const { took } = await provider.next('signed')
  await provider.next('answering')
  return took
}

/** What a client refuses: each fault by itself, in a login that would be good without it. */
async function refusals(name: ClientName): Promise<Set<Fault>> {
  const refused = new Set<Fault>()
  const subject: Subject = new Child('./subject.ts', [name, issuer])
  await subject.next('ready')
  for (const fault of faults) {
    await answer(fault)
    const { times } = await login(subject, true)
    if (times === null) refused.add(fault)
  }
  await answer(null)
  await timesOf(subject, name, true)
  await subject.end()
  return refused
}

const rowList = [
  { kind: 'first', part: 'login', name: 'first login of a process, click to claims' },
  { kind: 'first', part: 'callback', name: '  callback to claims' },
  { kind: 'fresh', part: 'login', name: 'later login, nothing cached, click to claims' },
  { kind: 'fresh', part: 'callback', name: '  callback to claims' },
  { kind: 'known', part: 'login', name: 'later login, provider known, click to claims' },
  { kind: 'known', part: 'open', name: '  click to the address for the browser' },
  { kind: 'known', part: 'callback', name: '  callback to claims' },
] as const
type Kind = (typeof rowList)[number]['kind']

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item)
}

async function install(): Promise<void> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(new URL('./package.json', import.meta.url), 'utf8'),
  )
  for (const [name, wanted] of Object.entries(manifest.dependencies)) {
    const file = new URL(`${name}/package.json`, installed)
    const found: { version: string } | null = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text),
      () => null,
    )
    if (found?.version === wanted) continue
    process.stderr.write('Installing the clients …\n')
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here })
    return
  }
}

await install()
const began = performance.now()
setTimeout(() => {
  process.stderr.write('Stopped: the bench took longer than ten minutes.\n')
  process.exit(1)
}, 600_000).unref()

const provider: Child<ProviderOrder, ProviderReport> = new Child('./provider.ts', ['provider'])
const { issuer } = await provider.next('ready')
const samples = new Map<string, Times[]>()
const samplesOf = (kind: Kind, name: ClientName): Times[] => {
  const found = samples.get(`${kind} ${name}`) ?? []
  samples.set(`${kind} ${name}`, found)
  return found
}

for (let round = 0; round < rounds; round += 1) {
  const subjects = clientNames.map((name) => {
    const subject: Subject = new Child('./subject.ts', [name, issuer])
    return { name, subject }
  })
  // Login by login, in an order that is drawn anew each time: what else the machine does meanwhile meets
  // all of them, and so does what the one before has left to do.
  const each = async (kind: Kind, counts: boolean): Promise<void> => {
    for (const { name, subject } of shuffled(subjects)) {
      const times = await timesOf(subject, name, kind !== 'known')
      if (counts) samplesOf(kind, name).push(times)
    }
  }
  for (const { subject } of subjects) await subject.next('ready')
  await each('first', true)
  for (let pair = -pairs.warmUp; pair < pairs.measured; pair += 1) {
    await each('fresh', pair >= 0)
    await each('known', pair >= 0)
  }
  for (const { subject } of subjects) await subject.end()
  process.stderr.write(`round ${round + 1} of ${rounds}\n`)
}
const signing = summarise(await answer(null))
const refused = new Map<ClientName, Set<Fault>>()
for (const name of clientNames) refused.set(name, await refusals(name))
await provider.end()

const versions = await Promise.all(clientNames.map((name) => versionOf(name)))
const heads = clientNames.map((name, index) => `${name} ${versions[index]}`)
const rows: Row[] = rowList.map(({ kind, part, name }) => ({
  name,
  cells: clientNames.map((client): Cell => ({
    values: samplesOf(kind, client).map((times) => times[part]),
    failed: 0,
  })),
}))
const base = clientNames.indexOf(bare)
const cpu = cpus()
const load = loadavg().map((value) => value.toFixed(1))
const machine = `node ${process.version}, ${process.platform} ${process.arch}, ${cpu.length} × ${cpu[0]?.model.trim() ?? '?'}, load ${load.join(' ')}`
const accepts = (name: ClientName): string =>
  faults.filter((fault) => !refused.get(name)?.has(fault)).join(', ') || 'nothing of it'

if (process.argv.includes('--json')) {
  const result = {
    machine,
    signing,
    goal,
    rows: rows.map(({ name, cells }, index) => ({
      kind: rowList[index]?.kind,
      part: rowList[index]?.part,
      name: name.trim(),
      cells: cells.map((cell, column) => ({
        client: heads[column],
        mark: marks({ name, cells, digits: 2, resolution: 0 })[column],
        ...summarise(cell.values),
        toBare: ratioOf(cell.values, cells[base]?.values ?? []),
        values: cell.values,
      })),
    })),
    refuses: clientNames.map((name) => ({ client: name, faults: [...(refused.get(name) ?? [])] })),
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
} else {
  process.stdout.write(`${formatTable(heads, rows, base)}

ms: median / 95th percentile, and the median by that of the bare oauth4webapi script.
* best; = cannot be told from the best by a Mann-Whitney test (5 %).

Goal: from click to claims at most ${goal} × the bare script, with all our checks.
${findings(rows, clientNames.indexOf('ours'), base, goal).join('\n')}

What each takes for a good login although it is wrong (tried: ${faults.join(', ')}):
${clientNames.map((name) => `  ${name}: ${accepts(name)}`).join('\n')}

All have the fetch of Node and its kept connections. Ours and oidc-plugin send the browser over a
one-time local address and to a last page, over connections of their own; the two others are opened
at the provider and answer the callback at once. oidc-plugin checks no signature, so it fetches no
keys, and it asks for the tokens when the browser has come to its last page. Only "pushed" pushes.
In every login the provider takes ${signing?.p50.toFixed(2)} ms (median) to sign the ID token.
${rounds} rounds in ${Math.round((performance.now() - began) / 1000)} s, each with a new process for each client, login by login in an order by lot: ${rounds} first
logins, ${rounds * pairs.measured} of each later kind after ${2 * pairs.warmUp} for warming up.
${machine}
`)
}
