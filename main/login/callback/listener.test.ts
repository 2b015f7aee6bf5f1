import { once } from 'node:events'
import { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { callbackPage, pageHeaders } from './pages.ts'
import { type ListenerOptions, openLoopbackListener } from './listener.ts'
import { createPeerCheck, type Peer, type PeerCheck } from './peer.ts'
import { Secret } from '../base/secret.ts'
import { LoginError } from '../errors.ts'
import {
  arrive,
  afterRedirectDelay,
  createMailbox,
  createTestClock,
  failureOf,
  tryPort,
  locationOf,
  navigate,
  navigation,
  send,
  statusesOf,
  texts,
  type TestClock,
} from '../../../test/support/login.ts'

const state = 'the-state-of-this-attempt'
const reference = 'REFREF'
let closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.map((close) => close()))
  closers = []
})

interface Opened {
  readonly listener: Awaited<ReturnType<typeof openLoopbackListener>>
  readonly clock: TestClock
  readonly rejections: string[]
  readonly arrivals: number[]
  readonly reused: number[]
  readonly callback: (query?: string) => string
  /** The right callback is taken and the login has its parameters, whatever came before. */
  readonly stillWorks: () => Promise<void>
}

async function open(
  options: Partial<ListenerOptions> & {
    readonly expecting?: boolean
    /** Whether a browser that brings the callback waits for the tokens until the test lets time pass. */
    readonly tokensPending?: boolean
  } = {},
): Promise<Opened> {
  const clock = createTestClock()
  const rejections: string[] = []
  const arrivals: number[] = []
  const reused: number[] = []
  const listener = await openLoopbackListener({
    redirectPath: '/callback',
    texts,
    reference,
    clock: options.tokensPending === true ? clock : afterRedirectDelay(clock),
    onArrival: () => arrivals.push(1),
    onStartReused: () => reused.push(1),
    onRejected: (reason) => rejections.push(reason),
    peer: createPeerCheck(),
    ...options,
  })
  if (options.expecting !== false) listener.expect(new Secret(state))
  closers.push(async () => {
    const done = listener.finish('cancelled')
    clock.advance(5000)
    await done
  })
  const callback = (query = `code=right&state=${state}`) => `${listener.redirectUri}?${query}`
  return {
    listener,
    clock,
    rejections,
    arrivals,
    reused,
    callback,
    stillWorks: async () => {
      expect((await navigate(callback())).status).toBe(303)
      const parameters = await listener.callback
      expect(parameters.reveal().get('code')).toBe('right')
    },
  }
}

/** What nobody handles of the rejections that are there in this turn of the event loop. */
async function unhandled(): Promise<unknown[]> {
  const reasons: unknown[] = []
  const note = (reason: unknown) => reasons.push(reason)
  process.on('unhandledRejection', note)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  return reasons
}

const lines = (...parts: string[]) => `${parts.join('\r\n')}\r\n\r\n`
const get = (target: string, ...headers: string[]) => lines(`GET ${target} HTTP/1.1`, ...headers)
const right = `/callback?code=right&state=${state}`

describe('the port', () => {
  it('is refused on every address but 127.0.0.1', async () => {
    const { listener, stillWorks } = await open()
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ address }) => address !== '127.0.0.1' && !address.startsWith('fe80'))
      .map(({ address }) => address)
    for (const host of [...addresses, '127.0.0.2', '::1']) {
      // oxlint-disable-next-line no-await-in-loop
      expect([host, await tryPort(listener.port, host)]).not.toContain('connected')
    }
    await expect(tryPort(listener.port)).resolves.toBe('connected')
    await stillWorks()
  })

  it('is in the redirect URI, with the address and the registered path', async () => {
    const { listener } = await open({ redirectPath: '/some/where' })
    expect(listener.redirectUri).toBe(`http://127.0.0.1:${listener.port}/some/where`)
  })

  it.each([
    ['which the system names', { code: 'EMFILE' }, 'EMFILE'],
    ['which the system does not name', {}, 'unknown'],
  ])('that cannot be had is told with the reason, %s', async (_, more, reason) => {
    const cause = Object.assign(new Error('no'), more)
    const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function fail(
      this: Server,
    ) {
      queueMicrotask(() => this.emit('error', cause))
      return this
    })
    const error = await failureOf(open(), LoginError)
    listen.mockRestore()
    expect(error).toMatchObject({
      code: 'E_LISTENER_BIND',
      message: `listener: ${reason}`,
      cause,
      detail: { key: '127.0.0.1', reason },
    })
  })

  it('that fails later ends the login, and no process when nobody waits for the callback yet', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen')
    const { listener } = await open()
    const server: unknown = listen.mock.contexts[0]
    listen.mockRestore()
    if (!(server instanceof Server)) throw new TypeError('no server')
    server.emit('error', Object.assign(new Error('no'), { code: 'EMFILE' }))
    expect(await unhandled()).toEqual([])
    const { code, detail } = await failureOf(listener.callback, LoginError)
    expect([code, detail?.reason]).toEqual(['E_LISTENER_BIND', 'EMFILE'])
  })
})

