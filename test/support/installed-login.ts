import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packLogin } from '../../scripts/pack-login.ts'

const run = promisify(execFile)

/**
 * Puts the packed login and what it depends on into the `node_modules` of a folder, as npm would. The
 * dependencies are copies of the project's own, so that no test needs a network. Gives the tarball.
 */
export async function installLogin(folder: string): Promise<string> {
  const tarball = await packLogin(join(folder, 'packed'))
  const modules = join(folder, 'node_modules')
  const own = join(modules, 'idporten-login')
  await mkdir(own, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', own, '--strip-components=1'])
  for (const name of ['jose', 'oauth4webapi', 'valibot']) {
    // oxlint-disable-next-line no-await-in-loop
    await cp(join('node_modules', name), join(modules, name), { recursive: true })
  }
  return tarball
}
