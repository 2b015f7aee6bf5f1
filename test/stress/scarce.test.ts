import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { arrive, logInAt } from '../support/login.ts'

/** A login in a process of its own, to which the system gives little. */

let simulator: Simulator
const children: ChildProcess[] = []
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
afterEach(async () => {
  await Promise.all(children.splice(0).map(end))
})

/** Logs in, takes every file that it can get, or gives them back, as each line that it gets says. */
const program = `
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { startLogin } from './main/login/login.ts'
import { systemClock } from './main/login/base/clock.ts'
import { createProviderCache } from './main/login/provider/cache.ts'

const policy = JSON.parse(process.env.POLICY)
const texts = { lang: 'en', appName: 'Test app', text: (page) => page }
const files = []
const actions = {
  take: () => {
    try {
      for (;;) files.push(openSync('/dev/null'))
    } catch (error) {
      console.log(error.code)
    }
  },
  give: () => {
    for (const file of files.splice(0)) closeSync(file)
    console.log('given')
  },
  login: () => {
    startLogin({
      ...policy,
      texts,
      loginTimeout: 30_000,
      providerCache: createProviderCache(systemClock),
      fetch,
      clock: systemClock,
      openBrowser: async (address) => console.log(address),
      onEvent: () => {},
    }).result.then(
      (login) => console.log(login === null ? 'cancelled' : 'signed in as ' + login.claims.pid),
      (error) => console.log(error.code),
    )
  },
}
createInterface({ input: process.stdin }).on('line', (action) => actions[action]())
console.log('ready')
`

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

interface Program {
  readonly say: (line: string) => void
  /** The next line that it says. */
  readonly next: () => Promise<string>
}

/** Starts the program behind a command that takes something from it. */
async function start(...command: readonly string[]): Promise<Program> {
  const [name, ...args] = [
    ...command,
    process.execPath,
    '--input-type=module-typescript',
    '-e',
    program,
  ]
  const policy = { ...simulator.profile, uiLocales: 'nb', par: 'always' }
  const child = spawn(name, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, POLICY: JSON.stringify(policy) },
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await lines.next()).value)
  expect(await next()).toBe('ready')
  return { say: (line) => child.stdin.write(`${line}\n`), next }
}

/** Logs in, with a browser if one is opened; gives how it ended. */
async function logIn({ say, next }: Program): Promise<string> {
  say('login')
  const said = await next()
  if (!said.startsWith('http:')) return said
  // A browser that comes too late finds nobody: how it ended is for the program to say.
  const page = visit(said).catch(() => null)
  const outcome = await next()
  await page
  return outcome
}

const visit = async (address: string) => await arrive(await logInAt(address))
const signedIn = () => `signed in as ${simulator.persons[0]?.pid}`

describe.skipIf(process.platform === 'win32')('a login in a process', () => {
  const few = ['/bin/sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] as const

  it('that has no file descriptor left is refused by name, and works when there are some again', async () => {
    const app = await start(...few)
    app.say('take')
    expect(await app.next()).toBe('EMFILE')
    const since = simulator.journal.length
    expect(await logIn(app)).toBe('E_LISTENER_BIND')
    expect(simulator.journal.slice(since)).toEqual([])
    app.say('give')
    expect(await app.next()).toBe('given')
    expect(await logIn(app)).toBe(signedIn())
  })

  it('that has none left for its browser goes on when there are some again', async () => {
    const app = await start(...few)
    app.say('login')
    const address = await app.next()
    app.say('take')
    expect(await app.next()).toBe('EMFILE')
    await expect(visit(address)).rejects.toMatchObject({ code: 'ECONNRESET' })
    app.say('give')
    expect(await app.next()).toBe('given')
    const page = visit(address)
    expect(await app.next()).toBe(signedIn())
    await page
  })

  it('that hardly gets the processor ends signed in or too late, and signed in without the load', async () => {
    const app = await start('nice', '-n', '19')
    const loads = Array.from({ length: availableParallelism() }, () =>
      spawn('/bin/sh', ['-c', 'echo busy; while :; do :; done']),
    )
    children.push(...loads)
    await Promise.all(loads.map(async ({ stdout }) => await once(stdout, 'data')))
    expect([signedIn(), 'E_NETWORK_TIMEOUT', 'E_LOGIN_TIMEOUT']).toContain(await logIn(app))
    await Promise.all(loads.map(end))
    // Other tests may be a load to it too.
    await expect.poll(() => logIn(app), { timeout: 60_000 }).toBe(signedIn())
  }, 120_000)
})