describe('a callback is refused', () => {
  it('before there is a state, with the same bytes as for a wrong one', async () => {
    const { listener, rejections, stillWorks } = await open({ expecting: false })
    const { port } = listener
    const answers: string[] = []
    const ask = async (query: string) => {
      const answer = await send(port, get(`/callback?${query}`, `Host: 127.0.0.1:${port}`))
      answers.push(answer.replace(/^date: .*\r\n/im, ''))
    }
    const queries = ['', 'code=x', 'code=x&state=', 'code=x&state=wrong', 'error=x&state=wrong']
    for (const query of [...queries, `code=x&state=${state}`]) {
      // oxlint-disable-next-line no-await-in-loop
      await ask(query)
    }
    listener.expect(new Secret(state))
    for (const query of [...queries, `code=x&state=${state}x`]) {
      // oxlint-disable-next-line no-await-in-loop
      await ask(query)
    }
    expect([answers.length, new Set(answers).size, statusesOf(answers[0] ?? '')]).toEqual([
      12,
      1,
      [400],
    ])
    expect(rejections).toEqual(Array(12).fill('state'))
    await stillWorks()
  })

  it('by none of a hundred at once but the one with the state', async () => {
    const { listener, callback, rejections } = await open()
    const wrong = Array.from({ length: 99 }, (_, i) => callback(`code=wrong${i}&state=${i}`))
    const answers = await Promise.all([...wrong, callback()].map((address) => navigate(address)))
    expect(answers.map(({ status }) => status)).toEqual([...Array(99).fill(400), 303])
    expect(rejections).toHaveLength(99)
    expect((await listener.callback).reveal().get('code')).toBe('right')
  })
})

