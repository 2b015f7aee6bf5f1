import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { test as base, electronPath, expect } from './fixtures/desktop.ts'
import { attach } from './fixtures/system-browser.ts'

/** The app when its standard output, its standard error or its log file cannot be written any more. */

interface Running {
  readonly child: ChildProcess
  readonly window: Page
  /** What the app has written to its standard output so far. */
  readonly printed: () => string
  /** The same for its standard error, where Chromium writes too. */
  readonly complained: () => string
}

interface Fixtures {
  readonly userData: string
  readonly logFolder: string
  readonly startApp: (stdio?: StdioOptions) => Promise<Running>
}

/** Playwright keeps the pipes of an app that it launches, so these tests start the app themselves. */
const test = base.extend<Fixtures>({
  userData: async ({ folder }, use) => {
    await use(join(folder, 'user-data'))
  },
  logFolder: async ({ userData }, use) => {
    await use(join(userData, 'logs'))
  },
  startApp: async ({ folder, userData, simulator }, use) => {
    const children: ChildProcess[] = []
    await use(async (stdio = 'pipe') => {
      const config = join(folder, 'profile.json')
      await writeFile(config, JSON.stringify(simulator.profile))
      const child = spawn(
        electronPath(),
        [
          '.',
          `--config=${config}`,
          `--user-data-dir=${userData}`,
          '--lang=nb',
          '--remote-debugging-port=0',
        ],
        { stdio },
      )
      children.push(child)
      let printed = ''
      child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
      let complained = ''
      child.stderr?.on('data', (chunk: Buffer) => (complained += chunk.toString()))
      const window = await attachTo(userData)
      await expect(window.locator('html')).toHaveAttribute('data-status', 'signed-out')
      return { child, window, printed: () => printed, complained: () => complained }
    })
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
  },
})

async function attachTo(userData: string): Promise<Page> {
  const portFile = async (): Promise<string[]> =>
    (await readFile(join(userData, 'DevToolsActivePort'), 'utf8').catch(() => '')).split('\n')
  await expect.poll(async () => (await portFile()).length, 'the debugging port').toBe(2)
  const browser = await attach(`http://127.0.0.1:${(await portFile())[0]}`)
  const pages = (): Page[] => browser.contexts().flatMap((context) => context.pages())
  await expect.poll(() => pages().length, 'windows of the app').toBe(1)
  const [page] = pages()
  if (page === undefined) throw new Error('the app has no window')
  return page
}

const deniedLine = 'denied {"what":"window"}'

/** Makes main write this many lines: it logs each window that the page is not allowed to open. */
async function causeLines({ window }: Running, count: number): Promise<void> {
  await window.evaluate((times) => {
    for (let time = 0; time < times; time++) globalThis.open('https://example.org/')
  }, count)
  await answeredByMain(window)
}

/** Messages to main are handled in their order: the answer to this one comes after all before it. */
async function answeredByMain(window: Page): Promise<void> {
  await window.evaluate(async () => {
    const bridge = Reflect.get(globalThis, 'idporten') as { getSnapshot: () => Promise<unknown> }
    await bridge.getSnapshot()
  })
}

async function linesOf(logFolder: string): Promise<string[]> {
  const text = await readFile(join(logFolder, 'main.log'), 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}

const isDenied = (line: string): boolean => line.endsWith(deniedLine)

async function expectLogged(logFolder: string, count: number): Promise<void> {
  const denied = async (): Promise<number> => (await linesOf(logFolder)).filter(isDenied).length
  await expect.poll(denied, 'lines in the log file').toBe(count)
}

/** Processor time that the main process has used, in hundredths of a second. */
async function processorTicks({ child }: Running): Promise<number> {
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  // After the name, which may hold anything, come state and parent; the times are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** A loop in the main process would fill a second with 100 ticks; an idle one uses a few. */
async function expectIdle(running: Running): Promise<void> {
  const before = await processorTicks(running)
  // Nothing happens in an idle process that could be waited for, so this is a fixed observation.
  await delay(1000)
  expect((await processorTicks(running)) - before, 'ticks in a second').toBeLessThan(30)
}

async function closeWindow({ child, window }: Running): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await window.evaluate(() => globalThis.close()).catch(() => {})
  expect(await ended, 'exit code').toBe(0)
}

async function withDevFull<T>(use: (full: number) => Promise<T>): Promise<T> {
  const full = openSync('/dev/full', 'w')
  try {
    return await use(full)
  } finally {
    closeSync(full)
  }
}

test('an output that is read gets the same lines as the log file, each once @thorough', async ({
  startApp,
  logFolder,
}) => {
  const running = await startApp()
  await causeLines(running, 20)
  await expectLogged(logFolder, 20)
  const lines = await linesOf(logFolder)
  expect(lines.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z \S/.test(line))).toBe(true)
  const texts = lines.map((line) => line.slice(line.indexOf(' ') + 1))
  await expect.poll(() => running.printed().trimEnd().split('\n')).toEqual(texts)
  await expectIdle(running)
  await closeWindow(running)
})

