import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hostileTexts } from '../../../simulator/faults/hostile-texts.ts'
import { plainScope } from '../../../simulator/scopes.ts'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { createFakeOpener, type FakeOpener } from '../../../test/support/fake-opener.ts'
import { arrive, logInAt, requestsTo, type UserAction } from '../../../test/support/login.ts'
import { thorough } from '../../../test/support/thorough.ts'
import { profileFile } from '../../session/profile.ts'
import { loginProfile, readProfile, WrongUse } from './profile.ts'

const command = fileURLToPath(new URL('command.ts', import.meta.url))
/** Milliseconds: each test starts a few processes, and the computer may be busy. */
const timeout = 30_000
/** What only a terminal would notice: characters that move, hide, colour or link. */
const steering = /[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/u

let folder = ''
let simulator: Simulator
let opener: FakeOpener
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'idporten-login-'))
  simulator = await startSimulator()
  opener = await createFakeOpener(path.join(folder, 'bin'))
})
afterEach(() => simulator.play(null))
afterAll(async () => {
  await opener.close()
  await simulator.close()
  await rm(folder, { recursive: true, force: true })
})

async function writeProfile(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { issuer, clientId } = simulator.profile
  const file = path.join(await mkdtemp(path.join(folder, 'profile-')), 'profile.json')
  await writeFile(file, JSON.stringify({ issuer, clientId, ...more }))
  return `--profile=${file}`
}

/** Starts the command. `said` resolves with what a pattern catches on stderr as soon as it stands there. */
function start(args: readonly string[], searched = opener.path) {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, PATH: searched },
  })
  const told = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (told.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (told.err += text))
  const ended = new Promise<{ out: string; err: string; code: number | null }>((resolve) => {
    child.once('close', (code) => resolve({ ...told, code }))
  })
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const [, caught] = pattern.exec(told.err) ?? []
        if (caught !== undefined) resolve(caught)
      }
      look()
      child.stderr.on('data', look)
      void ended.then(({ err }) => reject(new Error(`ended without ${pattern}: ${err}`)))
    })
  return { child, ended, said }
}

/** Starts the command, does in the browser what a person would, and gives what the command told. */
async function logIn(args: readonly string[], userAction: UserAction = {}) {
  const { ended } = start(args)
  await arrive(await logInAt(await opener.opened.next(), userAction))
  return await ended
}

const lastOf = (err: string) => err.trim().split('\n').at(-1)

describe('a login from a terminal', { timeout }, () => {
  it('prints the claims, and on stderr a line for each step', async () => {
    const { out, err, code } = await logIn([await writeProfile()])
    expect(code).toBe(0)
    expect(out).toMatch(/^ID token\n/)
    expect(out).toMatch(/^ {2}acr +idporten-loa-substantial$/m)
    expect(out).toMatch(/^ {2}exp +\d{10} \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/m)
    expect(out).toMatch(/^Access token\n[^]*^Granted\n {2}scope +openid profile$/m)
    for (const step of ['metadata', 'push', 'callback', 'token-request', 'verification']) {
      expect(err).toMatch(new RegExp(`^${step}: done, \\d+ ms`, 'm'))
    }
  })

  it('takes issuer and client in place of a profile', async () => {
    const { issuer, clientId } = simulator.profile
    const { out, code } = await logIn([`--issuer=${issuer}`, `--client-id=${clientId}`, '--json'])
    expect(JSON.parse(out)).toMatchObject({ claims: { iss: issuer, aud: clientId } })
    expect(code).toBe(0)
  })

  it('asks for what the profile names, the scopes of its APIs too', async () => {
    const more = {
      $schema: './profile.schema.json',
      name: 'Test',
      acrValues: ['idporten-loa-high'],
      uiLocales: 'en',
      resource: ['https://api.example/'],
      apis: [{ name: 'Echo', url: simulator.apis.echo, scope: plainScope }],
    }
    const { out } = await logIn([await writeProfile(more), '--json'])
    expect(JSON.parse(out)).toMatchObject({
      claims: { acr: 'idporten-loa-high' },
      accessTokenClaims: { aud: 'https://api.example/' },
      scope: ['openid', 'profile', plainScope],
    })
    expect(requestsTo(simulator, '/par').at(-1)?.form.get('ui_locales')).toBe('en')
  })

  it('prints with --json one line, and nothing else on stdout', async () => {
    const { out, code } = await logIn([await writeProfile(), '--json'])
    expect(out.split('\n')).toHaveLength(2)
    expect(Object.keys(JSON.parse(out))).toEqual([
      'claims',
      'accessTokenClaims',
      'scope',
      'accessTokenLife',
    ])
    expect(code).toBe(0)
  })
})

