/**
 * Measures how long it takes from the command to the first content of the window, and how much memory the app has
 * then, beside a window of the same Electron with one line of text. Usage: run.ts <executable of Electron> [rounds]
 *
 * The two take turns, so that what else the computer does meets both. Nobody is attached while they start.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright'
import { summarise } from '../listener/table.ts'

const [electron, count = '20'] = process.argv.slice(2)
if (electron === undefined) throw new TypeError('the executable of Electron is needed')
const rounds = Number(count)
/** After that a window has long been painted, in ms. */
const settled = 4000

/** Times in ms from the command, memory in MB. */
interface Start {
  readonly content: number
  readonly usable: number
  readonly memory: number
}
type Kind = 'app' | 'blank'

const folder = await mkdtemp(path.join(tmpdir(), 'idporten-desktop-bench-'))
const config = path.join(folder, 'profile.json')
await writeFile(config, JSON.stringify({ issuer: 'http://127.0.0.1:9', clientId: 'bench' }))
const args: Record<Kind, readonly string[]> = {
  app: ['.', `--config=${config}`, '--lang=nb'],
  blank: [path.join(import.meta.dirname, 'blank')],
}

async function start(kind: Kind, userData: string): Promise<Start> {
  const begun = Date.now()
  const child = spawn(
    electron ?? '',
    [...args[kind], `--user-data-dir=${userData}`, '--remote-debugging-port=0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const address = debuggerOf(child)
  await pause(settled)
  const memory = await memoryOf(child.pid ?? 0)
  const browser = await chromium.connectOverCDP(await address)
  const page = browser.contexts()[0]?.pages()[0]
  if (page === undefined) throw new Error(`${kind}: no window`)
  const [content, usable] = await page.evaluate<[number, number]>(`(() => {
    const painted = performance.getEntriesByName('first-contentful-paint')[0]
    const usable = performance.getEntriesByName('usable')[0]
    return [painted, usable ?? painted].map((entry) => performance.timeOrigin + entry.startTime)
  })()`)
  await browser.close()
  child.kill()
  await once(child, 'exit')
  return { content: content - begun, usable: usable - begun, memory }
}

async function debuggerOf(child: ChildProcess): Promise<string> {
  let said = ''
  return await new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`it ended: ${said}`)))
  })
}

/** What a process and its children have for themselves, and their parts of what they share (PSS). */
async function memoryOf(root: number): Promise<number> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    const status = /^\d+$/.test(name)
      ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
      : ''
    const parent = /\) \w (\d+)/.exec(status)?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const belongs = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || belongs(parents.get(pid)))
  const own = [...parents.keys()].filter(belongs)
  const sizes = await Promise.all(
    own.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
      return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0) / 1024
}

/** Medians of both, and of the ratio of each pair, with the middle half of the pairs. */
function row(name: string, pairs: readonly Record<Kind, Start>[], of: keyof Start): string {
  const middle = (values: readonly number[]): number => summarise(values)?.p50 ?? Number.NaN
  const ratios = pairs.map(({ app, blank }) => app[of] / blank[of]).toSorted((a, b) => a - b)
  const quarter = (part: number): string =>
    (ratios[Math.floor(part * (ratios.length - 1))] ?? Number.NaN).toFixed(2)
  const [app, blank] = (['app', 'blank'] as const).map((kind) =>
    middle(pairs.map((pair) => pair[kind][of]))
      .toFixed(0)
      .padStart(7),
  )
  return `${name.padEnd(34)}${app} ${blank}   ×${middle(ratios).toFixed(2)} (${quarter(0.25)} to ${quarter(0.75)})`
}

async function measure(fresh: boolean): Promise<Record<Kind, Start>[]> {
  const pairs: Record<Kind, Start>[] = []
  const kinds: readonly Kind[] = ['app', 'blank']
  for (let round = 0; round < rounds; round += 1) {
    const found: Partial<Record<Kind, Start>> = {}
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
      const userData = path.join(folder, fresh ? `${kind}-${round}` : kind)
      // A folder that has been used once is a warm start.
      if (!fresh && round === 0) await start(kind, userData)
      found[kind] = await start(kind, userData)
    }
    const { app, blank } = found
    if (app !== undefined && blank !== undefined) pairs.push({ app, blank })
    process.stderr.write(`${fresh ? 'first' : 'later'} start: round ${round + 1} of ${rounds}\n`)
  }
  return pairs
}

try {
  const later = await measure(false)
  const first = await measure(true)
  const lines = [
    `${''.padEnd(34)}    app   blank   app by blank, median of pairs (middle half)`,
    row('later start, first content, ms', later, 'content'),
    row('later start, usable, ms', later, 'usable'),
    row('first start, first content, ms', first, 'content'),
    row('first start, usable, ms', first, 'usable'),
    row('memory, MB', later, 'memory'),
    '',
    'Goals: first content × 1.10 later, × 1.15 first; memory × 1.08.',
    `${rounds} pairs each, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}
