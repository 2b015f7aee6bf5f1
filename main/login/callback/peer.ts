import type { Socket } from 'node:net'
import { endianness } from 'node:os'
import process from 'node:process'
import { createTable, type ReadLines, readProcFile } from './socket-table.ts'

/**
 * Whose process holds the other end of a connection on this computer: this user's (or root's), another
 * user's, nobody's any more, or the system does not say.
 */
export type Peer = 'ours' | 'other' | 'gone' | 'unknown'

/** Both ends of a connection that the listener has accepted; absent when it is closed. */
export type Ends = Partial<
  Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>
>

/** Tells whose connection it is; never rejects. */
export type PeerCheck = (connection: Ends) => Promise<Peer>

/** Why the system does not say whose a connection is. */
export type PeerUnknown = 'platform' | 'table' | 'user namespace' | 'not of this system'

export interface PeerOptions {
  readonly platform?: NodeJS.Platform
  /** Our own effective user id; undefined where there is none. */
  readonly uid?: number | undefined
  /** Reads a file of `/proc`. */
  readonly read?: (file: string) => Promise<string>
  /** Called once, with the first reason why a connection could not be told. */
  readonly onUnknown?: (reason: PeerUnknown) => void
}

/** A line of the kernel's table, as far as it says whose socket it is. */
interface Line {
  readonly uid: number
  /** 0 when no process holds the socket any more. */
  readonly inode: number
}

/**
 * Makes a check that asks Linux's table of TCP connections for the user of the other end. Everyone on the
 * computer can connect to 127.0.0.1, and can read the one-time address in the browser's command line.
 *
 * @see proc_net_tcp.rst of the kernel's documentation, user_namespaces(7)
 */
export function createPeerCheck(options: PeerOptions = {}): PeerCheck {
  const { platform = process.platform, onUnknown = () => {} } = options
  const uid = 'uid' in options ? options.uid : process.geteuid?.()
  const { read } = options
  const readLines: ReadLines = read === undefined ? readProcFile : (file) => whole(read(file))
  const findTcp = createTable('/proc/net/tcp', readLines)
  const findTcp6 = createTable('/proc/net/tcp6', readLines)
  let namespace: Promise<UserNamespace> | null = null
  let told = false
  // A peer that could make the table look useless later must not be let in for that.
  let tableWorks = false

  const cannotTell = (reason: PeerUnknown): Peer => {
    if (!told) onUnknown(reason)
    told = true
    return 'unknown'
  }

  const judge = async ({ uid: peer, inode }: Line): Promise<Peer> => {
    // The kernel shows a socket that its process has closed as root's, or still as its user's.
    if (inode === 0) return 'gone'
    namespace ??= readNamespace(readLines)
    const { overflowUid, complete } = await namespace
    if (peer === overflowUid && !complete) {
      return cannotTell('user namespace')
    }
    // Root can read our memory anyway, and the relays of WSL connect as root for the person's browser.
    return peer === uid || peer === 0 ? 'ours' : 'other'
  }

  return async ({ localAddress, localPort, remoteAddress, remotePort }) => {
    if (platform !== 'linux' || uid === undefined) return cannotTell('platform')
    if (localAddress === undefined || localPort === undefined) return 'gone'
    if (remoteAddress === undefined || remotePort === undefined) return 'gone'
    const here = endOf(localAddress, localPort)
    const there = endOf(remoteAddress, remotePort)
    const [client, client6] = [`${there} ${here}`, `${mapped}${there} ${mapped}${here}`]
    const [ours, listening] = [`${here} ${there}`, `${here} 00000000:0000`]
    let connected = true
    // Twice: a table that changes while it is read may lack a line.
    for (let tries = 0; tries < 2; tries += 1) {
      // oxlint-disable-next-line no-await-in-loop
      const tcp = await findTcp(client, [ours, listening])
      const line =
        parseLine(tcp.get(client)) ??
        // Stryker disable next-line ArrayDeclaration: no connection has such a text for its ends
        // oxlint-disable-next-line no-await-in-loop
        parseLine((await findTcp6(client6, [])).get(client6))
      tableWorks ||=
        line !== null || tcp.get(listening)?.startsWith('0A ') === true || tcp.has(ours)
      connected &&= tcp.get(ours)?.startsWith('01 ') === true
      // oxlint-disable-next-line no-await-in-loop
      if (line !== null) return await judge(line)
    }
    // Connected to something that is no socket of this system: WSL lets a browser of Windows in like that.
    // Closing the other end, to hide whose it was, does not lead here: our end would not be connected any more.
    if (connected) return cannotTell('not of this system')
    return tableWorks ? 'gone' : cannotTell('table')
  }
}

// Stryker disable next-line ConditionalExpression: the tests run on machines of one kind, which is this one
const littleEndian = endianness() === 'LE'

/** What stands before an IPv4 address in an IPv6 one (`::ffff:`): Java and some proxies connect so. */
const mapped = `${'0'.repeat(16)}${numberOf([0, 0, 255, 255])}`

/** Writes an IPv4 address and a port as the kernel's table does. */
function endOf(address: string, port: number): string {
  const digits = port.toString(16).padStart(4, '0')
  return `${numberOf(address.split('.').map(Number))}:${digits.toUpperCase()}`
}

/** Writes four bytes, which the kernel has in the order of the machine, as one number. */
function numberOf(bytes: readonly number[]): string {
  const ordered = Buffer.from(littleEndian ? bytes.toReversed() : bytes)
  return ordered.toString('hex').toUpperCase()
}

/** Reads what a line says behind its two ends; null when there is no such line, or not a whole one. */
function parseLine(rest: string | undefined): Line | null {
  // State, queues, timer, retransmits, uid, timeout, inode.
  // Stryker disable next-line ArrayDeclaration: one word is as little a whole line as none is
  const [, , , , uid, , inode] = rest?.trim().split(/\s+/) ?? []
  return inode === undefined ? null : { uid: Number(uid), inode: Number(inode) }
}

interface UserNamespace {
  /** The id that stands for every user whom the namespace does not know. */
  readonly overflowUid: number
  /** Whether it knows all users; that of a container may know few. */
  readonly complete: boolean
}

async function readNamespace(read: ReadLines): Promise<UserNamespace> {
  const overflow = await textOf(read('/proc/sys/kernel/overflowuid'))
  const map = await textOf(read('/proc/self/uid_map'))
  return {
    overflowUid: overflow.trim() === '' ? 65_534 : Number(overflow),
    complete: /^\s*0\s+0\s+4294967295\s*$/.test(map),
  }
}

async function* whole(text: Promise<string>): AsyncGenerator<string> {
  yield await text
}

/** All of a file as one text, which is empty when it cannot be read. */
async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = ''
  try {
    for await (const part of parts) text += part
    return text
  } catch {
    return ''
  }
}
