/**
 * Packs `main/login` as the npm package `idporten-login`: JavaScript, type declarations, its README and
 * the licence. Prints the path of the tarball as the last line. Usage: `npm run pack:login [folder]`.
 */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { exitCode } from './bootstrap/child.mjs'
import { SetupError } from './bootstrap/failures.mjs'
import { npm } from './bootstrap/npm.mjs'
import { say } from './bootstrap/progress.mjs'
import { project } from './bootstrap/setup.mjs'

const source = path.join(project, 'main/login')
const timeoutMs = 60_000

/**
 * Builds and packs the login into a folder, which is made if need be.
 *
 * @returns the path of the tarball
 * @throws {SetupError} when a dependency differs from the one that is tested, or a tool fails
 */
export async function packLogin(folder: string): Promise<string> {
  const manifest = await readJson(path.join(source, 'package.json'))
  const tested = await readJson(path.join(project, 'package.json'))
  for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
    if (tested.devDependencies?.[name] !== version) {
      throw new SetupError(`main/login/package.json: ${name} ${version} is not the tested version.`)
    }
  }
  const built = await mkdtemp(path.join(os.tmpdir(), 'idporten-login-'))
  try {
    const compiler = path.join(project, 'node_modules/typescript/bin/tsc')
    const compile = spawn(process.execPath, [compiler, '-p', source, '--outDir', built], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if ((await exitCode(compile, { timeoutMs })) !== 0) throw new SetupError('The build failed.')
    await nameDeclarations(built)
    for (const name of ['package.json', 'README.md']) {
      // oxlint-disable-next-line no-await-in-loop
      await cp(path.join(source, name), path.join(built, name))
    }
    await cp(path.join(project, 'LICENSE'), path.join(built, 'LICENSE'))
    await mkdir(folder, { recursive: true })
    await npm(['pack', `--pack-destination=${folder}`], { cwd: built })
    return path.join(folder, `${manifest.name}-${manifest.version}.tgz`)
  } finally {
    await rm(built, { recursive: true, force: true })
  }
}

/** Makes the imports of the declarations name what is there: the compiler leaves `.ts` in them. */
async function nameDeclarations(folder: string): Promise<void> {
  const files = await readdir(folder, { recursive: true })
  await Promise.all(
    files
      .filter((file) => file.endsWith('.d.ts'))
      .map(async (name) => {
        const file = path.join(folder, name)
        const text = await readFile(file, 'utf8')
        await writeFile(file, text.replaceAll(/(from '\.{1,2}\/[^']+)\.ts'/g, "$1.js'"))
      }),
  )
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

async function readJson(file: string): Promise<Manifest> {
  return JSON.parse(await readFile(file, 'utf8'))
}

if (import.meta.main) {
  try {
    const tarball = await packLogin(path.resolve(process.argv[2] ?? path.join(project, 'dist')))
    process.stdout.write(`${tarball}\n`)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(error.message)
    process.exitCode = error.exitCode
  }
}