describe('a callback is taken', () => {
  it.each<readonly [string, readonly string[]]>([
    ['of a browser that says it navigates', Object.entries(navigation).map((h) => h.join(': '))],
    ['of an old browser, which names the page before', ['Referer: https://issuer.test/']],
    ['with 64 headers', Array.from({ length: 63 }, (_, index) => `X-${index}: 1`)],
    ['with a body of no length', ['Content-Length: 0']],
    ['with the cookies of other local servers, 60 kB', [`Cookie: ${'x'.repeat(60_000)}`]],
  ])('%s', async (_, headers) => {
    const { listener, rejections } = await open()
    const { port } = listener
    const answer = await send(port, get(right, `Host: 127.0.0.1:${port}`, ...headers))
    expect([statusesOf(answer), rejections]).toEqual([[303], []])
    expect((await listener.callback).reveal().get('code')).toBe('right')
  })

  it('with a target of 8,192 characters', async () => {
    const { listener } = await open()
    const { port } = listener
    const target = `${right}&x=`.padEnd(8192, 'x')
    const answer = await send(port, get(target, `Host: 127.0.0.1:${port}`))
    expect(statusesOf(answer)).toEqual([303])
  })

  it('with every parameter decoded once', async () => {
    const { listener, callback } = await open()
    await navigate(callback(`a=b%2520+c&state=${state}&error=&&x=%C3%A6&code=y%26z`))
    expect([...(await listener.callback).reveal()]).toEqual([
      ['a', 'b%20 c'],
      ['state', state],
      ['error', ''],
      ['x', 'æ'],
      ['code', 'y&z'],
    ])
  })

  it('once: a second one with another code changes nothing and shows the same', async () => {
    const { listener, callback } = await open()
    const first = await navigate(callback())
    const second = await navigate(callback(`code=other&state=${state}`))
    expect([second.status, second.headers.location]).toEqual([303, first.headers.location])
    expect((await listener.callback).reveal().get('code')).toBe('right')
  })

  it.each<readonly [string, string]>([
    ['no HTTP', 'garbage\r\n\r\n'],
    ['a second callback', 'GET /callback?code=other HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a wish for another protocol', 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('and answered, although %s comes behind it in the same packet', async (_, behind) => {
    const { listener } = await open()
    const { port } = listener
    const answer = await send(port, get(right, `Host: 127.0.0.1:${port}`) + behind)
    expect(statusesOf(answer)).toEqual([303])
    expect((await listener.callback).reveal().get('code')).toBe('right')
  })

  it.each<readonly [string, string]>([
    ['no HTTP', 'garbage\r\n\r\n'],
    ['a wish for another protocol', 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('and answered at once, tokens or not, when %s comes behind it', async (_, behind) => {
    const { listener } = await open({ tokensPending: true })
    const { port } = listener
    const answer = await send(port, get(right, `Host: 127.0.0.1:${port}`) + behind)
    expect(statusesOf(answer)).toEqual([303])
  })

  it.each<readonly [string, string]>([
    ['', ''],
    [
      ' behind another request with a long body',
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(500_000)}`,
    ],
  ])(
    'and answered at once, tokens or not, when the client closes its half%s',
    async (_, behind) => {
      const { listener } = await open({ tokensPending: true })
      const { port } = listener
      const answer = await send(port, get(right, `Host: 127.0.0.1:${port}`) + behind, true)
      expect(statusesOf(answer)).toEqual([303])
    },
  )

  it('and sent on after 100 ms, for so long the tokens go first', async () => {
    const { listener, clock, callback } = await open({ tokensPending: true })
    let answered = false
    const brought = navigate(callback()).finally(() => (answered = true))
    await listener.callback
    await clock.timer(100)
    clock.advance(99)
    await tryPort(listener.port)
    expect(answered).toBe(false)
    clock.advance(1)
    expect((await brought).status).toBe(303)
  })

  it('and sent on at once when there is an outcome', async () => {
    const { listener, clock, callback } = await open({ tokensPending: true })
    const brought = arrive(callback())
    await clock.timer(100)
    const done = listener.finish('signed-in')
    expect((await brought).body).toContain('signed-in title')
    await done
    expect(clock.timers()).toEqual([])
  })

  it('and sent on at once when there is an outcome already', async () => {
    const { listener, clock, callback } = await open({ tokensPending: true })
    const first = navigate(callback())
    await clock.timer(100)
    const done = listener.finish('signed-in')
    const page = locationOf(await first, callback())
    expect(locationOf(await navigate(callback()), callback())).toBe(page)
    expect(clock.timers()).toEqual([5000])
    clock.advance(5000)
    await done
  })

  it('and sent on alone when no HTTP comes behind it: another tab still waits for the tokens', async () => {
    const { listener, clock, callback } = await open({ tokensPending: true })
    let answered = false
    const other = navigate(callback()).finally(() => (answered = true))
    await clock.timer(100)
    const { port } = listener
    const answer = await send(port, `${get(right, `Host: 127.0.0.1:${port}`)}garbage\r\n\r\n`)
    await tryPort(port)
    expect([statusesOf(answer), answered]).toEqual([[303], false])
    clock.advance(100)
    expect((await other).status).toBe(303)
  })

  it('and answered once, also when there is an outcome and its time is up at the same moment', async () => {
    const { listener, clock, callback } = await open({ tokensPending: true })
    const brought = arrive(callback())
    await clock.timer(100)
    const done = listener.finish('signed-in')
    clock.advance(100)
    expect((await brought).body).toContain('signed-in title')
    await done
  })

  it('and leads to a clean address on the same listener', async () => {
    const { callback } = await open()
    const { headers, body } = await navigate(callback())
    expect(headers.location).toMatch(/^\/[\w-]{32}$/)
    expect(body).toBe('')
  })
})

describe('a start address', () => {
  it.each<readonly [string, string]>([
    ['no HTTP', 'garbage\r\n\r\n'],
    ['a wish for another protocol', 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('is answered, although %s comes behind it in the same packet', async (_, behind) => {
    const { listener } = await open()
    const { port } = listener
    const { pathname } = new URL(listener.startAddress(async () => 'https://issuer.test/authorize'))
    const answer = await send(port, get(pathname, `Host: 127.0.0.1:${port}`) + behind)
    expect(statusesOf(answer)).toEqual([303])
  })

  it('is refused the second time, and is fresh each time', async () => {
    const { listener, arrivals, stillWorks } = await open()
    let asked = 0
    const mint = () =>
      listener.startAddress(async () => `https://issuer.test/authorize?${(asked += 1)}`)
    const [first, second] = [mint(), mint()]
    expect(new Set([first, second, mint()]).size).toBe(3)
    expect(first).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/)
    const answer = await navigate(first)
    expect([answer.status, locationOf(answer, first)]).toEqual([
      303,
      'https://issuer.test/authorize?1',
    ])
    const again = await navigate(first)
    expect([again.status, asked, arrivals.length]).toEqual([410, 1, 1])
    expect(again.body).toContain('start-used title')
    expect((await navigate(second)).status).toBe(303)
    await stillWorks()
  })

  it('is refused after the callback', async () => {
    const { listener, stillWorks } = await open()
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    await stillWorks()
    expect((await navigate(start)).status).toBe(410)
  })

  it('is unknown at the end, fresh or not, while the port is still open for the last page', async () => {
    const { listener, callback, rejections, reused } = await open()
    const mint = () => listener.startAddress(async () => 'https://issuer.test/authorize')
    const spent = mint()
    const page = locationOf(await navigate(callback()), callback())
    const fresh = mint()
    const done = listener.finish('signed-in')
    expect((await navigate(fresh)).status).toBe(404)
    expect((await navigate(spent)).status).toBe(404)
    expect([rejections, reused]).toEqual([['path', 'path'], []])
    expect((await navigate(page)).body).toContain('signed-in title')
    await done
  })

  it('shows a failure when there is nowhere to go; a reason is not told', async () => {
    const { listener, stillWorks } = await open()
    const start = listener.startAddress(() => Promise.reject(new Error('secret reason')))
    const answer = await navigate(start)
    expect(answer.status).toBe(502)
    expect(answer.body).toContain(`failed title ${reference}`)
    expect(answer.body).not.toContain('secret reason')
    await stillWorks()
  })
})

describe('the page of the outcome', () => {
  it.each([
    ['signed-in', 200],
    ['denied', 200],
    ['cancelled', 200],
    ['failed', 400],
  ] as const)(
    'is held until the login is %s, and the port is free then',
    async (outcome, status) => {
      const { listener, clock, callback } = await open()
      const held = [arrive(callback()), arrive(callback())]
      await clock.timer(10_000)
      while (clock.timers().length < 2) {
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((resolve) => setImmediate(resolve))
      }
      await listener.finish(outcome)
      for (const answer of await Promise.all(held)) {
        expect(answer.status).toBe(status)
        expect(answer.body).toContain(`${outcome} title ${reference}`)
        expect(answer.body.endsWith('</html>\n')).toBe(true)
      }
      await expect(tryPort(listener.port)).resolves.toBe('ECONNREFUSED')
    },
  )

  it('is there for a browser that comes late, also by a reload of the callback', async () => {
    const { listener, clock, callback } = await open()
    const first = await navigate(callback())
    const done = listener.finish('denied')
    const again = await navigate(callback())
    expect(again.headers.location).toBe(first.headers.location)
    const page = await navigate(locationOf(again, callback()))
    expect(page.body).toContain('denied title')
    // The first tab was sent here too, and is waited for as long as a last page may take.
    const other = await navigate(locationOf(first, callback()))
    expect(other.body).toContain('denied title')
    expect(clock.timers()).toEqual([])
    await done
  })

  /** A start address whose way on is not known before the test gives it. */
  const pendingStart = ({ listener }: Opened) => {
    const asked = Promise.withResolvers<void>()
    const way = Promise.withResolvers<string>()
    const start = listener.startAddress(async () => {
      asked.resolve()
      return await way.promise
    })
    return { start, asked: asked.promise, way }
  }

  it('is shown to a tab that still waits at a start address, and nothing else when its way is known then', async () => {
    const opened = await open()
    const { start, asked, way } = pendingStart(opened)
    const tab = navigate(start)
    await asked
    const done = opened.listener.finish('cancelled')
    way.resolve('https://issuer.test/authorize')
    expect(await unhandled()).toEqual([])
    expect((await tab).body).toContain('cancelled title')
    await done
    await expect(navigate(opened.callback())).rejects.toThrow('ECONNREFUSED')
  })

  it('is not waited for when a tab closed while it waited at a start address', async () => {
    const opened = await open()
    const { start, asked } = pendingStart(opened)
    const { port } = opened.listener
    const tab = connect({ port, host: '127.0.0.1' })
    tab.write(get(new URL(start).pathname, `Host: 127.0.0.1:${port}`))
    await asked
    tab.resetAndDestroy()
    // The listener has seen it go by the time it answers another.
    await navigate(`http://127.0.0.1:${port}/other`)
    await opened.listener.finish('cancelled')
    expect(opened.clock.timers()).toEqual([])
  })

  it('is shown to the person only, not to what the browser fetches before or for a page', async () => {
    const { listener, clock, callback, rejections } = await open()
    const page = locationOf(await navigate(callback()), callback())
    const done = listener.finish('signed-in')
    for (const more of [{ 'sec-purpose': 'prefetch' }, { 'sec-fetch-dest': 'iframe' }]) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await navigate(page, { headers: { ...navigation, ...more } })
      expect([answer.status, answer.body.includes('unknown title')]).toEqual([403, true])
    }
    expect([rejections, clock.timers()]).toEqual([Array(2).fill('not a navigation'), [5000]])
    expect((await navigate(page)).body).toContain('signed-in title')
    await done
  })

  it('is not waited for longer than the last page may take', async () => {
    const { listener, clock, callback } = await open()
    await navigate(callback())
    const done = listener.finish('signed-in')
    clock.advance(5000)
    await done
    await expect(tryPort(listener.port)).resolves.toBe('ECONNREFUSED')
  })

  it('gives way to one that asks again when the outcome takes long', async () => {
    const { listener, clock, callback } = await open()
    const page = locationOf(await navigate(callback()), callback())
    const held = navigate(page)
    await clock.timer(10_000)
    clock.advance(10_000)
    const working = await held
    expect([working.status, working.headers['content-type']]).toEqual([
      200,
      pageHeaders['Content-Type'],
    ])
    expect(working.body).toContain('<meta http-equiv="refresh" content="0">')
    expect(working.body).not.toContain('signed-in title')
    const next = navigate(page)
    await clock.timer(10_000)
    await listener.finish('signed-in')
    expect((await next).body).not.toContain('http-equiv')
  })

  const sentToIt = async ({ callback }: Opened) =>
    locationOf(await navigate(callback()), callback())
  const toldToAskAgain = async (opened: Opened) => {
    const page = await sentToIt(opened)
    const held = navigate(page)
    await opened.clock.timer(10_000)
    opened.clock.advance(10_000)
    await held
    return page
  }
  it.each<readonly [string, (opened: Opened) => Promise<string>]>([
    ['was sent to it', sentToIt],
    ['was told there to ask again', toldToAskAgain],
  ])('is there for up to five seconds for a browser that %s', async (_, go) => {
    const opened = await open()
    const { listener, clock } = opened
    const page = await go(opened)
    const done = listener.finish('signed-in')
    clock.advance(4999)
    await expect(tryPort(listener.port)).resolves.toBe('connected')
    expect((await navigate(page)).body).toContain('signed-in title')
    // Nobody is on the way any more: no time has to pass.
    await done
    expect(clock.timers()).toEqual([])
    await expect(tryPort(listener.port)).resolves.toBe('ECONNREFUSED')
  })

  it('is not waited for when the browser closed before it was sent there', async () => {
    const { listener, clock, callback } = await open({ tokensPending: true })
    const tab = connect({ port: listener.port, host: '127.0.0.1' })
    tab.write(get(right, `Host: 127.0.0.1:${listener.port}`))
    await listener.callback
    await clock.timer(100)
    const closed = once(tab, 'close')
    tab.resetAndDestroy()
    await closed
    while (clock.timers().length > 0) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setImmediate(resolve))
    }
    await listener.finish('signed-in')
    await expect(navigate(callback())).rejects.toThrow('ECONNREFUSED')
  })
})

/** A check that is answered by the test, connection by connection. */
function createPeers() {
  const asked = createMailbox<(peer: Peer) => void>()
  let count = 0
  const peer: PeerCheck = () => {
    count += 1
    return new Promise((resolve) => asked.put(resolve))
  }
  return { peer, asked, count: () => count }
}

/** A check that says the same of each connection until told otherwise. */
function createSamePeer(first: Peer) {
  const same: { is: Peer; peer: PeerCheck } = { is: first, peer: async () => same.is }
  return same
}

describe.each([
  ['another user of the computer', 'other', 'other user'],
  ['somebody who is gone already', 'gone', 'gone'],
] as const)('%s', (_, who, reason) => {
  it('spends no start address, and the person comes in by it', async () => {
    const same = createSamePeer(who)
    const { listener, rejections, arrivals, reused } = await open({ peer: same.peer })
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    const refused = await navigate(start)
    expect([refused.status, refused.body.includes('unknown title')]).toEqual([403, true])
    expect([rejections, arrivals, reused]).toEqual([[reason], [], []])
    same.is = 'ours'
    expect((await navigate(start)).headers.location).toBe('https://issuer.test/authorize')
  })

  it('settles nothing with the right callback, and the right one is taken then', async () => {
    const same = createSamePeer(who)
    const { listener, rejections, callback, stillWorks } = await open({ peer: same.peer })
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    const refused = await navigate(callback(`code=stolen&state=${state}`))
    expect([refused.status, refused.headers.location, rejections]).toEqual([
      403,
      undefined,
      [reason],
    ])
    same.is = 'ours'
    expect((await navigate(start)).status).toBe(303)
    await stillWorks()
  })

  it('does not see the last page, which waits for the person', async () => {
    const same = createSamePeer('ours')
    const { listener, callback } = await open({ peer: same.peer })
    const page = locationOf(await navigate(callback()), callback())
    const done = listener.finish('signed-in')
    same.is = who
    const refused = await navigate(page)
    expect([refused.status, refused.body.includes('unknown title')]).toEqual([403, true])
    same.is = 'ours'
    expect((await navigate(page)).body).toContain('signed-in title')
    await done
  })
})

describe('while it is not known whose a connection is', () => {
  it('a start address is not spent; of two who ask at once the first of ours gets on', async () => {
    const { peer, asked } = createPeers()
    const { listener, arrivals, reused, rejections } = await open({ peer })
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    const tabs = [navigate(start), navigate(start), navigate(start)]
    const tells = [await asked.next(), await asked.next(), await asked.next()]
    for (const [index, who] of (['other', 'ours', 'unknown'] as const).entries())
      tells[index]?.(who)
    const statuses = (await Promise.all(tabs)).map(({ status }) => status)
    expect(statuses.toSorted((one, other) => one - other)).toEqual([303, 403, 410])
    expect([arrivals, reused, rejections]).toEqual([[1], [1], ['other user']])
  })

  it('a browser that closes spends nothing', async () => {
    const { peer, asked } = createPeers()
    const { listener, arrivals } = await open({ peer })
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    const tab = connect({ port: listener.port, host: '127.0.0.1' })
    tab.write(get(new URL(start).pathname, `Host: 127.0.0.1:${listener.port}`))
    const tell = await asked.next()
    tab.resetAndDestroy()
    // The next one is asked for by then: the listener has seen the first one go.
    const next = navigate(start)
    const tellNext = await asked.next()
    tell('ours')
    tellNext('ours')
    expect([(await next).status, arrivals]).toEqual([303, [1]])
  })

  it('the end waits, and shows the outcome to a tab at a start address and to one with the callback', async () => {
    const { peer, asked } = createPeers()
    const { listener, clock, callback } = await open({ peer })
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    const tab = navigate(start)
    const tellTab = await asked.next()
    const brought = navigate(callback())
    const tellBrought = await asked.next()
    const done = listener.finish('cancelled')
    tellTab('ours')
    tellBrought('ours')
    expect((await tab).body).toContain('cancelled title')
    const last = navigate(locationOf(await brought, callback()))
    ;(await asked.next())('ours')
    expect((await last).body).toContain('cancelled title')
    await done
    expect(clock.timers()).toEqual([])
  })

  it('the end waits for another user no longer than for the answer', async () => {
    const { peer, asked } = createPeers()
    const { listener, clock, callback } = await open({ peer })
    const brought = navigate(callback())
    const tell = await asked.next()
    const done = listener.finish('cancelled')
    tell('other')
    expect((await brought).status).toBe(403)
    await done
    expect(clock.timers()).toEqual([])
  })

  it('a callback is not taken, and when it is, once', async () => {
    const { peer, asked } = createPeers()
    const { listener, callback } = await open({ peer })
    const stolen = navigate(callback(`code=stolen&state=${state}`))
    const tellStolen = await asked.next()
    const brought = navigate(callback())
    ;(await asked.next())('ours')
    expect((await brought).status).toBe(303)
    tellStolen('other')
    expect((await stolen).status).toBe(403)
    expect((await listener.callback).reveal().get('code')).toBe('right')
  })

  it.each<readonly [string, string, boolean]>([
    ['no HTTP comes behind it', 'garbage\r\n\r\n', false],
    [
      'a wish for another protocol comes behind it',
      'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      false,
    ],
    ['the client closes its half', '', true],
  ])('a callback keeps its connection although %s', async (_, behind, end) => {
    const { peer, asked } = createPeers()
    const { listener } = await open({ peer, tokensPending: true })
    const { port } = listener
    const answer = send(port, get(right, `Host: 127.0.0.1:${port}`) + behind, end)
    const tell = await asked.next()
    await tryPort(port)
    tell('ours')
    expect(statusesOf(await answer)).toEqual([303])
  })

  it('goes on as if it were ours where the system does not say', async () => {
    const { listener, stillWorks } = await open({ peer: async () => 'unknown' })
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    expect((await navigate(start)).status).toBe(303)
    await stillWorks()
  })
})

it('a connection of which it cannot be found out whose it is is refused; the next one is not', async () => {
  let checks = 0
  const peer: PeerCheck = async () => {
    checks += 1
    if (checks === 1) throw new Error('no')
    return 'ours'
  }
  const { rejections, callback, stillWorks } = await open({ peer })
  expect([(await navigate(callback())).status, rejections]).toEqual([403, ['gone']])
  await stillWorks()
})

it('asks nobody whose a connection is that is refused anyway', async () => {
  const { peer, asked, count } = createPeers()
  const { listener, callback } = await open({ peer })
  const start = listener.startAddress(async () => 'https://issuer.test/authorize')
  const first = navigate(start)
  ;(await asked.next())('ours')
  await first
  const answers = [
    await navigate(start),
    await navigate(callback('')),
    await navigate(callback('code=x&state=wrong')),
    await navigate(callback(`code=x&state=${state}&state=${state}`)),
    await navigate(callback(), { method: 'POST' }),
    await navigate(callback(), { headers: { ...navigation, 'sec-purpose': 'prefetch' } }),
    await navigate(callback(), { headers: { host: 'evil.example' } }),
    await navigate(`http://127.0.0.1:${listener.port}/other`),
  ]
  expect(answers.map(({ status }) => status)).toEqual([410, 400, 400, 400, 405, 403, 421, 404])
  expect(count()).toBe(1)
})

describe('a start address that is spent', () => {
  it('is told of each time that somebody comes to it', async () => {
    const { listener, arrivals, reused } = await open()
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    await navigate(start)
    expect(reused).toEqual([])
    await navigate(start)
    await navigate(start)
    expect([arrivals, reused]).toEqual([[1], [1, 1]])
  })

  it('is not told of when a browser only fetches ahead', async () => {
    const { listener, reused } = await open()
    const start = listener.startAddress(async () => 'https://issuer.test/authorize')
    await navigate(start)
    await navigate(start, { headers: { ...navigation, 'sec-purpose': 'prefetch' } })
    await navigate(start, { headers: { ...navigation, 'sec-fetch-dest': 'image' } })
    expect(reused).toEqual([])
  })
})

describe('a head that is too large', () => {
  /** A request whose names and values, which count, have so many bytes. */
  const request = (port: number, bytes: number): string => {
    const host = `127.0.0.1:${port}`
    const rest = bytes - right.length - `Host${host}Cookie`.length
    return get(right, `Host: ${host}`, `Cookie: ${'x'.repeat(rest)}`)
  }

  it('begins at 64 kB: a byte less is taken', async () => {
    const { listener, rejections, stillWorks } = await open()
    const refused = await send(listener.port, request(listener.port, 65_536))
    expect([statusesOf(refused), rejections]).toEqual([[431], ['too large']])
    const taken = await send(listener.port, request(listener.port, 65_535))
    expect(statusesOf(taken)).toEqual([303])
    await stillWorks()
  })

  it.each([65_536, 200_000, 1_048_576])(
    'of %i bytes gets a whole page that says what to do, however it is cut up',
    async (size) => {
      const { listener, stillWorks } = await open()
      const { port } = listener
      const bytes = request(port, size)
      const socket = connect({ port, host: '127.0.0.1' })
      let answer = ''
      let broken = ''
      socket.setEncoding('utf8').on('data', (data: string) => {
        answer += data
      })
      socket.once('error', (error) => {
        broken = error.message
      })
      const closed = new Promise((resolve) => socket.once('close', resolve))
      for (let at = 0; at < bytes.length; at += 50_000) {
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((resolve) => socket.write(bytes.slice(at, at + 50_000), resolve))
      }
      await closed
      expect([broken, statusesOf(answer)]).toEqual(['', [431]])
      expect(answer.endsWith(callbackPage('too-large', texts, reference))).toBe(true)
      for (const [name, value] of Object.entries(pageHeaders)) {
        expect(answer).toContain(`\r\n${name}: ${value}\r\n`)
      }
      await stillWorks()
    },
  )

  it('is read to 2 MB, and its connection then cut', async () => {
    const { listener, stillWorks } = await open()
    const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.resume()
    let sent = 0
    const write = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536))) sent += 65_536
    }
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('GET /callback HTTP/1.1\r\nCookie: ')
    socket.on('drain', write)
    write()
    await closed
    expect(sent).toBeGreaterThan(65_536)
    await stillWorks()
  })

  it('that does not come to its end is waited for for five seconds', async () => {
    const { listener, clock, stillWorks } = await open()
    const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.resume()
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(request(listener.port, 70_000))
    await clock.timer(5000)
    clock.advance(5000)
    // It hears of the end only when it goes on.
    const goOn = (): void => void socket.write('x', (error) => error ?? goOn())
    goOn()
    await closed
    expect(clock.timers()).toEqual([])
    await stillWorks()
  })
})

