import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { filesOfClone } from '../bootstrap/clone.mjs'
import { SetupError } from '../bootstrap/failures.mjs'
import { say } from '../bootstrap/progress.mjs'
import { project } from '../bootstrap/setup.mjs'
import { fileOf, type Format, type Packing } from './linux.ts'
import { sbomFile } from './notices.ts'
import { sumOf } from './sums.ts'
import { run, sourceDate } from './tools.ts'

/** What may differ between two machines that build the same commit. */
const elsewhere = { TZ: 'Pacific/Kiritimati', LC_ALL: 'C', LANG: 'C', HOSTNAME: 'elsewhere' }

/** Commands that run another one as somebody else and on another day; not every computer has or allows them. */
const others = [
  { what: 'user', command: ['unshare', '--user', '--map-user=4711', '--map-group=4711', '--'] },
  { what: 'date', command: ['faketime', '+40 days'] },
]

/**
 * Builds the same files a second time, in another folder, time zone, language and umask, as another user, at another
 * date and with packages that are installed anew, and compares every byte. What could not be varied is said.
 *
 * @throws {SetupError} when a packed file differs
 */
export async function verify(wanted: readonly Format[], { fast }: Packing): Promise<void> {
  const copy = await mkdtemp(path.join(os.tmpdir(), 'elsewhere-'))
  try {
    await copyFiles(copy)
    const options = [`--only=${wanted.join()}`, ...(fast ? ['--fast'] : [])]
    const build = `umask 027 && node scripts/run.mjs scripts/package.ts ${options.join(' ')}`
    const [command, ...args] = [...asOther(), 'sh', '-c', build]
    await run(command, args, {
      cwd: copy,
      env: { ...elsewhere, SOURCE_DATE_EPOCH: String(sourceDate()) },
    })
    const again = (file: string): string => path.join(copy, path.relative(project, file))
    const files = [
      path.join(project, 'dist/linux-unpacked/resources/app.asar'),
      sbomFile,
      ...wanted.map((format) => fileOf(format)),
    ]
    const different: string[] = []
    for (const file of files) {
      // oxlint-disable-next-line no-await-in-loop
      const isSame = (await sumOf(file)) === (await sumOf(again(file)))
      say(`${isSame ? 'the same bytes' : 'DIFFERENT'}: ${path.relative(project, file)}`)
      if (!isSame) different.push(file)
    }
    if (different.length > 0) throw new SetupError('The second build differs from the first.')
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/** The commands that this computer has, to be put before another. */
function asOther(): string[] {
  return others.flatMap(({ what, command: [name = '', ...args] }) => {
    const works = spawnSync(name, [...args, 'true']).status === 0
    if (!works) say(`NOT VARIED: the ${what}, because ${name} does not work here`)
    return works ? [name, ...args] : []
  })
}

async function copyFiles(copy: string): Promise<void> {
  for (const name of filesOfClone(project)) {
    // oxlint-disable-next-line no-await-in-loop
    await cp(path.join(project, name), path.join(copy, name), { recursive: true })
  }
}
