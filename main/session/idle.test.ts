import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'

/** Watches with the clocks of the system, and says on each line it gets whether the person is still there. */
const program = `
import { createInterface } from 'node:readline'
import { systemClock } from './main/login/base/clock.ts'
import { createIdleWatch } from './main/session/idle.ts'
const idle = createIdleWatch({
  clock: systemClock,
  onIdle: () => console.log('gone'),
  onMoved: () => {},
})
idle.begin(2000)
console.log('begun')
createInterface({ input: process.stdin }).on('line', () => {
  console.log(idle.touch() === null ? 'too late' : 'there')
})
`

it.skipIf(process.platform === 'win32')(
  'a process that was stopped for longer than the limit finds the session over when it goes on, and a short stop leaves it',
  async () => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const next = async (): Promise<string> => String((await lines.next()).value)
      expect(await next()).toBe('begun')
      // What is waited for is the stop itself: nobody else can tell its end.
      child.kill('SIGSTOP')
      await delay(300)
      child.kill('SIGCONT')
      child.stdin.write('press\n')
      expect(await next()).toBe('there')
      child.kill('SIGSTOP')
      await delay(2300)
      child.stdin.write('press\n')
      child.kill('SIGCONT')
      expect([await next(), await next()].toSorted()).toEqual(['gone', 'too late'])
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  },
)