describe('the end', () => {
  it('frees the port at once, also while a browser that is there gets the last page', async () => {
    const { listener, clock, callback } = await open()
    const held = arrive(callback())
    await clock.timer(10_000)
    const done = listener.finish('signed-in')
    await expect(tryPort(listener.port)).resolves.toBe('ECONNREFUSED')
    expect((await held).body).toContain('signed-in title')
    await done
  })

  it.each<readonly [string, string]>([
    ['an idle socket', ''],
    ['half a request', 'GET /callback?co'],
    ['a body that never comes', 'POST /callback HTTP/1.1\r\nContent-Length: 1000\r\n'],
  ])('is not held up by %s; its port is free', async (_, bytes) => {
    const { listener } = await open()
    const socket: Socket = connect({ port: listener.port, host: '127.0.0.1' })
    await once(socket, 'connect')
    if (bytes !== '') socket.write(bytes)
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    await Promise.all([listener.finish('cancelled'), closed])
    await expect(tryPort(listener.port)).resolves.toBe('ECONNREFUSED')
  })

  it('comes once, with the first outcome', async () => {
    const { listener, clock, callback } = await open()
    const held = arrive(callback())
    await clock.timer(10_000)
    await Promise.all([listener.finish('denied'), listener.finish('signed-in')])
    expect((await held).body).toContain('denied title')
  })

  it('leaves no timer behind', async () => {
    const { listener, clock, callback } = await open()
    const held = arrive(callback())
    await clock.timer(10_000)
    await listener.finish('signed-in')
    await held
    expect(clock.timers()).toEqual([])
  })
})

