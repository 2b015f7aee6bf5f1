import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainScope } from '../simulator/scopes.ts'
import { startSimulator, type Simulator } from '../simulator/simulator.ts'
import { npm } from './bootstrap/npm.mjs'
import { createFakeOpener, type FakeOpener } from '../test/support/fake-opener.ts'
import { installLogin } from '../test/support/installed-login.ts'
import { arrive, logInAt, navigate } from '../test/support/login.ts'

const run = promisify(execFile)
const setUpLimit = 60_000

let folder = ''
let tarball = ''
let simulator: Simulator
let opener: FakeOpener

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pack-login-'))
  simulator = await startSimulator()
  tarball = await installLogin(folder)
  opener = await createFakeOpener(join(folder, 'bin'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const readme = await readFile('main/login/README.md', 'utf8')
  await writeFile(join(folder, 'readme.ts'), /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '')
  for (const name of ['login.ts', 'session.ts', 'open-browser.ts']) {
    // oxlint-disable-next-line no-await-in-loop
    await cp(join('examples/node-login', name), join(folder, name))
  }
}, setUpLimit)
afterAll(async () => {
  await opener.close()
  await simulator.close()
  await rm(folder, { recursive: true, force: true })
})

/** Starts a program in the folder, with a browser of the test behind it. */
function start(program: string) {
  const running = run(process.execPath, [program], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: opener.path,
      ISSUER: simulator.issuer,
      CLIENT_ID: simulator.profile.clientId,
      API: simulator.apis.echo,
      SCOPE: plainScope,
    },
  })
  return running.catch((error: unknown) => error)
}
async function logIn(program: string, action: 'login' | 'cancel') {
  const ended = start(program)
  await arrive(await logInAt(await opener.opened.next(), { action }))
  return await ended
}

describe('the packed login, in a folder with nothing else of this repository', () => {
  it.each([
    ['readme.ts', /^Signed in: \S+ idporten-loa-/, /^Not signed in: E_LOGIN_DENIED/],
    ['login.ts', /^Signed in at idporten-loa-[^]* pass nonce\n/, /Not signed in: E_LOGIN_DENIED/],
  ])(
    'runs %s: a login that is declined is told, and the next one signs in',
    async (name, yes, no) => {
      expect(await logIn(name, 'cancel')).toMatchObject({ stderr: expect.stringMatching(no) })
      expect(await logIn(name, 'login')).toMatchObject({ stdout: expect.stringMatching(yes) })
    },
  )

  it('runs session.ts: it calls an API, renews through the browser and signs out', async () => {
    const ended = start('session.ts')
    await arrive(await logInAt(await opener.opened.next()))
    await arrive(await logInAt(await opener.opened.next()))
    await navigate(await opener.opened.next())
    const lines = [
      'Signed in, with openid and profile and altinn:lookup',
      'The API answered 200 in',
    ]
    expect(await ended).toMatchObject({
      stdout: expect.stringMatching(
        new RegExp(
          `^${lines.join('\\n')} \\d+ ms\\nRenewed, for 120 seconds\\nSigned out: the browser was opened\\n$`,
        ),
      ),
    })
  })

  it.skipIf(process.platform === 'win32')(
    'has a command that npm installs: a login that is declined is told, and the next one signs in',
    async () => {
      const empty = join(folder, 'empty')
      // So that npm needs no network.
      for (const name of ['jose', 'oauth4webapi', 'valibot']) {
        const target = join(empty, 'node_modules', name)
        // oxlint-disable-next-line no-await-in-loop
        await cp(join('node_modules', name), target, { recursive: true })
      }
      await npm(['install', '--offline', '--no-save', tarball], { cwd: empty })
      const command = join(empty, 'node_modules/.bin/idporten-login')
      const runCommand = async (action: 'login' | 'cancel') => {
        const { issuer, profile } = simulator
        const args = [`--issuer=${issuer}`, `--client-id=${profile.clientId}`, '--json']
        const ended = run(command, args, {
          cwd: empty,
          env: { ...process.env, PATH: opener.path },
        })
        const told = ended.catch((error: unknown) => error)
        await arrive(await logInAt(await opener.opened.next(), { action }))
        return await told
      }
      expect(await runCommand('cancel')).toMatchObject({ code: 1, stdout: '' })
      expect(await runCommand('login')).toMatchObject({
        stdout: expect.stringMatching(/^\{"claims":\{.*\}\n$/),
        stderr: expect.stringMatching(/^token-request: done, /m),
      })
      const { stdout } = await run(command, ['--version'], { cwd: empty })
      expect(stdout).toMatch(/^idporten-login \d+\.\d+\.\d+\n$/)
    },
    setUpLimit,
  )

  it(
    'has types that a strict project accepts, and that refuse a login without a client',
    async () => {
      for (const name of ['@types/node', 'undici-types']) {
        // oxlint-disable-next-line no-await-in-loop
        await cp(join('node_modules', name), join(folder, 'node_modules', name), {
          recursive: true,
        })
      }
      await writeFile(
        join(folder, 'wrong.ts'),
        "import { startLogin } from 'idporten-login'\n// @ts-expect-error -- There is no client.\nstartLogin({ issuer: 'https://test.idporten.no', openBrowser: () => {} })\n",
      )
      const compiler = resolve('node_modules/typescript/bin/tsc')
      const options =
        '--noEmit --strict --skipLibCheck false --exactOptionalPropertyTypes --allowImportingTsExtensions'
      const target = '--module nodenext --target es2023 --lib es2024 --types node'
      const files = ['readme.ts', 'login.ts', 'session.ts', 'wrong.ts']
      const args = [compiler, ...`${options} ${target}`.split(' '), ...files]
      expect(await run(process.execPath, args, { cwd: folder })).toMatchObject({ stdout: '' })
    },
    setUpLimit,
  )

  it('holds the code, its types and its words, and nothing that builds or tests it', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.trim().split('\n')
    expect(files).toContain('package/index.js')
    expect(files).toContain('package/index.d.ts')
    expect(files).toContain('package/command/command.js')
    const expected = /^package\/(LICENSE|README\.md|package\.json|[a-z/-]+(\.js|\.d\.ts))$/
    expect(files.filter((file) => !expected.test(file))).toEqual([])
    expect(files.filter((file) => /test|simulator/.test(file))).toEqual([])
  })
})
