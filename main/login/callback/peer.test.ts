import { createServer, connect, type Socket } from 'node:net'
import { endianness } from 'node:os'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createPeerCheck, type Ends, type PeerOptions, type PeerUnknown } from './peer.ts'

const us = 1000
const loopback = endianness() === 'LE' ? '0100007F' : '7F000001'
const mapped = endianness() === 'LE' ? '0000000000000000FFFF0000' : '00000000000000000000FFFF'
const here = `${loopback}:AD45`
const there = `${loopback}:D431`
/** The connection as the listener sees it. */
const connection: Ends = {
  localAddress: '127.0.0.1',
  localPort: 0xad45,
  remoteAddress: '127.0.0.1',
  remotePort: 0xd431,
}

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const line = (ends: string, state: string, uid: number, inode: number) =>
  `   1: ${ends} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0 100 0 0 10 0\n`
const listening = line(`${here} 00000000:0000`, '0A', us, 70)
const ourEnd = line(`${here} ${there}`, '01', us, 71)
const halfClosed = line(`${here} ${there}`, '08', us, 71)
const client = (uid: number, inode = 72) => line(`${there} ${here}`, '01', uid, inode)
const client6 = (uid: number) => line(`${mapped}${there} ${mapped}${here}`, '01', uid, 72)
const wholeMap = '         0          0 4294967295\n'

/** A computer whose files of `/proc` say that; a file that is not there cannot be read. */
function on(files: Record<string, string | readonly string[]>, options: PeerOptions = {}) {
  const reads: string[] = []
  const unknown: PeerUnknown[] = []
  const check = createPeerCheck({
    platform: 'linux',
    uid: us,
    read: async (file) => {
      const before = reads.filter((name) => name === file).length
      reads.push(file)
      const text = files[file]
      const now = typeof text === 'string' ? text : text?.[Math.min(before, text.length - 1)]
      if (now === undefined) throw new Error(`EACCES ${file}`)
      return now
    },
    onUnknown: (reason) => unknown.push(reason),
    ...options,
  })
  return { check: (of = connection) => check(of), reads, unknown }
}
const table = (...lines: string[]) => ({
  '/proc/net/tcp': head + lines.join(''),
  '/proc/self/uid_map': wholeMap,
})
/** The table as it is at one reading and at the next. */
const tables = (...all: string[][]) => ({
  '/proc/net/tcp': all.map((lines) => head + lines.join('')),
  '/proc/self/uid_map': wholeMap,
})

