import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { startLogin } from '../login.ts'
import { systemClock } from '../base/clock.ts'
import { createProviderCache } from '../provider/cache.ts'
import { openLoopbackListener, callbackRedirectDelay } from './listener.ts'
import { createPeerCheck } from './peer.ts'
import { Secret } from '../base/secret.ts'
import { arrive, createMailbox, tryPort, navigate, texts } from '../../../test/support/login.ts'
import { runs } from '../../../test/support/thorough.ts'

const times = runs(100, 1000)

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** How many of each kind of thing keep the process busy. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What there is more of than before, after what was closed got some turns of the event loop to go. */
async function moreThan(before: Record<string, number>): Promise<string[]> {
  const more = () =>
    Object.entries(resources())
      .filter(([kind, count]) => count > (before[kind] ?? 0))
      .map((entry) => entry.join(': '))
  for (let turns = 0; more().length > 0 && turns < 1000; turns += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await turn()
  }
  return more()
}

/** What a port answers at last: a free one may be another's for a moment. */
async function refusal(port: number): Promise<string> {
  let answer = ''
  for (let tries = 0; answer !== 'ECONNREFUSED' && tries < 100; tries += 1) {
    // oxlint-disable-next-line no-await-in-loop
    answer = await tryPort(port)
  }
  return answer
}

/** Opens a listener, does something with it, and closes it; tells how its port answers then. */
async function listen(round: number): Promise<string> {
  const held = Promise.withResolvers<void>()
  const listener = await openLoopbackListener({
    redirectPath: '/callback',
    texts,
    reference: 'REFREF',
    clock: {
      ...systemClock,
      after: (milliseconds, callback) => {
        if (milliseconds === 10_000) held.resolve()
        return systemClock.after(
          milliseconds === callbackRedirectDelay ? 0 : milliseconds,
          callback,
        )
      },
    },
    onArrival: () => {},
    onStartReused: () => {},
    onRejected: () => {},
    peer: createPeerCheck(),
  })
  listener.expect(new Secret('state'))
  const start = listener.startAddress(async () => 'https://issuer.test/authorize')
  if (round % 8 === 1) await navigate(start)
  if (round % 8 === 2) await navigate(`${listener.redirectUri}?code=x&state=wrong`)
  // Held by the real clock's timer until the end.
  const page = round % 8 === 3 ? arrive(`${listener.redirectUri}?code=x&state=state`) : null
  if (page !== null) await held.promise
  await listener.finish('cancelled')
  await page
  return await refusal(listener.port)
}

it(`${times} listeners leave nothing behind`, { timeout: 60_000 }, async () => {
  await listen(3)
  const before = resources()
  const answers = new Set<string>()
  for (let round = 0; round < times; round += 1) {
    // oxlint-disable-next-line no-await-in-loop
    answers.add(await listen(round))
  }
  expect([...answers, ...(await moreThan(before))]).toEqual(['ECONNREFUSED'])
})

/**
 * Starts an attempt and cancels it: at once, at its first request, or with its browser open. Tells how
 * its port answers then, if there was one.
 */
async function cancelled(round: number): Promise<string> {
  const opened = createMailbox<string>()
  const asked = Promise.withResolvers<void>()
  const attempt = startLogin({
    ...simulator.profile,
    uiLocales: 'nb',
    par: 'always',
    texts,
    loginTimeout: 300_000,
    providerCache: createProviderCache(systemClock),
    // A connection for each request: none is kept for the next attempt.
    fetch: (url, init) => {
      asked.resolve()
      const headers = new Headers(init.headers)
      headers.set('connection', 'close')
      return fetch(url, { ...init, headers })
    },
    clock: systemClock,
    openBrowser: async (address) => opened.put(address),
    onEvent: () => {},
  })
  if (round % 4 === 1) await asked.promise
  const start = round % 4 > 1 ? await opened.next() : null
  if (start !== null && round % 4 === 3) await navigate(start)
  attempt.cancel()
  await attempt.result
  return start === null ? 'ECONNREFUSED' : await refusal(Number(new URL(start).port))
}

it(`${times} attempts that are cancelled leave nothing behind`, { timeout: 60_000 }, async () => {
  for (let round = 0; round < 4; round += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await cancelled(round)
  }
  await turn()
  const before = resources()
  const answers = new Set<string>()
  for (let round = 0; round < times; round += 1) {
    // oxlint-disable-next-line no-await-in-loop
    answers.add(await cancelled(round))
  }
  expect([...answers, ...(await moreThan(before))]).toEqual(['ECONNREFUSED'])
})
