import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { discoveryDocument } from '../provider/discovery.ts'
import { faults, stepsWithFaults } from './index.ts'
import { stepOf, steps } from './steps.ts'
import type { FaultName } from './index.ts'
import type { Step } from './steps.ts'
import { startSimulator } from '../simulator.ts'
import type { Simulator } from '../simulator.ts'
import { TestBrowser, beginLogin, finishLogin } from '../../test/support/browser.ts'

let simulators: Simulator[] = []

async function start(): Promise<Simulator> {
  const simulator = await startSimulator()
  simulators.push(simulator)
  return simulator
}

afterEach(async () => {
  await Promise.all(simulators.map((simulator) => simulator.close()))
  simulators = []
})

const wellKnown = '/.well-known/openid-configuration'
const requests: Readonly<Record<Step, string>> = {
  discovery: `GET ${wellKnown}`,
  keys: 'GET /jwks.json',
  'pushed-request': 'POST /par',
  authorization: 'GET /authorize?client_id=x',
  token: 'POST /token',
  userinfo: 'GET /userinfo',
  api: 'GET /api/echo',
  revocation: 'POST /token/revoke',
  'end-session': 'GET /logout',
}

function play(simulator: Simulator, step: Step, kind: FaultName) {
  simulator.play({ summary: `${step} ${kind}`, fault: { step, kind } })
}