it('has every security header on every status, and none that helps a stranger', async () => {
  const { listener, clock, callback } = await open()
  const start = listener.startAddress(async () => 'https://issuer.test/authorize')
  const broken = listener.startAddress(() => Promise.reject(new Error()))
  const answers = [
    await navigate(callback('code=x')),
    await navigate(`http://127.0.0.1:${listener.port}/other`),
    await navigate(callback(), { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }),
    await navigate(callback(), { headers: { origin: 'https://evil.example' } }),
    await navigate(callback(), { headers: { host: 'evil.example' } }),
    await navigate(callback('x'.repeat(9000))),
    await navigate(callback(), { method: 'POST', headers: { expect: '100-continue' } }),
    await navigate(start),
    await navigate(start),
    await navigate(broken),
    await navigate(callback()),
  ]
  const held = arrive(callback())
  await clock.timer(10_000)
  const done = listener.finish('signed-in')
  answers.push(await held)
  clock.advance(5000)
  await done
  expect(answers.map(({ status }) => status)).toEqual(
    Array.of(400, 404, 405, 403, 421, 414, 417, 303, 410, 502, 303, 200),
  )
  const expected = Object.fromEntries(
    Object.entries({
      'Content-Type': 'text/html; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      Connection: 'close',
    }).map(([name, value]) => [name.toLowerCase(), value]),
  )
  for (const { headers } of answers) {
    const { 'content-security-policy': policy = '', ...others } = headers
    expect(others).toMatchObject(expected)
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/,
    )
    const more = Object.keys(others).filter((name) => !(name in expected))
    expect(['allow', 'content-length', 'date', 'location']).toEqual(expect.arrayContaining(more))
  }
})

