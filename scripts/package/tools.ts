import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { exitCode } from '../bootstrap/child.mjs'
import { commitDate } from '../bootstrap/clone.mjs'
import { SetupError } from '../bootstrap/failures.mjs'
import { project } from '../bootstrap/setup.mjs'

/** Where all that is packed ends up. */
export const dist = path.join(project, 'dist')

/** The name of the app in every file name, and of its command. */
export const appName = 'idporten-desktop'

const manifest: unknown = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'))
export const version = String(Reflect.get(Object(manifest), 'version'))

const timeoutMs = 20 * 60_000

/**
 * Runs a program to its end; its output goes to standard error.
 *
 * @throws {SetupError} when it fails
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? project,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 2, 2],
  })
  const code = await exitCode(child, { timeoutMs })
  if (code !== 0) throw new SetupError(`${path.basename(command)} ended with ${code}`)
}

/**
 * Seconds since 1970 that every packed file is dated with: those of the commit, so that two builds of it are equal.
 *
 * @throws {SetupError} when neither `SOURCE_DATE_EPOCH` nor git tells
 */
export function sourceDate(): number {
  const text = process.env['SOURCE_DATE_EPOCH'] ?? commitDate(project) ?? ''
  if (/^\d+$/.test(text)) return Number(text)
  throw new SetupError('The date of the commit is not known: set SOURCE_DATE_EPOCH.')
}
