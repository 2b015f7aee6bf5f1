import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { startSimulator } from '../simulator/simulator.ts'
import { electronPath, expect, test } from './fixtures/desktop.ts'
import { appName, unpacked } from './fixtures/packaged.ts'
import { createAuthority, startProxy } from './fixtures/private-network.ts'

/** `--doctor`: what the app can say of itself, and of how it reaches the provider. */

interface Report {
  readonly code: unknown
  readonly canLogIn: boolean
  /** Result and words of each finding, by its subject. */
  readonly of: Readonly<Record<string, readonly [result: string, found: string]>>
  /** All that was printed. */
  readonly stdout: string
}

function doctor(
  command: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Report> {
  const [executable = '', ...args] = command
  const all = [...args, `--user-data-dir=${join(folder, 'user-data')}`, '--doctor', '--json']
  return new Promise((resolve) => {
    execFile(executable, all, { env: { ...process.env, ...env } }, (error, stdout) => {
      const { canLogIn, findings } = JSON.parse(stdout)
      const of = findings.map(({ subject, result, found }: Record<string, string>) => [
        subject,
        [result, found],
      ])
      resolve({ code: error?.code ?? 0, canLogIn, of: Object.fromEntries(of), stdout })
    })
  })
}

async function profileWith(folder: string, profile: object): Promise<string> {
  const file = join(folder, 'profile.json')
  await writeFile(file, JSON.stringify(profile))
  return `--config=${file}`
}

test('the app tells what it runs in, opens no browser, and ends with 0 where a login can work', async ({
  folder,
  simulator,
  systemBrowser,
}) => {
  const config = await profileWith(folder, simulator.profile)
  const { env } = systemBrowser
  const { code, canLogIn, of } = await doctor([electronPath(), '.', config], folder, env)
  expect([code, canLogIn]).toEqual([0, true])
  expect(of).toMatchObject({
    metadata: ['ok', 'came, directly'],
    browser: ['ok', expect.stringMatching(/\S/)],
    keyring: [expect.stringMatching(/^(ok|warning)$/), expect.stringMatching(/\S/)],
    electron: ['ok', expect.stringMatching(/^\d+\.\d+\.\d+ \(Chromium /)],
    sandbox: ['ok', expect.any(String)],
    fuses: ['ok', expect.stringContaining('RunAsNode on')],
  })
  const requests = simulator.journal.map(({ method, path }) => `${method} ${path}`)
  expect(requests).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks.json'])
})

test('the app ends with 1 where the profile is wrong, and names the key', async ({ folder }) => {
  const config = await profileWith(folder, { name: 'Test', issuer: 'https://a.test', clientId: 7 })
  const { code, canLogIn, of } = await doctor([electronPath(), '.', config], folder)
  expect([code, canLogIn]).toEqual([1, false])
  expect(of['profile']).toEqual(['error', expect.stringContaining('clientId: must be text')])
})

test('the app tells the proxy and the authority that it reached the provider by, or which certificate it refused', async ({
  folder,
}) => {
  const host = 'idporten.simulator.test'
  const { home, key, cert } = await createAuthority(folder, host, true)
  const simulator = await startSimulator({ tls: { key, cert, host } })
  const proxy = await startProxy(host)
  const examine = async (HOME: string) => {
    const command = [electronPath(), '.', await profileWith(folder, simulator.profile)]
    const env = { HOME, https_proxy: proxy.address, http_proxy: '', no_proxy: '' }
    return await doctor(command, folder, env)
  }
  try {
    const reached = await examine(home)
    expect(reached.of['metadata']).toEqual([
      'ok',
      expect.stringMatching(
        /^came, by way of PROXY 127\.0\.0\.1:\d+, with a certificate by Private authority until \d/,
      ),
    ])
    expect(reached.code).toBe(0)
    const refused = await examine(folder)
    expect(refused.of['metadata']).toEqual([
      'error',
      expect.stringMatching(/E_NETWORK_TLS.*with a certificate by Private authority/),
    ])
    expect(refused.stdout).toContain('does not trust the authority')
    expect(refused.code).toBe(1)
  } finally {
    await proxy.close()
    await simulator.close()
  }
})

test('a package has its fuses as they are to be, and takes no profile from the command line', async ({
  folder,
  simulator,
}) => {
  const config = await profileWith(folder, simulator.profile)
  const { code, of } = await doctor([join(unpacked, appName), config], folder)
  expect(of['fuses']).toEqual(['ok', 'as in a package of this app'])
  expect(of['profile']).toEqual(['error', expect.stringContaining('file: does not exist')])
  expect(code).toBe(1)
})