it('shows its words as words, whatever letters they have', async () => {
  const words = {
    ...texts,
    lang: '"><b>',
    appName: "<i>O'Hara & co</i>",
    note: '<b>',
    text: () => '<b>"&\'</b>',
  }
  const { listener } = await open({ texts: words })
  const { body } = await navigate(`http://127.0.0.1:${listener.port}/other`)
  expect(body).toContain('<html lang="&#34;&#62;&#60;b&#62;">')
  expect(body).toContain('<p>&#60;b&#62;&#34;&#38;&#39;&#60;/b&#62;</p>')
  expect(body).toContain(
    '<p class="foot">&#60;b&#62;<br>&#60;i&#62;O&#39;Hara &#38; co&#60;/i&#62;</p>',
  )
  expect(body).not.toMatch(/<[bi]>/)
})

describe('nothing of a request is echoed', () => {
  const mark = 'q7zMARKq7z'
  const corpus = [
    `<script>${mark}</script>`,
    `"><img src=x onerror=${mark}>`,
    `<svg onload=${mark}>`,
    `javascript:${mark}`,
    `+ADw-script+AD4-${mark}`,
    `{{${mark}}} \${${mark}} <%= ${mark} %>`,
    `\u202E${mark}\u2066`,
    `x\r\nSet-Cookie: ${mark}=1\r\n\r\n<b>`,
  ].map(encodeURIComponent)
  const names = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', mark]

  it.each(corpus)('%s', async (attack) => {
    const { listener, clock, callback } = await open()
    const host = `127.0.0.1:${listener.port}`
    const ask = (target: string, ...headers: string[]) =>
      send(listener.port, get(target, ...headers))
    const plain = decodeURIComponent(attack).replaceAll(/[^\x20-\x7E]/g, '')
    const answers = await Promise.all([
      ...names.map((name) => ask(`/callback?${name}=${attack}`, `Host: ${host}`)),
      ask(`/${attack}`, `Host: ${host}`),
      ask(right, `Host: ${plain}`),
      ask(right, `Host: ${host}`, `Origin: ${plain}`, `Referer: ${plain}`, `User-Agent: ${plain}`),
      send(listener.port, lines(`TRACE ${right} HTTP/1.1`, `Host: ${host}`, `X: ${plain}`)),
      ...names
        .filter((name) => name !== 'state')
        .map((name) => ask(`/callback?${name}=${attack}&state=${state}`, `Host: ${host}`)),
    ])
    expect(answers.map(statusesOf)).not.toContainEqual([])
    const held = arrive(`${listener.redirectUri}?error=${attack}&state=${state}`)
    await clock.timer(10_000)
    clock.advance(10_000)
    const { body, headers } = await held
    for (const answer of [...answers, body, JSON.stringify(headers)]) {
      expect(answer).not.toContain('q7z')
      expect(answer).not.toContain(state)
    }
    expect((await navigate(callback())).status).toBe(303)
  })
})
