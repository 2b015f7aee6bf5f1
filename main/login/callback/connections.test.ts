import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestClock, send, statusesOf, texts } from '../../../test/support/login.ts'
import { createAnswers } from './answers.ts'
import { createLoopbackServer } from './connections.ts'
import { createOwners } from './owners.ts'
import { createWaitingBrowsers } from './waiting-browsers.ts'

let closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.map((close) => close()))
  closers = []
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Opens a server that notes the path of each request, and answers it unless the test does. */
async function serve(answer = (response: ServerResponse): void => void response.end()) {
  const clock = createTestClock()
  const rejections: string[] = []
  const handled: string[] = []
  const onRejected = (reason: string) => rejections.push(reason)
  const answers = createAnswers({ texts, reference: '', onRejected })
  const owners = createOwners({ peer: async () => 'ours', answers, onChecked: () => {} })
  const isChecking = () => owners.isChecking()
  const server = createLoopbackServer({
    clock,
    answers,
    onRejected,
    handle: (request, response) => {
      handled.push(request.url ?? '')
      response.setHeader('Connection', 'close')
      answer(response)
    },
    owners,
    browsers: createWaitingBrowsers({ clock, answers, isChecking }),
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const clients: Socket[] = []
  closers.push(async () => {
    for (const client of clients) client.destroy()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  /** Connects, and gives both ends. */
  const open = async () => {
    const accepting = once(server, 'connection')
    const client = connect({ port, host: '127.0.0.1' })
    clients.push(client)
    client.on('error', () => {})
    const [accepted]: Socket[] = await accepting
    if (accepted === undefined) throw new Error('no connection')
    let answered = ''
    client.setEncoding('latin1').on('data', (data: string) => {
      answered += data
    })
    const closed = new Promise((resolve) => client.once('close', resolve))
    /** Resolves when the server has seen it go. */
    const gone = new Promise((resolve) => accepted.once('close', resolve))
    /** Sends bytes, and waits until they were read. */
    const write = async (bytes: string) => {
      const before = accepted.bytesRead
      client.write(bytes)
      while (accepted.bytesRead === before) {
        // oxlint-disable-next-line no-await-in-loop
        await turn()
      }
    }
    return { client, accepted, write, closed, gone, answered: () => answered }
  }
  /** Lets the server say of a connection what Node says when a request takes too long. */
  const takesTooLong = (accepted: Socket) => {
    const error = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    server.emit('clientError', error, accepted)
  }
  return { port, clock, rejections, handled, open, takesTooLong }
}
const get = (path: string, ...headers: string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`

describe('of 256 connections that have sent nothing', () => {
  const many = async ({ open }: Awaited<ReturnType<typeof serve>>, count: number) => {
    const all: Awaited<ReturnType<typeof open>>[] = []
    for (let index = 0; index < count; index += 1) {
      // oxlint-disable-next-line no-await-in-loop
      all.push(await open())
    }
    return all
  }
  const closedOf = (all: Awaited<ReturnType<typeof many>>) =>
    all.flatMap(({ accepted }, index) => (accepted.destroyed ? index : []))

  it('none is closed; the next one takes the place of the oldest', async () => {
    const served = await serve()
    const all = await many(served, 256)
    expect(closedOf(all)).toEqual([])
    all.push(await served.open())
    await all[0]?.closed
    expect(closedOf(all)).toEqual([0])
  })

  it('none is closed for one that comes when another has gone', async () => {
    const served = await serve()
    const all = await many(served, 256)
    const last = all.at(-1)
    last?.client.destroy()
    await last?.gone
    all.push(await served.open())
    expect(closedOf(all)).toEqual([255])
  })

  it('one that has sent a request is none any more, and keeps its place', async () => {
    const served = await serve(() => {})
    const [first] = await many(served, 1)
    await first?.write(get('/'))
    const all = await many(served, 256)
    expect([first?.accepted.destroyed, closedOf(all)]).toEqual([false, []])
    all.push(await served.open())
    expect([first?.accepted.destroyed, closedOf(all)]).toEqual([false, [0]])
  })
})

describe('what comes behind a request', () => {
  it.each([
    ['another request', get('/second')],
    ['one that expects an answer first', get('/second', 'Expect: 100-continue')],
    ['one that expects something else', get('/second', 'Expect: something')],
  ])('is ignored: %s', async (_, behind) => {
    const { port, handled, rejections } = await serve()
    const answer = await send(port, get('/first') + behind)
    expect([handled, statusesOf(answer), rejections]).toEqual([['/first'], [200], []])
  })

  it('ends the connection when it is no HTTP, also before there is an answer', async () => {
    const { port, handled, rejections } = await serve(() => {})
    expect(await send(port, `${get('/first')}garbage\r\n\r\n`)).toBe('')
    expect([handled, rejections]).toEqual([['/first'], []])
  })
})

describe('a connection', () => {
  it('that has sent nothing for too long is closed without an answer', async () => {
    const { open, takesTooLong, rejections } = await serve()
    const { accepted, closed, answered } = await open()
    takesTooLong(accepted)
    await closed
    expect([answered(), rejections]).toEqual(['', []])
  })

  it('whose request takes too long gets 408, and what comes later is not handled', async () => {
    const { open, takesTooLong, rejections, handled } = await serve()
    const { client, accepted, write, closed, answered } = await open()
    await write('GET /late HTTP/1.1\r\n')
    takesTooLong(accepted)
    client.write('Host: x\r\n\r\n')
    await closed
    expect([statusesOf(answered()), rejections, handled]).toEqual([[408], ['not HTTP'], []])
  })

  it('that sends no HTTP gets 400', async () => {
    const { port, rejections, handled } = await serve()
    expect(statusesOf(await send(port, 'garbage\r\n\r\n'))).toEqual([400])
    expect([rejections, handled]).toEqual([['not HTTP'], []])
  })

  it('that breaks off in the middle of a request is not told of', async () => {
    const { open, rejections } = await serve()
    const { client, write, gone } = await open()
    await write('GET / HT')
    client.resetAndDestroy()
    await gone
    expect(rejections).toEqual([])
  })

  it('that was read to the end of a head that is too large leaves no timer behind', async () => {
    const { open, clock, rejections } = await serve()
    const { client, gone, answered } = await open()
    client.write(get('/', `Cookie: ${'x'.repeat(70_000)}`))
    client.once('end', () => client.end())
    await gone
    expect([statusesOf(answered()), rejections]).toEqual([[431], ['too large']])
    expect(clock.timers()).toEqual([])
  })
})