/** Sends one request on a connection of its own. */
function send(simulator: Simulator, step: Step) {
  const socket = connect(Number(new URL(simulator.issuer).port), '127.0.0.1')
  socket.write(
    `${requests[step]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
  return socket
}

/** Reads until the connection ends or there is enough; says how it ended. */
async function read(simulator: Simulator, step: Step, enough = 200_000) {
  const socket = send(simulator, step)
  const chunks: Buffer[] = []
  let size = 0
  let ended = 'closed'
  try {
    for await (const chunk of socket) {
      const bytes = Buffer.from(chunk)
      chunks.push(bytes)
      size += bytes.length
      if (size >= enough) {
        ended = 'enough'
        break
      }
    }
  } catch (error) {
    ended = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
  }
  const text = Buffer.concat(chunks).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  return { text, ended, head: text.slice(0, end), body: text.slice(end + 4) }
}

const withoutDate = (text: string) => text.replace(/\r\nDate: .*/, '')

describe('the steps', () => {
  it('are the endpoints of the discovery document, and the APIs', () => {
    const document = discoveryDocument('http://127.0.0.1')
    const stepsOf = (...names: readonly string[]) =>
      names.map((name) => stepOf(new URL(String(document[name])).pathname))
    expect([
      stepOf(wellKnown),
      ...stepsOf(
        'jwks_uri',
        'pushed_authorization_request_endpoint',
        'token_endpoint',
        'userinfo_endpoint',
      ),
      stepOf('/krr/rest/v1/person'),
      ...stepsOf('revocation_endpoint', 'authorization_endpoint', 'end_session_endpoint'),
    ]).toEqual(steps)
    expect(stepsOf('introspection_endpoint')).toEqual([undefined])
    expect(['/', '/login/x', '/token/x', '/xtoken'].map(stepOf)).not.toContain('token')
  })
})

describe('every fault at every step', () => {
  // The provider refuses these requests, and a refusal is not spoilt; tested below with logins.
  const refused: readonly Step[] = ['pushed-request', 'token', 'userinfo', 'api']

  it.each(steps)('is something else than the right answer: %s', async (step) => {
    const simulator = await start()
    const right = await read(simulator, step)
    const alike: FaultName[] = []
    for (const { step: at, name, fault } of stepsWithFaults()) {
      if (at === step && name !== 'black-hole' && !(fault.changes && refused.includes(step))) {
        play(simulator, step, name)
        // One simulator plays one fault at a time.
        // oxlint-disable-next-line no-await-in-loop
        const { text } = await read(simulator, step, name.startsWith('slow') ? 20 : 200)
        if (withoutDate(text) === withoutDate(right.text)) {
          alike.push(name)
        }
      }
    }
    expect(alike).toEqual([])
    simulator.play(null)
    const again = await read(simulator, step)
    expect(again.head.split('\r\n')[0]).toBe(right.head.split('\r\n')[0])
  })
})

describe('on the wire', () => {
  it('reset ends the connection with RST and without a byte', async () => {
    const simulator = await start()
    play(simulator, 'token', 'reset')
    expect(await read(simulator, 'token')).toMatchObject({ text: '', ended: 'ECONNRESET' })
  })

  it('close-after-headers sends headers that promise a body, and none', async () => {
    const simulator = await start()
    play(simulator, 'token', 'close-after-headers')
    const { head, body, ended } = await read(simulator, 'token')
    expect([head.split('\r\n')[0], body, ended]).toEqual(['HTTP/1.1 200 OK', '', 'closed'])
    expect(head).toContain('content-length: 1000')
  })

  it('truncated sends less than content-length says', async () => {
    const simulator = await start()
    const right = await read(simulator, 'discovery')
    play(simulator, 'discovery', 'truncated')
    const { head, body, ended } = await read(simulator, 'discovery')
    expect(head.toLowerCase()).toContain(`content-length: ${right.body.length}`)
    expect(right.body.startsWith(body)).toBe(true)
    expect([body.length, ended]).toEqual([Math.ceil(right.body.length / 2), 'closed'])
  })

  it('truncated-chunked has no last chunk', async () => {
    const simulator = await start()
    play(simulator, 'discovery', 'truncated-chunked')
    const { head, body } = await read(simulator, 'discovery')
    expect(head.toLowerCase()).toContain('transfer-encoding: chunked')
    expect(body).toMatch(/^[\da-f]+\r\n\{"/)
    expect(body).not.toMatch(/0\r\n\r\n$/)
  })

  it.each(['huge-body', 'endless-chunked'] as const)('%s sends megabytes', async (kind) => {
    const simulator = await start()
    play(simulator, 'keys', kind)
    const { ended, head } = await read(simulator, 'keys', 5_000_000)
    expect([ended, head.split('\r\n')[0]]).toEqual(['enough', 'HTTP/1.1 200 OK'])
  })

  it('gzip-bomb sends little that becomes much', async () => {
    const simulator = await start()
    play(simulator, 'keys', 'gzip-bomb')
    const answer = await fetch(`${simulator.issuer}/jwks.json`)
    let size = 0
    for await (const chunk of answer.body ?? []) {
      size += chunk.length
      if (size > 20_000_000) {
        break
      }
    }
    expect(size).toBeGreaterThan(20_000_000)
  })

  it('huge-headers sends a million bytes before the body', async () => {
    const simulator = await start()
    play(simulator, 'keys', 'huge-headers')
    expect((await read(simulator, 'keys', 2_000_000)).head.length).toBeGreaterThan(1e6)
  })

  it.each([
    ['empty', ''],
    ['json-null', 'null'],
  ] as const)('%s changes the body alone', async (kind, expected) => {
    const simulator = await start()
    play(simulator, 'keys', kind)
    const answer = await fetch(`${simulator.issuer}/jwks.json`)
    expect(answer.headers.get('content-type')).toContain('application/jwk-set+json')
    expect([answer.status, await answer.text()]).toEqual([200, expected])
  })

  it.each(['bom', 'text-plain-json', 'no-content-type', 'http-201', 'duplicate-keys'] as const)(
    '%s leaves the right answer readable for who is not strict',
    async (kind) => {
      const simulator = await start()
      const right: unknown = await (await fetch(`${simulator.issuer}${wellKnown}`)).json()
      play(simulator, 'discovery', kind)
      expect(await (await fetch(`${simulator.issuer}${wellKnown}`)).json()).toEqual(right)
    },
  )

  it.each(['truncated-json', 'json-and-more', 'nan', 'utf-16'] as const)(
    '%s is not JSON',
    async (kind) => {
      const simulator = await start()
      play(simulator, 'keys', kind)
      const answer = await fetch(`${simulator.issuer}/jwks.json`)
      await expect(answer.json()).rejects.toThrow(SyntaxError)
    },
  )

  it.each(['redirect-307', 'redirect-307-other-host'] as const)(
    '%s leads to the right answer, and the journal shows who follows',
    async (kind) => {
      const simulator = await start()
      play(simulator, 'keys', kind)
      const answer = await fetch(`${simulator.issuer}/jwks.json`)
      expect(answer.redirected).toBe(true)
      expect(new URL(answer.url).hostname).toBe(kind === 'redirect-307' ? '127.0.0.1' : 'localhost')
      expect(await answer.text()).toContain('"keys"')
      expect(simulator.journal.at(-1)?.path).toBe('/redirected/jwks.json')
    },
  )

  it('an OAuth error is JSON with its status and headers', async () => {
    const simulator = await start()
    play(simulator, 'token', 'oauth-error-use-dpop-nonce')
    const answer = await fetch(`${simulator.issuer}/token`, { method: 'POST' })
    expect([answer.status, answer.headers.get('dpop-nonce')]).toEqual([400, 'simulator-nonce'])
    expect(await answer.json()).toMatchObject({ error: 'use_dpop_nonce' })
  })

  it.each([
    ['http-503-retry-after-huge', '1000000000'],
    ['http-503-retry-after-negative', '-1'],
  ] as const)('%s says so in Retry-After', async (kind, value) => {
    const simulator = await start()
    play(simulator, 'discovery', kind)
    const answer = await fetch(`${simulator.issuer}${wellKnown}`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, value])
  })
})

describe('when and how often', () => {
  async function codeOf(simulator: Simulator) {
    const attempt = await beginLogin(simulator)
    const browser = new TestBrowser()
    return { attempt, visit: await browser.press(await browser.open(attempt.url), 'login') }
  }

  it('a fault before the provider leaves the code unused', async () => {
    const simulator = await start()
    const { attempt, visit } = await codeOf(simulator)
    simulator.play({ summary: 'x', fault: { step: 'token', kind: 'reset', when: 'before' } })
    await expect(finishLogin(attempt, visit.left)).rejects.toThrow('fetch failed')
    simulator.play(null)
    await expect(finishLogin(attempt, visit.left)).resolves.toHaveProperty('id_token')
  })

  it('a fault after the provider loses an answer that was good', async () => {
    const simulator = await start()
    const { attempt, visit } = await codeOf(simulator)
    simulator.play({ summary: 'x', fault: { step: 'token', kind: 'reset', when: 'after' } })
    await expect(finishLogin(attempt, visit.left)).rejects.toThrow('fetch failed')
    simulator.play(null)
    await expect(finishLogin(attempt, visit.left)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('a fault can hit the first requests only', async () => {
    const simulator = await start()
    simulator.play({ summary: 'x', fault: { step: 'keys', kind: 'http-503', times: 2 } })
    const status = async () => (await fetch(`${simulator.issuer}/jwks.json`)).status
    expect([await status(), await status(), await status()]).toEqual([503, 503, 200])
  })

  it('spoils the answer of a login, and leaves a refusal alone', async () => {
    const simulator = await start()
    play(simulator, 'token', 'numbers-as-strings')
    const { attempt, visit } = await codeOf(simulator)
    expect(await finishLogin(attempt, visit.left)).toMatchObject({ expires_in: 120 })
    const spoilt = simulator.journal.at(-1)
    expect(spoilt).toMatchObject({ path: '/token', status: 200 })
    play(simulator, 'token', 'http-201')
    await expect(finishLogin(attempt, visit.left)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('hits its own step alone', async () => {
    const simulator = await start()
    play(simulator, 'revocation', 'http-500-html')
    const { attempt, visit } = await codeOf(simulator)
    await expect(finishLogin(attempt, visit.left)).resolves.toHaveProperty('id_token')
  })
})

describe('close', () => {
  it.each(['black-hole', 'slow-headers', 'slow-body', 'endless-chunked'] as const)(
    'ends %s, and leaves no timer',
    async (kind) => {
      const timers = vi.spyOn(globalThis, 'setInterval')
      const cleared = vi.spyOn(globalThis, 'clearInterval')
      const simulator = await startSimulator()
      let arrived = () => {}
      const arrival = new Promise<void>((resolve) => (arrived = resolve))
      simulator.play({
        summary: kind,
        request: () => arrived(),
        fault: { step: 'token', kind },
      })
      const socket = send(simulator, 'token').on('error', () => {})
      await (kind === 'black-hole' ? arrival : once(socket, 'data'))
      const closed = once(socket.resume(), 'close')
      await simulator.close()
      await closed
      const started = timers.mock.results.map(({ value }): unknown => value)
      const ended = cleared.mock.calls.map(([timer]): unknown => timer)
      const slow = kind.startsWith('slow')
      expect(started.filter((timer) => !ended.includes(timer))).toHaveLength(0)
      expect(started.length > 0).toBe(slow)
      vi.restoreAllMocks()
    },
  )

  it('knows of each fault the steps where it can happen', () => {
    const pairs = [...stepsWithFaults()]
    expect(new Set(pairs.map(({ name }) => name)).size).toBe(Object.keys(faults).length)
  })
})