describe('what is not shown unless it was asked for', { timeout }, () => {
  it.each([[[]], [['--json']]])('personal numbers and secrets: %j', async (args) => {
    const pid = simulator.persons[0]?.pid ?? ''
    const profile = await writeProfile()
    const since = simulator.journal.length
    const hidden = await logIn([profile, ...args], { pid })
    const all = hidden.out + hidden.err
    const secrets = simulator.journal
      .slice(since)
      .flatMap(({ form }) =>
        ['code', 'code_verifier', 'state', 'nonce'].flatMap((name) => form.get(name) ?? []),
      )
    expect(secrets).toHaveLength(4)
    for (const secret of [...secrets, 'eyJ', pid]) expect(all).not.toContain(secret)
    expect(hidden.out).toContain(`${pid.slice(0, 6)}•••••`)

    const withPid = await logIn([profile, '--show-pid', ...args], { pid })
    expect(withPid.out).toContain(pid)
    expect(withPid.out).not.toContain('eyJ')
    const withToken = await logIn([profile, '--show-token', ...args], { pid })
    expect(withToken.out).toMatch(/\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/)
    expect(withToken.out).not.toContain(pid)
    expect(withPid.err + withToken.err).not.toMatch(new RegExp(`eyJ|${pid}`))
  })
})

describe('--exec', { timeout }, () => {
  const ask = `fetch(process.argv[1], { headers: { authorization: 'Bearer ' + process.env.IDPORTEN_ACCESS_TOKEN } })
    .then((answer) => { console.log(answer.status); process.exit(7) })`

  it('hands the access token to the command alone, whose output and exit code count', async () => {
    const profile = await writeProfile()
    const userinfo = `${simulator.issuer}/userinfo`
    const exec = ['--exec', process.execPath, '--eval', ask, userinfo, '--json']
    const { out, err, code } = await logIn([profile, ...exec])
    expect([out, code]).toEqual(['200\n', 7])
    expect(err).toMatch(/^ID token$/m)
    expect(err).not.toContain('eyJ')
  })

  it('prints the JSON before the output of the command', async () => {
    const exec = ['--exec', process.execPath, '--eval', 'console.log("mine")']
    const { out, code } = await logIn([await writeProfile(), '--json', ...exec])
    expect(out.split('\n').slice(1)).toEqual(['mine', ''])
    expect(JSON.parse(out.split('\n')[0] ?? '')).toHaveProperty('claims')
    expect(code).toBe(0)
  })

  it.skipIf(process.platform === 'win32')(
    'passes SIGTERM on, and ends as a shell would say',
    async () => {
      const hold = 'console.error("holding ."); setInterval(() => {}, 1000)'
      const exec = ['--exec', process.execPath, '--eval', hold]
      const { child, ended, said } = start([await writeProfile(), ...exec])
      await arrive(await logInAt(await opener.opened.next()))
      await said(/holding (.)/)
      child.kill('SIGTERM')
      expect((await ended).code).toBe(143)
    },
  )

  it('runs nothing when the person declined', async () => {
    const exec = ['--exec', process.execPath, '--eval', 'console.log("ran")']
    const { out, code } = await logIn([await writeProfile(), ...exec], { action: 'cancel' })
    expect([out, code]).toEqual(['', 1])
  })

  it.each([
    // By its path: a folder on the PATH that is closed to the user would make it one that cannot be run.
    ['a command that is not there', '/no-such-command', 127, 'is not there'],
    ['a folder', tmpdir(), 126, 'cannot be run'],
    ['no command at all', '', 126, 'cannot be run'],
  ])('says that it cannot run %s', async (_what, name, exitCode, reason) => {
    const { err, code } = await logIn([await writeProfile(), '--exec', name])
    expect([lastOf(err), code]).toEqual([`--exec: ${name}: ${reason}`, exitCode])
  })

  it('refuses a token that is bound to a key which stays here; without --exec it signs in', async () => {
    const profile = await writeProfile({ dpop: true })
    const refused = await start([profile, '--exec', 'true']).ended
    expect(refused).toMatchObject({ out: '', code: 2, err: expect.stringContaining('dpop') })
    expect((await logIn([profile])).code).toBe(0)
  })
})

