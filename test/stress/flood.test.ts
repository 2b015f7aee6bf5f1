import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import { refusals } from '../support/refused-requests.ts'
import {
  arrive,
  tryPort,
  logInAt,
  send,
  waitForBrowser,
  type WaitingLogin,
} from '../support/login.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

interface Held {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  readonly received: () => string
}

/** Opens a connection that only the other side ends. */
async function hold(port: number): Promise<Held> {
  const socket = connect({ port, host: '127.0.0.1' })
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (data: string) => {
    received += data
  })
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await Promise.race([once(socket, 'connect').catch(() => {}), closed])
  return { socket, closed, received: () => received }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Does something again and again, at most so many times, until it is told to stop. */
function flood(most: number, act: (round: number) => Promise<unknown>) {
  let rounds = 0
  let left = most
  const run = async () => {
    while (left > 0) {
      left -= 1
      rounds += 1
      // oxlint-disable-next-line no-await-in-loop
      await act(rounds)
    }
  }
  const done = run()
  return {
    rounds: () => rounds,
    stop: async () => {
      left = 0
      await done
    },
  }
}

/** A right request for everything but the state, byte by byte on one connection after the other. */
const creep = ({ port, redirectUri: { host } }: WaitingLogin) => {
  const bytes = `GET /callback?state=x HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(60)}`
  let current: Held | null = null
  return async (round: number) => {
    if (current === null || current.socket.destroyed) current = await hold(port)
    current.socket.write(bytes.charAt(round % bytes.length))
    await turn()
  }
}

it('the right callback is answered under a flood, and signs in', { timeout: 60_000 }, async () => {
  const login = await waitForBrowser(simulator)
  const { port, state } = login
  const { host, pathname } = login.redirectUri
  const given = { host, state, target: `${pathname}?code=stolen&state=${state}` }
  const requests = refusals.flatMap((refusal) => refusal.requests)
  const idle = await Promise.all(Array.from({ length: 500 }, () => hold(port)))

  const floods = [
    // Every rejected request that there is, on four connections at a time.
    ...Array.from({ length: 4 }, (_, lane) =>
      flood(5000, async (round) => {
        const { bytes } = requests[(round * 4 + lane) % requests.length] ?? {}
        await send(port, bytes?.(given) ?? '', true)
      }),
    ),
    flood(50_000, creep(login)),
    flood(5000, async (round) => {
      await send(port, Buffer.alloc(2000, (round * 37) % 256), true)
    }),
    flood(5000, async (round) => {
      await send(port, `GET /callback?${'x'.repeat(round * 997)} HTTP/1.1\r\n\r\n`, true)
    }),
  ]
  while (floods.some(({ rounds }) => rounds() < 20)) {
    // oxlint-disable-next-line no-await-in-loop
    await turn()
  }
  // The oldest gave way; the others are still there.
  const open = idle.filter(({ socket }) => !socket.destroyed)
  expect(open.length).toBeLessThanOrEqual(256)

  const before = floods.map(({ rounds }) => rounds())
  const page = await arrive(await logInAt(login.start))
  expect(page.body).toContain(`signed-in title ${login.reference}`)
  await expect(login.result).resolves.toBeTruthy()
  const after = floods.map(({ rounds }) => rounds())
  expect(after.every((rounds, index) => rounds > (before[index] ?? 0))).toBe(true)
  await Promise.all(floods.map(({ stop }) => stop()))

  expect(login.tokenRequests()).toHaveLength(1)
  expect(login.rejections().length).toBeGreaterThan(50)
  await Promise.all(idle.map(({ closed }) => closed))
  await expect(tryPort(port)).resolves.toBe('ECONNREFUSED')
})

it('256 connections that say nothing are kept, of more the oldest give way', async () => {
  const login = await waitForBrowser(simulator)
  const first = await Promise.all(Array.from({ length: 44 }, () => hold(login.port)))
  const others = await Promise.all(Array.from({ length: 256 }, () => hold(login.port)))
  await Promise.all(first.map(({ closed }) => closed))
  expect(login.rejections()).toEqual([])
  for (const { socket } of others) {
    socket.write(`GET / HTTP/1.1\r\nHost: ${login.redirectUri.host}\r\n\r\n`)
  }
  await Promise.all(others.map(({ closed }) => closed))
  const answers = [...first, ...others].map(({ received }) => received().slice(0, 12))
  expect(answers).toEqual([...Array(44).fill(''), ...Array(256).fill('HTTP/1.1 404')])
  login.cancel()
})

it('the page that waits for the outcome does not give way', async () => {
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const login = await waitForBrowser(simulator, {
    fetch: async (url, init) => {
      if (url.endsWith('/token')) {
        asked.resolve()
        await release.promise
      }
      return await fetch(url, init)
    },
  })
  const page = arrive(await logInAt(login.start))
  await asked.promise
  await login.clock.timer(10_000)
  const idle = await Promise.all(Array.from({ length: 300 }, () => hold(login.port)))
  await Promise.race(idle.map(({ closed }) => closed))
  release.resolve()
  expect((await page).body).toContain('signed-in title')
  await Promise.all(idle.map(({ closed }) => closed))
})

// The one test that takes as long as the listener's limit: 5 seconds by the real clock.
it('a connection that does not get to its end is closed', { timeout: 15_000 }, async () => {
  const login = await waitForBrowser(simulator)
  const silent = await Promise.all(Array.from({ length: 50 }, () => hold(login.port)))
  const half = await Promise.all(Array.from({ length: 50 }, () => hold(login.port)))
  for (const { socket } of half) socket.write('GET /callback?code=x')
  const slow = await hold(login.port)
  slow.socket.write('GET /callback?code=')
  const creeping = setInterval(() => slow.socket.write('x'), 50)
  await Promise.all([...silent, ...half, slow].map(({ closed }) => closed))
  clearInterval(creeping)
  expect(half.map(({ received }) => received().slice(0, 12))).toEqual(
    Array(50).fill('HTTP/1.1 408'),
  )
  // A browser opens connections ahead and may not use them: that is no request.
  expect(login.rejections()).toEqual(Array(51).fill('not HTTP'))
  const page = await arrive(await logInAt(login.start))
  expect(page.body).toContain('signed-in title')
})
