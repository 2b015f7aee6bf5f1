import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const cli = fileURLToPath(new URL('cli.ts', import.meta.url))

function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [cli, ...args])
  const output = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.err += text))
  return { child, output, ended: once(child, 'close') }
}

let stop = () => {}

afterEach(() => {
  stop()
  stop = () => {}
})

async function running(...args: readonly string[]) {
  const started = run(...args)
  stop = () => void started.child.kill()
  while (!started.output.out.includes('Ctrl+C')) {
    // The output comes in pieces.
    // oxlint-disable-next-line no-await-in-loop
    await once(started.child.stdout, 'data')
  }
  return started
}

describe('npm run simulator', () => {
  it('prints the issuer and a profile to copy, and nothing on stderr', async () => {
    const { output } = await running()
    const profile = JSON.parse(/\{[^]*\}/.exec(output.out)?.[0] ?? '')
    expect(profile).toMatchObject({ name: 'Simulator', redirectPath: '/callback' })
    expect(output.out.split('\n')[0]).toContain(profile.issuer)
    expect((await fetch(`${profile.issuer}/jwks.json`)).status).toBe(200)
    expect(output.err).toBe('')
  })

  // Windows has no signals: it ends the process at once.
  it.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)(
    'ends with %s',
    async (signal) => {
      const { child, ended } = await running()
      child.kill(signal)
      expect(await ended).toEqual([0, null])
    },
  )

  it.each([['--port=abc'], ['--port=65536'], ['--port=-1'], ['--prot=1'], ['surplus']])(
    'refuses %s with one message and exit code 1',
    async (argument) => {
      const { output, ended } = run(argument)
      expect(await ended).toEqual([1, null])
      expect(output.out).toBe('')
      expect(output.err).toMatch(/^.+\nUsage: .+\n$/)
    },
  )

  it('plays the scenario that it is told, on the port that it is told', async () => {
    const { output } = await running('--scenario=token-http-503', '--port=0')
    const { issuer } = JSON.parse(/\{[^]*\}/.exec(output.out)?.[0] ?? '')
    expect(output.out).toContain('Scenario token-http-503: token: HTTP 503')
    expect((await fetch(`${issuer}/token`, { method: 'POST' })).status).toBe(503)
    expect((await fetch(`${issuer}/jwks.json`)).status).toBe(200)
  })

  it.each(['--refresh-tokens', '--scenario=refresh-invalid-sub'])(
    'gives refresh tokens with %s, and prints the APIs',
    async (argument) => {
      const { output } = await running(argument)
      const { issuer, clientId } = JSON.parse(/\{[^]*\}/.exec(output.out)?.[0] ?? '')
      const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' }
      const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      })
      expect(await answer.text()).toContain('invalid_grant')
      expect(output.out).toContain(`${issuer}/krr/rest/v1/person`)
    },
  )

  it('refuses a scenario that there is not, and lists those that there are', async () => {
    const { output, ended } = run('--scenario=no-such-one')
    expect(await ended).toEqual([1, null])
    expect(output.out).toBe('')
    expect(output.err).toMatch(/^There is no scenario 'no-such-one'\./)
    expect(output.err).toContain('invalid-nonce ')
    expect(output.err).toContain('The nonce is another one.')
    expect(output.err).toContain('<step>-<fault>')
    expect(output.err).toMatch(/Usage: .+\n$/)
  })

  it('takes a port that is free, and refuses it with one message when it is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const refused = run(`--port=${port}`)
    expect(await refused.ended).toEqual([1, null])
    expect(refused.output.err).toBe(
      `Port ${port} is in use. Choose another with --port, or leave it out.\n`,
    )
    holder.close()
    await once(holder, 'close')
    const { output } = await running(`--port=${port}`)
    expect(output.out).toContain(`http://127.0.0.1:${port}\n`)
  })
})