describe('a login that does not succeed', { timeout }, () => {
  it.each<[string, () => unknown, UserAction, RegExp]>([
    ['declined', () => {}, { action: 'cancel' }, /E_LOGIN_DENIED: .*\. Run the command again\. /],
    [
      'refused',
      () => simulator.play('callback-error-login-required'),
      {},
      /E_LOGIN_REFUSED: .*login_required.*\. Compare /,
    ],
    [
      'a wrong token',
      () => simulator.play('invalid-nonce'),
      {},
      /E_ID_TOKEN_CLAIM: nonce: .*\. Do not use this login/,
    ],
  ])('ends with one line and exit code 1: %s', async (_what, play, userAction, expected) => {
    play()
    const { out, err, code } = await logIn([await writeProfile()], userAction)
    expect([out, code]).toEqual(['', 1])
    expect(lastOf(err)).toMatch(/^Not signed in: .* \(reference [A-Z2-9]{6}\)$/)
    expect(lastOf(err)).toMatch(expected)
  })

  it('opens no browser for an issuer that is another one', async () => {
    const { err, code } = await start([await writeProfile({ issuer: `${simulator.issuer}/` })])
      .ended
    expect(lastOf(err)).toMatch(/E_PROVIDER_METADATA: issuer: .* no slash at the end/)
    expect(code).toBe(1)
  })

  it.skipIf(process.platform === 'win32').each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'is cancelled by %s, and the link is of no use any more',
    async (signal, exitCode) => {
      const { child, ended } = start([await writeProfile()])
      const link = await opener.opened.next()
      child.kill(signal)
      const { out, err, code } = await ended
      expect([out, lastOf(err), code]).toEqual(['', 'Cancelled.', exitCode])
      await expect(logInAt(link)).rejects.toThrow('ECONNREFUSED')
    },
  )
})

