import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { callbackPage, pageHeaders } from './pages.ts'
import { refusals } from '../../../test/support/refused-requests.ts'
import {
  arrive,
  locationOf,
  logInAt,
  navigate,
  send,
  statusesOf,
  texts,
  waitForBrowser,
  type WaitingLogin,
} from '../../../test/support/login.ts'

let simulator: Simulator
let login: WaitingLogin
beforeAll(async () => {
  simulator = await startSimulator()
  login = await waitForBrowser(simulator)
})
afterAll(async () => {
  login.cancel()
  await simulator.close()
})

const isWaiting = () => login.eventTypes().every((type) => type !== 'exchanging')
const renew = async () => {
  login.cancel()
  login = await waitForBrowser(simulator)
}
const ask = async (bytes: (typeof refusals)[number]['requests'][number]['bytes'], at?: string) => {
  const { host, pathname } = login.redirectUri
  const target = at ?? `${pathname}?code=stolen&state=${login.state}`
  return await send(login.port, bytes({ host, state: login.state, target }))
}
const statuses = (answer: number | 'closed') => (answer === 'closed' ? [] : [answer])

/** Constant headers, and a constant page or none: nothing that helps a stranger. */
function expectConstant(answer: string) {
  const [head = '', body = ''] = Buffer.from(answer, 'latin1').toString().split('\r\n\r\n')
  const headers = head.split('\r\n').slice(1)
  const constant = Object.entries(pageHeaders).map(([name, value]) => `${name}: ${value}`)
  expect(headers).toEqual(expect.arrayContaining(constant))
  const others = headers.filter((line) => !constant.includes(line))
  const allow = head.includes(' 405 ') ? ['Allow: GET'] : []
  expect(others.filter((line) => !/^(?:Content-Length: \d+|Date: .+)$/.test(line))).toEqual(allow)
  const pages = (['unknown', 'too-large'] as const).map((page) =>
    callbackPage(page, texts, login.reference),
  )
  expect(['', ...pages]).toContain(body)
}

// A case that fails ends the attempt: the next one begins another.
describe.each(refusals)('refused by a running attempt: $what', ({ answer, reason, requests }) => {
  it.each(requests)('$what', async ({ bytes }) => {
    if (!isWaiting()) await renew()
    const before = login.rejections().length
    const answered = await ask(bytes)
    expect([statusesOf(answered), login.rejections().slice(before)]).toEqual([
      statuses(answer),
      reason === null ? [] : [reason],
    ])
    for (const one of answered === '' ? [] : [answered]) expectConstant(one)
    expect([isWaiting(), login.tokenRequests()]).toEqual([true, []])
  })

  it('and then the right callback signs in, with one token request', async () => {
    if (!isWaiting()) await renew()
    const page = arrive(await logInAt(login.start))
    await expect(login.result).resolves.toBeTruthy()
    expect((await page).body).toContain('signed-in title')
    expect(login.tokenRequests()).toHaveLength(1)
    await renew()
  })
})

describe.each(refusals.filter(({ everywhere }) => everywhere))(
  'refused at a start address, which is not spent: $what',
  ({ answer, requests }) => {
    it.each(requests)('$what', async ({ bytes }) => {
      await renew()
      const answered = await ask(bytes, new URL(login.start).pathname)
      expect(statusesOf(answered)).toEqual(statuses(answer))
      expect(login.eventTypes()).not.toContain('browser-arrived')
      expect((await navigate(login.start)).status).toBe(303)
    })
  },
)

it('every callback that is refused gets the same bytes, with the right state and without', async () => {
  await renew()
  const callbacks = refusals.filter(
    ({ reason }) => reason === 'state' || /doubled/.test(reason ?? ''),
  )
  const answers = await Promise.all(
    callbacks.flatMap(({ requests }) => requests).map(({ bytes }) => ask(bytes)),
  )
  const undated = answers.map((answer) => answer.replace(/^date: .*\r\n/im, ''))
  expect([answers.length > 30, new Set(undated).size]).toEqual([true, 1])
})

it('a hundred right callbacks at once sign in once, with one token request', async () => {
  await renew()
  const callback = await logInAt(login.start)
  const answers = await Promise.all(Array.from({ length: 100 }, () => navigate(callback)))
  await expect(login.result).resolves.toBeTruthy()
  expect(login.tokenRequests()).toHaveLength(1)
  const [page, ...others] = new Set(answers.map((answer) => locationOf(answer, callback)))
  expect([others, (await navigate(page ?? '')).body]).toEqual([
    [],
    callbackPage('signed-in', texts, login.reference),
  ])
})

it('every refusal has its own words, and so has each of its requests', () => {
  for (const words of [refusals, ...refusals.map(({ requests }) => requests)]) {
    const all = words.map(({ what }) => what)
    expect(new Set(all).size).toBe(all.length)
  }
})