test('an output that its reader has closed costs no processor time, and the log file has each line once', async ({
  startApp,
  logFolder,
}) => {
  const running = await startApp()
  running.child.stdout?.destroy()
  running.child.stderr?.destroy()
  await causeLines(running, 20)
  await expectLogged(logFolder, 20)
  await expectIdle(running)
  await causeLines(running, 20)
  await expectLogged(logFolder, 40)
  expect((await linesOf(logFolder)).filter((line) => line.includes('uncaught'))).toEqual([])
  expect(await readdir(logFolder)).toEqual(['main.log'])
  await closeWindow(running)
})

test('an output on a full disk costs no processor time, and the log file has each line once @thorough', async ({
  startApp,
  logFolder,
}) => {
  const running = await withDevFull((full) => startApp(['ignore', full, full]))
  await causeLines(running, 20)
  await expectLogged(logFolder, 20)
  await expectIdle(running)
  expect((await linesOf(logFolder)).filter((line) => line.includes('uncaught'))).toEqual([])
  expect(await readdir(logFolder)).toEqual(['main.log'])
  await closeWindow(running)
})

test('a log file on a full disk costs no processor time, and the output has each line once and nothing else', async ({
  startApp,
  logFolder,
}) => {
  await mkdir(logFolder, { recursive: true })
  await symlink('/dev/full', join(logFolder, 'main.log'))
  const running = await startApp()
  const before = running.printed()
  await causeLines(running, 20)
  await expect.poll(() => running.printed()).toBe(before + `${deniedLine}\n`.repeat(20))
  await expectIdle(running)
  expect(running.complained()).not.toMatch(/main\.log|ENOSPC/)

  await rm(join(logFolder, 'main.log'))
  await causeLines(running, 5)
  await expectLogged(logFolder, 5)
  await closeWindow(running)
})

test('a log folder that cannot be made costs no processor time, and the log goes on when it can @thorough', async ({
  startApp,
  logFolder,
  userData,
}) => {
  await mkdir(userData)
  await writeFile(logFolder, 'a file in the place of the folder')
  const running = await startApp()
  const before = running.printed()
  await causeLines(running, 20)
  await expect.poll(() => running.printed()).toBe(before + `${deniedLine}\n`.repeat(20))
  await expectIdle(running)
  expect(running.complained()).not.toMatch(/main\.log|EEXIST|ENOTDIR/)

  await rm(logFolder)
  await causeLines(running, 5)
  await expectLogged(logFolder, 5)
  await closeWindow(running)
})

test('a log folder that is removed is made again by the next line @thorough', async ({
  startApp,
  logFolder,
}) => {
  const running = await startApp()
  await causeLines(running, 5)
  await expectLogged(logFolder, 5)
  await rm(logFolder, { recursive: true })
  await causeLines(running, 5)
  await expectLogged(logFolder, 5)
  await expectIdle(running)
  await closeWindow(running)
})

test('an output and a log file that are both on a full disk cost no processor time, and the window works on @thorough', async ({
  startApp,
  logFolder,
}) => {
  await mkdir(logFolder, { recursive: true })
  await symlink('/dev/full', join(logFolder, 'main.log'))
  const running = await withDevFull((full) => startApp(['ignore', full, full]))
  await causeLines(running, 20)
  await expectIdle(running)
  await expect(running.window.locator('[data-action="sign-in"]')).toBeEnabled()
  await closeWindow(running)
})