describe('where no browser opens', { timeout }, () => {
  it.skipIf(process.platform === 'win32')('shows the link, which signs in', async () => {
    const nothing = await mkdtemp(path.join(folder, 'nothing-'))
    const { ended, said } = start([await writeProfile()], nothing)
    const link = await said(/^No browser was opened: there is no .*\n.*: (http:\S+)$/m)
    await arrive(await logInAt(link))
    expect((await ended).code).toBe(0)
  })

  it.skipIf(process.platform === 'win32')(
    'shows the link too when the opener fails, and none when it succeeds',
    async () => {
      const failing = await mkdtemp(path.join(folder, 'failing-'))
      for (const name of ['xdg-open', 'open']) {
        // oxlint-disable-next-line no-await-in-loop
        await writeFile(path.join(failing, name), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
      }
      const { ended, said } = start([await writeProfile()], failing)
      await arrive(await logInAt(await said(/(http:\/\/127\.0\.0\.1:\d+\/[\w-]{32})$/m)))
      expect((await ended).code).toBe(0)
      expect((await logIn([await writeProfile()])).err).not.toContain('Open this address')
    },
  )

  // The opener of a Linux without a browser may say that it opened one; six seconds later nobody has come.
  it.skipIf(process.platform === 'win32').each(thorough ? ['six seconds'] : [])(
    'shows the link when no browser comes for %s',
    async () => {
      const pretending = await mkdtemp(path.join(folder, 'pretending-'))
      for (const name of ['xdg-open', 'open']) {
        // oxlint-disable-next-line no-await-in-loop
        await writeFile(path.join(pretending, name), '#!/bin/sh\n', { mode: 0o755 })
      }
      const { ended, said } = start([await writeProfile()], pretending)
      await arrive(await logInAt(await said(/^No browser has come yet\.$[^]*: (http:\S+)$/m)))
      expect((await ended).code).toBe(0)
    },
  )
})

describe('what a provider says cannot steer the terminal', { timeout }, () => {
  const hostile = `${hostileTexts['control-characters']} \u009B31m \u001B]8;;https://evil.example\u0007here \u{E0001}`

  const play = () =>
    simulator.play({
      summary: 'steers',
      idToken: ({ header, claims }) => ({
        header,
        claims: { ...claims, given_name: hostile, [hostile]: { [hostile]: hostile } },
      }),
    })

  it('in claims', async () => {
    play()
    const { out, err, code } = await logIn([await writeProfile()])
    expect(out + err).not.toMatch(steering)
    expect([out.includes('\uFFFD[31m'), code]).toEqual([true, 0])
  })

  it('in claims as JSON, which can be read as they came', async () => {
    play()
    const { out, err } = await logIn([await writeProfile(), '--json'])
    expect(out + err).not.toMatch(steering)
    expect(JSON.parse(out).claims.given_name).toBe(hostile)
  })

  it('in an error', async () => {
    simulator.play({
      summary: 'steers',
      callback: (parameters) => {
        parameters.delete('code')
        parameters.set('error', 'invalid_scope')
        parameters.set('error_description', hostile)
      },
    })
    const { out, err, code } = await logIn([await writeProfile()])
    expect(out + err).not.toMatch(steering)
    expect([err.includes('invalid_scope'), code]).toEqual([true, 1])
  })
})

describe('wrong use', { timeout }, () => {
  it.each<[string, readonly string[], string]>([
    ['an issuer alone', ['--issuer=https://idporten.no'], '--profile=<file> is needed'],
    ['an unknown option', ['--jsn'], "Unknown option '--jsn'"],
    ['--exec without a command', ['--exec'], '--exec needs a command'],
    ['a profile that is not there', ['--profile=no.json'], 'no.json: cannot be read'],
    ['a profile and a client', ['--profile=a', '--client-id=b'], 'in place of'],
  ])('is refused with one line and exit code 2: %s', async (_what, args, reason) => {
    const { out, err, code } = await start(args).ended
    expect([out, code]).toEqual(['', 2])
    expect(err).toMatch(/^idporten-login: .*\n$/)
    expect(err).toContain(reason)
  })

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['a key that is not known', { acrValue: ['x'] }, 'acrValue: is not a known key'],
    ['a wrong level', { acrValues: 'idporten-loa-high' }, 'acrValues: must be a list'],
    ['no openid', { scope: 'profile' }, 'scope: must hold openid'],
    ['a path without /', { redirectPath: 'callback' }, 'redirectPath: must be a path'],
    ['no client', { clientId: undefined }, 'clientId: is absent'],
    [
      'an hour and a second',
      { loginTimeoutSeconds: 3601 },
      'loginTimeoutSeconds: must be at most 3600',
    ],
  ])('is refused: a profile with %s', async (_what, more, reason) => {
    const file = (await writeProfile(more)).replace('--profile=', '')
    await expect(readProfile(file)).rejects.toThrow(`${file}: ${reason}`)
    await expect(readProfile(file)).rejects.toThrow(WrongUse)
  })

  it('is refused: a profile that is no JSON', async () => {
    const file = path.join(folder, 'broken.json')
    await writeFile(file, '{')
    await expect(readProfile(file)).rejects.toThrow('is not JSON')
  })

  it('is not a profile with any key of the app', () => {
    expect(Object.keys(loginProfile.entries).toSorted()).toEqual(
      Object.keys(profileFile.entries).toSorted(),
    )
  })
})

describe('what is only asked for', { timeout }, () => {
  it.each([
    ['--help', /^Usage: idporten-login /],
    ['--version', /^idporten-login \d+\.\d+\.\d+\n$/],
  ])('%s is answered on stdout', async (option, expected) => {
    expect(await start([option]).ended).toEqual({
      out: expect.stringMatching(expected),
      err: '',
      code: 0,
    })
  })
})