describe('a connection is', () => {
  it.each([
    ['ours when its user is ours', table(listening, ourEnd, client(us)), 'ours'],
    ['ours when it is root’s, who can read our memory anyway', table(ourEnd, client(0)), 'ours'],
    ["another user's", table(listening, ourEnd, client(1001)), 'other'],
    ["another user's, who is nobody", table(ourEnd, client(65_534)), 'other'],
    ['gone when its process has closed it, whatever user it was', table(client(us, 0)), 'gone'],
    ["gone when the kernel shows a closed one as root's", table(client(0, 0)), 'gone'],
    ['gone when only our end is left, and knows it', table(listening, halfClosed), 'gone'],
    ['gone when even our end is gone, while we listen', table(listening), 'gone'],
    ['ours when it is in the table the second time', tables([ourEnd], [client(us)]), 'ours'],
    ["another user's the second time", tables([listening], [client(1001)]), 'other'],
    [
      'ours when it was made as IPv6',
      { ...table(ourEnd), '/proc/net/tcp6': head + client6(us) },
      'ours',
    ],
    [
      "another user's when it was made as IPv6",
      { ...table(ourEnd), '/proc/net/tcp6': head + client6(1001) },
      'other',
    ],
  ] as const)('%s', async (_, files, peer) => {
    const { check, unknown } = on(files)
    expect([await check(), unknown]).toEqual([peer, []])
  })

  it('not taken for another whose port begins alike, or that goes the other way', async () => {
    const wrong = [
      line(`${there.slice(0, -1)} ${here}`, '01', us, 72),
      line(`${there} ${here.slice(0, -1)}`, '01', us, 73),
      line(`${there} 00000000:AD45`, '01', us, 74),
    ]
    expect(await on(table(...wrong, client(1001))).check()).toBe('other')
    expect(await on(table(listening, ...wrong)).check()).toBe('gone')
  })

  it('told by its own address, which need not be 127.0.0.1', async () => {
    const far = endianness() === 'LE' ? '0900007F' : '7F000009'
    const files = table(listening, client(us), line(`${far}:D431 ${here}`, '01', 1001, 75))
    const from = { ...connection, remoteAddress: '127.0.0.9' }
    expect(await on(files).check(from)).toBe('other')
  })

  it('gone when it was closed before the check', async () => {
    const { check, reads } = on(table(client(us)))
    expect([await check({}), reads]).toEqual(['gone', []])
    for (const end of ['localAddress', 'localPort', 'remoteAddress', 'remotePort'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expect([await check({ ...connection, [end]: undefined }), reads]).toEqual(['gone', []])
    }
  })

  it('looked for twice, and not more often', async () => {
    const { check, reads } = on(table(listening))
    await check()
    expect(reads.filter((file) => file === '/proc/net/tcp')).toHaveLength(2)
  })

  it('told by a port of few digits', async () => {
    const files = table(listening, line(`${loopback}:0431 ${here}`, '01', 1001, 72))
    expect(await on(files).check({ ...connection, remotePort: 0x431 })).toBe('other')
  })
})

describe('the system does not say, and that is told once', () => {
  it.each([
    ['on another platform', table(client(1001)), { platform: 'win32' }, 'platform'],
    ['where there are no user ids', table(client(1001)), { uid: undefined }, 'platform'],
    ['when the table cannot be read', {}, {}, 'table'],
    ['when the table is empty', { '/proc/net/tcp': head }, {}, 'table'],
    [
      'when the table knows our port, but not that it listens',
      table(line(`${here} 00000000:0000`, '07', us, 70)),
      {},
      'table',
    ],
    [
      'of an end that is no socket of this system, although ours is connected to it',
      table(listening, ourEnd),
      {},
      'not of this system',
    ],
  ] as const)('%s', async (_, files, options, reason) => {
    const { check, unknown } = on(files, options)
    const peers = [await check(), await check(), await check()]
    expect([peers, unknown]).toEqual([['unknown', 'unknown', 'unknown'], [reason]])
  })

  it('where the process itself has no user id', async () => {
    const { geteuid } = process
    Object.defineProperty(process, 'geteuid', { value: undefined, configurable: true })
    const unknown: PeerUnknown[] = []
    const check = createPeerCheck({ onUnknown: (reason) => unknown.push(reason) })
    Object.defineProperty(process, 'geteuid', { value: geteuid, configurable: true })
    expect([await check(connection), unknown]).toEqual(['unknown', ['platform']])
  })

  const inContainer = (uid: number, more: object = {}) => ({
    ...table(listening, client(uid)),
    '/proc/self/uid_map': '      1000       1000          1\n',
    ...more,
  })
  it('in a container that knows few users, of one that it does not know', async () => {
    const { check, unknown } = on(inContainer(65_534))
    expect([await check(), unknown]).toEqual(['unknown', ['user namespace']])
    const other = on(inContainer(99, { '/proc/sys/kernel/overflowuid': '99\n' }))
    expect([await other.check(), other.unknown]).toEqual(['unknown', ['user namespace']])
    const silent = on(inContainer(65_534, { '/proc/sys/kernel/overflowuid': '\n' }))
    expect([await silent.check(), silent.unknown]).toEqual(['unknown', ['user namespace']])
  })

  it.each([
    ['1000 1000 1\n0 0 4294967295\n', 'unknown'],
    ['0 0 4294967295\n1000 1000 1\n', 'unknown'],
    ['0 0 4294967295', 'other'],
    ['  0  0  4294967295  \n', 'other'],
  ])('where the map of the users is %j, of nobody: %s', async (map, peer) => {
    const files = inContainer(65_534, { '/proc/self/uid_map': map })
    expect(await on(files).check()).toBe(peer)
  })

  it('but it says so of those whom a container knows', async () => {
    expect(await on(inContainer(us)).check()).toBe('ours')
    expect(await on(inContainer(1001)).check()).toBe('other')
  })
})

it.each([
  ['it had the client', [client(us)]],
  ['it had our port as well', [listening, client(us)]],
])('a table that has worked is not taken for useless later: %s', async (_, lines) => {
  const { check, unknown } = on(tables(lines, []))
  expect([await check(), await check(), unknown]).toEqual(['ours', 'gone', []])
})

it('a hundred connections at once share two readings, of which none is older than its connection', async () => {
  const readings: ((text: string) => void)[] = []
  const check = createPeerCheck({
    platform: 'linux',
    uid: us,
    read: async (file) =>
      file === '/proc/net/tcp'
        ? await new Promise<string>((resolve) => readings.push(resolve))
        : wholeMap,
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const first = check(connection)
  await turn()
  const others = Array.from({ length: 100 }, () => check(connection))
  await turn()
  expect(readings).toHaveLength(1)
  readings[0]?.(head + client(1001))
  expect(await first).toBe('other')
  await turn()
  expect(readings).toHaveLength(2)
  readings[1]?.(head + client(us))
  expect(new Set(await Promise.all(others))).toEqual(new Set(['ours']))
})

describe.runIf(process.platform === 'linux')('a real connection', () => {
  async function connected<T>(use: (accepted: Socket, browser: Socket) => Promise<T>): Promise<T> {
    const server = createServer().listen({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const accepting = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const browser = connect({ host: '127.0.0.1', port })
    browser.on('error', () => {})
    const accepted = await accepting
    accepted.on('error', () => {})
    try {
      return await use(accepted, browser)
    } finally {
      browser.destroy()
      accepted.destroy()
      server.close()
    }
  }

  it('of this process is ours, and of nobody once it has closed', async () => {
    const check = createPeerCheck()
    const peers = await connected(async (accepted, browser) => {
      const open = await check(accepted)
      browser.destroy()
      await once(browser, 'close')
      return [open, await check(accepted)]
    })
    expect(peers).toEqual(['ours', 'gone'])
  })

  it("is another user's for whoever is not this user", async () => {
    const check = createPeerCheck({ uid: 4_000_000 })
    const own = process.geteuid?.() === 0 ? 'ours' : 'other'
    expect(await connected((accepted) => check(accepted))).toBe(own)
  })
})
