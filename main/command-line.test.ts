import { expect, it } from 'vitest'
import { answerCommandLine } from './command-line.ts'

/** Answers a command line; `wrong` is what is the matter with every profile. */
async function answer(args: readonly string[], wrong?: string) {
  const out: string[] = []
  const err: string[] = []
  const checked: string[] = []
  const code = await answerCommandLine(args, {
    version: '1.2.3',
    checkProfile: async (file) => {
      checked.push(file)
      if (wrong !== undefined) throw new Error(wrong)
    },
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
  })
  return { code, out, err, checked }
}

it.each([
  { args: [] },
  { args: ['--lang=nb', '--user-data-dir=/somewhere'] },
  { args: ['--doctor', '--json'] },
  { args: ['https://example.org/', '--unknown', '--versions', '--check-profiles=x'] },
])('starts the app for $args', async ({ args }) => {
  expect(await answer(args)).toEqual({ code: null, out: [], err: [], checked: [] })
})

it('tells its version, also among other options', async () => {
  const { code, out } = await answer(['--lang=nb', '--version'])
  expect({ code, out }).toEqual({ code: 0, out: ['idporten-desktop 1.2.3'] })
})

it.each(['--help', '-h'])('tells its options for %s', async (option) => {
  const { code, out } = await answer([option])
  expect(code).toBe(0)
  for (const name of [
    '--lang',
    '--user-data-dir',
    '--check-profile',
    '--doctor',
    '--help',
    '--version',
  ]) {
    expect(out.join('\n')).toContain(name)
  }
})

it('refuses a wrong profile with the reason on standard error, and takes the right one', async () => {
  const refused = await answer(['--check-profile=a=b.json'], 'profile: issuer: is absent')
  expect(refused).toEqual({
    code: 1,
    out: [],
    err: ['a=b.json: profile: issuer: is absent'],
    checked: ['a=b.json'],
  })
  const taken = await answer(['--check-profile', 'good.json'])
  expect(taken).toMatchObject({ code: 0, err: [], checked: ['good.json'] })
})

it.each([
  { args: ['--check-profile'] },
  { args: ['--check-profile='] },
  { args: ['--check-profile', '--lang=nb'] },
])('refuses $args, which names no file', async ({ args }) => {
  const { code, err, checked } = await answer(args)
  expect({ code, checked }).toEqual({ code: 2, checked: [] })
  expect(err).toHaveLength(1)
})
