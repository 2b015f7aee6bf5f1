import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Follows the README's words to the letter, in an empty folder with the named packages and no others. */
const heading = '## Lift the login into your own app'
let folder = ''
let section = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lift-'))
  const readme = await readFile('README.md', 'utf8')
  section = readme.slice(readme.indexOf(heading) + heading.length).split('\n## ')[0] ?? ''
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the login can be lifted out as one folder with the packages that the README names', async () => {
  const quoted = Array.from(section.matchAll(/`([^`\n]+)`/g), ([, text = '']) => text)
  const packages = ['oauth4webapi', 'jose', 'valibot'].filter((name) => quoted.includes(name))
  expect(packages.length).toBe(3)
  await cp('main/login', path.join(folder, 'main/login'), {
    recursive: true,
    filter: (file) => !file.endsWith('.test.ts'),
  })
  await mkdir(path.join(folder, 'node_modules'))
  for (const name of packages) {
    // oxlint-disable-next-line no-await-in-loop
    await symlink(path.resolve('node_modules', name), path.join(folder, 'node_modules', name))
  }
  const [, code = ''] = /```ts\n([^]*?)```/.exec(section) ?? []
  expect(code).toContain('startAttempt')
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(path.join(folder, 'main/own.ts'), `${code}\nprocess.stdout.write(typeof logIn)\n`)
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--preserve-symlinks',
    path.join(folder, 'main/own.ts'),
  ])
  expect(stdout).toBe('function')
})
