import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseProfile } from '../main/session/profile.ts'
import { profileTemplate } from './profile-template.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'profile-template-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: string[]) =>
  spawnSync(process.execPath, [path.resolve('scripts/profile-template.ts'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  })

describe.each(['idporten', 'ansattporten'])('a template for %s', (provider) => {
  test.each(['test', 'production'])(
    'of %s is taken by a packaged app with a client id, and without one only that is missed',
    (env) => {
      const asTaken = (more: Readonly<Record<string, string>>) =>
        parseProfile(JSON.stringify(profileTemplate({ for: provider, env, ...more })), 'user')
      const { issuer, clientId } = asTaken({ 'client-id': 'a-client' })
      expect([issuer.includes(provider), issuer.includes('//test.'), clientId]).toEqual([
        true,
        env === 'test',
        'a-client',
      ])
      expect(() => asTaken({})).toThrow('clientId: is absent')
    },
  )
})

test('the level of Ansattporten has no prefix, and that of ID-porten has one', () => {
  expect(profileTemplate({ for: 'ansattporten' }).acrValues).toEqual(['substantial'])
  expect(profileTemplate({}).acrValues).toEqual(['idporten-loa-substantial'])
})

test.each([
  [{ for: 'maskinporten' }, '--for must be'],
  [{ env: 'prod' }, '--env must be'],
  [{ 'client-id': '' }, 'must not be empty'],
])('no template is made for %j', (wanted, reason) => {
  expect(() => profileTemplate(wanted)).toThrow(reason)
})

describe('npm run profile', { timeout: 30_000 }, () => {
  test('prints the template for the test environment, and says what it lacks', () => {
    const { stdout, stderr, status } = run()
    expect(JSON.parse(stdout)).toMatchObject({ issuer: 'https://test.idporten.no' })
    expect(stderr).toContain('clientId')
    expect(status).toBe(0)
  })

  test('writes a file, and does not replace one that is there', () => {
    const args = ['--client-id=a-client', '--out=profile.json']
    expect(run(...args)).toMatchObject({ stdout: '', stderr: '', status: 0 })
    expect(run('--env=production', ...args)).toMatchObject({
      stderr: expect.stringContaining('EEXIST'),
      status: 1,
    })
    const written = readFileSync(path.join(folder, 'profile.json'), 'utf8')
    expect(parseProfile(written, 'user').issuer).toBe('https://test.idporten.no')
  })

  test('refuses an option that it does not know with one line', () => {
    const { stdout, stderr, status } = run('--clientid=x')
    expect([stdout, status]).toEqual(['', 1])
    expect(stderr).toContain("Unknown option '--clientid'")
  })
})
